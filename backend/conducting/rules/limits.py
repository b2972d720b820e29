"""How far joints turn, and keeping to it without a jolt."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.rotation import Array

from .curves import soft_clip

# Turns bend within this share of the range before its ends.
_MARGIN: Final = 0.25
_AXES: Final = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Limit:
    """The range of one joint.

    Parameters
    ----------
    axis : int
        Axis of the bone in the rest pose: 0 x, 1 y, 2 z.
    low, high : (3,) arrays
        Radians: turn about the bone in component `axis`, swing in the other two.
    """

    axis: int
    low: Array
    high: Array


@cache
def limit_of(joint: str) -> Limit | None:
    """The range of a canonical joint, or None if it has none of its own (hips, fingers, baton)."""
    base, _, side = joint.partition(".")
    row = _table().get(base)
    if row is None:
        return None
    axis = _AXES[row["axis"]]
    low, high = np.zeros(3), np.zeros(3)
    low[axis], high[axis] = np.radians(row["bone"])
    for name, component in _AXES.items():
        if component != axis:
            low[component], high[component] = np.radians(row[name])
    if side == "R":
        for component in (1, 2):
            low[component], high[component] = -high[component], -low[component]
    return Limit(axis, low, high)


def turns_of(local: Array, axis: int) -> Array:
    """A joint's turns (..., 3) in radians: twist about the bone in `axis`, swing elsewhere.

    The rotation is the swing after the twist (Grassia 1998), both as rotation vectors.
    """
    left, right = (axis + 1) % 3, (axis + 2) % 3
    w, along = local[..., 0], local[..., 1 + axis]
    # The swing has no component along the bone, which makes its w the size of the twist.
    w_swing = np.sqrt(w**2 + along**2)
    has_twist = w_swing > 1e-9
    cos = np.where(has_twist, w / np.maximum(w_swing, 1e-9), 1.0)
    sin = np.where(has_twist, along / np.maximum(w_swing, 1e-9), 0.0)
    b, c = local[..., 1 + left], local[..., 1 + right]
    size = np.sqrt(b**2 + c**2)
    scale = np.where(size > 1e-12, 2.0 * np.arctan2(size, w_swing) / np.maximum(size, 1e-12), 2.0)
    turns = np.empty((*local.shape[:-1], 3))
    turns[..., axis] = 2.0 * np.arctan2(np.where(cos < 0.0, -sin, sin), np.abs(cos))
    turns[..., left] = scale * (b * cos - c * sin)
    turns[..., right] = scale * (c * cos + b * sin)
    return turns


def keep_within(local: Array, joint: str) -> Array:
    """Local rotations (..., 4) of a joint brought smoothly into its range."""
    limit = limit_of(joint)
    if limit is None:
        return local
    turns = turns_of(local, limit.axis)
    margin = _MARGIN * (limit.high - limit.low)
    if ((turns >= limit.low + margin) & (turns <= limit.high - margin)).all():
        return local
    return from_turns(soft_clip(turns, limit.low, limit.high, _MARGIN), limit.axis)


def clipped(local: Array, joint: str) -> Array:
    """Local rotations (..., 4) of a joint, those beyond its range at its end."""
    limit = limit_of(joint)
    if limit is None:
        return local
    turns = turns_of(local, limit.axis)
    if ((turns >= limit.low) & (turns <= limit.high)).all():
        return local
    return from_turns(np.clip(turns, limit.low, limit.high), limit.axis)


def from_turns(turns: Array, axis: int) -> Array:
    """The rotation (..., 4) of a joint's turns; undoes `turns_of`."""
    twist = np.zeros_like(turns)
    twist[..., axis] = turns[..., axis]
    swing = rotation.from_rotation_vector(turns - twist)
    return rotation.multiply(swing, rotation.from_rotation_vector(twist))


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("limits.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
