"""Meters as text: 6/8, and 2+3/8 where the groups of beats are told."""

import re
from typing import Final

from retarget.errors import ConductorError

# Letters of what is no meter that a message repeats.
_SHOWN: Final = 20
_METER: Final = re.compile(r"^([1-9]\d?(?:\+[1-9]\d?)*)/(1|2|4|8|16|32)$")


def parse_meter(text: str) -> tuple[int, int]:
    """Read "6/8" as (6, 8), and "2+3/8" as (5, 8).

    Raises
    ------
    ConductorError
        If it is no meter.
    """
    match = _METER.match(text.strip())
    beats = 0 if match is None else sum(map(int, match[1].split("+")))
    if match is None or beats > 24:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise ConductorError(
            f"'{shown}' is not a meter; write it like 3/4, 6/8, or 2+3/8 with its groups."
        )
    return beats, int(match[2])
