"""Chin-length, parted at the side, swept over the forehead, with full ends that turn in."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Colour
from .courses import Surface, arcs, eased, evenly, joined
from .hairline import Hairline, Line
from .head import Head, angles, directions, unit
from .lashes import Lash
from .sheet import SIZE, Ridges, Room, as_picture, at, fibres, grid, places, ribbons, sheet

LASH: Final = Lash(length=0.13, wing=0.04)
ROUGHNESS: Final = 0.55
LINE: Final = Line(front=35.0, temple=30.0, sideburn=2.0, nape=6.0)
FADE_DEG: Final = 0.0
_SEED: Final = 11
_PARTING_DEG: Final = 24.0
_COLUMNS: Final = 73
_ROWS: Final = 24
_FIRST_DEG: Final = 54.0
"""Azimuth of the foremost hair, where it hangs."""

_OVER: Final = Room(0.0, 0.94)
_UNDER: Final = Room(0.95, 1.0)
_RIDGES: Final = Ridges(17, _SEED, split=0.35, sway=0.12)
_RIDGE_M: Final = 0.0036
_LOCKS: Final = 14
_CLEAR_M: Final = 0.0055


def picture(colour: Colour) -> NDArray[np.uint8]:
    """From the left of the face round the back to the right; darkest where it is parted."""
    generator = np.random.default_rng(_SEED)
    u, v = places(SIZE, SIZE)
    streaks = fibres(SIZE, SIZE, generator)
    broad = fibres(SIZE, SIZE // 16, generator).repeat(16, axis=1)
    u_over = np.clip(u / _OVER.right, 0.0, 1.0)
    ridge = _RIDGES.height(u_over, v)
    front = np.maximum(smoothstep(u_over, 0.16, 0.0), smoothstep(u_over, 0.84, 1.0))
    shade = 1.04 + 0.075 * streaks + 0.04 * broad + 0.08 * front
    shade = shade * (1.0 - 0.26 * (1.0 - ridge) ** 2 * smoothstep(v, 0.02, 0.3))
    shade = shade * (1.0 - 0.30 * np.exp(-v / 0.04)) * (1.0 - 0.55 * smoothstep(v, 0.88, 1.0))
    gleam = np.exp(-(((v - 0.34 - 0.02 * streaks) / 0.09) ** 2)) * ridge
    gleam = gleam * (0.6 + 0.4 * np.clip(streaks, -1.0, 1.0))
    # Grey is no one colour: cool silver, and warmer hair that has kept some of its own.
    warm = smoothstep(streaks + broad, 0.2, 2.4)[..., None] * np.array([0.0, -0.012, -0.028])
    colours = np.array(colour) * shade[..., None] + warm + 0.13 * gleam[..., None]
    under = (u > 0.945)[..., None]
    colours = np.where(under, np.array(colour) * (0.42 + 0.05 * streaks)[..., None], colours)
    return as_picture(colours)


def surface(head: Head) -> Surface:
    """The hair of a head."""
    hairline = Hairline(head, LINE)
    outer = _hanging(head, hairline, _COLUMNS, _ROWS, 1.0)
    # It is seen from below alone: not at the parting, nor at the face.
    inner = _hanging(head, hairline, 31, 13, 0.45)[1:-1, 3:]
    return joined(
        [
            sheet(_locked(head, outer), _OVER),
            sheet(inner, _UNDER),
            _single_locks(head, outer),
        ]
    )


def _hanging(head: Head, hairline: Hairline, columns: int, rows: int, share: float) -> Array:
    """Courses (C, R, 3) from the left of the face round the back to its right.

    Parameters
    ----------
    share : float
        Of the hair's full height over the scalp; less than 1 lies below, and is shorter.
    """
    u = np.linspace(0.0, 1.0, columns)
    side = np.where(u < 0.5, 1.0, -1.0)
    back = 1.0 - np.abs(2.0 * u - 1.0)
    rim = side * (_FIRST_DEG + (180.0 - _FIRST_DEG) * back**0.92)
    start = _roots(hairline, side, back)
    foot = directions(rim, np.full(columns, -6.0))
    # The fringe is combed low over the forehead before it falls.
    swept = np.exp(-((back / 0.22) ** 2))
    low = np.where(side < 0.0, -0.13, -0.03)
    bend = np.stack([0.0 * low, np.full(columns, -0.03), low], axis=1)
    middle = unit(start + foot) + swept[:, None] * bend
    way = arcs(np.stack([start, unit(middle), foot], axis=1), 15)
    full = share * _height(head, *angles(way))
    t = np.linspace(0.0, 1.0, 15)
    # At the face it lies close.
    full = full * (0.55 + 0.45 * smoothstep(back, 0.0, 0.14))[:, None]
    begin = 0.001 + 0.12 * full[:, :1] * smoothstep(back, 0.0, 0.3)[:, None]
    height = begin + (full - begin) * smoothstep(t, 0.0, 0.5)
    over: Array = head.centre + way * (head.radius(way) + height)[..., None]
    falling = _fall(head, over[:, -1], u, back, share)
    eased_over = eased(evenly(np.concatenate([over, falling], axis=1), 48), 5.0)
    return evenly(_clear(head, eased_over, _CLEAR_M * share**3), rows)


def _clear(head: Head, courses: Array, height: float) -> Array:
    """Courses that were rounded into the head, lifted out again to a height in metres."""
    out = courses - head.centre
    distance = np.linalg.norm(out, axis=-1)
    _, elevation = angles(out)
    least = head.radius(out) + height * head.size * smoothstep(elevation, -35.0, -10.0)
    lifted = np.where(elevation > -35.0, np.maximum(distance, least), distance)
    return head.centre + out * (lifted / distance)[..., None]


def _roots(hairline: Hairline, side: Array, back: Array) -> Array:
    """Directions (C, 3) where hair begins: along the parting, then about the crown."""
    edge = float(hairline.elevation(np.array(_PARTING_DEG))) + 1.0
    crown = directions(np.array(180.0), np.array(74.0))
    front = directions(np.array(_PARTING_DEG), np.array(edge))
    along = np.clip(back / 0.8, 0.0, 1.0)[:, None]
    parting = unit((1.0 - along) * front + along * crown + 0.35 * along * (1 - along) * [0, 0, 1])
    return unit(parting + (side * (1.0 - smoothstep(back, 0.8, 1.0)))[:, None] * [0.007, 0.0, 0.0])


def _fall(head: Head, tops: Array, u: Array, back: Array, share: float) -> Array:
    """How hair hangs (C, P, 3) from the widest of the head: full at the jaw, then turned in."""
    out = unit((tops - head.centre) * [1.0, 1.0, 0.0])
    chin = head.centre[2] - 0.140 * head.size
    foot = chin + head.size * (0.002 + 0.034 * smoothstep(back, 0.25, 1.0) + 0.02 * (1.0 - share))
    foot = foot - head.size * 0.0030 * _RIDGES.tip(u)
    t = np.linspace(0.0, 1.0, 13)[1:]
    face = 1.0 - smoothstep(back, 0.0, 0.16)[:, None]
    round_about = (0.007 + 0.006 * back[:, None]) * np.sin(np.pi * np.clip(1.15 * t, 0.0, 1.0))
    turned_in = (0.016 + 0.010 * back[:, None]) * smoothstep(t, 0.55, 1.1)
    # Beside the face it swings back, then in to the jaw.
    away = (share * round_about - turned_in) - face * (0.004 + 0.010 * smoothstep(t, 0.3, 1.0))
    level = np.stack([-out[:, 1], out[:, 0], 0.0 * out[:, 0]], axis=-1)
    wave = 0.0035 * np.sin(2 * np.pi * (3.3 * u[:, None] + 0.75 * t)) * t
    flat = tops * [1.0, 1.0, 0.0]
    moved = out[:, None] * away[..., None] + level[:, None] * wave[..., None]
    down = (tops[:, 2:3] + (foot - tops[:, 2])[:, None] * t)[..., None] * [0.0, 0.0, 1.0]
    hanging = flat[:, None] + head.size * moved + down
    # The ends roll under.
    roll = head.size * np.array([[-0.005, -0.0005], [-0.011, 0.002], [-0.015, 0.008]])
    rolled = hanging[:, -1:] + roll[:, :1] * out[:, None] + roll[:, 1:] * [0.0, 0.0, 1.0]
    return np.concatenate([hanging, rolled], axis=1)


def _locked(head: Head, courses: Array) -> Array:
    """Courses (C, R, 3) raised where locks form."""
    u, v = grid(courses)
    grown = smoothstep(v, 0.03, 0.35) * (1.0 - 0.7 * smoothstep(v, 0.8, 1.0))
    raised = head.size * _RIDGE_M * grown * (_RIDGES.height(u, v) - 0.6)
    # The edges at the face turn in.
    edge = np.minimum(u, 1.0 - u)
    tucked = head.size * 0.005 * (1.0 - smoothstep(edge, 0.0, 0.03)) * smoothstep(v, 0.3, 0.5)
    return courses + (raised - tucked)[..., None] * _outward(head, courses)


def _single_locks(head: Head, courses: Array) -> Surface:
    """Locks that part from the others, mostly beside the face."""
    generator = np.random.default_rng(_SEED)
    half = generator.uniform(0.02, 0.5, _LOCKS) ** 1.1
    middle = np.where(np.arange(_LOCKS) % 2 == 0, half, 1.0 - half)
    first = generator.uniform(0.05, 0.28, _LOCKS)
    last = generator.uniform(0.80, 0.92, _LOCKS)
    points = 11
    v = first[:, None] + (last - first)[:, None] * np.linspace(0.0, 1.0, points)
    drift = generator.normal(0.0, 0.012, _LOCKS)[:, None] * np.linspace(0.0, 1.0, points)
    ways = at(courses, np.clip(middle[:, None] + drift, 0.012, 0.988), v)
    outward = _outward(head, ways)
    t = np.linspace(0.0, 1.0, points)
    raised = generator.uniform(0.0028, 0.0040, _LOCKS)[:, None] * np.sin(np.pi * t) ** 0.6 - 0.0016
    ways = ways + head.size * raised[..., None] * outward
    width = generator.uniform(0.012, 0.024, _LOCKS)[:, None]
    width = head.size * width * (0.25 + 0.75 * np.sin(np.pi * np.clip(0.12 + 0.70 * t, 0, 1)))
    spread = 0.5 * generator.uniform(0.014, 0.024, _LOCKS)
    shifted = np.clip(middle + generator.normal(0.0, 0.02, _LOCKS), 0.03, 0.97)
    across = (shifted - spread, shifted + spread)
    return ribbons(ways, width, 0.16 * width, outward, across, (first, last), _OVER)


def _outward(head: Head, courses: Array) -> Array:
    """Where backs face (L, N, 3): off the scalp, and level where hair hangs."""
    out = courses - head.centre
    _, elevation = angles(out)
    level = unit(out * [1.0, 1.0, 0.0])
    hanging = (1.0 - smoothstep(elevation, -25.0, 5.0))[..., None]
    return unit((1.0 - hanging) * head.normal(courses) + hanging * level)


def _height(head: Head, azimuth: Array, elevation: Array) -> Array:
    """How high the hair lies over the scalp, in metres: fullest at the back of the head."""
    around = np.abs((np.asarray(azimuth) + 180.0) % 360.0 - 180.0)
    back = smoothstep(around, 70.0, 150.0) * smoothstep(elevation, -40.0, 5.0)
    back = back * (1.0 - 0.6 * smoothstep(elevation, 45.0, 85.0))
    height: Array = head.size * (0.0125 + 0.013 * back + 0.005 * smoothstep(elevation, 30.0, 80.0))
    return height
