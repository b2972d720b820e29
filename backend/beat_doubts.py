"""What is said of beats that are uncertain: what else they may be, and the option for it."""

from typing import TYPE_CHECKING, Final

import numpy as np

from backend.grid.beat_grid import BeatGrid
from backend.grid.conducted import conducting_limits
from backend.options import HearingOptions
from retarget.errors import ConductorError

if TYPE_CHECKING:
    from backend.beats.rival import HeardBeats, Rival

# Another reading of this probability is named; where the mean confidence is less than the last
# figure, as it is on most stretches of some seconds (clear music of a minute has 0.6 to 0.9), the
# likeliest one is, and any of the second probability.
_LIKELY, _POSSIBLE = 0.25, 0.08
_UNSURE: Final = 0.55
# Octaves away from which a tempo is another one than was said.
_OTHER_TEMPO: Final = 0.15
# Downbeats it takes to hear a meter.
_FEWEST_BARS: Final = 3
_WORDS: Final = (
    *("none", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_WRITTEN: Final = {2: "2/4", 3: "3/4", 4: "4/4", 5: "5/4", 6: "6/8", 7: "7/4", 9: "9/8", 12: "12/8"}
_COMPOUND: Final = {2: "6/8", 3: "9/8", 4: "12/8"}


def beat_doubt(
    heard: "HeardBeats", options: HearingOptions, *, of_score: bool = False
) -> str | None:
    """A sentence on beats that are uncertain, None where they are not.

    Parameters
    ----------
    heard : HeardBeats
        What was heard, or found in a score, with at least one beat.
    options : HearingOptions
        What the user said, which is not advised again.
    of_score : bool
        Whether it was found in a score.
    """
    grid = heard.grid
    if heard.sounds_like is not None:
        return (
            f"You said {options.meter}, but it sounds like {heard.sounds_like}; the bars are as "
            "you said: leave --meter out to hear them otherwise."
        )
    if not of_score and _is_off_tempo(grid, options):
        return (
            f"You said {options.tempo:.0f} beats a minute, but it sounds like {grid.tempo:.0f}, "
            "which is taken; correct --tempo or leave it out."
        )
    unsure = float(grid.confidence.mean()) < _UNSURE
    if heard.rivals and len(grid.downbeats) < _FEWEST_BARS and options.meter == "auto":
        return "This stretch is too short to hear its bars; give --meter, or a longer stretch."
    likely = [rival for rival in heard.rivals if rival.share > (_POSSIBLE if unsure else _LIKELY)]
    if unsure and not likely:
        likely = list(heard.rivals[:1])
    return _others(grid, likely, options) or (_advice(options, of_score) if unsure else None)


def level_doubt(grid: BeatGrid, options: HearingOptions) -> str | None:
    """A sentence on beats that are too fast or too slow at the level that was asked for, or None.

    Parameters
    ----------
    grid : BeatGrid
        At that level.
    options : HearingOptions
    """
    if options.beat_level == "auto" or len(grid) < 2 or _can_be_conducted(grid.tempo):
        return None
    limits = conducting_limits()
    return (
        f"With --beat-level {options.beat_level} there are {grid.tempo:.0f} beats a minute, but "
        f"conductors beat {limits.slowest:.0f} to {limits.fastest:.0f}; leave it out if it is not "
        "meant."
    )


def _is_off_tempo(grid: BeatGrid, options: HearingOptions) -> bool:
    if options.tempo is None or len(grid) < 2:
        return False
    return abs(np.log2(grid.tempo / options.tempo)) > _OTHER_TEMPO


def _can_be_conducted(tempo: float) -> bool:
    limits = conducting_limits()
    return limits.slowest <= tempo <= limits.fastest


def _advice(options: HearingOptions, of_score: bool) -> str:
    """What else would help."""
    ways = []
    if not of_score:
        ways = ["--tempo"] * (options.tempo is None) + ["--meter"] * (options.meter == "auto")
        ways.append("--score")
    words = f"{', '.join(ways)} or " if ways else ""
    return f"The beats are uncertain; give {words}an edited --beats file."


def _others(grid: BeatGrid, rivals: "list[Rival]", options: HearingOptions) -> str:
    """What else the beats may be, and how to say so; "" if the user has said it, or cannot."""
    bars, levels = [], []
    for rival in rivals:
        if rival.level is None:
            bars += _other_bars(grid, rival, options)
        else:
            levels += _other_level(grid, rival, options)
    if not bars and not levels:
        return ""
    what, tempo = ("beats", f" at {grid.tempo:.0f} a minute") if levels else ("bars", "")
    heard = f"heard in {_WORDS[_beats(grid)]}{tempo}"
    return f"The {what} are uncertain: {'; or '.join([heard, *bars, *levels])}."


def _other_bars(grid: BeatGrid, rival: "Rival", options: HearingOptions) -> list[str]:
    compound = grid.meters[0] == _COMPOUND.get(int(grid.beats_in_bar[0]))
    meter = (_COMPOUND if compound else _WRITTEN).get(rival.beats_in_bar)
    if meter is None or options.meter != "auto":
        return []
    return [f"in {_WORDS[rival.beats_in_bar]}: --meter {meter}"]


def _other_level(grid: BeatGrid, rival: "Rival", options: HearingOptions) -> list[str]:
    said = options.beat_level != "auto" or options.tempo is not None
    if said or not _can_be_conducted(rival.tempo):
        return []
    try:
        other = grid.doubled() if rival.level == "double" else grid.halved()
    except ConductorError:
        return []
    return [f"in {_WORDS[_beats(other)]} at {other.tempo:.0f}: --beat-level {rival.level}"]


def _beats(grid: BeatGrid) -> int:
    """Beats in most of its bars."""
    return int(np.bincount(grid.beats_in_bar).argmax())
