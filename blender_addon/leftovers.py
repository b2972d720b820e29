"""What earlier animation, or a hand, has left in a pose and would bend a new motion."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.fit import Fit
from retarget.rotation import Array

from .curves import curves_of, moves, nla_curves_of
from .leaders import Leaders, parents_of
from .pose_values import PoseValue, in_own_mode, read_turn, read_value, rotation_of

# Smaller ones than these, radians, shares and shares of a canonical metre, bend nothing.
_TURN: Final = 1e-4
_SIZE: Final = 1e-5
_PLACE: Final = 1e-5
# How many bones a sentence names.
_NAMED: Final = 3

_NO_TURN: Final = np.array([1.0, 0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Reset:
    """A value of the pose that is to be held.

    Parameters
    ----------
    value : PoseValue
        Which.
    held : list of float
        Its channels.
    """

    value: PoseValue
    held: list[float]


def find_leftovers(
    armature: Any,
    fit: Fit,
    turned: Iterable[str],
    moved: Iterable[str],
    active: Callable[[], Collection[tuple[str, str]]],
) -> tuple[Reset, ...]:
    """Transforms of bones that lead the mapped ones and would add to a motion.

    Mapped bones, and those that they hang from or follow through constraints and drivers, are to
    have no transforms but the motion's. What carries the whole body places it, though: what a hand
    has put there stays, its place, how it is turned about the vertical and its size, if that is the
    same all round. Only what tilts or stretches the body is taken back, and all that another Action
    or the NLA moves.

    Parameters
    ----------
    armature : bpy.types.Object
        As it is before the motion is put on it.
    fit : Fit
        Of this armature.
    turned : iterable of str
        Bones whose rotation the motion sets.
    moved : iterable of str
        Bones whose location the motion sets.
    active : callable
        Gives the constraints, by bone and name, that have influence while the motion plays.

    Returns
    -------
    tuple of Reset
        In the order of the rig's bones; none where nothing is left over.
    """
    search = _Search(armature, fit)
    turned, moved = set(turned), set(moved)
    played = {*fit.map.bones, *turned, *moved}
    lines: dict[str, set[str]] = {}
    restless = {bone for bone in fit.rig.bones if bone not in played and search.is_restless(bone)}
    if restless:
        # All constraints may count at first, for it takes time to find out which do.
        lines = _lines(armature, fit, played, lambda _bone, _name: True)
        if restless & set().union(*(line - parents_of(armature, b) for b, line in lines.items())):
            counting = set(active())
            lines = _lines(armature, fit, played, lambda bone, name: (bone, name) in counting)
    chains = played.union(*lines.values())
    # What carries only some of it would tear the body, or its hands from their targets.
    places = set.intersection(*lines.values()) - played if lines else set()
    found: list[Reset] = []
    for bone in fit.rig.bones:
        if bone in places:
            found += search.placing(bone)
        elif bone in chains:
            if bone not in turned:
                found += search.turn(bone)
            if bone not in moved:
                found += search.place(bone)
            found += search.size(bone)
    return tuple(found)


def told(resets: tuple[Reset, ...]) -> str | None:
    """A sentence on what is reset, or None."""
    bones = list(dict.fromkeys(reset.value.bone for reset in resets))
    if not bones:
        return None
    names = ", ".join(f"'{bone}'" for bone in bones[:_NAMED])
    more = len(bones) - _NAMED
    if more > 0:
        names += f" and {more} more"
    subject = f"bone {names} was" if len(bones) == 1 else f"bones {names} were"
    return f"The {subject} not at rest and would have bent the motion; the Action puts that right."


class _Search:
    """The pose of an armature, with what animates it beside the Action to come."""

    def __init__(self, armature: Any, fit: Fit) -> None:
        self._armature = armature
        self._fit = fit
        data = armature.animation_data
        playing = list(nla_curves_of(data))
        former = list(curves_of(data.action, data.action_slot)) if data and data.action else []
        self._played = {curve.data_path for curve in playing if _leaves_rest(curve)}
        self._moving = {curve.data_path for curve in (*playing, *former) if moves(curve)}
        drivers = data.drivers if data else ()
        self._driven = {(curve.data_path, curve.array_index) for curve in drivers}

    def is_restless(self, bone: str) -> bool:
        """Whether a bone has transforms, or the NLA gives it some."""
        return bool(self.turn(bone) or self.place(bone) or self.size(bone))

    def turn(self, bone: str) -> list[Reset]:
        """The rotation, where there is one."""
        return self._turn_to(bone, _NO_TURN)

    def place(self, bone: str) -> list[Reset]:
        """The location, where there is one."""
        if self._fit.rig.connected[self._fit.rig.index[bone]]:
            return []
        limit = _PLACE * self._fit.scale
        return self._channels(PoseValue(bone, "location"), 0.0, lambda v: np.abs(v).max() > limit)

    def size(self, bone: str) -> list[Reset]:
        """The scale, where it is not 1."""
        return self._channels(
            PoseValue(bone, "scale"), 1.0, lambda v: np.abs(v - 1.0).max() > _SIZE
        )

    def placing(self, bone: str) -> list[Reset]:
        """What tilts or stretches the body, or is not there by hand."""
        found: list[Reset] = []
        if self._is_moving(rotation_of(self._armature, bone)):
            found += self.turn(bone)
        else:
            found += self._turn_to(bone, self._upright(bone), forced=False)
        if self._is_moving(PoseValue(bone, "location")):
            found += self.place(bone)
        scale = PoseValue(bone, "scale")
        if self._is_moving(scale):
            return found + self.size(bone)
        now = self._read(scale)
        is_even = np.ptp(now) <= _SIZE and now.min() > 0.0
        return found if is_even else found + self.size(bone)

    def _upright(self, bone: str) -> Array:
        """The part of a bone's turn that goes about the vertical."""
        rest = self._fit.rest_rotations[self._fit.rig.index[bone]]
        now = read_turn(self._armature, bone)
        turn = rotation.multiply(rotation.multiply(rest, now), rotation.conjugate(rest))
        about = turn * [1.0, 0.0, 0.0, 1.0]
        if np.linalg.norm(about) < _TURN:
            return _NO_TURN
        about = rotation.normalize(about)
        return rotation.multiply(rotation.multiply(rotation.conjugate(rest), about), rest)

    def _turn_to(self, bone: str, wanted: Array, forced: bool = True) -> list[Reset]:
        value = rotation_of(self._armature, bone)
        now = read_turn(self._armature, bone)
        away = rotation.to_rotation_vector(rotation.multiply(rotation.conjugate(wanted), now))
        if np.linalg.norm(away) <= _TURN and not (forced and self._is_played(value)):
            return []
        return self._reset(value, in_own_mode(self._armature, bone, wanted[None])[0].tolist())

    def _channels(
        self, value: PoseValue, rest: float, is_off: Callable[[Array], bool]
    ) -> list[Reset]:
        now = self._read(value)
        for index in range(len(now)):
            if (value.path, index) in self._driven:
                now[index] = rest
        if not self._is_played(value) and not is_off(now):
            return []
        return self._reset(value, [rest] * len(now))

    def _reset(self, value: PoseValue, held: list[float]) -> list[Reset]:
        # Keys have no say where a driver sets the value.
        path = value.path
        if all((path, index) in self._driven for index in range(len(held))):
            return []
        return [Reset(value, held)]

    def _read(self, value: PoseValue) -> Array:
        return np.array(read_value(self._armature, value.path), dtype=np.float64)

    def _is_played(self, value: PoseValue) -> bool:
        """Whether the NLA takes it from its rest at some time."""
        return value.path in self._played

    def _is_moving(self, value: PoseValue) -> bool:
        """Whether the NLA moves it, or the former Action has."""
        return value.path in self._moving


def _lines(
    armature: Any, fit: Fit, bones: Iterable[str], is_on: Callable[[str, str], bool]
) -> dict[str, set[str]]:
    """Bones to all that lead them."""
    leaders = Leaders(armature, fit, is_on)
    return {bone: leaders.of(bone) for bone in bones}


def _leaves_rest(curve: Any) -> bool:
    """Whether an F-curve of a bone's transform is ever off its rest."""
    path, index = curve.data_path, curve.array_index
    is_one = path.endswith("scale") or (path.endswith("quaternion") and index == 0)
    if path.endswith("rotation_axis_angle") and index > 0:
        return False
    if moves(curve):
        return True
    rest = 1.0 if is_one else 0.0
    return not curve.is_empty and abs(curve.keyframe_points[0].co[1] - rest) > _SIZE


def _angle(turn: Array) -> float:
    return float(np.linalg.norm(rotation.to_rotation_vector(turn)))
