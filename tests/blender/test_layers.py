"""What stands still is rendered once: the frames are the same as if all were rendered."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.frame_files import FrameFiles

SIZE = (240, 136)

_SCENE = """
from pathlib import Path
import numpy as np
from blender_addon import render
from blender_addon.layers import find_layers, seen_through
from blender_addon.keyframes import apply_motion
from blender_addon.render import render_frames, render_still
from blender_addon.stage.conductor import create_conductor
from blender_addon.stage.looks import setup_render
from blender_addon.stage.scenery import build_stage
from retarget.solve import rest_motion

scene.render.resolution_x, scene.render.resolution_y = size
armature = create_conductor(scene)
build_stage(scene)
apply_motion(scene, armature, rest_motion())
arm = armature.pose.bones["upper_arm.L"]
arm.rotation_mode = "XYZ"
for frame, angle in ((1, 0.0), (4, 1.0)):
    arm.rotation_euler = (angle, 0.0, angle)
    arm.keyframe_insert("rotation_euler", frame=frame)
setup_render(scene, engine="workbench", size=size)
"""


@pytest.mark.parametrize("before", [False, True])
def test_frames_laid_over_what_stands_still_are_as_if_all_were_rendered(
    run_in_blender, tmp_path: Path, before: bool
) -> None:
    apart = FrameFiles(tmp_path / "apart", "", SIZE)
    whole = FrameFiles(tmp_path / "whole", "", SIZE)
    moving = run_in_blender(
        _SCENE
        + """
if before:
    # Before the chest, but not before the hands.
    bpy.ops.mesh.primitive_cube_add(size=0.2, location=(0.05, -0.5, 1.2))
    bpy.context.object.name = "Block"
layers = find_layers(scene)
answer = [[item.name for item in layers.moving], [item.name for item, _ in layers.still]]
folder = Path(folder)
render_frames(scene, folder / "apart", numbers=range(1, 5, 3), for_video=True,
              plate=folder / "apart" / "plate.png")
render.find_layers = lambda scene: None
render_frames(scene, folder / "whole", numbers=range(1, 5, 3), for_video=True)
""",
        folder=str(tmp_path),
        size=SIZE,
        before=before,
    )
    assert "Body" in moving[0]
    assert "Baton" in moving[0]
    assert set(moving[0]).isdisjoint(moving[1])
    plate = cv2.imread(str(apart.plate))
    for number in (1, 4):
        assert not apart.has(number)
        apart.complete(number)
        assert apart.has(number)
        one, other = (files.read(number).astype(int) for files in (apart, whole))
        assert one.shape == (SIZE[1], SIZE[0], 3)
        # Edges are mixed before they are reduced in one, after it in the other.
        far = np.abs(one - other).max(axis=2) > 40
        assert far.mean() < 0.02
        still = cv2.cvtColor(cv2.resize(plate, None, fx=0.8, fy=0.8), cv2.COLOR_BGR2RGB)
        shown = np.abs(one - still[: SIZE[1], : SIZE[0]].astype(int)).max(axis=2) > 20
        assert shown.mean() > 0.05, "nobody is in the picture"
    assert not list((tmp_path / "apart" / "raw").iterdir())


@pytest.mark.parametrize(
    "change",
    [
        'scene.camera.keyframe_insert("location", frame=1)',
        'scene.timeline_markers.new("cut", frame=2).camera = scene.camera',
        'bpy.data.materials[0].keyframe_insert("diffuse_color", frame=1)',
        "scene.display.shading.use_dof = True",
        'bpy.data.images[0].source = "SEQUENCE"',
        "scene.camera.parent = armature; scene.camera.parent_type = 'BONE'; "
        "scene.camera.parent_bone = 'head'",
    ],
)
def test_where_more_than_things_moves_all_is_rendered(run_in_blender, change: str) -> None:
    answer = run_in_blender(
        _SCENE + f"first = find_layers(scene) is not None\n{change}\n"
        "answer = [first, find_layers(scene) is None, scene.frame_current]",
        size=SIZE,
    )
    assert answer == [True, True, 1]


@pytest.mark.parametrize(
    "camera",
    [
        "",
        "data.shift_x, data.shift_y = 0.1, -0.05",
        "data.type = 'ORTHO'; data.ortho_scale = 2.5",
        "data.sensor_fit = 'VERTICAL'; data.sensor_height = 20.0",
        "size = (136, 240)",
        "scene.render.pixel_aspect_y = 1.5",
    ],
)
def test_a_part_of_the_picture_is_the_picture_s_part(
    run_in_blender, tmp_path: Path, camera: str
) -> None:
    window = run_in_blender(
        _SCENE
        + f"""
data = scene.camera.data
{camera}
scene.render.resolution_x, scene.render.resolution_y = size
scene.display.render_aa = "OFF"
render_still(scene, Path(folder) / "whole.png")
window = (24, 48, 96, 120)
before = [data.sensor_fit, data.sensor_width, data.shift_x, data.shift_y, data.ortho_scale]
with seen_through(scene, window, tuple(size), 1.0):
    render_still(scene, Path(folder) / "part.png")
after = [data.sensor_fit, data.sensor_width, data.shift_x, data.shift_y, data.ortho_scale]
assert after == before
assert [scene.render.resolution_x, scene.render.resolution_y] == list(size)
answer = window
""",
        folder=str(tmp_path),
        size=SIZE,
    )
    left, top, right, bottom = window
    whole, part = (
        cv2.imread(str(tmp_path / name)).astype(int) for name in ("whole.png", "part.png")
    )
    meant = whole[top:bottom, left:right]
    assert part.shape == meant.shape
    assert meant.std() > 5.0
    assert (np.abs(part - meant).max(axis=2) > 3).mean() < 0.02
