"""The meter a MusicXML score writes."""

import re
from typing import Final
from xml.etree import ElementTree

from backend.grid.beat_grid import parse_meter
from retarget.errors import ConductorError

_BEATS: Final = re.compile(r"\s*\d{1,3}(\s*\+\s*\d{1,3})*\s*", re.ASCII)


def read_meter(time: ElementTree.Element) -> tuple[int, int] | None:
    """The meter; additive ones (3+2, or several fractions) as their sum, alla breve as 2/2.

    None for one that is not conducted (`backend.grid.beat_grid.parse_meter`).
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


def meter_text(time: ElementTree.Element) -> str:
    """A meter as it is written, "3+2/8", with "?" for what is missing."""
    parts = [
        "+".join((element.text or "").strip() or "?" for element in time.findall(tag)) or "?"
        for tag in ("beats", "beat-type")
    ]
    return "/".join(parts)
