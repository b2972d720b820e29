"""Coarser stand-ins for the frames of a video: as the picture shows them, gone afterwards."""

import pytest

_SCENE = """
import numpy as np
from blender_addon.detail import as_seen
from blender_addon.keyframes import apply_motion
from blender_addon.layers import world_points
from blender_addon.stage.conductor import create_conductor
from retarget.solve import rest_motion

scene.render.resolution_x, scene.render.resolution_y = 960, 540
armature = create_conductor(scene)
apply_motion(scene, armature, rest_motion())
scene.frame_start, scene.frame_end = 1, 48
arm = armature.pose.bones["upper_arm.L"]
arm.rotation_mode = "XYZ"
for frame, angle in ((1, 0.0), (48, 1.2)):
    arm.rotation_euler = (angle, 0.0, angle)
    arm.keyframe_insert("rotation_euler", frame=frame)
jaw = bpy.data.objects["Body"].data.shape_keys.key_blocks["jawOpen"]
for frame, value in ((1, 0.0), (48, 1.0)):
    jaw.value = value
    jaw.keyframe_insert("value", frame=frame)
camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
scene.collection.objects.link(camera)
scene.camera = camera
camera.location, camera.rotation_euler = (0.0, -distance, 1.6), (np.pi / 2, 0.0, 0.0)

def shown():
    scene.frame_set(48)
    depsgraph = scene.view_layers[0].depsgraph
    items = [i for i in scene.objects if i.type == "MESH" and not i.hide_render]
    return {i.name.split(".")[0]: world_points(i.evaluated_get(depsgraph)) for i in items}

def farthest(points, name, surface):
    from mathutils.bvhtree import BVHTree
    faces = [tuple(face.vertices) for face in bpy.data.objects[name].data.polygons]
    tree = BVHTree.FromPolygons(surface.tolist(), faces)
    return float(np.quantile([tree.find_nearest(point)[3] for point in points], 0.99))

before = shown()
things = sorted(item.name for item in bpy.data.objects), len(bpy.data.meshes)
scene.frame_set(7)
with as_seen(scene, (1280, 720), count):
    kept = scene.frame_current
    during = shown()
after = shown()
answer = {
    "share": {name: len(during[name]) / len(points) for name, points in before.items()},
    "off": {name: farthest(during[name], name, points) for name, points in before.items()},
    "kept": kept,
    "same": all(np.array_equal(points, after[name]) for name, points in before.items()),
    "left": things == (sorted(item.name for item in bpy.data.objects), len(bpy.data.meshes)),
}
"""


def test_a_far_conductor_has_fewer_vertices_in_the_same_places(run_in_blender) -> None:
    told = run_in_blender(_SCENE, count=24, distance=4.0)
    for name in ("Body", "Hair", "Clothes"):
        assert told["share"][name] < 0.85
        # With raised arm and open mouth: bones, corrective shapes and keyed ones are followed.
        assert told["off"][name] < 0.006
    assert told["share"]["Baton"] == 1.0
    assert told["kept"] == 7
    assert told["same"]
    assert told["left"]


@pytest.mark.parametrize(("count", "distance"), [(24, 0.3), (23, 4.0)])
def test_close_ups_and_few_frames_keep_every_vertex(
    run_in_blender, count: int, distance: float
) -> None:
    told = run_in_blender(_SCENE, count=count, distance=distance)
    assert set(told["share"].values()) == {1.0}


def test_a_mesh_with_normals_of_its_own_keeps_every_vertex(run_in_blender) -> None:
    scene = _SCENE.replace(
        "before = shown()",
        """
hair = bpy.data.objects["Hair"].data
hair.normals_split_custom_set_from_vertices([(0.0, 0.0, 1.0)] * len(hair.vertices))
before = shown()
""",
    )
    told = run_in_blender(scene, count=24, distance=4.0)
    assert told["share"]["Hair"] == 1.0
    assert told["share"]["Body"] < 0.85


@pytest.mark.parametrize(
    ("change", "fewer"),
    [
        ("jaw.name = 'jawOpen' + 50 * 'x'", True),
        ("bpy.data.objects['Body'].show_only_shape_key = True", False),
        ("bpy.data.objects['Body'].data.attributes['position'].data[0].vector.x += 9.0", True),
        ("bpy.data.objects['Body'].data.animation_data_create()", False),
    ],
)
def test_what_stand_ins_cannot_follow_has_none(run_in_blender, change: str, fewer: bool) -> None:
    scene = _SCENE.replace("before = shown()", f"{change}\nbefore = shown()")
    told = run_in_blender(scene, count=24, distance=4.0)
    assert (told["share"]["Body"] < 1.0) == fewer
    assert told["off"]["Body"] < 0.006
