"""The pictures of materials as files, which is where exporters look for them."""

import shutil
from pathlib import Path
from typing import Any

import bpy

_JPEG = b"\xff\xd8\xff"


def pictures_as_files(folder: Path, objects: list[Any], prefix: str = "") -> None:
    """Write packed, painted and generated pictures of materials to a folder, and point to them.

    Without names of their own they would overwrite each other in an export.

    Parameters
    ----------
    folder : Path
        Must exist.
    objects : list of bpy.types.Object
        Whose materials.
    prefix : str
        What their names begin with, so that those of another export beside this one stay; then
        pictures that are files already are copied to the folder too.
    """
    taken: set[str] = set()
    for image in _images(objects):
        if image.source not in ("FILE", "GENERATED"):
            continue
        file = _file_of(image)
        if file is not None and (not prefix or not file.is_file()):
            continue
        stem = prefix + (bpy.path.clean_name(Path(image.name).stem) or "picture")
        while stem.lower() in taken:
            stem += "_"
        taken.add(stem.lower())
        _point_to(image, _written(image, file, folder / stem))


def _file_of(image: Any) -> Path | None:
    """The file that shows a picture as it is; None if that is only inside of Blender."""
    if image.packed_file is not None or image.source != "FILE" or image.is_dirty:
        return None
    return Path(bpy.path.abspath(image.filepath))


def _written(image: Any, file: Path | None, stem: Path) -> Path:
    """A picture as a file, whose name gets an ending."""
    packed = image.packed_file
    if file is not None:
        target = stem.with_name(stem.name + file.suffix)
        shutil.copyfile(file, target)
    elif packed is not None and not image.is_dirty:
        content = bytes(packed.data)
        ending = ".jpg" if content.startswith(_JPEG) else ".png"
        target = stem.with_name(stem.name + ending)
        target.write_bytes(content)
    else:
        target = stem.with_name(f"{stem.name}.png")
        image.file_format = "PNG"
        image.save(filepath=str(target))
    return target


def _point_to(image: Any, file: Path) -> None:
    if image.packed_file is not None:
        image.unpack(method="REMOVE")
    image.source = "FILE"
    image.filepath = str(file)


def _images(objects: list[Any]) -> list[Any]:
    """Images of materials; copies of those of other files, which then take their place.

    Node groups of other files keep theirs, which are not among them.
    """
    copies: dict[Any, Any] = {}
    found: dict[Any, None] = {}
    for node in _picture_nodes(objects):
        if node.id_data.library is not None:
            continue
        if node.image.library is not None:
            if node.image not in copies:
                copies[node.image] = node.image.copy()
            node.image = copies[node.image]
        found[node.image] = None
    return list(found)


def _picture_nodes(objects: list[Any]) -> list[Any]:
    seen: set[Any] = set()
    return [
        node
        for item in objects
        for slot in item.material_slots
        if slot.material is not None and slot.material.node_tree is not None
        for node in _picture_nodes_in(slot.material.node_tree, seen)
    ]


def _picture_nodes_in(tree: Any, seen: set[Any]) -> list[Any]:
    """Nodes with an image in a node tree and the groups in it that were not seen yet."""
    if tree in seen:
        return []
    seen.add(tree)
    found = []
    for node in tree.nodes:
        if node.type == "TEX_IMAGE" and node.image is not None:
            found.append(node)
        elif node.type == "GROUP" and node.node_tree is not None:
            found += _picture_nodes_in(node.node_tree, seen)
    return found
