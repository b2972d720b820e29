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
    twist = np.zeros_like(local)
    twist[..., 0] = local[..., 0]
    twist[..., 1 + axis] = local[..., 1 + axis]
    norm = np.linalg.norm(twist, axis=-1, keepdims=True)
    twist = np.where(norm > 1e-9, twist / np.maximum(norm, 1e-9), [1.0, 0.0, 0.0, 0.0])
    swing = rotation.multiply(local, rotation.conjugate(twist))
    turns = rotation.to_rotation_vector(swing)
    turns[..., axis] = rotation.to_rotation_vector(twist)[..., axis]
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
