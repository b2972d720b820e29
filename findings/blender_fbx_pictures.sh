#!/usr/bin/env bash
# Blender 4.5's FBX exporter writes packed pictures that have no file path as one and the same.
#
# Versions: bpy 4.5.15 and numpy 1.26.4, from PyPI; Python 3.11. bpy 5.0.1 writes them apart.
# Input: two planes with a material each, one with a red, one with a blue picture. The pictures
# are packed in the .blend file and were never saved, as those that a script makes. The export
# embeds textures (`path_mode="COPY"`, `embed_textures=True`) and says nothing.
#
# Seen: both materials of the FBX file name the same picture, which is called after the file, and
# come back with it, both red or both blue. With a `filepath_raw` of its own for each picture, its
# content packed as before and no file there, they come back red and blue. glTF is right either way.
#
# Run: `bash findings/blender_fbx_pictures.sh` (downloads about 400 MB into a temporary folder;
# PYTHON names the interpreter, else python3). Ends with 0 if this is still so, with 1 if the
# behaviour has changed.
set -euo pipefail
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m pip install --quiet --target "$folder" bpy==4.5.15 numpy==1.26.4

if "$python" -I - "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import bpy

COLOURS = {"red": (1.0, 0.0, 0.0, 1.0), "blue": (0.0, 0.0, 1.0, 1.0)}

def come_back(named):
    """Colour of the picture of each plane after export and import."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name, colour in COLOURS.items():
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
        mesh.uv_layers.new()
        thing = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(thing)
        image = bpy.data.images.new(name, 4, 4)
        image.pixels = colour * 16
        image.pack()
        if named:
            image.filepath_raw = "//" + name + ".png"
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        nodes = material.node_tree.nodes
        node = nodes.new("ShaderNodeTexImage")
        node.image = image
        shader = next(each for each in nodes if each.type == "BSDF_PRINCIPLED")
        material.node_tree.links.new(node.outputs["Color"], shader.inputs["Base Color"])
        mesh.materials.append(material)
    path = sys.argv[1] + "/planes.fbx"
    bpy.ops.export_scene.fbx(filepath=path, path_mode="COPY", embed_textures=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.fbx_import(filepath=path)
    seen = {}
    for thing in bpy.context.scene.objects:
        nodes = thing.material_slots[0].material.node_tree.nodes
        pixel = next(each.image for each in nodes if each.type == "TEX_IMAGE").pixels[:3]
        seen[thing.name] = "red" if pixel[0] > 0.5 else "blue"
    return seen

without, with_path = come_back(False), come_back(True)
print("without paths:", without)
print("with paths:   ", with_path)
right = {"red": "red", "blue": "blue"}
sys.exit(0 if len(set(without.values())) == 1 and with_path == right else 1)
END
then
    echo "still so"
else
    echo "changed"
    exit 1
fi
