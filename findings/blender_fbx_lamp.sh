#!/usr/bin/env bash
# Blender 5.0's FBX importer in Python fails on every file with a lamp.
#
# Versions: bpy 5.0.1 and numpy 1.26.4, from PyPI; Python 3.11. bpy 4.5.15 imports the same file.
# Input: a whole, valid file that Blender's own exporter writes: one point lamp, no more.
#
# Seen: `bpy.ops.import_scene.fbx` stops with "AttributeError: 'CyclesLightSettings' object has no
# attribute 'cast_shadow'", which Blender 5.0 took away; nothing that comes after the lamp in the
# file is imported. `bpy.ops.wm.fbx_import`, the newer importer, reads the file.
#
# Run: `bash findings/blender_fbx_lamp.sh` (downloads about 400 MB into a temporary folder; PYTHON
# names the interpreter, else python3). Ends with 0 if this is still so, with 1 if the behaviour
# has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" bpy==5.0.1 numpy==1.26.4

if "$python" -I - "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
bpy.context.scene.collection.objects.link(lamp)
path = sys.argv[1] + "/lamp.fbx"
bpy.ops.export_scene.fbx(filepath=path)
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.fbx_import(filepath=path)
newer = [thing.type for thing in bpy.context.scene.objects]
bpy.ops.wm.read_factory_settings(use_empty=True)
fault = ""
try:
    bpy.ops.import_scene.fbx(filepath=path)
except RuntimeError as error:
    fault = str(error)
print("wm.fbx_import:", newer)
lines = [line for line in fault.splitlines() if "AttributeError" in line]
print("import_scene.fbx:", lines or "imported")
sys.exit(0 if newer == ["LIGHT"] and "CyclesLightSettings" in fault else 1)
END
then
    echo "still so"
else
    echo "changed"
    exit 1
fi
