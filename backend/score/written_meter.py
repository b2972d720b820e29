"""The meter a MusicXML score writes, and how it groups its beats."""

import re
from typing import Final
from xml.etree import ElementTree

from backend.grid.meter import parse_meter
from retarget.errors import ConductorError

_BEATS: Final = re.compile(r"\s*\d{1,3}(\s*\+\s*\d{1,3})*\s*", re.ASCII)

_ADDEND: Final = re.compile(r"(\d{1,2})(?:\s*/\s*(\d{1,2}))?", re.ASCII)
_SUM: Final = re.compile(
    rf"[\s(\[]*{_ADDEND.pattern}(\s*\+\s*{_ADDEND.pattern})+[\s)\].]*", re.ASCII
)


def read_meter(time: ElementTree.Element) -> tuple[int, int] | None:
    """The meter; additive ones (3+2, or several fractions) as their sum, alla breve as 2/2.

    None for one that is not conducted (`backend.grid.meter.parse_meter`).
    """
    counts = [element.text or "" for element in time.findall("beats")]
    lower = [element.text or "" for element in time.findall("beat-type")]
    if not counts or len(counts) != len(lower) or not all(map(_BEATS.fullmatch, counts)):
        return None
    try:
        units = [parse_meter(f"1/{text.strip()}")[1] for text in lower]
        unit = max(units)
        beats = sum(
            int(number) * unit // own
            for text, own in zip(counts, units, strict=True)
            for number in text.split("+")
        )
        meter = parse_meter(f"{beats}/{unit}")
    except ConductorError:
        return None
    return (2, 2) if meter == (4, 4) and time.get("symbol") == "cut" else meter


def read_grouping(time: ElementTree.Element) -> tuple[int, ...]:
    """How an additive meter that can be read groups its beats: (3, 2) of 3+2/8; else empty."""
    counts = [element.text or "" for element in time.findall("beats")]
    units = [int(element.text or 1) for element in time.findall("beat-type")]
    groups = tuple(
        int(number) * max(units) // own
        for text, own in zip(counts, units, strict=True)
        for number in text.split("+")
    )
    return groups if len(groups) > 1 and min(groups) > 0 else ()


def grouping_of_text(text: str, meter: tuple[int, int]) -> tuple[int, ...]:
    """How words such as "(3+2)" or "3/4 + 2/4" group the beats of a meter; empty for others."""
    if not _SUM.fullmatch(text):
        return ()
    groups = tuple(int(number) for number, _ in _ADDEND.findall(text))
    units = {int(unit) for _, unit in _ADDEND.findall(text) if unit}
    fits = sum(groups) == meter[0] and min(groups) > 0 and units <= {meter[1]}
    return groups if fits else ()


def meter_text(time: ElementTree.Element) -> str:
    """A meter as it is written, "3+2/8", with "?" for what is missing."""
    parts = [
        "+".join((element.text or "").strip() or "?" for element in time.findall(tag)) or "?"
        for tag in ("beats", "beat-type")
    ]
    return "/".join(parts)
