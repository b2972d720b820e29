"""Qualities and render engines by name: for the command, the panel and the renderer alike."""

from typing import Final, Literal, get_args

from retarget.errors import ConductorError

Engine = Literal["workbench", "eevee", "cycles"]
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)

Quality = Literal["draft", "preview", "final"]
QUALITIES: Final[tuple[Quality, ...]] = get_args(Quality)
QUALITY_WORDS: Final[dict[Quality, tuple[str, str]]] = {
    "draft": ("Draft", "Workbench: plain and fast on any machine"),
    "preview": ("Preview", "EEVEE: lit, and fast with a graphics card alone"),
    "final": ("Final", "Cycles: path traced, finest and slowest"),
}
"""Label and description of each, as the panel shows them."""

_ENGINE_OF: Final[dict[Quality, Engine]] = {
    "draft": "workbench",
    "preview": "eevee",
    "final": "cycles",
}


def engine_of(quality: Quality | None, engine: Engine | None = None) -> Engine | None:
    """The engine that is meant by a quality, or by its own name; None if neither is given.

    Raises
    ------
    ConductorError
        If both are given and do not agree.
    """
    if quality is None:
        return engine
    meant = _ENGINE_OF[quality]
    if engine not in (None, meant):
        raise ConductorError(
            f"--quality {quality} is rendered by {meant}, not by {engine}; give one of the two "
            "options."
        )
    return meant


def quality_of(engine: Engine) -> Quality:
    """The quality that an engine renders."""
    return next(quality for quality, meant in _ENGINE_OF.items() if meant == engine)
