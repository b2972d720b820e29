"""The cameras frame whoever conducts, and the stage comes along."""

import pytest

_SCENE = """
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Euler, Matrix, Vector
from blender_addon.armature import fit_armature
from blender_addon.guide_export import export_guide, joints_at
from blender_addon.keyframes import apply_motion
from blender_addon.stage import scenery
from blender_addon.stage.camera_moves import phrase_starts
from blender_addon.stage.conductor import create_conductor
from blender_addon.stage.place import place_of
from blender_addon.staging import CAMERAS, STAGES, Staging
from blender_addon.timeline import set_timeline
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.solve import rest_motion

def conducting(seconds=8.0, fps=24.0):
    # Both arms sweep wide, high and low, each in its own time; beats in four.
    count = round(seconds * fps)
    rest = rest_motion()
    turns = np.repeat(rest.rotations, count, axis=0)
    time = np.arange(count) / fps
    for side, sign, pace in (("L", 1.0, 0.31), ("R", -1.0, 0.47)):
        down = np.radians(35 + 50 * np.cos(2 * np.pi * pace * time)) * sign
        ahead = np.radians(-55 + 40 * np.sin(2 * np.pi * 0.73 * time)) * sign
        bent = np.radians(-60 + 45 * np.sin(2 * np.pi * pace * time)) * sign
        for joint, axis, angle in (
            (f"upper_arm.{side}", (0, 1, 0), down),
            (f"upper_arm.{side}", (0, 0, 1), ahead),
            (f"forearm.{side}", (0, 0, 1), bent),
        ):
            i = skeleton.INDEX[joint]
            turn = rotation.from_axis_angle(np.array(axis, float), angle)
            turns[:, i] = rotation.multiply(turn, turns[:, i])
    beats = np.arange(0.25, seconds, 0.5)
    return Motion(
        fps=fps,
        rotations=rotation.make_continuous(turns),
        root=np.repeat(rest.root, count, axis=0),
        beats=beats,
        beat_numbers=np.arange(len(beats)) % 4 + 1,
    )

def perform(motion, matrix=Matrix()):
    armature = create_conductor(scene)
    armature.matrix_world = matrix
    set_timeline(scene, motion)
    apply_motion(scene, armature, motion)
    return armature

def seen(points, camera):
    flat = np.array(points).reshape(-1, 3)
    return np.array([world_to_camera_view(scene, camera, Vector(p)) for p in flat])

def shown(armature, camera, step=3):
    # In the picture, (N, 3) each: the crown, and hands with fingertips and baton tip.
    frames = list(range(scene.frame_start, scene.frame_end + 1, step))
    place = place_of(scene, armature)
    joints = joints_at(scene, armature, frames)
    crown = joints[:, skeleton.INDEX["head"]] + place.turn[:, 2] * place.scale * place.crown
    hands = []
    for side in "LR":
        wrist, knuckle = (
            joints[:, skeleton.INDEX[f"{joint}.{side}"]] for joint in ("hand", "index")
        )
        hands += [wrist, knuckle, knuckle + (knuckle - wrist)]
    hands.append(joints[:, skeleton.INDEX["baton_tip"]])
    return seen(crown, camera), seen(hands, camera)

def place_in_world(scale, heading, where):
    turn = Euler((0, 0, np.radians(heading)))
    return Matrix.LocRotScale(Vector(where), turn, Vector([scale] * 3))
"""

_USUAL = (1.0, 0.0, (0.0, 0.0, 0.0))
_PLACES = {
    "usual": _USUAL,
    "0.3 m tall": (0.3 / 1.75, 0.0, (0.0, 0.0, 0.0)),
    "20 m tall, far off and turned": (20.0 / 1.75, 137.0, (310.0, -45.0, 12.0)),
    "turned about": (1.0, 180.0, (-3.0, 7.0, -2.0)),
}


@pytest.mark.parametrize("size", [(960, 540), (600, 600), (540, 960)])
@pytest.mark.parametrize("name", _PLACES)
def test_every_camera_shows_the_whole_motion_of_an_avatar_of_any_size_and_heading(
    run_in_blender, name, size
):
    answer = run_in_blender(
        _SCENE
        + """
scene.render.resolution_x, scene.render.resolution_y = size
armature = perform(conducting(4.0), place_in_world(*place))
answer = {}
for camera in CAMERAS:
    scene.camera = None
    stage = scenery.build_stage(
        scene, armature, conducting(4.0), staging=Staging("studio", camera)
    )
    bpy.context.view_layer.update()
    crown, hands = shown(armature, stage.camera)
    feet = seen([place_of(scene, armature).matrix[:3, 3]], stage.camera)
    lens = stage.camera.data
    reach = lens.clip_end / crown[:, 2].max(), crown[:, 2].min() / lens.clip_start
    answer[camera] = [crown.min(0).tolist(), crown.max(0).tolist(), hands.min(0).tolist(),
                      hands.max(0).tolist(), feet[0].tolist(), min(reach)]
""",
        size=size,
        place=_PLACES[name],
    )
    for camera, (low_crown, crown, low, high, _, clipping) in answer.items():
        assert min(low[:2]) >= 0.0, camera
        assert max(high[:2]) <= 1.0, camera
        assert clipping > 2.0
        if camera != "hands":
            assert min(low_crown[:2]) >= 0.0
            assert max(crown[:2]) <= 1.0
    crown, hands, feet = (answer["front"][i][1] for i in (1, 3, 4))
    top = max(crown, hands)
    # The conductor takes the height of the picture, or its width where that is what there is.
    fills = top - max(feet, 0.0)
    wide = answer["front"][3][0] - answer["front"][2][0]
    assert fills > 0.8 or wide > 0.8
    if size[0] >= size[1]:
        assert fills > 0.8
    # Hands are seen larger by their own camera.
    span = {camera: answer[camera][3][0] - answer[camera][2][0] for camera in answer}
    assert span["hands"] > span["front"]
    assert span["front"] > span["hall"]
