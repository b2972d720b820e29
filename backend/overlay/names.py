"""The overlays by name, and the colours they share."""

from typing import Final, Literal, get_args

from retarget.errors import ConductorError

OverlayName = Literal["beats", "skeleton", "trace"]
OVERLAYS: Final[tuple[OverlayName, ...]] = get_args(OverlayName)

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

RIGHT: Final[Colour] = (255, 160, 60)
"""The right hand and its baton."""

LEFT: Final[Colour] = (70, 190, 255)
MIDDLE: Final[Colour] = (240, 242, 246)
DARK: Final[Colour] = (18, 20, 26)
"""Behind light lines and letters."""


def chosen_overlays(text: str) -> tuple[OverlayName, ...]:
    """The overlays of a text like "beats,trace", each once; none of an empty one.

    Raises
    ------
    ConductorError
        If one of them is not known.
    """
    names = dict.fromkeys(word.strip() for word in text.split(",")) if text.strip() else {}
    for name in names:
        if name not in OVERLAYS:
            raise ConductorError(
                f"'{name}' is not an overlay; choose beats, skeleton or trace, or several of them: "
                "beats,trace."
            )
    return tuple(name for name in OVERLAYS if name in names)
