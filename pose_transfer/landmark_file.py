"""Landmarks as a JSON file that can be corrected by hand and given back."""

import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from retarget.errors import ConductorError
from retarget.rotation import Array

from .landmarks import Landmarks
from .pose_landmarks import POINTS

_VERSION: Final = 1
_ABOUT: Final = (
    "points: x, y in pixels of the photo as it is worked on (its longer side at most 2048), "
    "visibility from 0 to 1; hands and face: x, y, depth; world: metres; L is the person's left"
)
_SHAPES: Final = {"hands": (21, 3), "face": (478, 3)}
# Coordinates beyond this are a slip of the pen, pixels.
_MAX_COORDINATE: Final = 1e5
# A point that is seen may lie so far outside the photo, and one that is not seen so many of its
# longer sides.
_EDGE_PX: Final = 1.0
_FAR: Final = 5.0


def save_landmarks(
    path: str | os.PathLike[str], landmarks: Landmarks, size: tuple[int, int]
) -> None:
    """Write landmarks as JSON: one line a point, x and y in pixels of the photo.

    Parameters
    ----------
    path : path
    landmarks : Landmarks
    size : (int, int)
        Width and height of the photo they lie in, pixels.

    Raises
    ------
    ConductorError
        If the file cannot be written.
    """
    sections = {
        "points": {
            key: [*_rounded(point), round(float(landmarks.visibility[key]), 3)]
            for key, point in landmarks.points.items()
        },
        "world": {key: _rounded(point, 4) for key, point in landmarks.world.items()},
        "hands": {side: [_rounded(p) for p in hand] for side, hand in landmarks.hands.items()},
        "face": None if landmarks.face is None else [_rounded(p) for p in landmarks.face],
    }
    lines = ["{", f'  "version": {_VERSION},', '  "about": ' + json.dumps(_ABOUT) + ","]
    lines.append(f'  "size": {json.dumps(list(size))},')
    for number, (title, section) in enumerate(sections.items()):
        comma = "," if number < len(sections) - 1 else ""
        lines.append(f'  "{title}": {_laid_out(section)}{comma}')
    lines.append("}")
    try:
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConductorError(
            f"The landmarks cannot be written to {path} ({reason}); choose another place."
        ) from error


def load_landmarks(path: str | os.PathLike[str], size: tuple[int, int]) -> Landmarks:
    """Read what `save_landmarks` wrote and somebody may have corrected.

    Parameters
    ----------
    path : path
    size : (int, int)
        Width and height of the photo they are for, pixels.

    Raises
    ------
    ConductorError
        If the file is missing, no JSON, of another version or for a photo of another size, or a
        point is missing, malformed or outside the photo; the sentence names the first fault.
    """
    name = Path(path).name
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConductorError(f"The landmarks {path} do not exist; check the path.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConductorError(f"The landmarks {path} cannot be read ({reason}).") from error
    except json.JSONDecodeError as error:
        raise ConductorError(
            f"{name} is not JSON (line {error.lineno}: {error.msg}); mend that line."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConductorError(f"{name} is not a landmark file; give the JSON of a photo.") from error
    if not isinstance(content, dict) or not isinstance(content.get("points"), dict):
        raise ConductorError(f'{name} has no "points"; give the JSON that was saved for the photo.')
    if content.get("version") != _VERSION:
        raise ConductorError(
            f"{name} is of version {content.get('version')}, not {_VERSION}; save it anew."
        )
    own_size = content.get("size", list(size))
    if own_size != list(size):
        raise ConductorError(
            f"{name} is for a photo of {_sides(own_size)} pixels, but this one has {_sides(size)}; "
            "save the landmarks of this photo."
        )
    landmarks = _parsed(content, name)
    _check_places(landmarks, size, name)
    return landmarks


def _check_places(landmarks: Landmarks, size: tuple[int, int], name: str) -> None:
    """Points that are seen lie in the photo, and none lies far from it.

    Raises
    ------
    ConductorError
        If one does not.
    """
    limits = np.array(size, np.float64)
    remedy = "; put it where it belongs, or set its visibility to 0"
    for key, point in landmarks.points.items():
        outside = float(np.maximum(-point, point - limits).max())
        if landmarks.visibility[key] > 0.0 and outside > _EDGE_PX:
            raise ConductorError(
                f"The point {key} in {name} lies outside the photo, which has {_sides(size)} "
                f"pixels{remedy}."
            )
        if outside > _FAR * limits.max():
            raise ConductorError(f"The point {key} in {name} lies far outside the photo{remedy}.")
    groups = {f"hand {side}": hand for side, hand in landmarks.hands.items()}
    if landmarks.face is not None:
        groups["face"] = landmarks.face
    for what, points in groups.items():
        middle = points[:, :2].mean(axis=0)
        if (middle < 0.0).any() or (middle > limits).any():
            raise ConductorError(
                f"The {what} in {name} lies outside the photo, which has {_sides(size)} pixels; "
                "save the landmarks of this photo."
            )


def _sides(size: Any) -> str:
    return "×".join(str(side) for side in size) if isinstance(size, list | tuple) else str(size)


def _parsed(content: dict[str, Any], name: str) -> Landmarks:
    points: dict[str, Array] = {}
    visibility: dict[str, float] = {}
    for key, value in content["points"].items():
        if key not in POINTS:
            raise ConductorError(f'{name} has an unknown point "{key}"; its name is mistyped.')
        row = _array(value, (3,), f"point {key}", name)
        if not 0.0 <= row[2] <= 1.0:
            raise ConductorError(f"The visibility of {key} in {name} must lie between 0 and 1.")
        points[key], visibility[key] = row[:2], float(row[2])
    missing = [key for key in POINTS if key not in points]
    if missing:
        raise ConductorError(
            f"{name} lacks the point {missing[0]}; points that cannot be seen have visibility 0."
        )
    world = _section(content, "world", name)
    hands = _section(content, "hands", name)
    for side in hands:
        if side not in ("L", "R"):
            raise ConductorError(f'{name} has a hand "{side}"; there are only L and R.')
    for key in world:
        if key not in POINTS:
            raise ConductorError(f'{name} has an unknown point "{key}"; its name is mistyped.')
    missing = [key for key in POINTS if key not in world]
    if missing:
        raise ConductorError(f"{name} lacks the world point {missing[0]}; save it anew.")
    face = content.get("face")
    return Landmarks(
        points=points,
        visibility=visibility,
        world={key: _array(v, (3,), f"world point {key}", name) for key, v in world.items()},
        hands={key: _array(v, _SHAPES["hands"], f"hand {key}", name) for key, v in hands.items()},
        face=None if face is None else _array(face, _SHAPES["face"], "face", name),
    )


def _section(content: dict[str, Any], title: str, name: str) -> dict[str, Any]:
    section = content.get(title) or {}
    if not isinstance(section, dict):
        raise ConductorError(f'"{title}" in {name} must be a list of names and numbers.')
    return section


def _array(value: Any, shape: tuple[int, ...], what: str, name: str) -> Array:
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    numbers = "×".join(str(length) for length in shape)
    if array.shape != shape:
        raise ConductorError(f"The {what} in {name} must be {numbers} numbers.")
    if not (np.isfinite(array).all() and (np.abs(array) < _MAX_COORDINATE).all()):
        raise ConductorError(f"The {what} in {name} holds a number that is no pixel position.")
    return array


def _rounded(point: Array, digits: int = 2) -> list[float]:
    return [round(float(value), digits) for value in point]


def _laid_out(section: Any) -> str:
    """One line for each entry that a hand may edit."""
    if isinstance(section, dict) and section:
        rows = (f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in section.items())
        return "{\n" + ",\n".join(rows) + "\n  }"
    return json.dumps(section)
