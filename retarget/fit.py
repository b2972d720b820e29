"""`Fit`: how the canonical T-pose sits on a rig, whatever its rest pose, axes, rolls and size."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from . import rotation, skeleton
from .arms import find_arms
from .bone_ends import DIGITS, bone_ends, nothing
from .carrier import follows, with_carrier
from .declared_pose import ToTPose, posed_rig, to_declared_pose
from .errors import ConductorError
from .rig import RigMap, RigRest
from .rig_pose import RigPose, root_place
from .rotation import Array
from .sides import check_sides
from .twists import Twist, resting_turn, twists_beside_limbs, with_twists_in_limbs
from .upright import BodyAxes, find_axes, find_posture, joint_head

_SIDES: Final = ("L", "R")
_FEET: Final = ("foot.L", "foot.R")
_NEEDED: Final = ("hips", "upper_arm.L", "upper_arm.R")


@dataclass(frozen=True)
class Fit:
    """A rig seen in the canonical axes, with the rotations that bring it into the T-pose.

    Parameters
    ----------
    rig : RigRest
        The rig turned so that it faces −Y with +X to its left once it stands, in the armature's own
        units. Its tails are where the bones really end (`bone_ends`).
    map : RigMap
        Its bones by joint. A bone that carries the body where the hips' own does not is the first
        of the hips'; twist bones in a limb are among the limb's.
    axes : (4,) array
        Rotation from canonical axes to armature space.
    rest_rotations : (B, 4) array
        Rest orientation of each bone in the canonical axes.
    aligned : dict
        Mapped bone or twist bone to its orientation (4,) in the T-pose, in the canonical axes.
    scale : float
        Armature units per metre of the canonical skeleton, from the legs.
    standing : dict
        "hips", "foot.L" and "foot.R", those that are mapped, to where they are (3,) in the T-pose,
        canonical axes, armature units.
    stands : bool
        Whether trunk and legs stand at rest as they do in the T-pose.
    twists : tuple of Twist
        Twist bones beside the limbs.
    doubts : tuple of str
        What is odd about the rig or its map, in sentences.
    """

    rig: RigRest
    map: RigMap
    axes: Array
    rest_rotations: Array
    aligned: dict[str, Array]
    scale: float
    standing: dict[str, Array] = field(default_factory=dict)
    stands: bool = True
    twists: tuple[Twist, ...] = ()
    doubts: tuple[str, ...] = ()

    def head(self, joint: str) -> Array:
        """Rest position (3,) of a mapped joint, canonical axes, armature units."""
        return joint_head(self.rig, self.map, joint)

    def follows(self, bone: str) -> int:
        """Index of the bone that `bone` moves with, −1 for none."""
        return follows(self.rig, self.map, bone)


def fit_rig(
    rig: RigRest, rig_map: RigMap, up: Array | None = None, t_pose: Array | None = None
) -> Fit:
    """Find the rig's axes and size, and the rotation of each mapped bone into the T-pose.

    Directions are those from joint to joint. Tails count only for what has no next joint, and only
    where the rig's tails mean something. A rig that stands at rest keeps the posture of its trunk,
    clavicles and legs, another one is stood up (`upright`). The arms, hands and fingers are turned
    to the T-pose's directions, from the shoulder outwards by the smallest rotation; the twist of
    the hand comes from its knuckles, else from its thumb, and half of it from the forearm, as in a
    real arm. Without digits an elbow that is bent tells how the arm is turned.

    A pose that is declared to be the T-pose is taken as it is, but that it is stood up.

    Parameters
    ----------
    rig : RigRest
        The armature at rest.
    rig_map : RigMap
        Its bones by joint: the hips and both upper arms at least.
    up : (3,) array, optional
        What is up in the world, in armature space; by default its z, or y of a body that stands
        along y and faces z.
    t_pose : (B, 4, 4) array, optional
        Where the bones are in the pose that the user declares to be the T-pose, armature space.

    Raises
    ------
    ConductorError
        If the map lacks the hips or an upper arm, all joints stand in one place, or left and right
        are exchanged in the map.
    """
    if missing := [joint for joint in _NEEDED if joint not in rig_map.strands]:
        raise ConductorError(
            f"The bone map of '{rig.name}' has no bone for {' and '.join(missing)}, without which "
            "nobody can conduct; give it one."
        )
    rig_map = _without_loose_digits(rig, rig_map)
    rig_map = with_twists_in_limbs(rig, with_carrier(rig, rig_map))
    rig = replace(rig, tails=bone_ends(rig, rig_map))
    posed = rig if t_pose is None else posed_rig(rig, t_pose)
    found = find_axes(posed, rig_map, up)
    axes = rotation.from_matrix(found.axes)
    rig, posed = (_turn(one, rotation.conjugate(axes)) for one in (rig, posed))
    twists = twists_beside_limbs(rig, rig_map)
    if t_pose is None:
        laid = _to_canonical_pose(rig, rig_map, found, twists)
    else:
        bones = (*rig_map.bones, *(twist.bone for twist in twists))
        laid = to_declared_pose(rig, posed, rig_map, found, bones)
    rest = rotation.from_matrix(rig.matrices[:, :3, :3])
    aligned = {
        bone: rotation.multiply(turn, rest[rig.index[bone]]) for bone, turn in laid.turns.items()
    }
    fit = Fit(rig, rig_map, axes, rest, aligned, _find_scale(rig, rig_map))
    return replace(
        fit,
        standing=_standing(fit, laid),
        stands=laid.stands,
        twists=twists,
        doubts=(*rig_map.doubts, *laid.doubts),
    )


def _without_loose_digits(rig: RigRest, rig_map: RigMap) -> RigMap:
    """The map without digits, and the baton, of hands that it lacks: they turn with their hand."""
    loose = [
        joint
        for joint in rig_map.strands
        if joint.split(".")[0] in (*DIGITS, "baton")
        and f"hand.{joint.partition('.')[2] or 'R'}" not in rig_map.strands
    ]
    if not loose:
        return rig_map
    doubt = (
        f"The bone map of '{rig.name}' has bones for {', '.join(loose)} but none for the hand that "
        "they belong to, so they stay still."
    )
    strands = {joint: rows for joint, rows in rig_map.strands.items() if joint not in loose}
    return replace(rig_map, strands=strands, doubts=(*rig_map.doubts, doubt))


def _to_canonical_pose(
    rig: RigRest, rig_map: RigMap, found: BodyAxes, twists: tuple[Twist, ...]
) -> ToTPose:
    """From the rest pose to the canonical T-pose."""
    posture = find_posture(rig, rig_map, found)
    arms = find_arms(rig, rig_map, posture.turns)
    turns = posture.turns | arms.turns
    check_sides(rig, rig_map, turns)
    for twist in twists:
        turn, after = (
            turns[rig_map.strands[joint][0][-1]][None] for joint in (twist.joint, twist.after)
        )
        turns[twist.bone] = resting_turn(twist, turn, after)[0]
    return ToTPose(turns, None, posture.stands, (*posture.doubts, *arms.doubts))


def _turn(rig: RigRest, by: Array) -> RigRest:
    turn = rotation.to_matrix(by)
    matrices = rig.matrices.copy()
    columns = turn @ matrices[:, :3, :3]
    matrices[:, :3, :3] = columns / np.linalg.norm(columns, axis=1, keepdims=True)
    matrices[:, :3, 3] = matrices[:, :3, 3] @ turn.T
    return replace(rig, matrices=matrices, tails=rig.tails @ turn.T)


def _find_scale(rig: RigRest, rig_map: RigMap) -> float:
    """Armature units per canonical metre: by the legs, else from the hips to the head, else by the
    arms."""
    legs = [(f"thigh.{s}", f"shin.{s}", f"foot.{s}") for s in _SIDES]
    arms = [(f"upper_arm.{s}", f"forearm.{s}", f"hand.{s}") for s in _SIDES]
    trunk = [tuple(j for j in ("hips", "chest", "head") if j in rig_map.strands)]
    for rows in (legs, trunk, arms):
        here = there = 0.0
        for row in rows:
            if len(row) < 2 or any(joint not in rig_map.strands for joint in row):
                continue
            ours = np.array([skeleton.REST[skeleton.INDEX[joint]] for joint in row])
            theirs = np.array([joint_head(rig, rig_map, joint) for joint in row])
            here += float(np.linalg.norm(np.diff(ours, axis=0), axis=-1).sum())
            there += float(np.linalg.norm(np.diff(theirs, axis=0), axis=-1).sum())
        if there > len(rows) * nothing(rig):
            return there / here
    return float(np.ptp(rig.heads, axis=0).max()) / skeleton.HEIGHT


def _standing(fit: Fit, laid: ToTPose) -> dict[str, Array]:
    """Where hips and feet are in the T-pose, (3,) each, by joint.

    A rig that does not stand at rest is put on the armature's floor, or lower where it lies lower,
    above the place of its hips; where a declared T-pose stands, it stays.
    """
    feet = [joint for joint in _FEET if joint in fit.map.strands]
    standing = {joint: fit.head(joint) for joint in ("hips", *feet)}
    carrier = fit.map.strands["hips"][0][0]
    if laid.stands or fit.rig.connected[fit.rig.index[carrier]]:
        return standing
    if laid.hips is not None:
        standing["hips"] = laid.hips
    if not feet:
        return standing
    wanted = {bone: turn[None] for bone, turn in fit.aligned.items()}
    root = root_place(fit, fit.aligned[carrier], standing["hips"])
    pose = RigPose(fit, wanted, {carrier: root[None]})
    ankles = {joint: pose.position(fit.map.strands[joint][0][0])[0] for joint in feet}
    if laid.hips is not None:
        return standing | ankles
    rows = [fit.rig.index[bone] for bone in fit.map.bones]
    floor = min(0.0, float(fit.rig.heads[rows, 2].min()))
    ankle = floor + fit.scale * float(skeleton.REST[skeleton.INDEX[feet[0]], 2])
    lift = np.array([0.0, 0.0, ankle - min(place[2] for place in ankles.values())])
    return {"hips": standing["hips"] + lift} | {j: place + lift for j, place in ankles.items()}
