"""The colours that the overlays share."""

from typing import Final

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

RIGHT: Final[Colour] = (255, 160, 60)
"""The right hand and its baton."""

LEFT: Final[Colour] = (70, 190, 255)
MIDDLE: Final[Colour] = (240, 242, 246)
DARK: Final[Colour] = (18, 20, 26)
"""Behind light lines and letters."""
