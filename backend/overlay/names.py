"""The overlays by name, and the colours they share."""

from typing import Final, Literal, get_args

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
