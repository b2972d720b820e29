"""Bare arms painted evenly: the photo's lights and shades on them would turn with the arm."""

from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import INDEX
from retarget.rotation import Array

from .coverage import Coverage
from .deform import vertex_normals
from .labels import ARM_L, TRUNK
from .lighting import light_on, light_on_faces
from .person_parts import PersonParts
from .skinwork import SKIN_SHADE, like_skin

# Rings an arm is cut into from shoulder to wrist, and pixels one needs to be judged by.
_RINGS: Final = 28
_FEWEST: Final = 12
# Hems are slanted: so many rings about one, pixels are told apart by their colours.
_HEM: Final = 2
# A shorter bare end than this many rings is a hand that lies on a sleeve, or a cuff.
_SHORTEST: Final = 5
# Lengths are shares of the forearm's: what is finer than the first stays as the photo has it
# (hair, creases, moles); the second smooths the form; so far beyond its outline an arm is painted.
_DETAIL, _FORM, _BEYOND = 0.07, 0.05, 0.3
# Stronger details than this, 8-bit levels, are edges of shine and shadow.
_MOST: Final = 9.0
# What stays of the photo's own light and shade.
_KEPT: Final = 0.1
# An arm's own colour counts so much; the rest says the person's tone, which the hands have.
_OWN: Final = 0.5
# What counts as the person.
_SURE: Final = 0.9
# From the shoulder joint outwards the arm leaves the trunk, whose light is the photo's, metres.
_SHOULDER_M: Final = (0.10, 0.22)


def even_skin(
    parts: PersonParts,
    part: int,
    picture: NDArray[np.uint8],
    cover: Coverage,
    faces: NDArray,
) -> NDArray[np.uint8]:
    """The picture of an arm with its bare skin in one tone, lit by its form alone.

    When an arm is turned, the light on it changes; shine and shade of the photo, left where they
    were, would look like paint on glass. What gives skin its look stays.

    Parameters
    ----------
    parts : PersonParts
        What the arm is made from.
    part : int
        ARM_L or ARM_R.
    picture : (H, W, 3) uint8 array
        The arm, completed.
    cover : Coverage
        Of the arm's `faces`.
    faces : (F, 3) int array
        The arm's.

    Returns
    -------
    (H, W, 3) uint8 array
        The same picture where the arm is clothed.
    """
    if not cover.inside.any():
        return picture
    fit, side = parts.fit, "L" if part == ARM_L else "R"
    line = fit.positions[[INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand")]]
    depth = float(fit.camera.to_pixels(line[1])[2])
    length = float(np.linalg.norm(line[2] - line[1])) * fit.camera.focal / depth
    window = _window(cover.inside, _BEYOND * length)
    own, colours = cover.inside[window], picture[window]
    # Beyond the outline the arm goes on: what is turned away may take its colours there.
    face = _spread(cover.face[window], own)
    ring = _rings(parts.vertices, line)[faces].max(axis=1)[face]
    alike = like_skin(colours, parts.tone, unlike=_cloth(parts))
    seen = own & (parts.labels.labels[window] == part) & (parts.matte[window] > _SURE)
    hem = _hem(alike[seen], ring[seen])
    if hem > _RINGS - _SHORTEST:
        return picture
    skin = (ring >= hem + _HEM) | ((ring >= hem - _HEM) & alike)
    if not (skin & own).any():
        return picture

    def over_surface(values: NDArray) -> NDArray[np.float32]:
        shown = values[faces].mean(axis=1).astype(np.float32)[face]
        return cv2.GaussianBlur(shown, (0, 0), _FORM * length)

    away = np.linalg.norm(parts.vertices - line[0], axis=1)
    share = over_surface(np.clip((away - _SHOULDER_M[0]) / np.ptp(_SHOULDER_M), 0.0, 1.0))
    share *= cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 1.0)
    x, y, z = vertex_normals(parts.vertices, parts.body.faces).T
    lit = over_surface(light_on(np.stack([x, z, np.abs(y)]).astype(np.float32), parts.light))
    usual = float(np.median(lit[skin & own]))
    # The tone is that of a lit face.
    tone = parts.tone * (usual / light_on_faces(parts.light))
    image = colours.astype(np.float32)
    made = _painted(image, skin & alike, own, tone, lit / usual, _DETAIL * length)
    out = picture.copy()
    mixed = image + share[..., None] * (made - image)
    out[window] = np.clip(mixed + 0.5, 0.0, 255.0).astype(np.uint8)
    return out


def _painted(
    image: NDArray[np.float32],
    sure: NDArray[np.bool_],
    own: NDArray[np.bool_],
    tone: Array,
    lit: NDArray[np.float32],
    sigma: float,
) -> NDArray:
    """Skin under a light (h, w), with the details of an image (h, w, 3) where it is sure skin."""
    if (sure & own).any():
        tone = _OWN * np.median(image[sure & own], axis=0) + (1.0 - _OWN) * tone
    value = lit[..., None]
    even = tone * value ** np.where(value < 1.0, SKIN_SHADE, 1.0)
    smooth = _blurred(image, sure, sigma)
    detail = np.clip(image - smooth, -_MOST, _MOST) + _KEPT * (smooth - even)
    return even + detail * cv2.blur(sure.astype(np.float32), (5, 5))[..., None]


def _cloth(parts: PersonParts) -> Array | None:
    """Colour (3,) of what is worn on the chest; None where it is not seen."""
    fit = parts.fit
    waist = float(fit.camera.to_pixels(fit.positions[[INDEX["chest"], INDEX["hips"]]])[:, 1].mean())
    above = np.arange(len(parts.matte))[:, None] < waist
    chest = (parts.labels.labels == TRUNK) & (parts.matte > _SURE) & above
    return np.median(parts.foreground[chest], axis=0) if chest.any() else None


def _window(mask: NDArray[np.bool_], margin: float) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    low = np.maximum(np.array([rows[0], columns[0]]) - int(margin), 0)
    high = np.array([rows[-1], columns[-1]]) + int(margin) + 1
    return slice(low[0], high[0]), slice(low[1], high[1])


def _spread(values: NDArray, mask: NDArray[np.bool_]) -> NDArray:
    """Everywhere the value at the nearest pixel of the mask."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, values.dtype)
    table[nearest[mask]] = values[mask]
    return table[nearest]


def _rings(vertices: Array, line: Array) -> NDArray[np.int64]:
    """Ring (V,) of each vertex, from 0 at the shoulder; `line` is shoulder, elbow and wrist."""
    place, least = np.zeros(len(vertices)), np.full(len(vertices), np.inf)
    for start, (a, b) in enumerate(pairwise(line)):
        way = b - a
        t = np.clip((vertices - a) @ way / (way @ way), 0.0, 1.0)
        away = np.linalg.norm(vertices - a - t[:, None] * way, axis=1)
        nearer = away < least
        place[nearer], least[nearer] = (start + t)[nearer], away[nearer]
    return np.minimum((place * _RINGS / 2.0).astype(np.int64), _RINGS - 1)


def _hem(alike: NDArray[np.bool_], ring: NDArray[np.int64]) -> int:
    """The ring from which on most of an arm is bare, `_RINGS` if none."""
    count = np.bincount(ring, minlength=_RINGS)
    bare = np.bincount(ring, alike, _RINGS) / np.maximum(count, 1)
    judged = count >= _FEWEST
    wrong_above = np.concatenate([[0.0], np.cumsum(np.where(judged, bare, 0.0))])
    wrong_below = np.concatenate([np.cumsum(np.where(judged, 1.0 - bare, 0.0)[::-1])[::-1], [0.0]])
    return int(np.argmin((wrong_above + wrong_below)[::-1]) * -1 + _RINGS)


def _blurred(
    values: NDArray[np.float32], mask: NDArray[np.bool_], sigma: float
) -> NDArray[np.float32]:
    """Blur of a picture that takes from the mask alone."""
    weight = mask.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    mean = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return np.asarray(mean / np.maximum(total, 1e-3)[..., None], np.float32)
