"""Facial actions by name: ARKit's, which the conductor's face plays, and how rigs spell them."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

_SIDED: Final = (
    *("browDown", "browOuterUp", "eyeBlink", "eyeLookUp", "eyeLookDown", "eyeLookIn"),
    *("eyeLookOut", "eyeWide", "eyeSquint", "cheekSquint", "noseSneer", "mouthSmile"),
    *("mouthFrown", "mouthPress", "mouthStretch"),
)
_CENTRE: Final = ("browInnerUp", "jawOpen", "mouthFunnel", "mouthPucker")

ACTIONS: Final[tuple[str, ...]] = (
    *_CENTRE,
    *(f"{name}{side}" for name in _SIDED for side in ("Left", "Right")),
)
"""The actions the conductor's face plays, in the order of a `Motion`'s face."""


def shapes_of(names: Iterable[str], actions: Iterable[str] = ACTIONS) -> dict[str, list[str]]:
    """Which of a mesh's shape keys play which action.

    Upper and lower case, the signs between words and the spelling of the side do not matter:
    "eyeBlinkLeft", "EyeBlink_L", "Eye_Blink_L" and "head.eyeBlink_L" are one, and so are the names
    of face_names.toml. An action of the middle may lie on a left and a right key.

    Parameters
    ----------
    names : iterable of str
        Names of the shape keys.
    actions : iterable of str
        The actions wanted.

    Returns
    -------
    dict of str to list of str
        The shape keys of each action that has any.
    """
    spelt: dict[str, list[str]] = {}
    for name in names:
        spelt.setdefault(_plain(name), []).append(name)
        # Exporters put the mesh's name before the key's.
        _, dot, last = name.rpartition(".")
        if dot and len(last) > 1:
            spelt.setdefault(_plain(last), []).append(name)
    found = {}
    for action in actions:
        keys = [key for spelling in _spellings(action) for key in spelt.get(spelling, ())]
        if keys:
            found[action] = list(dict.fromkeys(keys))
    return found


def _spellings(action: str) -> list[str]:
    """How rigs write an action, without case and signs; what means one thing alone comes first."""
    own = [action]
    for side, letter in (("Left", "L"), ("Right", "R")):
        if action.endswith(side):
            own.append(action.removesuffix(side) + letter)
            break
    else:
        own += [f"{action}{side}" for side in ("Left", "Right", "L", "R")]
    return [_plain(name) for name in (*own, *_aliases().get(action, ()))]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _aliases() -> Mapping[str, list[str]]:
    path = Path(__file__).parent / "face_names.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
