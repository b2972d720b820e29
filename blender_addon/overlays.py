"""What can be drawn over a video, by name: for the command, the panel and the renderer alike."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from retarget.errors import ConductorError

OverlayName = Literal["beats", "skeleton", "trace"]
OVERLAYS: Final[tuple[OverlayName, ...]] = get_args(OverlayName)
OVERLAY_WORDS: Final[dict[OverlayName, tuple[str, str]]] = {
    "beats": ("Beats", "Number of the beat and the bar, and a ring where each beat falls"),
    "skeleton": ("Skeleton", "Joints and bones, left and right in colors of their own"),
    "trace": ("Trace", "The paths of the baton and the left hand over the last bar"),
}
"""Label and description of each, as the panel shows them."""


def chosen_overlays(text: str) -> tuple[OverlayName, ...]:
    """The overlays of a text like "beats,trace", each once, in any letter case.

    An empty text means none.

    Raises
    ------
    ConductorError
        If one of them is not known.
    """
    names = [word.strip().lower() for word in text.split(",")] if text.strip() else []
    for name in names:
        if name not in OVERLAYS:
            raise ConductorError(
                f"'{name}' is not an overlay; choose beats, skeleton or trace, or several of them: "
                "beats,trace."
            )
    return tuple(name for name in OVERLAYS if name in names)


def overlay_text(names: Iterable[str]) -> str:
    """Overlays as `chosen_overlays` takes them."""
    return ",".join(name for name in OVERLAYS if name in names)
