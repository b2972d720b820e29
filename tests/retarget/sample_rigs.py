"""Rigs for tests, made of the canonical skeleton: other rest poses, rolls, sizes, names, parts."""

import numpy as np

from retarget import rotation, skeleton
from retarget.rig import RigRest

# Some bones have several parts on real rigs: joint to the names of its bones.
PHALANGES = {"thumb": 2, "index": 3, "fingers": 3}

MIXAMO_WORDS = {
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Spine2",
    "neck": "Neck",
    "head": "Head",
    "clavicle": "Shoulder",
    "upper_arm": "Arm",
    "forearm": "ForeArm",
    "hand": "Hand",
    "thigh": "UpLeg",
    "shin": "Leg",
    "foot": "Foot",
}
"""Mixamo's words for the stems of our bones."""


def bone_rows(*, lowered: float = 0.0, legs: float = 1.0, arms: float = 1.0, fingers: bool = True):
    """Bone name to (parent, head, tail) for a rig with canonical names.

    Parameters
    ----------
    lowered : float
        How far the arms hang below the T-pose, degrees.
    legs, arms : float
        Length of the legs and arms beside the canonical ones.
    fingers : bool
        Finger chains, or none.
    """
    rows = {}
    lift = np.array([0.0, 0.0, (legs - 1.0) * skeleton.REST[skeleton.INDEX["thigh.L"]][2]])
    for j, name in enumerate(skeleton.NAMES):
        if name == "baton_tip":
            continue
        stem, _, side = name.partition(".")
        head, tail = skeleton.REST[j].copy(), skeleton.TAILS[j].copy()
        parent = None if skeleton.PARENTS[j] < 0 else skeleton.NAMES[skeleton.PARENTS[j]]
        in_leg = stem in ("thigh", "shin", "foot")
        if in_leg:
            head[2], tail[2] = head[2] * legs, tail[2] * legs
        else:
            head, tail = head + lift, tail + lift
        if stem == "baton" or (side and not in_leg and stem != "clavicle"):
            shoulder = skeleton.REST[skeleton.INDEX[f"upper_arm.{side or 'R'}"]] + lift
            angle = np.radians(lowered) * (-1.0 if (side or "R") == "R" else 1.0)
            down = rotation.from_axis_angle([0.0, 1.0, 0.0], np.asarray(angle))
            head = shoulder + rotation.rotate(down, (head - shoulder) * arms)
            tail = shoulder + rotation.rotate(down, (tail - shoulder) * arms)
        if stem in PHALANGES:
            if not fingers:
                continue
            count = PHALANGES[stem]
            for k in range(count):
                part = f"{stem}.{k + 1:02d}.{side}"
                ends = (head + (tail - head) * t / count for t in (k, k + 1))
                rows[part] = (parent, *ends)
                parent = part
            continue
        rows[name] = (parent, head, tail)
    return rows


def rig_from_rows(rows, *, seed: int | None = None, scale: float = 1.0, turn=(1.0, 0, 0, 0)):
    """A `RigRest` with random bone rolls (with a seed), scaled and turned about the origin."""
    rng = np.random.default_rng(seed)
    names = tuple(rows)
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    tails = np.empty((len(names), 3))
    for i, (_, head, tail) in enumerate(rows.values()):
        head, tail = (rotation.rotate(turn, scale * np.asarray(p)) for p in (head, tail))
        along = rotation.between([0.0, 1.0, 0.0], tail - head)
        roll = rng.uniform(-np.pi, np.pi) if seed is not None else 0.0
        about = rotation.from_axis_angle([0.0, 1.0, 0.0], np.asarray(roll))
        matrices[i, :3, :3] = rotation.to_matrix(rotation.multiply(along, about))
        matrices[i, :3, 3] = head
        tails[i] = tail
    parents = [-1 if row[0] is None else names.index(row[0]) for row in rows.values()]
    return RigRest(
        name="Test rig",
        bones=names,
        parents=np.array(parents),
        matrices=matrices,
        tails=tails,
        connected=np.zeros(len(names), dtype=bool),
        inherit_rotation=np.ones(len(names), dtype=bool),
    )


def pose(rig: RigRest, solution):
    """Armature-space matrices (T, B, 4, 4) as Blender poses bones: parent · rest offset · basis."""
    frames = len(solution.location)
    posed = np.empty((frames, len(rig.bones), 4, 4))
    for i, bone in enumerate(rig.bones):
        basis = np.tile(np.eye(4), (frames, 1, 1))
        if bone in solution.bones:
            local = solution.rotations[:, solution.bones.index(bone)]
            basis[:, :3, :3] = rotation.to_matrix(local)
        if bone == solution.root_bone:
            basis[:, :3, 3] = solution.location
        parent = rig.parents[i]
        offset = rig.matrices[i]
        if parent >= 0:
            offset = np.linalg.inv(rig.matrices[parent]) @ offset
            posed[:, i] = posed[:, parent] @ offset
            if not rig.inherit_rotation[i]:
                posed[:, i, :3, :3] = rig.matrices[i, :3, :3]
            posed[:, i] = posed[:, i] @ basis
        else:
            posed[:, i] = offset @ basis
    return posed
