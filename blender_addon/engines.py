"""Render engines of the animation by name: for the command, the panel and the renderer alike."""

from typing import Final, Literal, get_args

Engine = Literal["workbench", "eevee", "cycles"]
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)
ENGINE_WORDS: Final[dict[Engine, tuple[str, str]]] = {
    "workbench": ("Workbench", "Plain and fast"),
    "eevee": ("EEVEE", "Lit and fast with a graphics card"),
    "cycles": ("Cycles", "Path traced: finest and slowest"),
}
"""Label and description of each, as the panel shows them."""
