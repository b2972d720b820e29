"""`RigRest` and `RigMap`: an armature at rest, and which of its bones play which joints."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from . import skeleton
from .rotation import Array


@dataclass(frozen=True)
class RigRest:
    """An armature's rest pose, in armature space and the armature's own units.

    Parameters
    ----------
    name : str
        What the user calls the armature, for messages.
    bones : tuple of str, length B
        Bone names; a parent always stands before its children.
    parents : (B,) int array
        Index of each bone's parent, −1 for roots.
    matrices : (B, 4, 4) array
        Rest matrices: the bone runs along its own +Y from its head (Blender's `matrix_local`).
    tails : (B, 3) array
        Where each bone ends.
    connected : (B,) bool array
        Bones whose head is tied to the parent's tail, so that they cannot be moved.
    inherit_rotation : (B,) bool array
        Bones that turn with their parent.
    level : frozenset of str
        Bones that are moved along the armature's axes instead of their own.
    """

    name: str
    bones: tuple[str, ...]
    parents: NDArray
    matrices: Array
    tails: Array
    connected: NDArray
    inherit_rotation: NDArray
    level: frozenset[str] = frozenset()

    @cached_property
    def index(self) -> dict[str, int]:
        """Bone name to its place in `bones`."""
        return {name: i for i, name in enumerate(self.bones)}

    @property
    def heads(self) -> Array:
        """Where each bone starts, (B, 3)."""
        return self.matrices[:, :3, 3]

    @cached_property
    def spread(self) -> float:
        """How far most of its bones stand apart along the axis where they do most."""
        # A few bones may lie far off, as targets of cameras do.
        low, high = np.percentile(self.heads, [10.0, 90.0], axis=0)
        return float((high - low).max())


Strand = tuple[str, ...]
"""Bones in a row, from the body outwards, that share one joint's rotation."""


@dataclass(frozen=True)
class IkControl:
    """The bones by which inverse kinematics drives a limb.

    Parameters
    ----------
    target : str
        The bone that the hand or foot goes to.
    pole : str, optional
        The bone that the elbow or knee points to.
    properties : tuple of (bone, property, value)
        Custom properties that must have these values for the target to be in control.
    """

    target: str
    pole: str | None = None
    properties: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True)
class RigMap:
    """Canonical joints and the bones that play them.

    Parameters
    ----------
    family : str
        Key of the rig family ("canonical", "rigify_metarig", …), "names" where the bones' names
        told it without a family, "structure" where the skeleton alone did, "map" for a user's own.
    label : str
        What the user calls this kind of rig.
    strands : dict
        Canonical joint to one or more strands of bones. The joint that stands for three fingers
        has a strand for each; a trunk joint may be played by several bones in a row.
    parents : dict
        Bones that follow another bone than their parent in the armature, because mechanism bones
        with constraints stand between them; bone to the bone it follows.
    properties : tuple of (bone, property, value)
        Custom properties that must have these values for the mapped bones to be in control.
    sure : dict
        Joint to how sure its bones are, in [0, 1]: 1 where names and places agree with a family.
    twists : dict
        Joint of a limb to its twist bones, from the body outwards: they share its roll. They may
        stand in the limb, between its bone and the next joint's, or beside it.
    ik : dict
        "hand.L" … "foot.R" to the controls of a rig that has both forward and inverse kinematics.
    doubts : tuple of str
        Sentences on what is odd about this map.
    """

    family: str
    label: str
    strands: dict[str, tuple[Strand, ...]]
    parents: dict[str, str] = field(default_factory=dict)
    properties: tuple[tuple[str, str, float], ...] = ()
    sure: dict[str, float] = field(default_factory=dict)
    twists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ik: dict[str, IkControl] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Canonical joints that no bone plays; nobody is expected to have the baton's."""
        return tuple(
            joint
            for joint in skeleton.NAMES
            if joint not in self.strands and not joint.startswith("baton")
        )

    @property
    def bones(self) -> tuple[str, ...]:
        """All mapped bones, in the order of the joints."""
        return tuple(b for strands in self.strands.values() for s in strands for b in s)
