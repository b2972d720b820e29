"""What is said of beats that are uncertain: what else they may be, and the option for it."""

from typing import TYPE_CHECKING, Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.options import HearingOptions
from retarget.errors import ConductorError

if TYPE_CHECKING:
    from backend.beats.rival import Rival

# Another reading of this probability is named; so is any where the mean confidence is less than the
# other figure, as it is on most stretches of some seconds (clear music of a minute has 0.6 to 0.9).
_LIKELY: Final = 0.25
_UNSURE: Final = 0.55
# Downbeats it takes to hear a meter.
_FEWEST_BARS: Final = 3
# Nobody conducts slower or faster beats, a minute.
_SLOWEST, _FASTEST = 36.0, 180.0
_WORDS: Final = (
    *("none", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_WRITTEN: Final = {2: "2/4", 3: "3/4", 4: "4/4", 5: "5/4", 6: "6/8", 7: "7/4", 9: "9/8", 12: "12/8"}
_COMPOUND: Final = {2: "6/8", 3: "9/8", 4: "12/8"}


def beat_doubt(grid: BeatGrid, rival: "Rival | None", options: HearingOptions) -> str | None:
    """A sentence on beats that are uncertain, None where they are not.

    Parameters
    ----------
    grid : BeatGrid
        What was heard, or found in a score, with at least one beat.
    rival : Rival, optional
        What it was most nearly taken for.
    options : HearingOptions
        What the user said, which nobody doubts.
    """
    unsure = float(grid.confidence.mean()) < _UNSURE
    if rival is not None:
        if len(grid.downbeats) < _FEWEST_BARS and options.meter == "auto":
            return "This stretch is too short to hear its bars; give --meter, or a longer stretch."
        if unsure or rival.share > _LIKELY:
            other = _other_bars(grid, rival, options)
            if other:
                return other
    if unsure:
        return "The beats are uncertain; give --tempo, --meter, --score or an edited --beats file."
    return None


def level_doubt(grid: BeatGrid, options: HearingOptions) -> str | None:
    """A sentence on beats that are too fast or too slow at the level that was asked for, or None.

    Parameters
    ----------
    grid : BeatGrid
        At that level.
    options : HearingOptions
    """
    if options.beat_level == "auto" or len(grid) < 2 or _SLOWEST <= grid.tempo <= _FASTEST:
        return None
    return (
        f"With --beat-level {options.beat_level} there are {grid.tempo:.0f} beats a minute, which "
        "nobody conducts; leave it out if it is not meant."
    )


def _other_bars(grid: BeatGrid, rival: "Rival", options: HearingOptions) -> str:
    """What else the beats may be, and how to say so; "" if the user has said it, or cannot."""
    if rival.level is None:
        compound = grid.meters[0] == _COMPOUND.get(int(grid.beats_in_bar[0]))
        meter = (_COMPOUND if compound else _WRITTEN).get(rival.beats_in_bar)
        if meter is None or options.meter != "auto":
            return ""
        return (
            f"The bars are uncertain: heard in {_WORDS[_beats(grid)]}; or in "
            f"{_WORDS[rival.beats_in_bar]}: --meter {meter}."
        )
    said = options.beat_level != "auto" or options.tempo is not None
    if said or not _SLOWEST <= rival.tempo <= _FASTEST:
        return ""
    try:
        other = grid.doubled() if rival.level == "double" else grid.halved()
    except ConductorError:
        return ""
    return (
        f"The beats are uncertain: heard in {_WORDS[_beats(grid)]} at {grid.tempo:.0f} a minute; "
        f"or in {_WORDS[_beats(other)]} at {other.tempo:.0f}: --beat-level {rival.level}."
    )


def _beats(grid: BeatGrid) -> int:
    """Beats in most of its bars."""
    return int(np.bincount(grid.beats_in_bar).argmax())
