"""Beat patterns: where each beat of a bar clicks and where the hand turns on top."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from retarget.rotation import Array

# A smaller stroke travels this far (sizes) and rebounds this high (share of the main rebound).
_STROKE_STEP: Final = 0.20
_STROKES_SPAN: Final = 0.42
_STROKE_REBOUND: Final = 0.48
_STROKE_THROUGH: Final = 0.55
# Bars of more beats than this divide six main beats instead of four.
_MOST_IN_FOUR: Final = 16


@dataclass(frozen=True)
class Pattern:
    """One bar of the right hand, in shares of the pattern's size.

    Parameters
    ----------
    ictus : (n, 2) array
        x (to the conductor's left) and z of each beat's low point.
    rebound : (n, 2) array
        x and z of the high point between each beat and the next.
    through : (n, 2) array
        x and y velocity through each ictus, sizes per beat.
    """

    ictus: Array
    rebound: Array
    through: Array

    def __len__(self) -> int:
        return len(self.ictus)


@cache
def pattern_for(
    beats_in_bar: int, written: int | None = None, groups: tuple[int, ...] = ()
) -> Pattern:
    """The pattern for bars of so many conducted beats, 1 to 24.

    Parameters
    ----------
    beats_in_bar : int
        Conducted beats.
    written : int, optional
        Upper figure of the meter. If each written beat is conducted in several strokes, the bar
        keeps its shape: 3/4 in six is a divided three, 6/8 in six the six.
    groups : tuple of int
        Conducted beats in each group of the bar, (2, 3) of five: the hand changes its way where a
        group begins. Without them five is 3+2 and seven 4+3.
    """
    table = _table()
    # A slow two is beaten in four.
    if written is not None and 2 < written < beats_in_bar and beats_in_bar % written == 0:
        return _divide(pattern_for(written), [beats_in_bar // written] * written)
    key = str(beats_in_bar)
    # Three groups and more are the beats of a main pattern, divided.
    if len(groups) > 2:
        return _divide(pattern_for(len(groups)), list(groups))
    row = table["groups"].get("+".join(map(str, groups))) or table["beats"].get(key)
    if row:
        return Pattern(*(np.array(row[name]) for name in ("ictus", "rebound", "through")))
    strokes = table["divided"].get(key) or _evenly(beats_in_bar)
    return _divide(pattern_for(len(strokes)), strokes)


def _evenly(count: int) -> list[int]:
    main = 4 if count <= _MOST_IN_FOUR else 6
    return [count // main + (beat < count % main) for beat in range(main)]


def _divide(main: Pattern, strokes: list[int]) -> Pattern:
    ictus, rebound, through = [], [], []
    height = _STROKE_REBOUND * main.rebound[:-1, 1].mean()
    for beat, count in enumerate(strokes):
        toward = np.sign(main.through[beat, 0])
        start = main.ictus[beat]
        step = min(_STROKE_STEP, _STROKES_SPAN / max(count - 1, 1))
        for stroke in range(count):
            at = start + stroke * step * np.array([toward, 0.12])
            ictus.append(at)
            through.append(main.through[beat] * (_STROKE_THROUGH if stroke else 0.8))
            if stroke == count - 1:
                rebound.append(main.rebound[beat])
            else:
                rebound.append(at + np.array([0.3 * toward * step, height]))
    return Pattern(np.array(ictus), np.array(rebound), np.array(through))


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("patterns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
