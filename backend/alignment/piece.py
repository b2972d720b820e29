"""A stretch of a recording that plays the score: its bars, and when each place of them sounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from backend.alignment.find import Stretch
from backend.alignment.follow import Followed, follow
from backend.alignment.last_note import with_release
from backend.alignment.onsets import Onsets, has_onsets, place_onsets
from backend.alignment.performed import Run, performed
from backend.alignment.sound import Sound
from backend.alignment.tempo_curve import TempoCurve
from backend.score.movement import Movement
from retarget.rotation import Array

# Stretches closer than this are one piece: the players jump.
_JOIN_S: Final = 1.0
# How far intervals between onsets may be from the map's, and then from those of the onsets' curve.
_FROM_MAP, _FROM_CURVE = 0.12, 0.05
# Over how much the match is averaged, and between which it is no help and all, seconds.
_MATCH_S: Final = 4.0
_MATCHES: Final = (0.25, 0.65)
# Of onsets this uncertain some half are off by more than 70 ms: of 2,087 beats of five test works
# all are within 70 ms where the spread is 8 ms, 86 % where it is 20 to 30 ms, 54 % above.
_SURE_S: Final = 0.035


@dataclass(frozen=True)
class Piece:
    """A stretch of a recording that plays the score.

    Parameters
    ----------
    movement : Movement
        The bars as they are played.
    runs : tuple of (int, int)
        Which they are of the whole score.
    begin, end : float
        Seconds between which they sound.
    begins_at, ends_at : float
        Which places of the movement sound then.
    onsets : Onsets
    followed : Followed
    curve : TempoCurve
        Through the onsets, and to where the last notes are let go.
    """

    movement: Movement
    runs: tuple[Run, ...]
    begin: float
    end: float
    begins_at: float
    ends_at: float
    onsets: Onsets
    followed: Followed
    curve: TempoCurve

    def later(self, seconds: float) -> "Piece":
        """The same piece so much later."""
        onsets, followed, curve = self.onsets, self.followed, self.curve
        return replace(
            self,
            begin=self.begin + seconds,
            end=self.end + seconds,
            onsets=replace(onsets, times=onsets.times + seconds),
            followed=replace(followed, times=followed.times + seconds),
            curve=replace(curve, seconds=curve.seconds + seconds),
        )

    def seconds(self, quarters: Array) -> Array:
        """When places sound."""
        return self.curve.at(quarters)

    def confidence(self, quarters: Array) -> Array:
        """How sure the times of places are, in [0, 1]."""
        spread = np.interp(quarters, self.onsets.quarters, self.onsets.spread)
        width = max(int(_MATCH_S / max(np.median(np.diff(self.followed.times)), 1e-3)), 1)
        smooth = np.convolve(self.followed.match, np.ones(width) / width, mode="same")
        near = np.interp(self.seconds(quarters), self.followed.times, smooth)
        low, high = _MATCHES
        matches = np.clip((near - low) / (high - low), 0.0, 1.0)
        return matches * np.exp(-0.5 * (spread / _SURE_S) ** 2)


def follow_pieces(
    movement: Movement, stretches: Sequence[Stretch], sound: Sound, steps: int
) -> list[Piece]:
    """The pieces of a recording that play the score, in the order of time.

    Parameters
    ----------
    movement : Movement
        The whole score.
    stretches : sequence of Stretch
        As they were found.
    sound : Sound
    steps : int
        Semitones by which the recording is higher.
    """
    groups: list[list[Stretch]] = []
    for stretch in stretches:
        if groups and stretch.times[0] - groups[-1][-1].times[-1] < _JOIN_S:
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    found = (_piece(movement, group, sound, steps) for group in groups)
    return [piece for piece in found if piece is not None]


def _piece(movement: Movement, group: Sequence[Stretch], sound: Sound, steps: int) -> Piece | None:
    """None where the bars have no notes to follow."""
    runs = tuple((stretch.first, stretch.stop) for stretch in group)
    played = performed(movement, runs)
    if not has_onsets(played):
        return None
    lengths = [movement.starts[stop] - movement.starts[first] for first, stop in runs]
    begins = np.r_[0.0, np.cumsum(lengths)]
    quarters = np.concatenate(
        [
            it.quarters - movement.starts[it.first] + at
            for it, at in zip(group, begins, strict=False)
        ]
    )
    times = np.concatenate([stretch.times for stretch in group])
    quarters = np.maximum.accumulate(np.clip(quarters, 0.0, played.length))
    followed = follow(played, sound, times, quarters, steps)
    curve = TempoCurve.through(followed.quarters, followed.times, followed.spread)
    onsets = place_onsets(played, sound, curve, steps, _FROM_MAP)
    curve = TempoCurve.through(onsets.quarters, onsets.times, onsets.spread)
    onsets = place_onsets(played, sound, curve, steps, _FROM_CURVE)
    curve = TempoCurve.through(onsets.quarters, onsets.times, onsets.spread)
    curve = with_release(curve, played, sound, onsets)
    ends = float(times[0]), float(times[-1]), float(quarters[0]), float(quarters[-1])
    return Piece(played, runs, *ends, onsets, followed, curve)
