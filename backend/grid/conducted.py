"""Which beats of a bar are conducted: 6/8 in two when it is fast, in six when it is slow."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

# A ritardando across a limit does not change the beat.
_KEEP: Final = 1.25


@dataclass(frozen=True)
class Limits:
    """What a conductor's arm does, whatever the meter.

    Parameters
    ----------
    slowest, fastest : float
        Beats a minute between which a conductor beats unless the music leaves no choice.
    bars_in_one : float
        The most bars of one beat a minute.
    """

    slowest: float
    fastest: float
    bars_in_one: float


def conducting_limits() -> Limits:
    """Those of the table."""
    table = _table()["limits"]
    slowest, fastest = table["beats"]
    return Limits(float(slowest), float(fastest), float(table["bars_in_one"]))


def conducted_rates(meter: tuple[int, int]) -> dict[int, tuple[float, float]]:
    """How fast a meter's written beats go, a minute, where each number of beats is conducted.

    Returns
    -------
    dict of int to (float, float)
        By the number of beats that are conducted in a bar, most first: its slowest and fastest
        rate; 0 and infinity where there is no limit.
    """
    low, rates = 0.0, {}
    for limit, count in _rows(meter):
        rates[int(count)] = (low, float(limit))
        low = float(limit)
    return rates


def conducted_groups(
    meter: tuple[int, int],
    rate: float,
    previous: int | None = None,
    grouping: tuple[int, ...] = (),
) -> tuple[float, ...]:
    """How the written beats of a bar are grouped into conducted ones.

    Parameters
    ----------
    meter : (int, int)
        Written beats in the bar and their note value: the figures of the meter.
    rate : float
        Written beats (of the lower figure) a minute.
    previous : int, optional
        Beats that were conducted in the bar before, if the tempo was led on from it in the same
        meter; kept as long as the rate lies within a quarter of their limits.
    grouping : tuple of int
        Written beats in each group of the bar, (2, 3) of five: each group is a conducted beat
        where the written ones are too fast to be.

    Returns
    -------
    tuple of float
        Written beats in each conducted beat; its length is the number of conducted beats.
    """
    numerator, _ = meter
    rates = conducted_rates(meter)
    grouped = len(grouping) > 1 and sum(grouping) == numerator
    if grouped and previous == len(grouping):
        previous = min(rates)
    beats = next(count for count, (_, fastest) in rates.items() if rate <= fastest)
    if previous is not None and previous in rates:
        slowest, fastest = rates[previous]
        if slowest / _KEEP <= rate <= fastest * _KEEP:
            beats = previous
    if grouped and beats < numerator:
        return tuple(map(float, grouping))
    return uneven_groups(numerator, beats) or (numerator / beats,) * beats


def uneven_groups(written: int, beats: int) -> tuple[float, ...]:
    """Written beats in each conducted one of a bar whose groups are not written, if not alike."""
    return tuple(map(float, _table()["uneven"].get(f"{written} in {beats}", ())))


def _rows(meter: tuple[int, int]) -> list[list[float]]:
    numerator, unit = meter
    levels = _table()["levels"]
    rows = levels.get(f"{numerator}/{unit}") or levels.get(str(numerator))
    return rows or [[float("inf"), _default(numerator)]]


def _default(numerator: int) -> int:
    compound = numerator > 3 and numerator % 3 == 0
    return numerator // 3 if compound else numerator


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("conducted.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
