"""Rigs of the canonical proportions whose rest pose, axes, sizes and parts are unlike it.

Their T-pose is known, so that every bone's place and orientation in any motion is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from sample_rigs import bone_rows, rig_from_rows

from retarget import rotation, skeleton
from retarget.rig import RigMap, RigRest
from retarget.rotation import Array

Rows = dict[str, tuple[str | None, Array, Array]]
Degrees = tuple[float, float, float]

BACK = rotation.from_axis_angle([1.0, 0.0, 0.0], np.radians(-90.0))
FRONT = rotation.from_axis_angle([1.0, 0.0, 0.0], np.radians(90.0))
SIDE = rotation.from_axis_angle([0.0, 1.0, 0.0], np.radians(90.0))
HEADSTAND = rotation.from_axis_angle([1.0, 0.0, 0.0], np.radians(180.0))
ALONG_X = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
"""Columns turn a bone that runs along its y axis into one that runs along its z."""


@dataclass(frozen=True)
class OddRig:
    """A rig and what is known of it.

    Parameters
    ----------
    rest : RigRest
        As it is found.
    map : RigMap
        Its bones by joint.
    t_pose : (B, 4) array
        Orientation of its bones in the T-pose, canonical axes.
    axes : (4,) array
        Canonical axes to armature space once it stands.
    scale : float
        Armature units per metre.
    """

    rest: RigRest
    map: RigMap
    t_pose: Array
    axes: Array
    scale: float


@dataclass(frozen=True)
class Recipe:
    """How an odd rig is made.

    Parameters
    ----------
    pose : dict
        Joint to its rotation vector against its parent, degrees; "upper_arm" for both sides,
        the right one mirrored.
    lies : (4,) array
        How the whole rest pose is turned, once posed, in the world.
    faces : float
        How far it is turned about the vertical, degrees.
    y_up : bool
        Armature space with y up, as files of other programs have it.
    scale : float
        Armature units per metre.
    seed : int, optional
        Random rolls of the bones.
    across : bool
        Bones lie across what they move.
    rows : callable, optional
        Changes the canonical rows.
    lacks : tuple of str
        Stems of bones that are not there.
    change : callable, optional
        Changes the rest pose in the end.
    """

    pose: dict[str, Degrees] = field(default_factory=dict)
    lies: Array = field(default_factory=lambda: rotation.identity(()))
    faces: float = 0.0
    y_up: bool = False
    scale: float = 1.0
    seed: int | None = 1
    across: bool = False
    rows: Callable[[Rows], Rows] | None = None
    lacks: tuple[str, ...] = ()
    change: Callable[[RigRest], RigRest] | None = None


def make(recipe: Recipe) -> OddRig:
    """The rig of a recipe."""
    rows = with_toes(bone_rows())
    rows = without(rows, recipe.lacks)
    if recipe.rows is not None:
        rows = recipe.rows(rows)
    t_rig = rig_from_rows(rows, seed=recipe.seed)
    t_pose = rotation.from_matrix(t_rig.matrices[:, :3, :3])
    turns, heads, tails = _posed(rows, recipe.pose)
    stand = rotation.from_axis_angle([0.0, 0.0, 1.0], np.radians(recipe.faces))
    if recipe.y_up:
        stand = rotation.multiply(BACK, stand)
    whole = rotation.multiply(stand, recipe.lies)
    matrices = np.tile(np.eye(4), (len(rows), 1, 1))
    turned = rotation.multiply(whole, rotation.multiply(turns, t_pose))
    matrices[:, :3, :3] = rotation.to_matrix(turned)
    matrices[:, :3, 3] = recipe.scale * rotation.rotate(whole, heads)
    rig = replace(t_rig, matrices=matrices, tails=recipe.scale * rotation.rotate(whole, tails))
    if recipe.across:
        lengths = np.linalg.norm(rig.tails - rig.heads, axis=-1, keepdims=True)
        matrices[:, :3, :3] = matrices[:, :3, :3] @ ALONG_X
        rig = replace(rig, matrices=matrices, tails=rig.heads + lengths * matrices[:, :3, 1])
        t_pose = rotation.multiply(t_pose, rotation.from_matrix(ALONG_X))
    if recipe.change is not None:
        rig = recipe.change(rig)
    return OddRig(rig, canonical_map(rig), t_pose, stand, recipe.scale)


def canonical_map(rig: RigRest) -> RigMap:
    """Bones by joint where they have the canonical names, phalanges and parts numbered."""
    strands: dict[str, tuple[tuple[str, ...], ...]] = {}
    for joint in skeleton.NAMES:
        stem, _, side = joint.partition(".")
        end = f".{side}" if side else ""
        parts = [f"{stem}.{k:02d}{end}" for k in range(1, 9)]
        strand = tuple(bone for bone in (joint, *parts) if bone in rig.index)
        if strand:
            strands[joint] = (strand,)
    return RigMap("map", "odd", strands)


def with_toes(rows: Rows) -> Rows:
    """Toes that nobody plays at the ends of the feet."""
    for side in "LR":
        end = rows[f"foot.{side}"][2]
        rows[f"toe.{side}"] = (f"foot.{side}", end, end - np.array([0.0, 0.06, 0.0]))
    return rows


def without(rows: Rows, stems: tuple[str, ...]) -> Rows:
    """Rows without some bones; what hung from them hangs from what they hung from."""
    gone = {name for name in rows if name.split(".")[0] in stems}
    kept: Rows = {}
    for name, (parent, head, tail) in rows.items():
        while parent in gone:
            parent = rows[parent][0]
        if name not in gone:
            kept[name] = (parent, head, tail)
    return kept


def in_parts(rows: Rows, bone: str, count: int) -> Rows:
    """One bone as several in a row."""
    stem, _, side = bone.partition(".")
    end = f".{side}" if side else ""
    names = [f"{stem}.{k + 1:02d}{end}" for k in range(count)]
    made: Rows = {}
    for name, (parent, head, tail) in rows.items():
        if name != bone:
            made[name] = (names[-1] if parent == bone else parent, head, tail)
            continue
        for k, part in enumerate(names):
            start, end = (head + (tail - head) * t / count for t in (k, k + 1))
            made[part] = (parent, start, end)
            parent = part
    return made


def _posed(rows: Rows, pose: dict[str, Degrees]) -> tuple[Array, Array, Array]:
    """Turns (B, 4) of the bones from the T-pose, their heads and their tails (B, 3)."""
    turns: dict[str, Array] = {}
    heads: dict[str, Array] = {}
    tails = []
    for name, (parent, head, tail) in rows.items():
        parts = name.split(".")
        keys = [name, name.removesuffix(".L").removesuffix(".R"), parts[0]]
        vector = np.radians(next((pose[key] for key in keys if key in pose), (0.0, 0.0, 0.0)))
        if parts[-1] == "R" and name not in pose:
            vector = vector * [1.0, -1.0, -1.0]
        own = rotation.from_rotation_vector(vector)
        if parent is None:
            turns[name], heads[name] = own, head
        else:
            away = head - rows[parent][1]
            turns[name] = rotation.multiply(turns[parent], own)
            heads[name] = heads[parent] + rotation.rotate(turns[parent], away)
        tails.append(heads[name] + rotation.rotate(turns[name], tail - head))
    return np.array(list(turns.values())), np.array(list(heads.values())), np.array(tails)
