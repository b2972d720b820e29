"""Two rows of teeth with their gums; the lower one goes with the jaw."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .atlas import HEAD, MOUTH, Layout
from .parts import Figure, Material, Piece, Shape
from .regions import landmarks, seam

TEETH_TEXTURE: Final = "teeth"

# Widths of the teeth from the middle outwards, of the central incisor's (Wheeler's Dental Anatomy);
# both molars, which lie in the dark, as one.
_UPPER: Final = (1.0, 0.78, 0.88, 0.82, 0.80, 2.15)
_LOWER: Final = (0.62, 0.66, 0.80, 0.82, 0.84, 2.20)
_SAMPLES: Final = 4
# The arches, for a distance of the eyes of 60 mm: half width and depth of the half ellipse, how
# far behind the lips' edge the front is, metres.
_EYES_M: Final = 0.060
_ARCH: Final = {"upper": (0.0242, 0.044, 0.0080), "lower": (0.0224, 0.042, 0.0105)}
# Height over the line of the lips of the teeth's edge, of the gum's edge and of the gum's end.
_EDGE_M: Final = {"upper": (-0.0054, 0.0058, 0.0140), "lower": (-0.0058, -0.0125, -0.0170)}
_THICK_M: Final = 0.0055
# Of the profile: share of the crown's height (0 edge, 1 gum's edge, 2 gum's end), how far out, and
# whether it is the back.
_PROFILE: Final = (
    (2.0, -0.0010, False),
    (1.08, 0.0008, False),
    (1.0, 0.0002, False),
    (0.55, 0.0009, False),
    (0.12, 0.0001, False),
    (0.0, -0.0012, False),
    (0.30, 0.0, True),
)
_PICTURE: Final = (128, 512)


def teeth_piece(figure: Figure, layout: Layout) -> Piece:
    """Both rows; shapes of the actions that move the tongue move the lower one as one."""
    marks = landmarks(figure, layout)
    scale = marks.unit / _EYES_M
    ring = figure.vertices[seam(layout, HEAD, MOUTH)]
    middle = np.array([0.0, ring[np.abs(ring[:, 0]) < 0.006, 1].mean(), marks.mouth[2]])
    rows = [_row("upper", _UPPER), _row("lower", _LOWER)]
    vertices = np.concatenate([points for points, _, _ in rows]) * scale + middle
    upper = len(rows[0][0])
    faces = np.concatenate([rows[0][1], rows[1][1] + upper])
    uv = np.concatenate([places for _, _, places in rows])
    weights = np.zeros((len(vertices), len(figure.bones)))
    weights[:, figure.bone("head")] = 1.0
    shapes = {}
    lower = np.arange(upper, len(vertices))
    for action, moved in _jaw(figure).items():
        there = np.concatenate([vertices[lower], np.ones((len(lower), 1))], axis=1)
        shapes[action] = Shape(lower, there @ moved - vertices[lower])
    return Piece(
        name="Teeth",
        vertices=vertices,
        faces=faces,
        weights=weights,
        materials=(Material("Teeth", "eye", (0.90, 0.87, 0.80), 0.5, TEETH_TEXTURE),),
        material=np.zeros(len(faces), dtype=np.int64),
        uv=uv[faces],
        shapes=shapes,
    )


def _jaw(figure: Figure) -> dict[str, Array]:
    """The affine motion (4, 3) of the jaw in each action that moves the whole tongue."""
    tongue = np.flatnonzero(figure.part == 1)
    motions = {}
    for action, shape in figure.shapes.items():
        if not action.startswith("jaw"):
            continue
        offsets = np.zeros_like(figure.vertices)
        offsets[shape.vertices] = shape.offsets
        rows = np.concatenate([figure.vertices[tongue], np.ones((len(tongue), 1))], axis=1)
        moved = figure.vertices[tongue] + offsets[tongue]
        motions[action] = np.linalg.lstsq(rows, moved, rcond=None)[0]
    return motions


def _row(which: str, widths: tuple[float, ...]) -> tuple[Array, NDArray[np.int64], Array]:
    """Vertices about the middle of the lips, faces and places (V, 2) on the picture of a row."""
    half, depth, back = _ARCH[which]
    edge, gum, end = _EDGE_M[which]
    # Ends of the teeth along the arch, from the right corner to the left one.
    count = 2 * len(widths)
    ends = np.cumsum([0.0, *reversed(widths), *widths])
    ends /= ends[-1]
    step = np.arange(count * _SAMPLES + 1)
    along = np.interp(step / _SAMPLES, np.arange(count + 1), ends)
    tooth, in_tooth = step // _SAMPLES, step % _SAMPLES / _SAMPLES
    # Equal lengths of arch, of the half ellipse.
    fine = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 721)
    curve = np.stack([half * np.sin(fine), depth * (1.0 - np.cos(fine))], axis=1)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    angle = np.interp(along * lengths[-1], lengths, fine)
    outward = np.stack([np.sin(angle) / half, -np.cos(angle) / depth], axis=1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    base = np.stack([half * np.sin(angle), back + depth * (1.0 - np.cos(angle))], axis=1)
    # Between two teeth the surface lies deeper, their edges are rounded, the gum is higher.
    gap = np.abs(2.0 * in_tooth - 1.0) ** 5
    shorter = np.isin(tooth, [len(widths) - 2, len(widths) + 1]) * 0.0006
    points = []
    for share, out, behind in _PROFILE:
        rise = np.full(len(along), np.interp(share, (0.0, 1.0, 2.0), (edge, gum, end)))
        if share < 0.3:
            rise += np.sign(gum - edge) * (shorter + 0.0004 * gap)
        if 0.9 < share < 1.2:
            rise -= np.sign(gum - edge) * 0.0016 * gap
        away = out - 0.0011 * gap * (share < 1.05 and not behind)
        if behind:
            away = away - _THICK_M
        points.append(np.concatenate([base + outward * away[:, None], rise[:, None]], axis=1))
    height = np.linspace(1.0, 0.0, len(_PROFILE))
    places = [np.stack([along, np.full(len(along), v)], axis=1) for v in height]
    columns, steps = len(along), len(_PROFILE)
    i, j = np.meshgrid(np.arange(steps - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).ravel()
    faces = np.stack([a, a + columns, a + columns + 1, a + 1], axis=1)
    if which == "lower":
        faces = faces[:, ::-1]
    return np.concatenate(points), np.ascontiguousarray(faces), np.concatenate(places)


def paint_teeth() -> NDArray[np.uint8]:
    """Picture (H, W, 3): gums above, teeth below, darker towards the back of the mouth."""
    height, width = _PICTURE
    v = 1.0 - (np.arange(height) + 0.5) / height
    u = (np.arange(width) + 0.5) / width
    step = (1.0 - v) * (len(_PROFILE) - 1)
    gum = np.array([0.70, 0.36, 0.36])
    tooth = np.array([0.93, 0.89, 0.82])
    is_tooth = np.clip((step - 1.6) / 0.5, 0.0, 1.0)[:, None]
    column = gum + is_tooth * (tooth - gum)
    # Near the gum yellower, at the back of the teeth dark.
    warm = np.exp(-(((step - 2.2) / 0.6) ** 2))[:, None] * is_tooth
    column = column * (1.0 - warm * np.array([0.02, 0.06, 0.12]))
    column = column * (1.0 - 0.6 * np.clip((step - 5.2) / 0.6, 0.0, 1.0))[:, None]
    far = np.clip((np.abs(u - 0.5) - 0.10) / 0.12, 0.0, 1.0)
    picture = column[:, None, :] * (1.0 - far[None, :, None] * np.array([0.80, 0.87, 0.88]))
    return np.asarray((255 * np.clip(picture, 0.0, 1.0) + 0.5).astype(np.uint8))
