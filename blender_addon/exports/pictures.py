"""The pictures of materials as files, which is where exporters look for them."""

from pathlib import Path
from typing import Any

import bpy

_JPEG = b"\xff\xd8\xff"


def pictures_as_files(folder: Path, objects: list[Any]) -> None:
    """Write packed, painted and generated pictures of materials to a folder, and point to them.

    Without names of their own they would overwrite each other in an export.

    Parameters
    ----------
    folder : Path
        Must exist.
    objects : list of bpy.types.Object
        Whose materials.
    """
    taken: set[str] = set()
    for image in _images(objects):
        packed = image.packed_file
        if image.source not in ("FILE", "GENERATED") or image.library is not None:
            continue
        if packed is None and image.source == "FILE" and not image.is_dirty:
            continue
        stem = bpy.path.clean_name(Path(image.name).stem) or "picture"
        while stem.lower() in taken:
            stem += "_"
        taken.add(stem.lower())
        if packed is not None and not image.is_dirty:
            content = bytes(packed.data)
            ending = ".jpg" if content.startswith(_JPEG) else ".png"
            target = folder / (stem + ending)
            target.write_bytes(content)
            image.unpack(method="REMOVE")
        else:
            target = folder / f"{stem}.png"
            image.file_format = "PNG"
            image.save(filepath=str(target))
        image.source = "FILE"
        image.filepath = str(target)


def _images(objects: list[Any]) -> list[Any]:
    found: dict[Any, None] = {}
    for item in objects:
        for slot in item.material_slots:
            tree = slot.material.node_tree if slot.material is not None else None
            if tree is not None:
                found.update(dict.fromkeys(_images_in(tree, set())))
    return list(found)


def _images_in(tree: Any, seen: set[Any]) -> list[Any]:
    """Images of a node tree and the groups in it."""
    if tree in seen:
        return []
    seen.add(tree)
    found = []
    for node in tree.nodes:
        if node.type == "TEX_IMAGE" and node.image is not None:
            found.append(node.image)
        elif node.type == "GROUP" and node.node_tree is not None:
            found += _images_in(node.node_tree, seen)
    return found
