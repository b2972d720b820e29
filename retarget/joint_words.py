"""The canonical joints in words, as tables show them."""

from typing import Final

from . import skeleton

_STEMS: Final = {"index": "Index Finger"}
_SIDES: Final = {"L": "Left ", "R": "Right ", "": ""}

PLAYED: Final = tuple(name for name in skeleton.NAMES if name != "baton_tip")
"""The joints that bones may play."""


def joint_words(joint: str) -> str:
    """A joint as a reader calls it: "Left Upper Arm" for "upper_arm.L"."""
    stem, _, side = joint.partition(".")
    return _SIDES[side] + _STEMS.get(stem, stem.replace("_", " ").title())


def joint_label(joint: str) -> str:
    """The same in short, for narrow tables: "Upper Arm L"."""
    stem, _, side = joint.partition(".")
    return f"{stem.replace('_', ' ').title()} {side}".rstrip()
