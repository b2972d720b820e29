"""The built-in conductors as the panel and the asset browser show them."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from retarget.conductor_asset import CONDUCTORS

from .stage.conductor import FOLDER

_previews: list[Any] = []
# Blender keeps no reference to the texts of an enumeration that is made at run time.
_items: list[tuple[str, str, str, int, int]] = []


def conductor_items(_settings: Any, _context: Any) -> list[tuple[str, str, str, int, int]]:
    """The conductors for an `EnumProperty`, with their pictures."""
    if not _items:
        import bpy.utils.previews

        pictures = bpy.utils.previews.new()
        _previews.append(pictures)
        for place, (name, title) in enumerate(CONDUCTORS.items()):
            icon = pictures.load(name, str(_picture(name)), "IMAGE").icon_id
            _items.append((name, title, f"{title} conducts", icon, place))
    return _items


def forget_pictures() -> None:
    """Give back what `conductor_items` loaded."""
    import bpy.utils.previews

    _items.clear()
    while _previews:
        bpy.utils.previews.remove(_previews.pop())


def mark_as_asset(collection: Any, name: str) -> None:
    """Show a conductor's collection in the asset browser, with the conductor's picture."""
    collection.asset_mark()
    collection.asset_data.description = f"{CONDUCTORS[name]}, a conductor"
    collection.asset_data.tags.new("conductor")
    image = bpy.data.images.load(str(_picture(name)))
    try:
        preview = collection.preview_ensure()
        preview.image_size = image.size
        pixels = np.empty(len(image.pixels), dtype=np.float32)
        image.pixels.foreach_get(pixels)
        preview.image_pixels_float.foreach_set(pixels)
    finally:
        bpy.data.images.remove(image)


def _picture(name: str) -> Path:
    return FOLDER / f"{name}.png"
