"""How the motion of an Action was made, noted on the Action."""

import json
from typing import Any, Final

from retarget.motion import Motion

STYLE_KEY: Final = "conducting_style"
SOURCE_KEY: Final = "conducting_source"
SEED_KEY: Final = "conducting_seed"
"""Custom properties of our Actions: JSON text of how the motion was made."""


def note_motion(action: Any, motion: Motion) -> None:
    """Note on an Action how its motion was made."""
    action[STYLE_KEY] = json.dumps(motion.style, sort_keys=True)
    action[SOURCE_KEY] = json.dumps(motion.source, sort_keys=True)
    action[SEED_KEY] = json.dumps(motion.source.get("seed"))


def is_of_one_motion(action: Any, other: Any) -> bool:
    """Whether two Actions have the same such notes."""
    keys = (STYLE_KEY, SOURCE_KEY, SEED_KEY)
    return all(action.get(key) == other.get(key) for key in keys)
