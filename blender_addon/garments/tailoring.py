"""What is cut from the figure's surface: seams and edges are exact lines, hems have thickness."""

from collections.abc import Callable
from typing import Final

import numpy as np

from retarget.rotation import Array

from ..stage.noise import ripples, smoothstep
from .figure import arm, leg, trunk
from .sdf import Field, ellipsoid, intersect, mirrored, polygon, spline, union
from .surface import (
    Surface,
    grid_surface,
    hem,
    join,
    mirror,
    polygonize,
    split,
    turned_over,
    with_material,
)

CLOTH, SATIN, BUTTON = range(3)
"""Materials of a coat."""

_COAT_EASE: Final = 0.009
SLEEVE_END: Final = 0.693
"""Where sleeves end along x in the T-pose; the shirt's cuff shows beyond."""
CUFF_END: Final = 0.713


def coat_field(p: Array) -> Array:
    """Coat with sleeves, closed."""
    body = trunk(p) - _COAT_EASE
    sleeves = arm(p, 0.007 + _folds(p))
    d = union(body, sleeves, 0.035)
    return d - 0.0012 * ripples(p, 0.16, 5)


def tailcoat() -> Surface:
    """Tailcoat: open in front, cut away at the waist, tails to the knees, with lapels."""
    low, high = np.array([-0.72, -0.15, 0.47]), np.array([0.72, 0.17, 1.535])
    whole = polygonize(coat_field, low, high, 0.0125)
    for region in (_coat_front, _cutaway, _vent, _sleeve_ends, _neck_hole):
        _, whole = split(whole, region)
    body = hem(whole, 0.006)
    buttons = join(*(_stud(spot, 0.0085, 0.004) for spot in _coat_buttons()))
    buttons = with_material(buttons, BUTTON)
    return join(body, _lapels(), buttons)


def pullover() -> Surface:
    """V-neck pullover with ribbed hem and cuffs."""

    def field(p: Array) -> Array:
        d = coat_field(p) + 0.001
        x, z = np.abs(p[:, 0]), p[:, 2]
        # Cloth gathers over the ribbing.
        blouse = smoothstep(z, 0.985, 0.955) * smoothstep(x, 0.30, 0.25)
        return d + 0.003 * blouse

    low, high = np.array([-0.72, -0.15, 0.90]), np.array([0.72, 0.17, 1.535])
    whole = polygonize(field, low, high, 0.0125)

    def below(p: Array) -> Array:
        return np.where(np.abs(p[:, 0]) < 0.3, p[:, 2] - 0.915, 1.0)

    for region in (_v_neck, below, _sleeve_ends, _neck_hole):
        _, whole = split(whole, region)
    band = _shell(lambda p: field(p) - 0.0025, _v_neck_band, (-0.12, 1.19, 0.12, 1.53), 0.006)
    return join(hem(whole, 0.006), band)


def waistcoat() -> Surface:
    """White waistcoat between the coat's edges, with its own opening and buttons."""

    def region(p: Array) -> Array:
        x, z = np.abs(p[:, 0]), p[:, 2]
        opening = spline(z, (1.17, 1.22, 1.32, 1.44), (0.0, 0.017, 0.046, 0.070))
        inside = np.where(z > 1.17, opening - x, -1.0)
        # Two small points below the waist.
        bottom = 1.030 - 0.45 * np.maximum(0.026 - np.abs(x - 0.026), 0.0)
        return np.maximum(np.maximum(inside, bottom - z), np.maximum(x - 0.088, z - 1.44))

    def field(p: Array) -> Array:
        # The front laps over in the middle.
        lap = 0.0022 * smoothstep(p[:, 0], -0.006, 0.006) * smoothstep(p[:, 2], 1.2, 1.18)
        return trunk(p) - 0.0035 - lap

    panel = _shell(field, region, (-0.13, 1.0, 0.13, 1.45), 0.0105)
    spots = [(0.012, z) for z in (1.045, 1.092, 1.139)]
    return join(panel, *(_stud(_on(field, x, z), 0.0058, 0.0030) for x, z in spots))


def shirt(with_studs: bool) -> Surface:
    """Shirt front, cuffs, and a band round the neck."""

    def region(p: Array) -> Array:
        sides = np.abs(p[:, 0]) - np.minimum(0.086, 0.060 + 1.6 * (1.478 - p[:, 2]))
        return np.maximum(sides, np.maximum(1.12 - p[:, 2], p[:, 2] - 1.478))

    def field(p: Array) -> Array:
        placket = 0.0012 * smoothstep(np.abs(p[:, 0]), 0.0175, 0.0155)
        return trunk(p) - placket

    front = _shell(field, region, (-0.135, 1.10, 0.135, 1.485), 0.0135, thickness=None)
    parts = [front, _neck_band(), *_cuffs()]
    if with_studs:
        parts += [_stud(_on(field, 0.0, z), 0.0042, 0.0022) for z in (1.235, 1.315)]
    return join(*parts)


def wing_collar() -> Surface:
    """The two small folded wings of an evening shirt's collar."""
    u, v = np.meshgrid(np.linspace(0.0, 1.0, 7), np.linspace(0.0, 1.0, 7), indexing="ij")
    # A triangle folded down from the band's top edge beside the throat.
    top = _collar_curve(np.radians(12.0 + 34.0 * u), 1.0)
    tip = np.array([0.030, -0.076, 1.468])
    points = top * (1.0 - v[..., None]) + (tip * 0.8 + top * 0.2) * v[..., None]
    points[..., 1] -= 0.006 * np.sin(np.pi * np.clip(v, 0.0, 1.0) * 0.5)
    wing = hem(_facing(grid_surface(points), np.array([0.0, -1.0, 0.2])), 0.0016)
    return join(wing, mirror(wing))


def fold_collar() -> Surface:
    """A day shirt's collar: folded over all round, with points in front."""
    turn = np.linspace(np.radians(5.0), np.radians(355.0), 56)
    drop = np.linspace(0.0, 1.0, 6)
    front = np.exp(-((np.minimum(turn, 2.0 * np.pi - turn) / 0.42) ** 2))
    top = _collar_curve(turn, 1.0)
    low = _collar_curve(turn, 0.0)
    outward = low - np.array([0.0, 0.010, 0.0])
    outward[:, 2] = 0.0
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    side = np.where(turn < np.pi, 1.0, -1.0)
    end = low + outward * 0.010
    end[:, 2] -= 0.004 + 0.024 * front
    end[:, 0] += side * 0.016 * front
    end[:, 1] -= 0.016 * front
    t = drop[None, :, None]
    points = top[:, None] * (1.0 - t) + end[:, None] * t
    points += outward[:, None] * 0.006 * np.sin(np.pi * t * 0.75)
    surface = _facing(grid_surface(points), None)
    return hem(surface, 0.0018)


def bow_tie() -> Surface:
    """A tied bow in front of the collar."""

    def field(p: Array) -> Array:
        q = mirrored(p) - np.array([0.0, -0.0735, 1.4655])
        # The bow curves back round the throat.
        q[:, 1] -= 3.2 * q[:, 0] ** 2
        half = 0.0095 + 0.016 * smoothstep(q[:, 0], 0.002, 0.034)
        thickness = 0.0050 + 0.0035 * smoothstep(q[:, 0], 0.004, 0.03)
        pleat = 0.0014 * np.cos(q[:, 2] * 330.0) * smoothstep(q[:, 0], 0.05, 0.01)
        u = np.abs(q[:, 2]) / half
        v = np.abs(q[:, 1]) / thickness
        wing = ((u**4 + v**2.2) ** 0.3 - 1.0) * thickness - pleat
        wing = intersect(wing, q[:, 0] - 0.050, 0.004)
        knot = ellipsoid(q, (0.0, -0.0035, 0.0), (0.0095, 0.0085, 0.0115))
        return union(wing, knot, 0.002)

    return polygonize(field, np.array([-0.06, -0.095, 1.43]), np.array([0.06, -0.05, 1.50]), 0.0042)


def trousers() -> Surface:
    """Trousers with a pressed crease, a little break over the shoe."""

    def field(p: Array) -> Array:
        q = mirrored(p)
        # The seat gives way to the legs below the hip.
        seat = trunk(p) + 0.004 + 0.5 * np.maximum(0.90 - p[:, 2], 0.0)
        d = union(leg(p), seat, 0.04)
        # The waist stays inside the coat.
        below = np.maximum(0.93 - p[:, 2], 0.0)
        waist = trunk(p) + 0.004 - 0.35 * below - 3.0 * np.maximum(below - 0.12, 0.0)
        d = intersect(d, waist, 0.008)
        across = q[:, 0] - 0.0965
        crease = np.exp(-((across / 0.010) ** 2)) * smoothstep(p[:, 2], 0.84, 0.66)
        d -= 0.0075 * crease
        # Cloth breaks over the shoe and behind the knee.
        z = p[:, 2]
        waves = np.sin((z + 0.10 * p[:, 1]) * 95.0 + across * 22.0)
        d -= 0.0024 * waves * smoothstep(z, 0.20, 0.08) * smoothstep(p[:, 1], 0.05, -0.04)
        d -= 0.0009 * ripples(p, 0.15, 11)
        return np.maximum(d, z - 1.055)

    low, high = np.array([-0.21, -0.14, 0.02]), np.array([0.21, 0.16, 1.08])
    whole = polygonize(field, low, high, 0.0160)

    def below(p: Array) -> Array:
        # Longer at the heel.
        return p[:, 2] - (0.048 - 0.25 * p[:, 1])

    _, cut = split(whole, below)
    return hem(cut, 0.006)


def _folds(p: Array) -> Array:
    """Wrinkles of a sleeve: gathered at the elbow, a few along the arm, (N,) metres."""
    x = np.abs(p[:, 0])
    spiral = np.arctan2(p[:, 2] - 1.415, p[:, 1])
    elbow = np.exp(-(((x - 0.468) / 0.055) ** 2))
    inner = 0.5 - 0.5 * np.cos(spiral - np.radians(90.0))
    rings = np.sin(x * 150.0 + 1.2 * np.sin(spiral + 0.6))
    lower = np.sin(x * 62.0 + 1.5 * np.sin(2.0 * spiral) + 1.0)
    return 0.0020 * elbow * rings * inner + 0.0011 * lower * smoothstep(x, 0.2, 0.3)


def _coat_front(p: Array) -> Array:
    """Negative in the front opening."""
    x, z = np.abs(p[:, 0]), p[:, 2]
    opening = spline(
        z,
        (1.00, 1.05, 1.10, 1.16, 1.30, 1.40, 1.455, 1.50),
        (0.062, 0.050, 0.043, 0.041, 0.058, 0.070, 0.074, 0.072),
    )
    return np.maximum(x - opening, p[:, 1])


def _cutaway(p: Array) -> Array:
    """Negative below the waist in front and at the sides: what is left are the tails."""
    z, y = p[:, 2], p[:, 1]
    # How far forward the cloth reaches at each height.
    edge = spline(
        z,
        (0.46, 0.60, 0.75, 0.88, 0.94, 0.985, 1.010, 1.020),
        (0.074, 0.056, 0.040, 0.024, 0.000, -0.045, -0.094, -0.16),
    )
    side = np.maximum(y - edge, z - 1.020)
    hem_line = z - (0.50 + 4.0 * np.maximum(np.abs(p[:, 0]) - 0.03, 0.0) ** 2)
    legs_only = np.where(np.abs(p[:, 0]) < 0.3, hem_line, 1.0)
    return np.minimum(np.where(np.abs(p[:, 0]) < 0.3, side, 1.0), legs_only)


def _vent(p: Array) -> Array:
    """Negative in the slit between the tails."""
    width = 0.003 + 0.010 * smoothstep(p[:, 2], 1.0, 0.5)
    return np.maximum(np.maximum(np.abs(p[:, 0]) - width, -p[:, 1]), p[:, 2] - 1.0)


def _sleeve_ends(p: Array) -> Array:
    return SLEEVE_END - np.abs(p[:, 0])


def _neck_hole(p: Array) -> Array:
    around = np.hypot(p[:, 0] / 0.0715, (p[:, 1] - 0.010) / 0.0725) - 1.0
    return np.maximum(0.07 * around, 1.43 - p[:, 2])


_V_NECK: Final = (
    (0.0, 1.292), (0.030, 1.360), (0.058, 1.430), (0.082, 1.540),
    (-0.082, 1.540), (-0.058, 1.430), (-0.030, 1.360),
)  # fmt: skip


def _v_neck(p: Array) -> Array:
    return np.maximum(polygon(p[:, 0], p[:, 2], _V_NECK), p[:, 1])


def _v_neck_band(p: Array) -> Array:
    opening = polygon(p[:, 0], p[:, 2], _V_NECK)
    band = np.maximum(-opening, opening - 0.016)
    return np.maximum(np.maximum(band, p[:, 1]), -_neck_hole(p))


# Left half of lapel and collar as they lie on the chest, (x, z): peak, gorge, collar's edge.
_LAPEL: Final = (
    (0.037, 1.125), (0.060, 1.165), (0.088, 1.240), (0.116, 1.320), (0.139, 1.392),
    (0.152, 1.428), (0.122, 1.414), (0.099, 1.409), (0.113, 1.428), (0.112, 1.470),
    (0.108, 1.540), (0.040, 1.540), (0.062, 1.480), (0.066, 1.440), (0.066, 1.400),
    (0.056, 1.300), (0.036, 1.160),
)  # fmt: skip


def _lapels() -> Surface:
    """Lapels and collar in one piece, turned back on the coat."""

    def field(p: Array) -> Array:
        # The lapel rolls: it lies flat at its outer edge and stands off at the fold.
        fold = np.abs(p[:, 0]) - spline(
            p[:, 2], (1.12, 1.16, 1.30, 1.40, 1.48), (0.042, 0.040, 0.058, 0.067, 0.068)
        )
        front = smoothstep(p[:, 1], 0.0, -0.04)
        roll = 0.0050 + 0.0050 * np.exp(-((fold / 0.016) ** 2)) * front
        return coat_field(p) - roll

    def region(p: Array) -> Array:
        front = np.maximum(polygon(np.abs(p[:, 0]), p[:, 2], _LAPEL), p[:, 1] + 0.005)
        around = np.hypot(p[:, 0] / 0.108, (p[:, 1] - 0.010) / 0.114) - 1.0
        back = np.maximum(np.maximum(0.11 * around, -0.006 - p[:, 1]), 1.450 - p[:, 2])
        top = p[:, 2] - (1.492 + 0.13 * p[:, 1])
        return np.maximum(np.minimum(front, back), top)

    low, high = np.array([-0.16, -0.15, 1.11]), np.array([0.16, 0.14, 1.53])
    panel, _ = split(polygonize(field, low, high, 0.0072), region)
    return with_material(hem(panel, 0.005), SATIN)


def _collar_curve(turn: Array, height: float, ease: float = 0.0) -> Array:
    """Points round the neck, (..., 3): `turn` from the front to the left, `height` 0 to 1."""
    rise = 0.036
    # The neck leans forward: the collar is higher at the back.
    radius_x, radius_y = 0.0635 - 0.004 * height + ease, 0.0640 - 0.004 * height + ease
    x, y = np.sin(turn) * radius_x, 0.010 - 0.006 * height - np.cos(turn) * radius_y
    z = 1.472 + rise * height + 0.10 * y
    return np.stack([x, y, z], axis=-1)


def _neck_band() -> Surface:
    turn = np.linspace(0.0, 2.0 * np.pi, 44, endpoint=False)
    points = np.stack([_collar_curve(turn, h) for h in (-0.9, -0.3, 0.0, 0.5, 1.0)], axis=1)
    return hem(_facing(grid_surface(points, close_u=True), None), 0.0022)


def _cuffs() -> tuple[Surface, Surface]:
    turn = np.linspace(0.0, 2.0 * np.pi, 28, endpoint=False)
    along = np.array([0.655, 0.69, 0.705, CUFF_END])
    radius = np.array([0.0300, 0.0310, 0.0312, 0.0314])
    points = np.stack(
        [
            np.broadcast_to(along[:, None], (len(along), len(turn))),
            radius[:, None] * 1.02 * np.cos(turn),
            1.4195 + radius[:, None] * 0.94 * np.sin(turn),
        ],
        axis=-1,
    )
    tube = grid_surface(points, close_v=True)
    centre = np.array([0.69, 0.0, 1.4195])
    left = hem(_facing(tube, None, centre), 0.0030)
    return left, mirror(left)


def _shell(
    field: Field,
    region: Callable[[Array], Array],
    window: tuple[float, float, float, float],
    cell: float,
    thickness: float | None = 0.003,
) -> Surface:
    """A panel on the front of the body: the part of `field`'s surface inside `region`.

    `window` is (x low, z low, x high, z high).
    """
    low, high = np.array([window[0], -0.15, window[1]]), np.array([window[2], 0.03, window[3]])
    panel, _ = split(polygonize(field, low, high, cell), region)
    return panel if thickness is None else hem(panel, thickness)


def _on(field: Field, x: float, z: float) -> Array:
    """The foremost point of a field's surface at (x, z)."""
    y = np.linspace(-0.16, 0.0, 321)
    p = np.stack([np.full_like(y, x), y, np.full_like(y, z)], axis=1)
    return p[np.argmax(field(p) < 0.0)]


def _coat_buttons() -> list[Array]:
    spots = [(0.082, 1.150), (0.076, 1.100)]
    return [_on(coat_field, s * x, z) for x, z in spots for s in (1.0, -1.0)]


def _stud(spot: Array, radius: float, height: float) -> Surface:
    """A button: a flattened dome looking forward."""
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    profile = [(0.0, 1.0), (0.55, 0.92), (0.9, 0.55), (1.0, 0.1), (0.96, -0.6)]
    rings = [
        np.stack(
            [
                spot[0] + r * radius * np.cos(turn),
                np.full_like(turn, spot[1] - h * height),
                spot[2] + r * radius * np.sin(turn),
            ],
            axis=-1,
        )
        for r, h in profile
    ]
    return _facing(grid_surface(np.stack(rings), close_v=True), np.array([0.0, -1.0, 0.0]))


def _facing(surface: Surface, direction: Array | None, centre: Array | None = None) -> Surface:
    """Turn all faces over if they look, on the whole, away from `direction` (or to the centre)."""
    v, f = surface.vertices, surface.faces
    face_normal = np.cross(v[f[:, 2]] - v[f[:, 0]], v[f[:, 3]] - v[f[:, 1]])
    if direction is None:
        origin = np.array([0.0, 0.01, 0.0]) if centre is None else centre
        outward = v[f].mean(axis=1) - origin
        outward[:, 2 if centre is None else 0] = 0.0
        score = (face_normal * outward).sum()
    else:
        score = (face_normal @ direction).sum()
    return surface if score >= 0.0 else turned_over(surface)
