"""Beat patterns: where each beat of a bar clicks and where the hand turns on top."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from retarget.rotation import Array

# A later group's downbeat comes from lower, and the group lies a little further out.
_GROUP_SIZE: Final = 0.82
_GROUP_SHIFT: Final = -0.10
# A smaller stroke travels this far (sizes) and rebounds this high (share of the main rebound).
_STROKE_STEP: Final = 0.20
_STROKE_REBOUND: Final = 0.48
_STROKE_THROUGH: Final = 0.55


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
def pattern_for(beats_in_bar: int) -> Pattern:
    """The pattern for bars of so many conducted beats, 1 to 24.

    What the table does not name is put together from groups of four and three.
    """
    table = _table()
    key = str(beats_in_bar)
    if key in table["beats"]:
        row = table["beats"][key]
        return Pattern(*(np.array(row[name]) for name in ("ictus", "rebound", "through")))
    if key in table["subdivided"]:
        main, strokes = table["subdivided"][key]
        return _subdivide(pattern_for(main), strokes)
    groups = table["groups"].get(key) or _groups(beats_in_bar)
    return _concatenate([pattern_for(n) for n in groups])


def _groups(count: int) -> list[int]:
    """Four and three, as many fours as leave whole threes."""
    fours = next(n for n in range(count // 4, -1, -1) if (count - 4 * n) % 3 == 0)
    return [4] * fours + [3] * ((count - 4 * fours) // 3)


def _concatenate(groups: list[Pattern]) -> Pattern:
    ictus, rebound, through = [], [], []
    for i, group in enumerate(groups):
        size = 1.0 if i == 0 else _GROUP_SIZE
        shift = np.array([0.0 if i == 0 else _GROUP_SHIFT, 0.0])
        ictus.append(group.ictus * size + shift)
        high = group.rebound * size + shift
        # The turn before the bar's real downbeat stays the highest of the bar.
        high[-1] = group.rebound[-1] if i == len(groups) - 1 else group.rebound[-1] * [1.0, 0.72]
        rebound.append(high)
        through.append(group.through * size)
    return Pattern(np.concatenate(ictus), np.concatenate(rebound), np.concatenate(through))


def _subdivide(main: Pattern, strokes: int) -> Pattern:
    ictus, rebound, through = [], [], []
    for beat in range(len(main)):
        toward = np.sign(main.through[beat, 0])
        start = main.ictus[beat]
        for stroke in range(strokes):
            at = start + stroke * _STROKE_STEP * np.array([toward, 0.12])
            ictus.append(at)
            through.append(main.through[beat] * (_STROKE_THROUGH if stroke else 0.8))
            if stroke == strokes - 1:
                rebound.append(main.rebound[beat])
            else:
                height = _STROKE_REBOUND * main.rebound[:-1, 1].mean()
                rebound.append(at + np.array([0.3 * toward * _STROKE_STEP, height]))
    return Pattern(np.array(ictus), np.array(rebound), np.array(through))


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("patterns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
