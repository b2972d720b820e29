"""Which part of the photo, or of the stage, the picture shows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from retarget.errors import ConductorError
from retarget.rotation import Array

MAX_SIDE: Final = 1280
"""Longest side of a video whose size was not given, pixels."""

MIN_SIDE: Final = 64
"""Shortest side a video may have, pixels."""

# A small photo is enlarged to this.
_USUAL_SIDE: Final = 720
_LARGEST_SIDE: Final = 4096
# Air around the reach, as a share of the framed height.
_AIR: Final = 0.035
# Share of the tip's places that may lie outside on each of the four sides: under 1 % in all.
_RARE: Final = 0.002
# Shares of the leg, from hip to sole, that a picture of this shape (width over height) shows at
# least: to the middle of the thigh, and little more than the hips in a wide one.
_LEG_BY_ASPECT: Final = ((1.0, 0.22), (4 / 3, 0.14), (16 / 9, 0.06))
# Hips of a standing adult, from the top of the head, as a share of the height (Winter, fig. 4.1).
_HIPS: Final = 0.49


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; positions count from the middle of the first pixel."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Framing:
    """Where a source (the photo, or what the guide's camera sees) lies in the picture.

    Parameters
    ----------
    size : (int, int)
        Width and height of the picture, both even.
    scale, shift : float, (2,) array
        picture = scale · source + shift; pixel middles at whole numbers.
    source : (int, int)
        Width and height of the source.
    """

    size: tuple[int, int]
    scale: float
    shift: Array
    source: tuple[int, int]

    def to_picture(self, points: ArrayLike) -> Array:
        """Pixels of the source (..., 2) to pixels of the picture."""
        return np.asarray(points, dtype=np.float64) * self.scale + self.shift


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Even width and height that a video can have.

    Raises
    ------
    ConductorError
        If it is too small or too large.
    """
    width, height = size
    if min(size) < MIN_SIDE or max(size) > _LARGEST_SIDE:
        raise ConductorError(
            f"The size {width}x{height} cannot be used; give {MIN_SIDE} to {_LARGEST_SIDE} pixels "
            "each way."
        )
    return width - width % 2, height - height % 2


def default_size(photo_size: tuple[int, int]) -> tuple[int, int]:
    """The photo's shape, even, at most MAX_SIDE long."""
    longest = max(photo_size)
    scale = min(max(longest, _USUAL_SIDE), MAX_SIDE) / longest
    width, height = (max(MIN_SIDE, round(n * scale)) for n in photo_size)
    return width - width % 2, height - height % 2


def reach_box(always: ArrayLike, tip: ArrayLike) -> Box:
    """What must stay in the picture over a take.

    Parameters
    ----------
    always : (..., 2) array
        Head, wrists and hands in every frame, pixels.
    tip : (T, 2) array
        The baton's tip; it stays inside in at least 99 % of the frames.
    """
    points = np.asarray(always, dtype=np.float64).reshape(-1, 2)
    tip = np.asarray(tip, dtype=np.float64).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    if len(tip):
        rare = np.quantile(tip, [_RARE, 1.0 - _RARE], axis=0)
        low, high = np.minimum(low, rare[0]), np.maximum(high, rare[1])
    return Box(*(float(n) for n in (*low, *high)))


def frame_person(
    body: Box,
    reach: Box,
    photo_size: tuple[int, int],
    size: tuple[int, int],
    *,
    hips: float | None = None,
    cut: float | None = None,
) -> Framing:
    """Zoom onto the person so that they fill the height and the reach stays inside.

    The picture ends at the hips or thighs; only where the arms need more breadth than that has,
    does it go on down the legs, under the feet, or to where the photo ends the person.

    Parameters
    ----------
    body : Box
        The person in the photo.
    reach : Box
        What head, hands and baton sweep over; see `reach_box`.
    photo_size, size : (int, int)
        Width and height of photo and picture.
    hips : float, optional
        Height (y) of the hip joints; estimated from the body if left out.
    cut : float, optional
        Where the body ends, at the highest place it takes as the body moves (y), if that is above
        the feet: at the photo's lower edge, say. Nothing below it is ever shown.
    """
    aspect = size[0] / size[1]
    top = min(body.top, reach.top)
    if hips is None:
        hips = body.top + _HIPS * (body.bottom - body.top) if cut is None else body.bottom
    leg = float(np.interp(np.log(aspect), *np.array([[np.log(a), s] for a, s in _LEG_BY_ASPECT]).T))
    low = hips + leg * (body.bottom - hips)
    air = _AIR * (low - top)
    low = max(low, reach.bottom + air)
    if cut is not None:
        low = min(low, cut)
    tall = max(low - top + air, (reach.right - reach.left + 2.0 * air) / aspect)
    # Room to spare shows more of the legs before more of the ceiling.
    floor = body.bottom + air if cut is None else cut
    low = max(low, min(top - air + tall, floor))
    left = _across((body.left + body.right) / 2.0, tall * aspect, reach, air, photo_size[0])
    return _crop(left, low - tall, tall, size, photo_size)


def frame_stage(
    guide_size: tuple[int, int],
    size: tuple[int, int],
    reach: Box,
    *,
    cut: float | None = None,
) -> Framing:
    """Show the person where the avatar stands, as large a part of the guide's picture as fits.

    Parameters
    ----------
    guide_size, size : (int, int)
        Width and height of the guide's picture and of ours.
    reach : Box
        What head, hands and baton sweep over, pixels of the guide's picture.
    cut : float, optional
        Highest place of a half body's lower edge (y) there; the picture ends above it.
    """
    aspect = size[0] / size[1]
    width, height = guide_size
    low = height - 0.5 if cut is None else min(height - 0.5, cut)
    air = _AIR * (low - reach.top)
    # The camera was placed for the reach: air beside it is not worth leaving the stage for.
    needed = [(reach.right - reach.left) / aspect]
    if cut is not None:
        needed.append(low - reach.top + air)
    tall = max(min(low + 0.5, width / aspect), *needed)
    upper = min(low - tall, max(reach.top - air, -0.5))
    left = _across((reach.left + reach.right) / 2.0, tall * aspect, reach, 0.0, width)
    return _crop(left, upper, tall, size, guide_size)


def _across(middle: float, wide: float, reach: Box, air: float, width: int) -> float:
    """Left edge of a crop: the person in the middle, within the source where the reach allows."""
    lowest, highest = reach.right + air - wide, reach.left - air
    start = middle - wide / 2.0
    if wide <= width:
        start = float(np.clip(start, -0.5, width - 0.5 - wide))
    if lowest > highest:
        return (lowest + highest) / 2.0
    return float(np.clip(start, lowest, highest))


def _crop(
    left: float, upper: float, tall: float, size: tuple[int, int], source: tuple[int, int]
) -> Framing:
    """The framing whose picture begins at these edges of the source."""
    scale = size[1] / tall
    # The crop's edge is the picture's edge, half a pixel before the first one's middle.
    shift = -0.5 - scale * np.array([left, upper])
    return Framing(size, scale, shift, source)
