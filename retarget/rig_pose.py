"""`RigPose`: forward kinematics on a rig, worked out bone by bone as it is asked for."""

from typing import Protocol

from . import rotation
from .rig import RigMap, RigRest
from .rotation import Array


class RestedRig(Protocol):
    """What is asked of a rig to pose it: a `Fit` has it."""

    @property
    def rig(self) -> RigRest:
        """The rig at rest, canonical axes, armature units."""
        ...

    @property
    def map(self) -> RigMap:
        """Its bones by joint."""
        ...

    @property
    def axes(self) -> Array:
        """Rotation (4,) from the canonical axes to armature space."""
        ...

    @property
    def rest_rotations(self) -> Array:
        """Rest orientation of each bone, (B, 4)."""
        ...

    def follows(self, bone: str) -> int:
        """Index of the bone that `bone` moves with, −1 for none."""
        ...


class RigPose:
    """Where the bones of a rig are and how they are turned, canonical axes, armature units.

    Rotations are (T, 4) or (1, 4) where nothing above moves, positions likewise.

    Parameters
    ----------
    fit : RestedRig
        The rig.
    wanted : dict
        Bone to its orientation (T, 4); the others go with their parents.
    places : dict
        Bone to where its head is, (T, 3); the others hang from their parents.
    """

    def __init__(
        self, fit: RestedRig, wanted: dict[str, Array], places: dict[str, Array] | None = None
    ) -> None:
        self._fit = fit
        self.wanted = wanted
        self.places = {} if places is None else places
        self._rotations: dict[int, Array] = {}
        self._positions: dict[int, Array] = {}

    def rotation(self, bone: str) -> Array:
        """Orientation of the posed bone."""
        i = self._fit.rig.index[bone]
        if i not in self._rotations:
            wanted = self.wanted.get(bone)
            self._rotations[i] = self.default_rotation(bone) if wanted is None else wanted
        return self._rotations[i]

    def default_rotation(self, bone: str) -> Array:
        """Orientation the bone gets from its parents alone."""
        fit = self._fit
        i = fit.rig.index[bone]
        rest = fit.rest_rotations
        parent = fit.follows(bone)
        if parent < 0 or not fit.rig.inherit_rotation[i]:
            return rest[i][None]
        offset = rotation.multiply(rotation.conjugate(rest[parent]), rest[i])
        return rotation.multiply(self.rotation(fit.rig.bones[parent]), offset)

    def position(self, bone: str) -> Array:
        """Head of the posed bone."""
        i = self._fit.rig.index[bone]
        if i not in self._positions:
            place = self.places.get(bone)
            self._positions[i] = self.default_position(bone) if place is None else place
        return self._positions[i]

    def default_position(self, bone: str) -> Array:
        """Head the bone gets from its parents alone."""
        fit = self._fit
        heads = fit.rig.heads
        i = fit.rig.index[bone]
        parent = fit.follows(bone)
        if parent < 0:
            return heads[i][None]
        offset = rotation.rotate(
            rotation.conjugate(fit.rest_rotations[parent]), heads[i] - heads[parent]
        )
        leader = fit.rig.bones[parent]
        return self.position(leader) + rotation.rotate(self.rotation(leader), offset)

    def location(self, bone: str, place: Array) -> Array:
        """What a bone's `location` has to be for its head to be at a place, (T, 3)."""
        return rotation.rotate(
            rotation.conjugate(self._moved_along(bone)), place - self.default_position(bone)
        )

    def moved(self, bone: str, location: Array) -> Array:
        """Where a bone's head is by its `location`, (T, 3)."""
        return self.default_position(bone) + rotation.rotate(self._moved_along(bone), location)

    def _moved_along(self, bone: str) -> Array:
        if bone in self._fit.rig.level:
            return rotation.conjugate(self._fit.axes)
        return self.default_rotation(bone)


def root_place(fit: RestedRig, turn: Array, hips: Array) -> Array:
    """Where the bone that carries the body must be for the hips to be at a place.

    Parameters
    ----------
    fit : RestedRig
        The rig; several bones in a row may play its hips, of which the first one carries all.
    turn : (..., 4) array
        Orientation of that bone.
    hips : (..., 3) array
        The place.
    """
    strand = fit.map.strands["hips"][0]
    if len(strand) == 1:
        return hips
    first, last = (fit.rig.index[bone] for bone in (strand[0], strand[-1]))
    away = fit.rig.heads[last] - fit.rig.heads[first]
    back = rotation.multiply(turn, rotation.conjugate(fit.rest_rotations[first]))
    return hips - rotation.rotate(back, away)
