"""Which part of the body each pixel of the person shows: a graph cut seeded by the fitted body."""

from dataclasses import dataclass
from typing import Final

import cv2
import maxflow
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from retarget.body.model import BONES, Body
from retarget.rotation import Array

from .coverage import CoverageRenderer
from .face_mesh import oval_mask
from .fit import SHOULDERS_M, BodyFit
from .head_region import head_region
from .landmarks import Landmarks

LABELS: Final = ("background", "trunk", "head", "arm.L", "arm.R", "hand.L", "hand.R")
"""Names of the labels; legs and neck count as trunk."""

BACKGROUND, TRUNK, HEAD, ARM_L, ARM_R, HAND_L, HAND_R = range(7)

# The cut runs on a copy of this size: parts need no finer border than a few pixels.
_SIDE: Final = 560
_BINS: Final = 20
_BLUR_BINS: Final = 0.9
# Weights of place, colour and edges against each other.
_PLACE, _COLOUR, _EDGE, _BORDER = 1.0, 1.0, 5.0, 0.15
_ROUNDS: Final = 2
_CLAHE: Final = 3.0
_MAX_COST: Final = 8.0
_NEVER, _OVER_HAIR = 32.0, 3.0
# Colours of arm and trunk that agree so well (Bhattacharyya's coefficient) are one cloth.
_ONE_CLOTH: Final = 0.68
# Reach of a part around the fitted body, in shoulder breadths, by label from trunk on.
_REACH: Final = (0.12, 0.16, 0.07, 0.07, 0.05, 0.05)


@dataclass(frozen=True)
class PartLabels:
    """Label of every pixel.

    Parameters
    ----------
    labels : (H, W) uint8 array
        Places in LABELS; BACKGROUND where the matte is below one half.
    """

    labels: NDArray[np.uint8]

    def mask(self, *labels: int) -> NDArray[np.bool_]:
        """Where one of the labels is, (H, W)."""
        return np.isin(self.labels, labels)


def vertex_labels(body: Body) -> NDArray[np.int64]:
    """Label of each vertex of the body, (V,), by the bone that moves it most."""
    table = np.array([_bone_label(bone) for bone in BONES])
    return table[np.argmax(body.weights, axis=1)]


def label_parts(
    rgb: NDArray[np.uint8],
    matte: NDArray[np.float32],
    landmarks: Landmarks,
    fit: BodyFit,
    body: Body,
    vertices: Array,
) -> PartLabels:
    """Tell the parts of the person apart.

    Every label has a cost for the distance from where the fitted body shows it, and one for
    colours unlike those in the middle of it; borders are cheap along edges of the photo
    (alpha expansion, Boykov et al. 2001).

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo.
    matte : (H, W) array in [0, 1]
        The person.
    landmarks : Landmarks
        For the outline of the face.
    fit : BodyFit
        The body in the photo's pose.
    body : Body
        Faces and weights.
    vertices : (V, 3) array
        The body in the photo's pose, as stout as the clothes.
    """
    height, width = matte.shape
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = cv2.resize(matte, size, interpolation=cv2.INTER_AREA) > 0.5
    points = fit.camera.to_pixels(vertices)
    points[:, :2] = (points[:, :2] + 0.5) * scale - 0.5
    breadth = scale * fit.camera.focal * SHOULDERS_M / float(np.median(points[:, 2]))
    visible, reach = _place_costs(points, size, breadth, body)
    face = _face_mask(landmarks, scale, size)
    place = np.stack(reach, axis=-1)
    if face is not None:
        visible[face] = HEAD
        away = cv2.distanceTransform((~face).astype(np.uint8), cv2.DIST_L2, 5)
        place[..., HEAD - 1] = np.minimum(
            place[..., HEAD - 1], away / (2.0 * _REACH[HEAD - 1] * breadth)
        )
    costs = _PLACE * np.minimum(place, np.sqrt(_MAX_COST)) ** 2 + _COLOUR * _colour_costs(
        small, inside, visible, breadth
    )
    if face is not None and landmarks.face is not None:
        head = _shrink(head_region(rgb, matte, landmarks.face), size)
        costs[~head, HEAD - 1] += _NEVER
        # Hair goes over the trunk; a hand or an arm may lie over the hair.
        costs[head, TRUNK - 1] += _NEVER
        costs[head, ARM_L - 1 :] += _OVER_HAIR
        costs[face] = _NEVER
        costs[face, HEAD - 1] = 0.0
    labels = _cut(small, inside, costs) + 1
    labels[~inside] = BACKGROUND
    labels = _without_islands(labels, visible, breadth)
    full = np.asarray(
        cv2.resize(labels.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST),
        np.uint8,
    )
    full = _smooth_borders(full, round(0.6 / scale))
    full = np.where(matte > 0.5, np.where(full == BACKGROUND, _nearest(full), full), BACKGROUND)
    return PartLabels(full.astype(np.uint8))


def _bone_label(bone: str) -> int:
    stem, _, side = bone.rpartition(".")
    stem = stem.split(".")[0]
    if bone == "head":
        return HEAD
    if stem in ("upper_arm", "forearm"):
        return ARM_L if side == "L" else ARM_R
    if stem in ("hand", "thumb", "index", "middle", "ring", "pinky"):
        return HAND_L if side == "L" else HAND_R
    return TRUNK


def _place_costs(
    points: Array, size: tuple[int, int], breadth: float, body: Body
) -> tuple[NDArray[np.int64], list[NDArray[np.float32]]]:
    """The label the body shows at each pixel, and the distance from each label over its reach."""
    of_face = vertex_labels(body)[body.faces]
    of_face = np.where(of_face[:, 1] == of_face[:, 2], of_face[:, 1], of_face[:, 0])
    reaches = []
    with CoverageRenderer(size) as renderer:
        nearest = renderer.draw(points, body.faces)
        visible = np.where(nearest.inside, of_face[nearest.face], BACKGROUND)
        for label in range(1, len(LABELS)):
            own = renderer.draw(points, body.faces[of_face == label])
            away = cv2.distanceTransform((~own.inside).astype(np.uint8), cv2.DIST_L2, 5)
            # Where another part lies over it, this one is not to be seen.
            behind = own.inside & (visible != label)
            depth = cv2.distanceTransform(behind.astype(np.uint8), cv2.DIST_L2, 5)
            reach = _REACH[label - 1] * breadth
            reaches.append(np.where(behind, np.minimum(0.3 + depth / reach, 1.5), away / reach))
    return visible, reaches


def _shrink(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5


def _face_mask(
    landmarks: Landmarks, scale: float, size: tuple[int, int]
) -> NDArray[np.bool_] | None:
    if landmarks.face is None:
        return None
    return oval_mask((landmarks.face + 0.5) * scale - 0.5, (size[1], size[0]))


def _colour_costs(
    rgb: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    visible: NDArray[np.int64],
    breadth: float,
) -> NDArray[np.float32]:
    """Minus the logarithm of each colour's share in the middle of each part, (h, w, labels)."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab).astype(np.float32)
    bins = np.minimum((lab / 256.0 * _BINS).astype(int), _BINS - 1)
    flat = np.ravel_multi_index((bins[..., 0], bins[..., 1], bins[..., 2]), (_BINS,) * 3)
    every = _histogram(flat[inside])
    shares: dict[int, NDArray[np.float64]] = {}
    for label in range(1, len(LABELS)):
        seeds = (visible == label) & inside
        depth = cv2.distanceTransform(seeds.astype(np.uint8), cv2.DIST_L2, 5)
        core = depth > 0.35 * float(depth.max())
        if np.count_nonzero(core) >= 20:
            shares[label] = _histogram(flat[core])
    shares = _of_one_cloth(shares)
    costs = []
    for label in range(1, len(LABELS)):
        if label not in shares:
            costs.append(np.zeros(flat.shape, np.float32))
            continue
        # A part is as likely to show a colour unseen in its middle as the whole person is.
        share = 0.85 * shares[label] + 0.15 * every
        costs.append(-np.log(share / (every + 1e-7) + 1e-2)[flat])
    stacked = np.stack(costs, axis=-1)
    return np.clip(stacked - stacked.min(axis=-1, keepdims=True), 0.0, _MAX_COST / 2)


def _of_one_cloth(shares: dict[int, NDArray[np.float64]]) -> dict[int, NDArray[np.float64]]:
    """Shares of colours by label, the same ones for the trunk and arms that are of its cloth.

    Where these differ it is by the light alone, or by which stripe lies in the middle.
    """
    if TRUNK not in shares:
        return shares
    trunk = shares[TRUNK]
    arms = [
        arm
        for arm in (ARM_L, ARM_R)
        if arm in shares and np.sqrt(shares[arm] * trunk).sum() > _ONE_CLOTH
    ]
    if not arms:
        return shares
    cloth = (trunk + sum(shares[arm] for arm in arms) / len(arms)) / 2.0
    return shares | dict.fromkeys((TRUNK, *arms), cloth)


def _histogram(bins: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(bins.ravel(), minlength=_BINS**3).reshape((_BINS,) * 3)
    smooth = ndimage.gaussian_filter(counts.astype(np.float64), _BLUR_BINS)
    return (smooth / max(smooth.sum(), 1e-9)).ravel()


def _cut(
    rgb: NDArray[np.uint8], inside: NDArray[np.bool_], costs: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The labelling of least cost, (h, w), labels from 0."""
    lab8 = np.asarray(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 0.8), cv2.COLOR_RGB2Lab))
    # Folds of a black coat are edges too.
    lab8[..., 0] = cv2.createCLAHE(_CLAHE, (8, 8)).apply(lab8[..., 0])
    lab = lab8.astype(np.float64)
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(np.count_nonzero(inside))
    pairs = []
    contrast = 1.0
    for down, right in ((1, 0), (0, 1), (1, 1), (1, -1)):
        a, b = _neighbours(number, down, right)
        within = (a >= 0) & (b >= 0)
        step = np.linalg.norm(np.subtract(*_neighbours(lab, down, right)), axis=-1)[within]
        contrast = max(contrast, float(np.mean(step**2))) if down + right == 1 else contrast
        # Borders cost by their length, whatever their direction (Boykov & Kolmogorov 2003).
        weight = (_EDGE * np.exp(-(step**2) / (2.0 * contrast)) + _BORDER) / np.hypot(down, right)
        pairs.append((a[within], b[within], 0.6 * weight))
    labels = np.zeros(inside.shape, np.int64)
    labels[inside] = _alpha_expansion(costs[inside].astype(np.float64), pairs)
    return labels


def _neighbours(values: NDArray, down: int, right: int) -> tuple[NDArray, NDArray]:
    """Each pixel, and the one `down` rows and `right` columns on."""
    height, width = values.shape[:2]
    columns = slice(max(0, -right), width - max(0, right))
    moved = slice(max(0, right), width + min(0, right))
    return values[: height - down, columns], values[down:, moved]


_Pairs = list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]


def _alpha_expansion(unary: NDArray[np.float64], pairs: _Pairs) -> NDArray[np.int64]:
    """Potts labelling by alpha expansion (Boykov, Veksler & Zabih 2001).

    Parameters
    ----------
    unary : (N, labels) array
        Cost of each label at each node.
    pairs : list of (a, b, cost)
        Neighbours, and the cost of a border between them.
    """
    nodes = np.arange(len(unary))
    states = np.argmin(unary, axis=-1)

    def energy(states: NDArray[np.int64]) -> float:
        total = float(unary[nodes, states].sum())
        return total + sum(float(w[states[a] != states[b]].sum()) for a, b, w in pairs)

    best = energy(states)
    for _ in range(_ROUNDS):
        before = best
        for label in range(unary.shape[1]):
            tried = _expand(unary, states, pairs, label)
            cost = energy(tried)
            if cost < best - 1e-9:
                states, best = tried, cost
        if before - best < 1e-3 * abs(before):
            break
    return states


def _expand(
    flat: NDArray[np.float64],
    states: NDArray[np.int64],
    pairs: _Pairs,
    label: int,
) -> NDArray[np.int64]:
    """The best labelling in which any pixel may change to `label`."""
    count = states.size
    keep = flat[np.arange(count), states].copy()
    change = flat[:, label].copy()
    graph = maxflow.Graph[float](count, 2 * count)
    graph.add_nodes(count)
    for a, b, weight in pairs:
        # The submodular terms of Kolmogorov & Zabih (2004).
        both_stay = np.where(states[a] != states[b], weight, 0.0)
        a_stays = np.where(states[a] != label, weight, 0.0)
        b_stays = np.where(states[b] != label, weight, 0.0)
        keep += np.bincount(a, both_stay - b_stays, count) + np.bincount(b, b_stays, count)
        graph.add_edges(a, b, a_stays + b_stays - both_stay, np.zeros(len(a)))
    low = np.minimum(keep, change)
    graph.add_grid_tedges(np.arange(count), change - low, keep - low)
    graph.maxflow()
    changed = graph.get_grid_segments(np.arange(count))
    return np.where(changed, label, states)


def _without_islands(
    labels: NDArray[np.int64], visible: NDArray[np.int64], breadth: float
) -> NDArray[np.int64]:
    """Small pieces apart from the rest of their part go to what surrounds them."""
    out = labels.copy()
    for label in range(1, len(LABELS)):
        count, pieces, stats, _ = cv2.connectedComponentsWithStats(
            (labels == label).astype(np.uint8)
        )
        if count <= 2:
            continue
        areas = stats[1:, cv2.CC_STAT_AREA]
        largest = int(areas.max())
        for piece in range(1, count):
            here = pieces == piece
            if areas[piece - 1] < largest and (
                areas[piece - 1] < 0.01 * breadth**2 or not (visible[here] == label).any()
            ):
                out[here] = BACKGROUND
    return np.where((out == BACKGROUND) & (labels != BACKGROUND), _nearest(out), out)


def _nearest(labels: NDArray) -> NDArray:
    """Everywhere the label of the nearest pixel that has one."""
    if not (labels != BACKGROUND).any():
        return labels
    _, (rows, columns) = ndimage.distance_transform_edt(labels == BACKGROUND, return_indices=True)
    return labels[rows, columns]


def _smooth_borders(labels: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """Borders between parts without the stairs of the small copy."""
    if radius < 1:
        return labels
    best = np.zeros(labels.shape, np.float32)
    out = labels.copy()
    for label in range(len(LABELS)):
        soft = cv2.GaussianBlur((labels == label).astype(np.float32), (0, 0), float(radius))
        out[soft > best] = label
        best = np.maximum(best, soft)
    return out
