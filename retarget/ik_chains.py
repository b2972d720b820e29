"""Targets and poles of chains of bones that inverse kinematics itself poses.

Where the bones of a chain have keys of their own that already bring its end to the target, and the
pole lies where the chain's first bone says, Blender's solver has nothing left to do and leaves the
chain as it is: bends, rolls and what hangs from it, whatever the chain's length, limits or stretch.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from . import rotation
from .fit import Fit
from .rig_pose import RigPose
from .rotation import Array

# A pole stands at least this far off, as a share of the chain's length.
_NEAREST_POLE: Final = 0.3
# Where the first bone's axis to the pole lies along the chain, its share across it says nothing.
_ACROSS: Final = 1e-3


@dataclass(frozen=True)
class IkChain:
    """Bones in a row whose end goes to a target.

    Parameters
    ----------
    bones : tuple of str
        From the body outwards.
    tip : (3,) array
        Where the last one ends at rest, canonical axes, armature units.
    target : str
        The bone that the end goes to.
    pole : str, optional
        The bone that the chain bends to.
    pole_angle : float
        About its own length, from its x axis, the first bone's direction to the pole; radians.
    turned : str, optional
        The bone that is turned exactly as the target is.
    held : str, optional
        Otherwise the bone that the target goes with, a hand or foot.
    """

    bones: tuple[str, ...]
    tip: Array
    target: str
    pole: str | None = None
    pole_angle: float = 0.0
    turned: str | None = None
    held: str | None = None


def chain_end(fit: Fit, pose: RigPose, chain: IkChain) -> Array:
    """Where the chain's end is, (T, 3) or (1, 3), canonical axes, armature units."""
    last = chain.bones[-1]
    i = fit.rig.index[last]
    moved = rotation.multiply(pose.rotation(last), rotation.conjugate(fit.rest_rotations[i]))
    return pose.position(last) + rotation.rotate(moved, chain.tip - fit.rig.heads[i])


def target_turn(fit: Fit, pose: RigPose, chain: IkChain) -> Array:
    """How the target is turned, (T, 4) or (1, 4), canonical axes."""
    if chain.turned is not None:
        return pose.rotation(chain.turned)
    held = chain.held or chain.bones[-1]
    rest = fit.rest_rotations
    i, j = fit.rig.index[held], fit.rig.index[chain.target]
    moved = rotation.multiply(pose.rotation(held), rotation.conjugate(rest[i]))
    return rotation.multiply(moved, rest[j])


def pole_place(fit: Fit, pose: RigPose, chain: IkChain) -> Array:
    """Where the pole has to be for the chain to stay as it is, (T, 3), canonical axes.

    Blender turns a chain about the line from its start to the target until the first bone's axis
    to the pole lies in the half-plane of the pole (`ConstrainPoleVector` in its `iksolver`).

    Parameters
    ----------
    fit : Fit
        The rig.
    pose : RigPose
        How it is posed.
    chain : IkChain
        With a pole.
    """
    if chain.pole is None:
        raise ValueError("the chain has no pole")
    rig = fit.rig
    first, middle = chain.bones[0], chain.bones[-1]
    start, bend = pose.position(first), pose.position(middle)
    along = rotation.normalize(chain_end(fit, pose, chain) - start)
    axis = np.array([np.cos(chain.pole_angle), 0.0, np.sin(chain.pole_angle)])
    up = rotation.rotate(pose.rotation(first), axis)
    across = _off(up, along)
    size = np.linalg.norm(across, axis=-1, keepdims=True)
    across = across / np.maximum(size, _ACROSS)
    out = np.sum((bend - start) * across, axis=-1, keepdims=True)
    heads = rig.heads
    ends = [*(heads[rig.index[bone]] for bone in chain.bones), chain.tip]
    length = float(np.linalg.norm(np.diff(ends, axis=0), axis=-1).sum())
    rest = heads[rig.index[chain.pole]] - heads[rig.index[middle]]
    distance = max(float(np.linalg.norm(rest)), _NEAREST_POLE * length)
    ahead = np.sum((bend - start) * along, axis=-1, keepdims=True)
    return np.asarray(start + ahead * along + (np.maximum(out, 0.0) + distance) * across)


def _off(ways: Array, along: Array) -> Array:
    """What of ways (T, 3) goes across unit ones (T, 3)."""
    return np.asarray(ways - along * np.sum(ways * along, axis=-1, keepdims=True))
