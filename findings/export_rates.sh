#!/usr/bin/env bash
# Blender's exporters and importers disagree with the clock at film rates: glTF times are wrong in
# the file, FBX times when the file is read, BVH's are rounded.
#
# Versions: bpy 4.5.15 and its own add-ons, numpy 1.26.4, from PyPI; Python 3.11.
# Input: an armature whose one bone moves over 300 seconds, in a scene of 30/1.001 frames a second
# (render.fps 30, fps_base 1.001), and of 12.5 (fps 25, fps_base 2). Its last key ought to be at
# frames / (fps / fps_base) seconds.
#
# Seen: glTF divides frames by fps * fps_base: 599 ms too early at 29.97, a quarter of the time at
# 12.5. FBX's own times are right, but the importer multiplies them by render.fps alone, in a scene
# that it has set to 30/1.001: the last key is 300 ms late there; 12.5 it rounds to 12. BVH writes "Frame Time" with six
# decimals: 3 ms in five minutes at 29.97.
#
# Run: `bash findings/export_rates.sh` (downloads about 400 MB into a temporary folder; PYTHON
# names the interpreter, else python3). Ends with 0 if this is still so, with 1 if the behaviour
# has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" bpy==4.5.15 numpy==1.26.4

code=0
"$python" -I - "$folder" <<'END' || code=$?
import json, os, re, struct, sys
sys.path.insert(0, sys.argv[1])
import bpy
import addon_utils

KTIME = 46_186_158_000  # of FBX, a second

def build(fps, base):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name in ("io_scene_fbx", "io_scene_gltf2", "io_anim_bvh"):
        addon_utils.enable(name)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, base
    scene.frame_start, scene.frame_end = 0, round(300 * fps / base)
    data = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", data)
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    rig.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    data.edit_bones.new("bone").tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    for frame in (0, scene.frame_end):
        rig.pose.bones["bone"].location = (frame / scene.frame_end, 0, 0)
        rig.pose.bones["bone"].keyframe_insert("location", frame=frame)
    return scene.frame_end, scene.frame_end * base / fps

def gltf(path):
    bpy.ops.export_scene.gltf(filepath=path)
    content = open(path, "rb").read()
    told = json.loads(content[20 : 20 + struct.unpack("<I", content[12:16])[0]])
    inputs = [s["input"] for a in told["animations"] for s in a["samplers"]]
    return max(told["accessors"][i]["max"][0] for i in inputs)

def fbx(path):
    from io_scene_fbx import parse_fbx
    bpy.ops.export_scene.fbx(filepath=path, add_leaf_bones=False, bake_anim_simplify_factor=0)
    times = []
    def walk(element):
        times.extend(element.props[0][-1:] if element.id == b"KeyTime" else ())
        for child in element.elems:
            walk(child)
    walk(parse_fbx.parse(path)[0])
    return max(times) / KTIME

def fbx_read(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("io_scene_fbx")
    bpy.ops.import_scene.fbx(filepath=path, anim_offset=0.0)
    render = bpy.context.scene.render
    last = max(action.frame_range[1] for action in bpy.data.actions)
    return last * render.fps_base / render.fps

def bvh(path, last):
    bpy.ops.export_anim.bvh(filepath=path, frame_start=0, frame_end=last)
    return float(re.search(r"Frame Time: (\S+)", open(path).read())[1]) * last

seen = {(30, 1.001): (-599, 0, 300, 3), (25, 2.0): (-225_000, 0, -12_000, 0)}
same = True
for (fps, base), wanted in seen.items():
    last, right = build(fps, base)
    path = sys.argv[1] + "/take"
    found = [gltf(path + ".glb"), fbx(path + ".fbx"), bvh(path + ".bvh", last)]
    found.insert(2, fbx_read(path + ".fbx"))
    for name, second, off in zip(("glTF", "FBX", "FBX as read", "BVH"), found, wanted):
        wrong = 1000 * (second - right)
        print(f"{fps / base:.3f} frames a second, {name}: {wrong:+.1f} ms")
        same &= abs(wrong - off) < 1 + abs(off) / 100
sys.stdout.flush()
os._exit(0 if same else 1)
END
if [ "$code" = 0 ]; then
    echo "still so"
else
    echo "changed"
    exit 1
fi
