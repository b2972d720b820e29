"""Which pixels of the person are the head: face, ears, hair, hat, beard."""

from typing import Final

import cv2
import maxflow
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from retarget.errors import ConductorError
from retarget.rotation import Array

from .face_mesh import CHIN, COUNT, FOREHEAD, face_width, oval_mask

# The cut is made on a copy in which the face is so many pixels wide.
_FACE_PX: Final = 64
# Lengths are shares of the face's width, measured from the chin along the face's own axes.
_ABOVE, _ASIDE, _BELOW = 3.2, 1.9, 3.4
# Above this line (the mouth's, about) all that is the person is head, out to this far aside.
_SURE_LINE, _SURE_ASIDE = -0.4, 1.1
_NECK = 0.32
_BINS: Final = (16, 32, 32)
_ROUNDS: Final = 3
# Log odds a pixel of undecided colour has at the chin, and what it loses per length downwards.
_PRIOR, _FALL = 0.0, 3.0
_MOST: Final = 5.0
_SMOOTH: Final = 9.0
_SURE: Final = 1e3
_CRUMB: Final = 0.25
_ROUND: Final = 0.012
_SKIN_SPREAD: Final = (28.0, 7.0, 8.0)


def head_region(
    rgb: NDArray[np.uint8], alpha: NDArray[np.float32], face: Array
) -> NDArray[np.bool_]:
    """Pixels of the head, by a graph cut on colour and place (Boykov and Jolly 2001).

    Above the mouth everything that belongs to the person is head. Below it a pixel is head if its
    colour is more the hair's than the body's and it hangs together with the hair above.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo, or better the person's own colours.
    alpha : (H, W) float32 array
        The person's matte, [0, 1].
    face : (478, 3) array
        MediaPipe's face mesh, pixels.

    Returns
    -------
    (H, W) bool array

    Raises
    ------
    ConductorError
        If the matte does not hold the face.
    """
    width = face_width(face)
    oval = oval_mask(face[:COUNT], alpha.shape)
    if not (oval & (alpha > 0.5)).any():
        raise ConductorError(
            "The face lies outside the person's outline; give a photo with a plainer background."
        )
    chin = face[CHIN, :2]
    low = np.maximum(np.floor(chin - np.array([_ASIDE, _ABOVE]) * width).astype(int), 0)
    high = np.ceil(chin + np.array([_ASIDE, _BELOW]) * width).astype(int)
    high = np.minimum(high, alpha.shape[::-1])
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    scale = _FACE_PX / width
    size = tuple(np.maximum(np.round((high - low) * scale).astype(int), 1).tolist())
    mode = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(rgb[window], size, interpolation=mode), np.uint8)
    matte = cv2.resize(alpha[window], size, interpolation=mode)
    inner = cv2.resize(oval[window].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0

    ratio = (np.array(size) - 1.0) / np.maximum(high - low - 1.0, 1.0)
    across, down = _face_axes((face[:, :2] - low) * ratio, size)
    cut = _cut(small, matte > 0.5, inner, across, down)
    cut = _held_together(cut, inner)

    # Back at the photo's size the border follows the photo's own edges.
    large = cv2.resize(cut.astype(np.float32), tuple((high - low).tolist()))
    radius = max(1, round(0.02 * width))
    guide = rgb[window].astype(np.float32) / 255.0
    large = cv2.ximgproc.guidedFilter(guide, large, radius, 1e-3)
    large = cv2.GaussianBlur(large, (0, 0), _ROUND * width)
    region = np.zeros(alpha.shape, bool)
    person = alpha > 0.5
    region[window] = (large > 0.5) & person[window]
    region = _held_together(region | (oval & person), oval)
    return region | _crumbs(person & ~region, (_CRUMB * width) ** 2)


def _face_axes(face: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Place of every pixel from the chin, along the face's own axes, in face widths."""
    down = face[CHIN] - face[FOREHEAD]
    down = down / np.linalg.norm(down)
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    dx, dy = (x - face[CHIN, 0]) / _FACE_PX, (y - face[CHIN, 1]) / _FACE_PX
    return dx * down[1] - dy * down[0], dx * down[0] + dy * down[1]


def _cut(
    rgb: NDArray[np.uint8],
    person: NDArray[np.bool_],
    oval: NDArray[np.bool_],
    across: Array,
    down: Array,
) -> NDArray[np.bool_]:
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
    bins = tuple((lab[..., i] * n / 256.0).astype(int) for i, n in enumerate(_BINS))
    skin = _like_skin(lab, oval & person)
    near = cv2.dilate(oval.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    sure = person & (oval | ((down < _SURE_LINE) & (np.abs(across) < _SURE_ASIDE)))
    neck = person & ~oval & skin & (np.abs(across) < _NECK) & (down > 0.1) & (down < 0.8)
    far = person & ((down > 2.9) | (np.abs(across) > 1.8)) | neck
    if not _bearded(skin, oval & person, down):
        # What is seen right below the jaw is then the throat, however dark its shadow.
        far |= person & _below(oval, np.abs(across) < _NECK) & (down > -0.3)
    hair = sure & ~near & ~skin
    beside = hair & (down > -0.9) & (np.abs(across) > 0.4)
    body = person & (down > 0.5) & (np.abs(across) < 0.35) | neck
    weights = _contrast(lab)
    outcome = sure
    for _ in range(_ROUNDS):
        # A hat must not outvote the hair beside the face, nor a dress the collar.
        like_hair = np.maximum(_density(bins, hair), _density(bins, beside))
        collar = body & (down < 1.2) & (np.abs(across) < 0.6)
        like_body = np.maximum(_density(bins, body), _density(bins, collar))
        odds = np.log(like_hair + 1e-6) - np.log(like_body + 1e-6)
        odds = np.clip(odds, -_MOST, _MOST) + _PRIOR - _FALL * np.maximum(down, 0.0)
        # Skin beside the jaw is the neck's or an ear's: the line between them is the ear lobe's.
        odds = np.where(skin, np.clip(-12.0 * (down - _SURE_LINE), -_MOST, _MOST), odds)
        odds = np.where(sure, _SURE, np.where(far | ~person, -_SURE, odds))
        outcome = _min_cut(odds, weights)
        hair = outcome & ~near & ~skin
        body = person & ~outcome
    return outcome


def _bearded(skin: NDArray[np.bool_], face: NDArray[np.bool_], down: Array) -> bool:
    chin = face & (down > -0.25)
    return bool(chin.any()) and float(skin[chin].mean()) < 0.5


def _below(mask: NDArray[np.bool_], columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels under the mask's lowest one in their picture column."""
    under = np.cumsum(mask[::-1], axis=0)[::-1] == 0
    return under & columns & mask.any(axis=0)


def _like_skin(lab: NDArray[np.float32], face: NDArray[np.bool_]) -> NDArray[np.bool_]:
    core = cv2.erode(face.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    middle = np.median(lab[core if core.any() else face], axis=0)
    return (((lab - middle) / np.array(_SKIN_SPREAD)) ** 2).sum(axis=2) < 4.0


def _density(bins: tuple[NDArray, ...], mask: NDArray[np.bool_]) -> Array:
    """How common each pixel's colour is within the mask."""
    counts = np.zeros(_BINS)
    np.add.at(counts, tuple(b[mask] for b in bins), 1.0)
    counts = gaussian_filter(counts, 1.0)
    return (counts / max(counts.sum(), 1e-9))[bins]


def _contrast(lab: NDArray[np.float32]) -> tuple[Array, Array]:
    """Cost of a border between a pixel and its right and lower neighbour, (H, W) each."""
    right, lower = np.zeros(lab.shape[:2]), np.zeros(lab.shape[:2])
    right[:, :-1] = ((lab[:, 1:] - lab[:, :-1]) ** 2).sum(axis=2)
    lower[:-1] = ((lab[1:] - lab[:-1]) ** 2).sum(axis=2)
    beta = 0.5 / max(float(right.mean() + lower.mean()) / 2.0, 1e-6)
    return _SMOOTH * np.exp(-beta * right) + 0.3, _SMOOTH * np.exp(-beta * lower) + 0.3


def _min_cut(odds: Array, weights: tuple[Array, Array]) -> NDArray[np.bool_]:
    graph = maxflow.Graph[float]()
    nodes = graph.add_grid_nodes(odds.shape)
    for weight, structure in zip(
        weights,
        ([[0, 0, 0], [0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 1, 0]]),
        strict=True,
    ):
        graph.add_grid_edges(nodes, weights=weight, structure=np.array(structure), symmetric=True)
    graph.add_grid_tedges(nodes, np.maximum(odds, 0.0), np.maximum(-odds, 0.0))
    graph.maxflow()
    return ~graph.get_grid_segments(nodes)


def _crumbs(mask: NDArray[np.bool_], area: float) -> NDArray[np.bool_]:
    """Pieces too small to be a body: ends of hair; where the picture ends a body may go on."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < area
    small[0] = False
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        small[edge] = False
    return small[labels]


def _held_together(mask: NDArray[np.bool_], seed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pieces of the mask that touch the seed, holes of single pixels closed."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(closed)
    kept = np.unique(labels[seed & (closed > 0)])
    return np.isin(labels, kept[kept > 0]) & mask
