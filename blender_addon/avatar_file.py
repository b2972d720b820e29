"""Avatars from the files of other programs: FBX, glTF and VRM, by Blender's own importers.

FBX comes in by Blender's newer importer (`wm.fbx_import`). Beside the older one it reads text files
and versions before 7.1 too, needs no add-on to be on, keeps each animation once and takes a fifth
of the time; in Blender 5.0 the older one fails on any file with a lamp.

A VRM is read as the glTF file it is: bones, skin, materials and shape keys. Springs of hair and
clothes, the groups that give its shape keys the names of expressions, where the eyes look, and its
toon shading are not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bpy
from bpy_extras.object_utils import world_to_camera_view

from retarget.errors import ConductorError

from .blend_file import existing, open_empty, open_scene
from .gltf_files import GLTF, damaged, files_beside
from .stage.looks import setup_render

ENDINGS: Final = (".fbx", *GLTF)
"""Endings of files that are imported; a .blend file is opened."""

_SIZE: Final = (960, 540)
_FPS: Final = 30
_KEPT: Final = ("frame_start", "frame_end", "frame_current", "camera")
_RATE: Final = ("fps", "fps_base")
_GLTF_IMPORTER: Final = "io_scene_gltf2"
_MOST_NAMED: Final = 3
_MISSING: Final = "Missing: "


def open_avatar(path: Path, warn: Callable[[str], None] = lambda sentence: None) -> Any:
    """Open an avatar's file: a .blend file, or one to import into a scene of its own.

    A scene that is made for it takes the performance's range and is drawn by Workbench, at the
    frame rate that the file tells.

    Parameters
    ----------
    path : Path
        The file.
    warn : callable
        Hears in a sentence what of it is missing.

    Returns
    -------
    bpy.types.Scene
        The scene that is open now.

    Raises
    ------
    ConductorError
        If it is not there or damaged, or has no armature.
    """
    if path.suffix.lower() not in ENDINGS:
        return open_scene(path, "avatar")
    existing(path, "avatar")
    open_empty()
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = _FPS, 1.0
    added = import_avatar(scene, path, takes_rate=True)
    if words := words_on_missing(added, path):
        warn(words)
    setup_render(scene, engine="workbench", size=_SIZE)
    scene.virtual_conductor.owns_timeline = True
    return scene


def import_avatar(scene: Any, path: Path, *, takes_rate: bool = False) -> list[Any]:
    """Import an avatar into a new collection of a scene, the one Blender works in.

    Its animation stays with it. Its pictures are packed, so that the .blend file stands alone.
    Nothing is selected afterwards.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes. Its camera and range stay; without a camera it takes the file's, if any.
    path : Path
        An .fbx, .glb, .gltf or .vrm file.
    takes_rate : bool
        Whether the scene takes the frame rate of a file that tells one.

    Returns
    -------
    list of bpy.types.Object
        What was imported, an armature at least.

    Raises
    ------
    ConductorError
        If it is not there or damaged, or has no armature. What was imported by then stays: see
        `restore.unchanged_on_failure`.
    """
    path = existing(path, "avatar")
    _require_buffers(path)
    objects, collections = set(scene.objects), set(bpy.data.collections)
    with _settings_kept(scene, not takes_rate):
        _import(path)
    added = [item for item in scene.objects if item not in objects]
    if not any(item.type == "ARMATURE" for item in added):
        raise ConductorError(
            f"{path.name} has no armature to animate; choose a file with a rigged person."
        )
    _gather(scene, added, path.stem, collections)
    layer = scene.view_layers[0]
    for item in added:
        item.select_set(False, view_layer=layer)
    layer.objects.active = None
    if scene.camera is None:
        scene.camera = next((item for item in added if _sees(scene, item, added)), None)
    for node in _picture_nodes(added):
        image = node.image
        if image is None or image.source != "FILE" or image.packed_file:
            continue
        file = Path(bpy.path.abspath(image.filepath))
        if file.is_file():
            image.pack()
        else:
            _leave_out(node, file.name)
    return added


def words_on_missing(added: list[Any], path: Path) -> str | None:
    """A sentence on the pictures that imported objects lack, or None."""
    labels = {node.label for node in _picture_nodes(added)}
    missing = sorted(one.removeprefix(_MISSING) for one in labels if one.startswith(_MISSING))
    if not missing:
        return None
    names = ", ".join(missing[:_MOST_NAMED])
    if len(missing) > _MOST_NAMED:
        names += f" and {len(missing) - _MOST_NAMED} more"
    noun, verb = ("picture", "is") if len(missing) == 1 else ("pictures", "are")
    return (
        f"The {noun} {names} of {path.name} {verb} missing, so its skin is plain; put them where "
        "the file looks for them, or export it with its pictures inside."
    )


@contextmanager
def _settings_kept(scene: Any, rate: bool) -> Iterator[None]:
    """Whatever an importer sets in the scene is put back, its frame rate if that is asked for."""
    kept = {name: getattr(scene, name) for name in _KEPT}
    rates = {name: getattr(scene.render, name) for name in _RATE} if rate else {}
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(scene, name, value)
        for name, value in rates.items():
            setattr(scene.render, name, value)


def _import(path: Path) -> None:
    try:
        if path.suffix.lower() in GLTF:
            _enable_gltf()
            # Without shapes there is no ball beside the avatar that stands for its bones.
            bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
        else:
            bpy.ops.wm.fbx_import(filepath=str(path))
    except RuntimeError as error:
        raise damaged(path) from error


def _enable_gltf() -> None:
    """For this session alone, where the user has switched the importer off."""
    if not hasattr(bpy.types, "IMPORT_SCENE_OT_gltf"):
        # Only importing bpy makes this module known.
        import addon_utils

        if addon_utils.enable(_GLTF_IMPORTER) is None:
            raise ConductorError(
                "This Blender has no importer for glTF files; choose an FBX or .blend file."
            )


def _require_buffers(path: Path) -> None:
    """Refuse a glTF file whose geometry lies in a file that is not there."""
    for beside in files_beside(path):
        if beside.suffix.lower() == ".bin" and not beside.is_file():
            raise ConductorError(
                f"{path.name} needs {beside.name} beside it, which is missing; copy it there, or "
                "choose a .glb file, which holds everything."
            )


def _gather(scene: Any, added: list[Any], name: str, known: set[Any]) -> None:
    """Put what was imported into one collection, in place of those that the importer made."""
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    for item in added:
        for other in item.users_collection:
            other.objects.unlink(item)
        collection.objects.link(item)
    emptied = [
        other
        for other in bpy.data.collections
        if other not in known and other != collection and not other.all_objects
    ]
    bpy.data.batch_remove(emptied)


def _sees(scene: Any, item: Any, added: list[Any]) -> bool:
    """Whether an object is a camera with most bones of imported armatures in its picture."""
    if item.type != "CAMERA":
        return False
    scene.view_layers[0].update()
    places = [
        world_to_camera_view(scene, item, rig.matrix_world @ bone.head_local)
        for rig in added
        if rig.type == "ARMATURE"
        for bone in rig.data.bones
    ]
    seen = sum(0.0 <= at.x <= 1.0 and 0.0 <= at.y <= 1.0 and at.z > 0.0 for at in places)
    return 2 * seen > len(places)


def _picture_nodes(objects: list[Any]) -> list[Any]:
    """The nodes for pictures in the materials of some objects."""
    slots = (slot for item in objects for slot in item.material_slots)
    materials = dict.fromkeys(slot.material for slot in slots if slot.material)
    trees = [material.node_tree for material in materials if material.node_tree]
    return [node for tree in trees for node in tree.nodes if node.type == "TEX_IMAGE"]


def _leave_out(node: Any, name: str) -> None:
    """Let a picture that is missing have no effect: it would be magenta all over the body."""
    node.label, node.image = f"{_MISSING}{name}", None
    for output in node.outputs:
        for link in list(output.links):
            node.id_data.links.remove(link)
