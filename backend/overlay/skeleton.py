"""Overlay "skeleton": joints and bones, left and right in colours of their own."""

from typing import Final

import numpy as np

from backend.overlay.colours import LEFT, MIDDLE, RIGHT, Colour
from backend.overlay.ink import Ink, unit_of
from backend.overlay.seen import CHIN, CROWN, FACE, FINGERS, PHALANGES, Seen, end_of
from retarget.rotation import Array

# Widths of lines and radii of joints in pixels of a 640 × 360 picture.
_LIMB: Final = 2.2
_FINGER: Final = 1.2
_BATON: Final = 1.4
_HEAD: Final = 1.4
_JOINT: Final = 2.8
_FACE_DOT: Final = 1.2
_TIP: Final = 2.2
# Radius of the ring around the head, as a share of the way from chin to crown: over a picture it
# clears the face.
_AROUND, _HEAD_ALONE = 0.6, 0.5
# Alone on a plain ground lines are bolder.
_BOLDER: Final = 1.7

_COLOURS: Final[dict[str, Colour]] = {"L": LEFT, "R": RIGHT}
_TRUNK: Final = "hips spine chest neck"
_LEG: Final = "thigh.{0} shin.{0} foot.{0}"
_ARM: Final = "upper_arm.{0} forearm.{0} hand.{0}"


class Skeleton:
    """Draws the bones of the body, the hands and the baton.

    Parameters
    ----------
    seen : Seen
        What is drawn.
    alone : bool
        Whether there is no picture below it, so that it shows the face too, and is bolder.
    """

    def __init__(self, seen: Seen, *, alone: bool = False) -> None:
        self._seen, self._alone = seen, alone
        self._unit = unit_of(seen.size) * (_BOLDER if alone else 1.0)

    def draw(self, ink: Ink, frame: int) -> None:
        """Draw on one frame: the trunk, before it the sides, before these the baton."""
        at = _Places(self._seen, frame)
        trunk = _Lines()
        trunk.add(at[_TRUNK if not self._alone else f"{_TRUNK} {CHIN}"], _LIMB, 0.0)
        trunk.dot(at[_TRUNK], _JOINT)
        if self._alone:
            trunk.dot(at["nose"], _FACE_DOT)
        self._lay(ink, trunk, MIDDLE)
        self._head(ink, at)
        for side, colour in _COLOURS.items():
            self._lay(ink, self._side(at, side), colour)
        baton = _Lines()
        baton.add(at["baton baton_tip"], _BATON, 0.0)
        self._lay(ink, baton, MIDDLE)
        ink.dots(at["baton_tip"], _TIP * self._unit, RIGHT)

    def _head(self, ink: Ink, at: "_Places") -> None:
        chin, crown = at[f"{CHIN} {CROWN}"]
        middle = (chin + crown) / 2.0
        if np.isfinite(middle).all():
            share = _HEAD_ALONE if self._alone else _AROUND
            radius = share * float(np.hypot(*(crown - chin)))
            ink.rings(middle, radius, _HEAD * self._unit, MIDDLE)

    def _side(self, at: "_Places", side: str) -> "_Lines":
        lines = _Lines()
        leg, arm = _LEG.format(side), _ARM.format(side)
        lines.add(at[f"hips {leg}"], _LIMB, _JOINT)
        lines.add(at[f"neck clavicle.{side} {arm}"], _LIMB, 0.0)
        lines.dot(at[arm], _JOINT)
        for finger in (f"{stem}.{side}" for stem in FINGERS):
            ends = at.named([finger, *(end_of(finger, k) for k in PHALANGES)])
            lines.add(np.concatenate([at[f"hand.{side}"], ends]), _FINGER, 0.0)
        if self._alone:
            lines.dot(at[" ".join(name for name in FACE if name.endswith(side))], _FACE_DOT)
        return lines

    def _lay(self, ink: Ink, lines: "_Lines", colour: Colour) -> None:
        ink.stroke(np.concatenate(lines.points), np.array(lines.widths) * self._unit, colour)
        if lines.dots:
            ink.dots(np.concatenate(lines.dots), np.array(lines.radii) * self._unit, colour)


class _Lines:
    """Lines and dots of one colour, to be drawn at once."""

    def __init__(self) -> None:
        self.points: list[Array] = []
        self.widths: list[float] = []
        self.dots: list[Array] = []
        self.radii: list[float] = []

    def add(self, places: Array, width: float, joint: float) -> None:
        """A line through places (N, 2), with dots at all but the first where `joint` is not 0."""
        self.points += [places, np.full((1, 2), np.nan)]
        self.widths += [width] * (len(places) + 1)
        if joint > 0.0:
            self.dot(places[1:], joint)

    def dot(self, places: Array, radius: float) -> None:
        self.dots.append(places)
        self.radii += [radius] * len(places)


class _Places:
    """Pixels of the points of one frame."""

    def __init__(self, seen: Seen, frame: int) -> None:
        names = list(seen.points)
        places = np.stack([seen.points[name][frame] for name in names])
        self._pixels = dict(zip(names, seen.to_pixels(frame, places), strict=True))

    def __getitem__(self, names: str) -> Array:
        """Points (N, 2) by their names, parted by spaces."""
        return self.named(names.split())

    def named(self, names: list[str]) -> Array:
        """Points (N, 2) by their names."""
        return np.stack([self._pixels[name] for name in names])
