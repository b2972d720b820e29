"""What the panels of the Conductor tab have in common."""

from typing import Any, Final

import blf
import bpy

MAIN_PANEL: Final = "VIEW3D_PT_virtual_conductor"

# Blender's interface font, and what tabs, frames, icon and closing button take of a line.
_FONT_PT: Final = 11.0
_MARGIN_PX: Final = 118.0


class ConductorPanel(bpy.types.Panel):
    """A panel of the Conductor tab."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Conductor"


def draw_text(layout: Any, context: Any, text: str, icon: str) -> None:
    """A sentence in as many lines as it takes, with an icon before the first."""
    for number, line in enumerate(wrapped(text, context)):
        layout.label(text=line, icon="BLANK1" if number else icon)


def wrapped(text: str, context: Any) -> list[str]:
    """The text in lines that fit the panel."""
    scale = context.preferences.system.ui_scale
    width = max(40.0 * scale, context.region.width - _MARGIN_PX * scale)
    blf.size(0, _FONT_PT * scale)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _fits(longer, width):
            lines[-1] = longer
            continue
        # A path may be longer than the panel is wide.
        while not _fits(word, width):
            fits = max(n for n in range(1, len(word)) if n == 1 or _fits(word[:n], width))
            lines.append(word[:fits])
            word = word[fits:]
        lines.append(word)
    return [line for line in lines if line]


def _fits(text: str, width: float) -> bool:
    return bool(blf.dimensions(0, text)[0] <= width)
