"""How the beats of a bar are grouped: 5/8 as 2+3 or as 3+2, where the meter says so."""

import re
from typing import Final

from backend.grid.beat_grid import BeatGrid

_GROUPS: Final = re.compile(r"^(\d+(?:\+\d+)+)/")


def written_groups(meter: str) -> tuple[int, ...]:
    """Written beats in each group of a meter: (2, 3) for "2+3/8", none for "5/8"."""
    match = _GROUPS.match(meter.strip())
    return tuple(map(int, match[1].split("+"))) if match else ()


def beat_groups(beats_in_bar: int, meter: str) -> tuple[int, ...]:
    """Conducted beats in each group of a bar; none where nothing is said, or each is a group.

    Parameters
    ----------
    beats_in_bar : int
        Conducted beats.
    meter : str
        "2+3/8" in five is (2, 3); in two each group is a beat.
    """
    groups = written_groups(meter)
    return groups if sum(groups) == beats_in_bar else ()


def beat_lengths(beats_in_bar: int, meter: str) -> tuple[float, ...]:
    """How long each conducted beat of a bar is beside the others, mean 1.

    "2+3/8" in two is (0.8, 1.2); where nothing else is said, all are alike.
    """
    groups = written_groups(meter)
    if len(groups) != beats_in_bar:
        return (1.0,) * beats_in_bar
    return tuple(group * beats_in_bar / sum(groups) for group in groups)


def bars_of(grid: BeatGrid) -> list[tuple[int, str]]:
    """Conducted beats and meter of each beat's bar."""
    return list(zip(grid.beats_in_bar.tolist(), grid.meters, strict=True))
