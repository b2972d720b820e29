"""How the beats of a bar are grouped: 5/8 as 2+3 or as 3+2, where the meter says so."""

from backend.grid.conducted import uneven_groups
from backend.grid.meter import parse_meter


def meter_text(meter: tuple[int, int], grouping: tuple[int, ...] = ()) -> str:
    """A meter as grids hold it: "5/8", or "2+3/8" with the grouping (2, 3)."""
    written, unit = meter
    return f"{'+'.join(map(str, grouping or (written,)))}/{unit}"


def written_groups(meter: str) -> tuple[int, ...]:
    """Written beats in each group of a meter: (2, 3) of "2+3/8", none of "5/8"."""
    groups = meter.partition("/")[0].split("+")
    return tuple(map(int, groups)) if len(groups) > 1 else ()


def beat_groups(beats_in_bar: int, meter: str) -> tuple[int, ...]:
    """Conducted beats in each group of a bar; none where nothing is said or each group is a beat.

    Parameters
    ----------
    beats_in_bar : int
        Conducted beats.
    meter : str
        "2+3/8" in five is (2, 3); in two, and "5/8" in five, there are no groups.
    """
    groups = written_groups(meter)
    return groups if sum(groups) == beats_in_bar else ()


def beat_lengths(beats_in_bar: int, meter: str) -> tuple[float, ...]:
    """How long each conducted beat of a bar is beside the others, mean 1.

    "2+3/8" in two is (0.8, 1.2); beats are alike unless the meter or the rule says otherwise.

    Parameters
    ----------
    beats_in_bar : int
        Conducted beats.
    meter : str
    """
    groups: tuple[float, ...] = written_groups(meter)
    if len(groups) != beats_in_bar:
        groups = uneven_groups(parse_meter(meter)[0], beats_in_bar) or (1.0,) * beats_in_bar
    return tuple(beats_in_bar * group / sum(groups) for group in groups)
