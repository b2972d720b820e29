"""How a rig stands at rest, and how one that lies, sits, crouches or leaps is stood up.

A rig that stands keeps its own posture: the model's curves of the spine and its stance are part of
its looks. One that stands but for being turned as a whole, as one that lies straight on the floor,
is turned back as a whole. Any other has each part of its trunk and legs laid along the canonical
one.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from . import rotation, skeleton
from .bone_ends import nothing
from .errors import ConductorError
from .rig import RigMap, RigRest
from .rotation import Array

_SIDES: Final = ("L", "R")
_UP: Final = np.array([0.0, 0.0, 1.0])
_LEFT: Final = np.array([1.0, 0.0, 0.0])
# A modeller's axes are exact; a rig leans a little in its own.
_SNAP_COSINE: Final = np.cos(np.radians(20.0))
# How far a trunk may lean and a leg may spread in a rest pose that stands; the leg of a body that
# was turned upright as a whole; and how far a knee is bent that stands, and one of a standing body
# whose legs alone are straightened.
_LEAN: Final = np.radians(20.0)
_SPREAD: Final = np.radians(30.0)
_SPREAD_TURNED: Final = np.radians(20.0)
_KNEE: Final = np.radians(15.0)
_KNEE_BENT: Final = np.radians(45.0)
# Sides further than this from across the trunk tell left from right.
_ACROSS_SINE: Final = 0.1
_WIDE: Final = 0.02
# How near to the armature's y and z axes a body's up and front are that was made with y up.
_NEAR_COSINE: Final = 0.5
# Knees bent by more than this tell how a leg is turned about its length.
_HINGE_SINE: Final = np.sin(np.radians(15.0))
# A foot may be pitched so far from the canonical one, a clavicle raised, before it is laid along;
# a clavicle of a trunk that stands only with an arm that is raised or reaches out so far.
_PITCH: Final = np.radians(25.0)
_RAISED: Final = np.radians(15.0)
_RAISED_ARM_SINE: Final = np.sin(np.radians(30.0))
_REACHING_SINE: Final = np.sin(np.radians(45.0))
# Shoulders that are turned further against the hips do not tell where the body faces; then it is
# taken to face along the axis that both are near to.
_TURNED_COSINE: Final = np.cos(np.radians(10.0))
_FACING_COSINE: Final = np.cos(np.radians(40.0))


@dataclass(frozen=True)
class BodyAxes:
    """Which way a rig's body is.

    Parameters
    ----------
    axes : (3, 3) array
        Canonical X, Y, Z as columns in armature space: standing, facing where the body faces once
        it has been stood up the shortest way.
    body : (3, 3) array or None
        The same of the body as it is at rest; None where left and right cannot be told, as where
        all bones lie in a row.
    lean : float
        How far the trunk is from upright, radians.
    """

    axes: Array
    body: Array | None
    lean: float

    @property
    def leans(self) -> bool:
        """Whether the trunk is further from upright than that of a body that stands."""
        return self.body is not None and self.lean > _LEAN


@dataclass(frozen=True)
class Posture:
    """How trunk, clavicles and legs come from the rest pose to the standing one.

    Parameters
    ----------
    turns : dict
        Bone to its rotation (4,), canonical axes.
    stands : bool
        Whether it stands as it is.
    doubts : tuple of str
        What is odd about it, in sentences.
    """

    turns: dict[str, Array]
    stands: bool
    doubts: tuple[str, ...]


def joint_head(rig: RigRest, rig_map: RigMap, joint: str) -> Array:
    """Where a mapped joint is at rest, (3,): where its strands start, the hips' last bone starts.

    What carries the hips may be a bone on the floor.
    """
    end = -1 if joint == "hips" else 0
    rows = [rig.index[strand[end]] for strand in rig_map.strands[joint]]
    return np.asarray(rig.heads[rows].mean(axis=0))


def find_axes(rig: RigRest, rig_map: RigMap, up: Array | None = None) -> BodyAxes:
    """The axes of a body.

    Parameters
    ----------
    rig, rig_map
        In armature space.
    up : (3,) array, optional
        What is up in the world, in armature space. Without it z is, or y of a body that stands
        along y and faces z, as files of other programs have it.

    Raises
    ------
    ConductorError
        If all joints are in one place.
    """
    body = _body(rig, rig_map)
    if up is None:
        stands_along_y = (
            body is not None
            and body[1, 2] > max(body[2, 2], _NEAR_COSINE)
            and -body[2, 1] > _NEAR_COSINE
        )
        up = np.array([0.0, 1.0, 0.0]) if stands_along_y else _UP
    up = _snapped(rotation.normalize(up))
    if body is None:
        forward = np.array([0.0, -1.0, 0.0]) if abs(up[2]) > _NEAR_COSINE else _UP
        return BodyAxes(_frame(np.cross(up, forward), up), None, 0.0)
    lean = float(np.arccos(np.clip(body[:, 2] @ up, -1.0, 1.0)))
    left = body[:, 0]
    if lean > np.pi - 1e-3:
        left = left - 2.0 * up * (left @ up)
    elif lean > _LEAN:
        left = rotation.rotate(rotation.between(body[:, 2], up), left)
    left = rotation.normalize(left - up * (left @ up))
    nearest = _snapped(left)
    hips = _hips_left(rig, rig_map)
    if lean > _LEAN and hips is not None and hips @ body[:, 0] < _TURNED_COSINE:
        hips = rotation.rotate(rotation.between(body[:, 2], up), hips)
        both = left + rotation.normalize(hips - up * (hips @ up))
        # Opposite ones are refused (`sides`).
        if np.linalg.norm(both) > 1e-6:
            nearest = _snapped(rotation.normalize(both), _FACING_COSINE)
    return BodyAxes(_frame(nearest if abs(nearest @ up) < 1e-9 else left, up), body, lean)


def stood_up(found: BodyAxes) -> Array:
    """The rotation (4,), canonical axes, by which a body that leans is stood up as a whole."""
    if found.body is None or not found.leans:
        return rotation.identity(())
    return _back(found.axes.T @ found.body)


def find_posture(rig: RigRest, rig_map: RigMap, found: BodyAxes) -> Posture:
    """How the trunk and the legs are stood up.

    Parameters
    ----------
    rig : RigRest
        Turned to the canonical axes, its tails where the bones really end.
    rig_map : RigMap
        Its bones by joint.
    found : BodyAxes
        Of the rig before it was turned.
    """
    if found.body is None:
        doubt = (
            f"All bones of '{rig.name}' lie in a row at rest, so how hands and feet are turned "
            "about their length is a guess."
        )
        return Posture(_Straightened(rig, rig_map, None).turns(), False, (doubt,))
    body = found.axes.T @ found.body
    back = stood_up(found)
    spread = _SPREAD if found.lean <= _LEAN else _SPREAD_TURNED
    bend = _legs_bend(rig, rig_map, back, spread)
    straight = _Straightened(rig, rig_map, body)
    if bend > (_KNEE_BENT if found.lean <= _LEAN else _KNEE):
        doubt = _doubt(rig, body, found.lean, whole=False)
        return Posture(straight.turns(), False, (doubt,))
    turns = {
        bone: back
        for joint, strands in rig_map.strands.items()
        if joint.split(".")[0] in _OF_POSTURE
        for strand in strands
        for bone in strand
    }
    for side in _SIDES:
        straight.ease_clavicle(turns, side)
    if found.lean > _LEAN:
        for side in _SIDES:
            straight.level_foot(turns, side, _PITCH)
        return Posture(turns, False, (_doubt(rig, body, found.lean, whole=True),))
    if bend <= _KNEE:
        return Posture(turns, True, ())
    for side in _SIDES:
        straight.leg(turns, side)
    doubt = f"The knees of '{rig.name}' are bent at rest; its legs are straightened to stand."
    return Posture(turns, False, (doubt,))


_OF_POSTURE: Final = (
    *("hips", "spine", "chest", "neck", "head", "clavicle", "thigh", "shin", "foot"),
)


class _Straightened:
    """Trunk and legs part by part along the canonical ones, from the hips outwards."""

    def __init__(self, rig: RigRest, rig_map: RigMap, body: Array | None) -> None:
        self._rig = rig
        self._map = rig_map
        self._body = body
        self._small = nothing(rig)

    def turns(self) -> dict[str, Array]:
        """Bone to its rotation (4,) from rest."""
        turns: dict[str, Array] = {}
        hips = self._hips()
        for strand in self._map.strands["hips"]:
            turns |= dict.fromkeys(strand, hips)
        self._trunk(turns, hips)
        for side in _SIDES:
            self._clavicle(turns, side)
            self.leg(turns, side)
        return turns

    def leg(self, turns: dict[str, Array], side: str) -> None:
        """Lay a leg along the canonical one, from the hips in `turns` on."""
        self._leg(turns, side)
        self.level_foot(turns, side, 0.0)

    def ease_clavicle(self, turns: dict[str, Array], side: str) -> None:
        """Lay a clavicle along the canonical one where the arm is raised or reaches forward or
        back, and takes it along."""
        joints = [f"{stem}.{side}" for stem in ("upper_arm", "forearm")]
        if not self._has(*joints):
            return
        arm = self._head(joints[1]) - self._head(joints[0])
        arm = rotation.rotate(turns[self._carrier("chest", "spine", "hips")], arm)
        length = np.linalg.norm(arm)
        if arm[2] > _RAISED_ARM_SINE * length or abs(arm[1]) > _REACHING_SINE * length:
            self._clavicle(turns, side)

    def level_foot(self, turns: dict[str, Array], side: str, most: float) -> None:
        """Lay a foot along the canonical one where it is pitched by more than `most` radians."""
        joint = f"foot.{side}"
        if joint not in self._map.strands:
            return
        strand = self._map.strands[joint][0]
        row = self._rig.index[strand[-1]]
        way = self._rig.tails[row] - self._rig.heads[self._rig.index[strand[0]]]
        turn = turns[strand[0]]
        if np.linalg.norm(way) > self._small:
            now = rotation.rotate(turn, way)
            want = skeleton.TAILS[skeleton.INDEX[joint]] - skeleton.REST[skeleton.INDEX[joint]]
            if _angle(now, want) > most:
                turn = rotation.multiply(rotation.between(now, want), turn)
        turns |= dict.fromkeys(strand, turn)

    def _head(self, joint: str) -> Array:
        return joint_head(self._rig, self._map, joint)

    def _has(self, *joints: str) -> bool:
        return all(joint in self._map.strands for joint in joints)

    def _above_hips(self) -> str | None:
        return next((j for j in ("spine", "chest", "neck", "head") if self._has(j)), None)

    def _hips(self) -> Array:
        """By the line of the thighs' joints and the way from between them up."""
        above = self._above_hips()
        thighs = self._has("thigh.L", "thigh.R")

        def measured(place: dict[str, Array]) -> tuple[Array, Array]:
            middle = place["hips"]
            left = np.zeros(3)
            if thighs:
                middle = 0.5 * (place["thigh.L"] + place["thigh.R"])
                left = place["thigh.L"] - place["thigh.R"]
            return left, (place["hips"] if above is None else place[above]) - middle

        joints = ["hips", *([above] if above else []), *(["thigh.L", "thigh.R"] if thighs else [])]
        here = {joint: self._head(joint) for joint in joints}
        there = {joint: skeleton.REST[skeleton.INDEX[joint]] for joint in joints}
        (left, up), (want_left, want_up) = measured(here), measured(there)
        if np.linalg.norm(up) < self._small:
            return rotation.identity(()) if self._body is None else _back(self._body)
        if _sine(left, up) < _ACROSS_SINE:
            if self._body is None:
                return rotation.between(up, want_up)
            left, want_left = self._body[:, 0], _LEFT
            if _sine(left, up) < _ACROSS_SINE:
                return _back(self._body)
        turn = _frame(want_left, want_up) @ _frame(left, up).T
        return rotation.from_matrix(turn)

    def _trunk(self, turns: dict[str, Array], hips: Array) -> None:
        joints = [j for j in ("spine", "chest", "neck", "head") if self._has(j)]
        bones = [(j, bone) for j in joints for bone in self._map.strands[j][0]]
        points = [self._rig.heads[self._rig.index[bone]] for _, bone in bones]
        turn = hips
        ways: dict[str, Array] = {}
        lower = [bone for joint, bone in bones if joint in ("spine", "chest")]
        for number, (joint, bone) in enumerate(bones):
            following = next(iter(joints[joints.index(joint) + 1 :]), None)
            want = _canonical_way(joint, following)
            way = np.zeros(3)
            if number + 1 < len(bones):
                way = points[number + 1] - points[number]
            elif joint == "head":
                way = self._rig.tails[self._rig.index[bone]] - points[number]
            elif joint in ("spine", "chest"):
                way = self._shoulders()[1] - points[number]
                want = _shoulder_middle() - skeleton.REST[skeleton.INDEX[joint]]
            if np.linalg.norm(way) > self._small:
                swing = rotation.between(rotation.rotate(turn, way), want)
                turn = rotation.multiply(swing, turn)
            turns[bone], ways[bone] = turn, rotation.normalize(want)
            if lower and bone == lower[-1]:
                self._twist(turns, {bone: ways[bone] for bone in lower})
                turn = turns[bone]

    def _twist(self, turns: dict[str, Array], axes: dict[str, Array]) -> None:
        """Share what the shoulders are turned against the hips among the bones between them."""
        left, _ = self._shoulders()
        last, axis = next(reversed(axes.items()))
        now = rotation.rotate(turns[last], left)
        if self._body is None or _sine(now, axis) < _ACROSS_SINE:
            return
        twist = _angle_about(axis, now, _LEFT)
        for k, (bone, axis) in enumerate(axes.items(), start=1):
            about = rotation.from_axis_angle(axis, np.asarray(twist * k / len(axes)))
            turns[bone] = rotation.multiply(about, turns[bone])

    def _shoulders(self) -> tuple[Array, Array]:
        left, right = (self._head(f"upper_arm.{side}") for side in _SIDES)
        return left - right, 0.5 * (left + right)

    def _clavicle(self, turns: dict[str, Array], side: str) -> None:
        joint, arm = f"clavicle.{side}", f"upper_arm.{side}"
        if not self._has(joint):
            return
        turn = turns[self._carrier("chest", "spine", "hips")]
        way = rotation.rotate(turn, self._head(arm) - self._head(joint))
        want = skeleton.REST[skeleton.INDEX[arm]] - skeleton.REST[skeleton.INDEX[joint]]
        if np.linalg.norm(way) > self._small and _angle(way, want) > _RAISED:
            turn = rotation.multiply(rotation.between(way, want), turn)
        for strand in self._map.strands[joint]:
            turns |= dict.fromkeys(strand, turn)

    def _carrier(self, *joints: str) -> str:
        joint = next(joint for joint in joints if self._has(joint))
        return self._map.strands[joint][0][-1]

    def _leg(self, turns: dict[str, Array], side: str) -> None:
        turn = turns[self._carrier("hips")]
        for stem, aim in (("thigh", "shin"), ("shin", "foot")):
            joint, after = f"{stem}.{side}", f"{aim}.{side}"
            if not self._has(joint):
                continue
            last = self._rig.index[self._map.strands[joint][0][-1]]
            end = self._head(after) if self._has(after) else self._rig.tails[last]
            way = rotation.rotate(turn, end - self._head(joint))
            if np.linalg.norm(way) > self._small:
                swing = rotation.between(way, _canonical_way(joint, after))
                turn = rotation.multiply(swing, turn)
            if stem == "thigh":
                turn = self._hinged(turn, side)
            for strand in self._map.strands[joint]:
                turns |= dict.fromkeys(strand, turn)
        if self._has(f"foot.{side}"):
            turns |= dict.fromkeys(self._map.strands[f"foot.{side}"][0], turn)

    def _hinged(self, turn: Array, side: str) -> Array:
        """A thigh turned about its length so that a knee that is bent at rest bends backward."""
        joints = [f"{stem}.{side}" for stem in ("thigh", "shin", "foot")]
        if not self._has(*joints) or self._body is None:
            return turn
        thigh, shin = np.diff([self._head(joint) for joint in joints], axis=0)
        if _sine(thigh, shin) < _HINGE_SINE:
            return turn
        hinge = rotation.rotate(turn, np.cross(thigh, shin))
        axis = rotation.normalize(_canonical_way(joints[0], joints[1]))
        angle = _angle_about(axis, hinge, _LEFT)
        # A knee that bends forward tells of exchanged sides (`sides`), not of a leg that is turned.
        if abs(angle) > np.pi / 2:
            return turn
        return rotation.multiply(rotation.from_axis_angle(axis, np.asarray(angle)), turn)


def _body(rig: RigRest, rig_map: RigMap) -> Array | None:
    """The body's X, Y, Z at rest as columns, (3, 3), by its joints; None where they are in a row.

    Raises
    ------
    ConductorError
        If all joints are in one place.
    """
    heads = {joint: joint_head(rig, rig_map, joint) for joint in rig_map.strands}
    size = float(np.ptp(np.array(list(heads.values())), axis=0).max())
    if size < 1e-6:
        raise ConductorError(
            f"The shoulders and hips of the armature '{rig.name}' lie in one place; "
            "choose an armature with a body."
        )
    ways_left = [
        heads[f"{stem}.L"] - heads[f"{stem}.R"]
        for stem in ("upper_arm", "thigh", "clavicle", "forearm")
        if f"{stem}.L" in heads and f"{stem}.R" in heads
    ]
    tops = [0.5 * (heads["upper_arm.L"] + heads["upper_arm.R"])]
    tops += [heads[joint] for joint in ("neck", "head", "chest") if joint in heads]
    for top in tops:
        up = top - heads["hips"]
        for left in ways_left:
            lengths = [float(np.linalg.norm(way)) for way in (left, up)]
            if min(lengths) > _WIDE * size and _sine(left, up) > _ACROSS_SINE:
                up = up - left * (up @ left) / float(left @ left)
                return _frame(left, up)
    return None


def _frame(left: Array, up: Array) -> Array:
    """Orthonormal X, Y, Z as columns: x along `left`, z as near to `up` as it can be."""
    x = rotation.normalize(left)
    z = rotation.normalize(up - x * (x @ up))
    return np.stack([x, np.cross(z, x), z], axis=-1)


def _back(body: Array) -> Array:
    return rotation.from_matrix(body.T)


def _snapped(way: Array, cosine: float = _SNAP_COSINE) -> Array:
    """The nearest of the armature's axes, if it is near."""
    largest = np.abs(way) == np.abs(way).max()
    return np.sign(way) * largest if np.abs(way).max() > cosine else way


def _hips_left(rig: RigRest, rig_map: RigMap) -> Array | None:
    if "thigh.L" not in rig_map.strands or "thigh.R" not in rig_map.strands:
        return None
    way = joint_head(rig, rig_map, "thigh.L") - joint_head(rig, rig_map, "thigh.R")
    return rotation.normalize(way) if np.linalg.norm(way) > nothing(rig) else None


def _legs_bend(rig: RigRest, rig_map: RigMap, back: Array, spread: float) -> float:
    """How far the knees are bent, radians, where the legs go down from the hips once turned by
    `back`; else half a turn."""
    small = nothing(rig)
    most = 0.0
    for side in _SIDES:
        joints = [f"{stem}.{side}" for stem in ("thigh", "shin", "foot")]
        joints = [joint for joint in joints if joint in rig_map.strands]
        heads = np.array([joint_head(rig, rig_map, joint) for joint in joints]).reshape(-1, 3)
        if len(heads) < 2 or np.linalg.norm(heads[-1] - heads[0]) < small:
            continue
        if _angle(rotation.rotate(back, heads[-1] - heads[0]), -_UP) > spread:
            return float(np.pi)
        parts = [part for part in np.diff(heads, axis=0) if np.linalg.norm(part) > small]
        most = max([most, *(_angle(a, b) for a, b in pairwise(parts))])
    return most


def _canonical_way(joint: str, after: str | None) -> Array:
    start = skeleton.REST[skeleton.INDEX[joint]]
    if after is None:
        return np.asarray(skeleton.TAILS[skeleton.INDEX[joint]] - start)
    return np.asarray(skeleton.REST[skeleton.INDEX[after]] - start)


def _shoulder_middle() -> Array:
    rows = [skeleton.INDEX[f"upper_arm.{side}"] for side in _SIDES]
    return np.asarray(skeleton.REST[rows].mean(axis=0))


def _angle(a: Array, b: Array) -> float:
    cosine = float(rotation.normalize(a) @ rotation.normalize(b))
    return float(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _angle_about(axis: Array, have: Array, want: Array) -> float:
    """How far `have` must turn about a unit axis to lie as near to `want` as it can, radians."""
    have, want = (way - axis * (way @ axis) for way in (have, want))
    return float(np.arctan2(np.cross(have, want) @ axis, have @ want))


def _sine(a: Array, b: Array) -> float:
    """Of the angle between two directions; 0 where one is none."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.linalg.norm(np.cross(a, b))) / lengths if lengths > 0.0 else 0.0


def _doubt(rig: RigRest, body: Array, lean: float, *, whole: bool) -> str:
    degrees = round(np.degrees(lean))
    if lean <= _LEAN:
        return (
            f"The legs of '{rig.name}' are bent or spread at rest; its trunk and legs are "
            "straightened to stand."
        )
    if not whole:
        return (
            f"The trunk of '{rig.name}' leans by {degrees} degrees at rest and its legs are not "
            "under it; trunk and legs are straightened to stand."
        )
    facing = -body[2, 1]
    if lean > np.pi - np.pi / 4:
        how = "stands on its head"
    elif lean < np.pi / 4:
        how = f"leans by {degrees} degrees"
    elif abs(facing) > 0.7:
        how = "lies on its back" if facing > 0.0 else "lies on its front"
    elif abs(body[2, 0]) > 0.7:
        how = "lies on its side"
    else:
        how = f"leans by {degrees} degrees"
    return f"'{rig.name}' {how} at rest; it is stood up."
