"""Runs inside bpy: files that use others are saved elsewhere and tell where they find them."""

import os
import shutil
import wave
from pathlib import Path

import bpy
import numpy as np

import blender_addon
from blender_addon import blend_file


def picture(path, packed=False):
    """A picture of one colour as a real file, and the image that shows it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = bpy.data.images.new(path.stem, 8, 8)
    image.pixels = np.tile([0.8, 0.2, 0.1, 1.0], 64)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return loaded(path, packed)


def loaded(path, packed=False):
    image = bpy.data.images.load(str(path))
    image.name = path.stem
    image.use_fake_user = True
    if packed:
        image.pack()
    return image


def tone(path):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(np.zeros(8000, np.int16).tobytes())
    return path


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def saved(path):
    bpy.ops.wm.save_as_mainfile(filepath=str(path))


def make_libraries(models):
    """A library that links another one and has a picture of its own."""
    scene = fresh()
    mesh = bpy.data.meshes.new("Far")
    scene.collection.objects.link(bpy.data.objects.new("Far", mesh))
    (models / "deep").mkdir(parents=True)
    saved(models / "deep" / "far.blend")
    scene = fresh()
    with bpy.data.libraries.load(str(models / "deep" / "far.blend"), link=True) as (_, to):
        to.meshes = ["Far"]
    bpy.data.libraries[0].filepath = "//deep/far.blend"
    rig = bpy.data.objects.new("Linked", bpy.data.armatures.new("Linked"))
    group = bpy.data.collections.new("Group")
    scene.collection.children.link(group)
    group.objects.link(rig)
    group.objects.link(bpy.data.objects.new("Body", bpy.data.meshes["Far"]))
    material = bpy.data.materials.new("Skin")
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    saved(models / "library.blend")
    node.image = picture(models / "skin.png")
    node.image.filepath = "//skin.png"
    local = bpy.data.meshes.new("Local")
    local.materials.append(material)
    group.objects.link(bpy.data.objects.new("Cloth", local))
    saved(models / "library.blend")


def make_avatar(home, models):
    """A saved file that names others in every way."""
    scene = fresh()
    saved(home / "avatar.blend")
    picture(home / "beside.png").filepath = "//beside.png"
    picture(home / "textures" / "below.png").filepath = "//textures/below.png"
    picture(models / "above.png").filepath = "//../models/above.png"
    picture(models / "absolute.png")
    picture(home / "packed.png", packed=True).filepath = "//packed.png"
    (home / "packed.png").unlink()
    picture(home / "gone.png").filepath = "//gone.png"
    (home / "gone.png").unlink()
    for tile in (1001, 1002):
        picture(home / f"tile.{tile}.png")
        bpy.data.images.remove(bpy.data.images[f"tile.{tile}"])
    tiles = loaded(home / "tile.1001.png")
    tiles.name, tiles.source = "tiles", "TILED"
    tiles.filepath = "//tile.<UDIM>.png"
    for frame in (1, 2, 3):
        shutil.copyfile(home / "beside.png", home / f"film{frame:03d}.png")
    clip = bpy.data.movieclips.load(str(home / "film001.png"))
    clip.filepath, clip.use_fake_user = "//film001.png", True
    font = Path(bpy.utils.system_resource("DATAFILES")) / "fonts" / "Inter.woff2"
    shutil.copyfile(font, home / "letters.woff2")
    letters = bpy.data.fonts.load(str(home / "letters.woff2"))
    letters.filepath, letters.use_fake_user = "//letters.woff2", True
    (home / "cloud.vdb").write_bytes(b"not looked into")
    cloud = bpy.data.volumes.new("Cloud")
    cloud.filepath, cloud.use_fake_user = "//cloud.vdb", True
    (home / "shape.mdd").write_bytes(b"not looked into")
    item = bpy.data.objects.new("Cached", bpy.data.meshes.new("Cached"))
    scene.collection.objects.link(item)
    item.modifiers.new("Cache", "MESH_CACHE").filepath = "//shape.mdd"
    nodes = item.modifiers.new("Nodes", "NODES")
    nodes.node_group = bpy.data.node_groups.new("Nodes", "GeometryNodeTree")
    nodes.bake_directory = "//bake"
    item.modifiers.new("Particles", "PARTICLE_SYSTEM")
    cache = item.particle_systems[0].point_cache
    cache.use_external, cache.filepath = True, "//particles"
    sound = bpy.data.sounds.load(str(tone(home / "own.wav")))
    sound.filepath, sound.use_fake_user = "//own.wav", True
    with bpy.data.libraries.load(str(models / "library.blend"), link=True, relative=True) as (
        _,
        to,
    ):
        to.collections = ["Group"]
    instance = bpy.data.collections["Group"].override_hierarchy_create(
        scene, bpy.context.view_layer
    )
    instance.objects["Linked"].location.x = 2.0
    saved(home / "avatar.blend")


def places():
    """Every file that the open one names, resolved, and whether it is there."""
    told = {}
    for kind in ("images", "movieclips", "fonts", "volumes", "sounds"):
        for block in getattr(bpy.data, kind):
            if block.filepath and block.filepath != "<builtin>":
                name = bpy.path.abspath(block.filepath, library=block.library)
                told[block.name] = os.path.normpath(name)
    for library in bpy.data.libraries:
        told[library.name] = os.path.normpath(bpy.path.abspath(library.filepath))
    item = bpy.data.objects["Cached"]
    caches = {
        "cache": item.modifiers["Cache"].filepath,
        "bake": item.modifiers["Nodes"].bake_directory,
        "particles": item.particle_systems[0].point_cache.filepath,
    }
    return told | {name: os.path.normpath(bpy.path.abspath(path)) for name, path in caches.items()}


def state():
    override = next(o for o in bpy.data.objects if o.name == "Linked" and o.library is None)
    return {
        "places": places(),
        "packed": bool(bpy.data.images["packed"].packed_file),
        "shown": [
            list(bpy.data.images[name].size)
            for name in ("beside", "below", "above", "absolute", "skin")
        ],
        "override": [bool(override.override_library), override.location.x],
        "missing_libraries": [library.name for library in bpy.data.libraries if library.is_missing],
    }


def moved(avatar, out):
    """Open the avatar as the command does, save it at `out`, open that again."""
    scene = blend_file.open_scene(avatar)
    music = bpy.data.sounds.load(str(tone(out.parent.resolve() / "music.wav")))
    music.use_fake_user = True
    scene.virtual_conductor.photo = "//beside.png"
    scene.virtual_conductor.music = str(out.parent.resolve() / "music.wav")
    before = state()
    names = [block.filepath for block in (*bpy.data.images, *bpy.data.sounds)]
    blend_file.save(out)
    kept = [block.filepath for block in (*bpy.data.images, *bpy.data.sounds)] == names
    scene = blend_file.open_scene(out)
    named = {block.name: block.filepath for block in (*bpy.data.images, *bpy.data.sounds)}
    settings = scene.virtual_conductor
    return {
        "before": before,
        "after": state(),
        "named": named,
        "session_kept": kept,
        "photo": os.path.normpath(bpy.path.abspath(settings.photo)),
        "music": settings.music,
    }


def never_saved(out):
    fresh()
    picture(out.parent / "loose.png")
    music = bpy.data.sounds.load(str(tone(out.parent.resolve() / "music.wav")))
    music.use_fake_user = True
    blend_file.save(out)
    blend_file.open_scene(out)
    named = {block.name: block.filepath for block in (*bpy.data.images, *bpy.data.sounds)}
    return {"named": named, "shown": list(bpy.data.images["loose"].size)}


def play(folder):
    """All of it; `folder` is empty."""
    blender_addon.register()
    home, models, deep = folder / "home", folder / "models", folder / "out" / "deep"
    home.mkdir()
    deep.mkdir(parents=True)
    make_libraries(models)
    make_avatar(home, models)
    os.chdir(folder)
    avatar = home / "avatar.blend"
    return {
        "elsewhere": moved(avatar, deep / "scene.blend"),
        "beside": moved(avatar, home / "scene.blend"),
        "relative": moved(avatar, Path("out") / "scene.blend"),
        "never_saved": never_saved(folder / "out" / "new.blend"),
    }
