"""The person's matte, sharp to the pixel, and the person's own colours along its edge."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.rotation import Array

from .landmarks import Detection, Landmarks
from .photo import Photo

Matte = NDArray[np.float32]
Image = NDArray[np.uint8]

# GrabCut runs on a copy of this size: its colour models need no more, and its time grows fast.
_GRABCUT_SIDE: Final = 720
# A cut that moves more of the area than this has followed the background; the network is then kept.
_MAX_CHANGE: Final = 0.12
# Between these values the network counts as undecided. Taking fainter traces in lets dark clothes
# flow into dark ground.
_DOUBT: Final = (0.3, 0.9)
_GUIDED_EPS: Final = 2e-4
# Gaps between a forearm and the body are looked for in a strip so wide around it, and the limb
# itself takes up so much of it; shares of the shoulders' breadth.
_BESIDE: Final = 0.44
_LIMB: Final = 0.09
_SEEN: Final = 0.5
# Share of the person's points that the matte has to cover.
_MIN_COVERED: Final = 0.5
# From here on a pixel counts as the person's own.
_SURE: Final = 0.9
# Sure pixels within so many bands of an undecided one say what lies around it, if they are this
# share of them; spreads of colour are at least so large, 8-bit levels. Beyond the network's outline
# the background's colour must be so much nearer than the person's to overrule the cut.
_AROUND: Final = 2.0
_ENOUGH: Final = 0.02
_LEAST_SPREAD: Final = 10.0
_CLEARLY: Final = 0.6
# Share of in-between values along the edge below which a cut-out counts as hard, and the blur that
# takes its stairs away, pixels.
_SOFT_EDGE: Final = 0.2
_EDGE_BLUR: Final = 1.3


def cut_out(photo: Photo, detection: Detection) -> tuple[Image, Matte]:
    """The person cut out of a photo.

    Parameters
    ----------
    photo : Photo
        Its alpha, where it has one, is the matte.
    detection : Detection
        The person in it.

    Returns
    -------
    (H, W, 3) uint8 array
        The photo; of a hard-edged cut-out the old background's last pixels are gone.
    (H, W) float32 array
        Matte in [0, 1].

    Raises
    ------
    ConductorError
        If the matte is empty where the person is.
    """
    landmarks = detection.landmarks
    height, width = photo.rgb.shape[:2]
    points = np.array(
        [p for key, p in landmarks.points.items() if landmarks.visibility[key] > _SEEN]
    )
    if landmarks.face is not None:
        points = np.concatenate([points.reshape(-1, 2), landmarks.face[:, :2]])
    points = np.clip(points, 0.0, [width - 1.0, height - 1.0])
    rgb = photo.rgb
    if photo.alpha is None:
        height_px = float(np.ptp(points[:, 1]))
        beside = _beside_forearms(landmarks, detection.segmentation.shape)
        matte = refine_matte(rgb, detection.segmentation, height_px, beside)
    else:
        matte = soften_hard_edge(photo.alpha)
        if matte is not photo.alpha:
            # Along a hard cut the pixels are the person's or the old background's, never a blend.
            rgb = spread_colours(rgb, matte)
    matte = keep_person(matte, points)
    at = np.round(points).astype(int)
    if float(matte[at[:, 1], at[:, 0]].mean()) < _MIN_COVERED:
        raise ConductorError(
            f"The person in {photo.name} cannot be told from the background; give a photo before a "
            "plainer one, or a cut-out."
        )
    return rgb, matte


def refine_matte(
    rgb: Image, coarse: Matte, person_height: float, doubtful: NDArray[np.bool_] | None = None
) -> Matte:
    """Sharpen a network's matte on the photo's own edges.

    GrabCut (Rother et al. 2004) decides a narrow band around the coarse edge, the guided filter
    (He et al. 2010) makes it soft where the photo is.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The photo.
    coarse : (H, W) array
        Matte in [0, 1] that may be a few pixels off.
    person_height : float
        Height of the person in pixels; the band's width follows it.
    doubtful : (H, W) bool array, optional
        Where the coarse matte is not trusted, however far from its edge.

    Returns
    -------
    (H, W) float32 array
        Matte in [0, 1].
    """
    hard = _grabcut(rgb, coarse, max(2.0, 0.016 * person_height), doubtful)
    radius = max(2, round(0.0025 * person_height))
    guide = rgb.astype(np.float32) / 255.0
    soft = cv2.ximgproc.guidedFilter(guide, hard, radius, _GUIDED_EPS)
    soft = np.clip((soft - 0.2) / 0.65, 0.0, 1.0)
    # Far from the edge the answer is known; the filter would leave it a little transparent.
    margin = 2 * radius + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))
    soft = np.where(cv2.erode(hard, kernel) > 0.5, 1.0, soft)
    soft = np.where(cv2.dilate(hard, kernel) < 0.5, 0.0, soft)
    return soft.astype(np.float32)


def soften_hard_edge(matte: Matte) -> Matte:
    """Smooth the stairs of a cut-out without soft edges, and drop its outermost pixel.

    A mask drawn pixel by pixel takes a fringe of the old background along.

    Parameters
    ----------
    matte : (H, W) float32 array in [0, 1]

    Returns
    -------
    (H, W) float32 array
        The same matte if its edge is soft already.
    """
    solid = (matte > 0.5).astype(np.uint8)
    edge = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    between = (matte > 0.02) & (matte < 0.98)
    if not edge.any() or np.count_nonzero(between & edge) > _SOFT_EDGE * np.count_nonzero(edge):
        return matte
    inner = cv2.erode(matte, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    smooth = cv2.GaussianBlur(inner, (0, 0), _EDGE_BLUR)
    return np.clip((smooth - 0.25) / 0.5, 0.0, 1.0).astype(np.float32)


def keep_person(matte: Matte, points: Array) -> Matte:
    """Drop pieces of the matte that hold none of the person's points (N, 2)."""
    count, labels = cv2.connectedComponents((matte > 0.3).astype(np.uint8))
    if count <= 2:
        return matte
    height, width = matte.shape
    inside = np.round(points).astype(int)
    inside = inside[(inside >= 0).all(axis=1) & (inside[:, 0] < width) & (inside[:, 1] < height)]
    kept = {int(label) for label in labels[inside[:, 1], inside[:, 0]]} - {0}
    if not kept:
        return matte
    mask = np.isin(labels, list(kept)).astype(np.uint8)
    near = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    return np.where(near > 0, matte, 0.0).astype(np.float32)


def foreground_colours(rgb: Image, matte: Matte, person_height: float) -> Image:
    """The person's colours without the background that shines through soft edges.

    Blur fusion in two passes (Forte 2021, "Approximate Fast Foreground Colour Estimation"); where
    the matte is empty the nearest colours of the person go on, so that no halo can come in.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    matte : (H, W) array in [0, 1]
    person_height : float
        Height of the person in pixels.

    Returns
    -------
    (H, W, 3) uint8 array
        Equal to `rgb` where the matte is 1.
    """
    image = rgb.astype(np.float32)
    alpha = matte[..., None].astype(np.float32)
    foreground = background = image
    for share in (0.06, 0.012):
        side = 2 * max(1, round(share * person_height)) + 1
        foreground, background = _fuse(image, foreground, background, alpha, side)
    spread = _spread(np.clip(foreground, 0.0, 255.0), matte)
    opaque = np.clip(alpha * 4.0 - 0.4, 0.0, 1.0)
    out = foreground * opaque + spread * (1.0 - opaque)
    out = np.where(alpha >= 0.999, image, out)
    return np.clip(out + 0.5, 0.0, 255.0).astype(np.uint8)


def spread_colours(rgb: Image, matte: Matte) -> Image:
    """The photo where it surely is the person, elsewhere the colours of the nearest such pixel.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    matte : (H, W) array in [0, 1]

    Returns
    -------
    (H, W, 3) uint8 array
    """
    spread = _spread(rgb.astype(np.float32), matte)
    inside = (matte >= _SURE)[..., None]
    return np.where(inside, rgb, np.clip(spread + 0.5, 0.0, 255.0)).astype(np.uint8)


def _fuse(
    image: NDArray, foreground: NDArray, background: NDArray, alpha: NDArray, side: int
) -> tuple[NDArray, NDArray]:
    def blur(values: NDArray) -> NDArray:
        out = cv2.blur(values, (side, side))
        return out[..., None] if out.ndim == 2 else out

    weight = blur(alpha)
    smooth_f = blur(foreground * alpha) / (weight + 1e-4)
    smooth_b = blur(background * (1.0 - alpha)) / (1.0 - weight + 1e-4)
    fitted = smooth_f + alpha * (image - alpha * smooth_f - (1.0 - alpha) * smooth_b)
    return np.clip(fitted, 0.0, 255.0), np.clip(smooth_b, 0.0, 255.0)


def _spread(colours: NDArray, matte: Matte) -> NDArray:
    """Colours of the nearest sure pixel of the person, everywhere."""
    unsure = (matte < _SURE).astype(np.uint8)
    if not (unsure == 0).any():
        return colours
    _, labels = cv2.distanceTransformWithLabels(
        unsure, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((labels.max() + 1, 3), np.float32)
    sure = unsure == 0
    table[labels[sure]] = colours[sure]
    return cv2.blur(table[labels], (3, 3))


def _beside_forearms(landmarks: Landmarks, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Along forearms and hands, where networks close the gaps to the body; (H, W).

    The limbs themselves are left out.
    """
    beside = np.zeros(shape, np.uint8)
    limbs = np.zeros(shape, np.uint8)
    points = landmarks.points
    shoulders = float(np.linalg.norm(points["upper_arm.L"] - points["upper_arm.R"]))
    for side in "LR":
        if min(landmarks.visibility[f"{joint}.{side}"] for joint in ("forearm", "hand")) < _SEEN:
            continue
        roots = (points[f"index.{side}"] + points[f"little.{side}"]) / 2
        line = np.array([points[f"forearm.{side}"], points[f"hand.{side}"], roots])
        for mask, share in ((beside, _BESIDE), (limbs, _LIMB)):
            wide = max(1, round(share * shoulders))
            cv2.polylines(mask, [np.round(line).astype(np.int32)], False, (1,), wide)
        if side in landmarks.hands:
            hull = cv2.convexHull(np.round(landmarks.hands[side][:, :2]).astype(np.int32))
            cv2.fillConvexPoly(limbs, hull, (1,))
    return (beside > 0) & (limbs == 0)


def _grabcut(rgb: Image, coarse: Matte, band: float, doubtful: NDArray[np.bool_] | None) -> Matte:
    height, width = coarse.shape
    scale = min(1.0, _GRABCUT_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    matte = cv2.resize(coarse, size, interpolation=cv2.INTER_AREA)
    inside = (matte > 0.5).astype(np.uint8)
    start = cv2.resize(coarse, (width, height))
    fallback = (start > 0.5).astype(np.float32)
    if not 0 < inside.sum() < inside.size:
        return fallback
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    reach = band * scale
    trimap = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    # Where the network itself is undecided the band is wider.
    doubt = (matte > _DOUBT[0]) & (matte < _DOUBT[1])
    deep = (depth > reach) & ~doubt
    if doubtful is not None:
        shrunk = cv2.resize(doubtful.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        deep &= shrunk == 0
    trimap[deep] = cv2.GC_FGD
    trimap[(away > reach) & ~doubt] = cv2.GC_BGD
    if not ((trimap == cv2.GC_FGD).any() and (trimap == cv2.GC_BGD).any()):
        return fallback
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small[..., ::-1].copy(), trimap, (0, 0, 1, 1), *models, 4, cv2.GC_INIT_WITH_MASK)
    cut = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    cut[(inside == 0) & _like_ground(small, trimap, reach)] = 0
    smooth = cv2.medianBlur(cut * 255, 3) > 127
    if np.count_nonzero(smooth != (inside > 0)) > _MAX_CHANGE * inside.sum():
        return fallback
    enlarged = cv2.resize(smooth.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return (enlarged > 0.5).astype(np.float32)


def _like_ground(rgb: Image, trimap: NDArray[np.uint8], reach: float) -> NDArray[np.bool_]:
    """Pixels (h, w) that are clearly more like the background close by than like the person there.

    GrabCut knows which colours person and background have, but not where: bricks the colour of
    skin beside a dark sleeve are background, because the sleeve is what the person is there.
    """
    side = 2 * max(2, round(_AROUND * reach)) + 1
    image = rgb.astype(np.float32)
    away = []
    for sure in (cv2.GC_FGD, cv2.GC_BGD):
        weight = (trimap == sure).astype(np.float32)
        total = cv2.blur(weight, (side, side))[..., None]
        mean = cv2.blur(image * weight[..., None], (side, side)) / np.maximum(total, 1e-4)
        square = cv2.blur(image**2 * weight[..., None], (side, side)) / np.maximum(total, 1e-4)
        spread = np.sqrt(np.maximum(square - mean**2, 0.0)) + _LEAST_SPREAD
        distance = np.linalg.norm((image - mean) / spread, axis=-1)
        away.append(np.where(total[..., 0] > _ENOUGH, distance, np.nan))
    person, ground = away
    return np.asarray(ground < _CLEARLY * person)
