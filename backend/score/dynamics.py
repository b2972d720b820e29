"""Dynamic marks of a part to how loud each of its notes is played."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.score.notes import Mark
from retarget.rotation import Array

_LEVELS: Final = {
    "pppp": 18.0,
    "ppp": 26.0,
    "pp": 36.0,
    "p": 49.0,
    "mp": 60.0,
    "mf": 71.0,
    "f": 88.0,
    "ff": 104.0,
    "fff": 116.0,
    "ffff": 122.0,
}
"""MIDI velocities."""
_ACCENTS: Final = frozenset({"sf", "sfz", "sff", "sffz", "fz", "rf", "rfz", "fp", "sfp", "sfpp"})
_AFTER_ACCENT: Final = {"fp": "p", "sfp": "p", "sfpp": "pp"}
_UNMARKED: Final = 71.0
_HAIRPIN_STEP: Final = 15.0
_LONGEST_WORD_RAMP: Final = 16.0
_JOIN: Final = 1.01
_SOFTEST, _LOUDEST = 18.0, 122.0


def loudness_of(
    marks: Sequence[Mark], starts: Array, places: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """MIDI velocity asked for at each place, and whether it carries a sforzato.

    Parameters
    ----------
    marks : sequence of Mark
        Of one part.
    starts : (N,) array
        Where each written bar begins, quarter notes.
    places : (P,) array
        Quarter notes from the beginning of the score.

    Returns
    -------
    velocity : (P,) array
        18 to 122. A hairpin or "cresc." runs to the next mark, or by one step.
    accented : (P,) bool array
    """
    events = sorted(
        ((float(starts[mark.bar]) + mark.at, mark) for mark in marks), key=lambda pair: pair[0]
    )
    at, level = [0.0], [_UNMARKED]
    accents: list[float] = []
    ramp = 0.0
    ramp_from = 0.0
    ramp_to = float("inf")
    for place, mark in events:
        name = _AFTER_ACCENT.get(mark.text, mark.text)
        if mark.kind == "dynamic":
            if mark.text in _ACCENTS:
                accents.append(place)
            if name in _LEVELS:
                _close_ramp(at, level, ramp, place, ramp_to, _LEVELS[name])
                ramp, ramp_to = 0.0, float("inf")
                at += [place]
                level += [_LEVELS[name]]
            continue
        direction = _direction_of(mark)
        if direction:
            if ramp:
                _close_ramp(at, level, ramp, place, ramp_to, None)
            ramp, ramp_from, ramp_to = direction, place, float("inf")
            at += [place]
            level += [level[-1]]
        elif mark.kind == "wedge" and mark.text == "stop" and ramp:
            ramp_to = max(place, ramp_from)
    if ramp:
        end = ramp_to if np.isfinite(ramp_to) else ramp_from + _LONGEST_WORD_RAMP
        _close_ramp(at, level, ramp, end + 2 * _JOIN, end, None)
    velocity = _steps_and_ramps(np.array(at), np.array(level), places)
    accented = np.isin(np.round(places, 3), np.round(np.array(accents), 3))
    return np.clip(velocity, _SOFTEST, _LOUDEST), accented


def _direction_of(mark: Mark) -> float:
    text = mark.text
    if mark.kind == "wedge":
        return {"crescendo": 1.0, "diminuendo": -1.0}.get(text, 0.0)
    if mark.kind == "word" and not text.startswith("senza"):
        if text.startswith(("cresc", "poco cresc", "più cresc", "sempre cresc")):
            return 1.0
        if text.startswith(("dim", "decresc", "sempre dim", "poco dim", "morendo", "perdendo")):
            return -1.0
    return 0.0


def _close_ramp(
    at: list[float], level: list[float], ramp: float, place: float, end: float, goal: float | None
) -> None:
    """End a running ramp at a mark at `place`, or at its own end if that lies well before."""
    if not ramp:
        at.append(place)
        level.append(level[-1])
        return
    before = level[-1]
    stepped = before + ramp * _HAIRPIN_STEP
    if goal is not None and place - end <= _JOIN and (goal - before) * ramp > 0:
        at.append(place)
        level.append(goal)
        return
    stop = min(end, place, at[-1] + _LONGEST_WORD_RAMP)
    reached = float(np.clip(stepped, _SOFTEST, _LOUDEST))
    at += [stop, place]
    level += [reached, reached]


def _steps_and_ramps(at: Array, level: Array, places: Array) -> Array:
    """Piecewise linear through the points; of several at one place the last holds from there on."""
    i = np.clip(np.searchsorted(at, places, side="right") - 1, 0, len(at) - 1)
    j = np.minimum(i + 1, len(at) - 1)
    span = at[j] - at[i]
    share = np.where(span > 0, (places - at[i]) / np.where(span > 0, span, 1.0), 0.0)
    return level[i] + np.clip(share, 0.0, 1.0) * (level[j] - level[i])
