"""The workshop poses the built-in conductors as Blender does."""

import numpy as np

from backend.conductors.__main__ import FOLDER
from backend.conductors.posing import bone_weights, posed, poses
from retarget import rotation, skeleton
from retarget.conductor_asset import ConductorAsset
from retarget.motion import Motion

_PLAY = """
import numpy as np
from blender_addon.stage.conductor import create_conductor
from blender_addon.keyframes import apply_motion
from retarget.motion import Motion

motion = Motion.load(path)
scene.render.fps = round(motion.fps)
armature = create_conductor(scene, "marcus")
apply_motion(scene, armature, motion)
thing = next(c for c in armature.children if c.name == "Clothes")
answer = []
for frame in range(1, len(motion) + 1):
    scene.frame_set(frame)
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    answer.append(flat.reshape(-1, 3)[::50].tolist())
"""


def _reaching() -> Motion:
    """Arms up, bent and turned, in three frames."""
    turns = rotation.identity((3, len(skeleton.NAMES)))
    for joint, turn in (
        ("upper_arm.L", [0.3, -1.2, 0.2]),
        ("forearm.L", [0.2, 0.0, -1.4]),
        ("hand.L", [0.9, 0.0, 0.0]),
        ("upper_arm.R", [0.0, 0.9, 0.8]),
        ("forearm.R", [0.7, 0.0, 1.0]),
        ("chest", [0.2, 0.1, 0.1]),
    ):
        share = np.array([0.0, 0.5, 1.0])[:, None]
        turns[:, skeleton.INDEX[joint]] = rotation.from_rotation_vector(share * turn)
    return Motion(10.0, turns, np.repeat(skeleton.REST[:1], 3, axis=0))


def test_clothes_lie_where_blender_has_them(run_in_blender, tmp_path):
    motion = _reaching()
    motion.save(tmp_path / "motion.npz")
    theirs = np.array(run_in_blender(_PLAY, path=str(tmp_path / "motion.npz")))
    asset = ConductorAsset.load(FOLDER / "marcus.npz")
    clothes = next(mesh for mesh in asset.meshes if mesh.name == "Clothes")
    weights = bone_weights(clothes, len(asset.bones))
    ours = np.array([posed(clothes, weights, pose)[::50] for pose in poses(asset, motion)])
    # The keys in between are thinned to a quarter of a degree.
    assert np.abs(ours - theirs).max() < 0.004
    assert np.abs(ours - ours[0]).max() > 0.3
