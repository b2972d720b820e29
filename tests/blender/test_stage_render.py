"""The set, the camera, the engines and the writing of frames."""

import os

import pytest

_SCENE = """
import numpy as np
from pathlib import Path
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector
from blender_addon.stage.conductor import create_conductor
from blender_addon.stage.scenery import build_stage
from blender_addon.stage.looks import setup_render
from blender_addon.keyframes import apply_motion
from blender_addon.people.portrait import turn_bone
from retarget.solve import rest_motion
from blender_addon import render
from retarget.errors import Cancelled, ConductorError

def pixels(path):
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    data = np.array(image.pixels[:]).reshape(image.size[1], image.size[0], 4)[::-1]
    return data[..., :3]
"""


@pytest.mark.parametrize("size", [(960, 540), (600, 600), (540, 960)])
def test_the_camera_sees_the_hands_at_the_ends_of_their_reach(run_in_blender, size):
    answer = run_in_blender(
        _SCENE
        + """
scene.render.resolution_x, scene.render.resolution_y = size
armature = create_conductor(scene)
build_stage(scene, armature)
seen = []
for axis, degrees in (((0, 1, 0), 0), ((0, 1, 0), 75), ((0, 1, 0), -88), ((0, 0, 1), -85)):
    # The T-pose, whatever the rest pose is.
    apply_motion(scene, armature, rest_motion())
    scene.frame_set(1)
    armature.animation_data.action = None
    for side, sign in (("L", 1), ("R", -1)):
        turn_bone(armature, f"upper_arm.{side}", axis, np.radians(degrees * sign))
    bpy.context.view_layer.update()
    for name in ("hand.L", "hand.R"):
        for point in (armature.pose.bones[name].head, armature.pose.bones[name].tail):
            seen.append(list(world_to_camera_view(scene, scene.camera, point)))
head = list(world_to_camera_view(scene, scene.camera, Vector((0, 0, 1.77))))
hips = list(world_to_camera_view(scene, scene.camera, Vector((0, 0, 0.95))))
answer = [seen, head, hips]
""",
        size=size,
    )
    for x, y, depth in [*answer[0], answer[1], answer[2]]:
        assert 0.0 <= x <= 1.0
        assert 0.0 <= y <= 1.0
        assert depth > 0.5
    # The person fills a fair part of the picture.
    assert answer[1][1] - answer[2][1] > (0.5 if size[0] > size[1] else 0.24)


def test_the_stage_has_a_key_a_fill_and_a_rim_and_does_not_touch_an_existing_world(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
scene.world = bpy.data.worlds.new("Mine")
stage = build_stage(scene)
answer = [[light.data.name for light in stage.lights], scene.world.name,
          scene.camera == stage.camera]
"""
    )
    assert answer[0][:3] == ["Key", "Fill", "Rim"]
    assert answer[1:] == ["Mine", True]


def test_frames_are_written_resumed_and_cancelled_cleanly(run_in_blender, tmp_path):
    answer = run_in_blender(
        _SCENE
        + """
folder = Path(folder)
armature = create_conductor(scene)
build_stage(scene)
setup_render(scene, engine="cycles", size=(96, 64))
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.frame_set(7)
scene.render.filepath = "/somewhere/else"
scene.render.image_settings.file_format = "JPEG"

def cancel_at_third(fraction, phase):
    if fraction > 0.4:
        raise Cancelled

try:
    render.render_frames(scene, folder, numbers=range(1, 5), progress=cancel_at_third)
    cancelled = False
except Cancelled:
    cancelled = True
after_cancel = sorted(p.name for p in folder.iterdir())
first = folder / "000001.png"
stamp = first.stat().st_mtime_ns
(folder / "000002.png").write_bytes((folder / "000002.png").read_bytes()[:200])
fractions = []
render.render_frames(scene, folder, numbers=range(1, 5), progress=lambda f, p: fractions.append(f))
names = sorted(p.name for p in folder.iterdir())
whole = all(render.is_complete(p, (96, 64)) for p in folder.iterdir())
answer = [cancelled, after_cancel, names, whole, first.stat().st_mtime_ns == stamp, fractions,
          [scene.frame_current, scene.render.filepath, scene.render.image_settings.file_format]]
""",
        folder=str(tmp_path / "frames"),
    )
    cancelled, after_cancel, names, whole, untouched, fractions, restored = answer
    assert cancelled
    assert after_cancel == ["000001.png", "000002.png"]
    assert names == [f"{i:06d}.png" for i in range(1, 5)]
    assert whole
    assert untouched
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert restored == [7, "/somewhere/else", "JPEG"]


def test_the_picture_shows_a_person_before_a_calm_wall(run_in_blender, tmp_path):
    answer = run_in_blender(
        _SCENE
        + """
folder = Path(folder)
armature = create_conductor(scene)
build_stage(scene)
setup_render(scene, engine="workbench", size=(320, 180))
render.render_still(scene, folder / "with.png")
for child in armature.children:
    child.hide_render = True
render.render_still(scene, folder / "without.png")
a, b = pixels(folder / "with.png"), pixels(folder / "without.png")
changed = np.abs(a - b).max(axis=2) > 0.08
answer = [float(changed.mean()), float(a[changed].min(axis=1).max()),
          float(np.median(a[changed].max(axis=1))), float(np.median(b)), float(b.std())]
""",
        folder=str(tmp_path),
    )
    share, brightest, typical, wall, calm = answer
    assert 0.06 < share < 0.35
    assert brightest > 0.8  # the shirt
    assert typical < 0.3  # the coat
    assert 0.15 < wall < 0.6
    assert calm < 0.2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_sentence(run_in_blender, tmp_path):
    tmp_path.chmod(0o500)
    message = run_in_blender(_SCENE + _FAULT, folder=str(tmp_path))
    assert "permission" in message


def test_a_folder_that_is_a_file_is_one_sentence(run_in_blender, tmp_path):
    (tmp_path / "taken").write_text("x")
    message = run_in_blender(_SCENE + _FAULT, folder=str(tmp_path / "taken"))
    assert "could not be written" in message
    assert message.count("\n") == 0


def test_a_write_that_fails_half_way_is_noticed_although_blender_does_not_say_so(
    run_in_blender, tmp_path
):
    message = run_in_blender(
        _SCENE
        + """
import resource, signal
build_stage(scene)
setup_render(scene, engine="cycles", size=(96, 96))
scene.cycles.samples = 1
# The system refuses to let files grow beyond this, as a full disk would.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    render.render_frames(scene, folder, numbers=range(1, 2))
    message = ""
except ConductorError as error:
    message = str(error)
answer = [message, [p.name for p in Path(folder).iterdir()]]
""",
        folder=str(tmp_path),
    )
    assert "could not be written" in message[0]
    assert message[1] == []


_FAULT = """
build_stage(scene)
setup_render(scene, engine="cycles", size=(32, 32))
scene.cycles.samples = 1
try:
    render.render_frames(scene, folder, numbers=range(1, 2))
    answer = ""
except ConductorError as error:
    answer = str(error)
"""


def test_what_cannot_be_rendered_is_said_before_rendering(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
answer = []
for call in (
    lambda: setup_render(scene, engine="povray", size=(64, 64)),
    lambda: setup_render(scene, engine="cycles", size=(2, 64)),
    lambda: render.render_still(scene, "unused.png"),
):
    try:
        call()
    except ConductorError as error:
        answer.append(str(error))
"""
    )
    assert "povray" in answer[0]
    assert "2×64" in answer[1]
    assert "no camera" in answer[2]


def test_every_engine_can_be_chosen(run_in_blender):
    answer = run_in_blender(
        _SCENE
        + """
answer = []
for engine in ("workbench", "cycles", "eevee"):
    setup_render(scene, engine=engine, size=(64, 48))
    answer.append([scene.render.engine, scene.view_settings.view_transform,
                   scene.render.resolution_x])
"""
    )
    assert answer[0] == ["BLENDER_WORKBENCH", "Standard", 64]
    assert answer[1] == ["CYCLES", "AgX", 64]
    assert answer[2][0] in ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT")
