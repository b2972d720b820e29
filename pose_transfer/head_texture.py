"""The pictures of the head: its front as photographed, and a back without a face."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .face_mesh import EARS, oval_mask
from .relief import spread_inwards

# Lengths are shares of the face's width.
_EDGE_BLUR: Final = 0.005
_BAND: Final = 0.04
_THROAT: Final = 0.18
_BLEND: Final = 0.03
_SKIN_CORE: Final = 0.10
# Squared distance to the skin's colour, in its own spread, up to which a pixel is skin.
_SKIN: Final = 9.0
_COLOURED: Final = 4.0
_UNDERSIDE: Final = 0.85  # what is left of the light under the jaw


@dataclass(frozen=True)
class HeadPictures:
    """Pictures of the head in the photo's projection.

    Parameters
    ----------
    front : (H, W, 4) uint8 array
        The photo's own colours; alpha is how far a pixel is the head.
    back : (H, W, 3) uint8 array
        Hair, and skin under the jaw; equal to the front along the outline.
    """

    front: NDArray[np.uint8]
    back: NDArray[np.uint8]

    @property
    def alpha(self) -> NDArray[np.float32]:
        """How far a pixel is the head, [0, 1]."""
        return self.front[..., 3].astype(np.float32) / 255.0


def head_pictures(
    foreground: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    region: NDArray[np.bool_],
    face: Array,
    width: float,
) -> HeadPictures:
    """Front and back of the head.

    Parameters
    ----------
    foreground, alpha, region
        As in `head.build_head`.
    face : (478, 3) array
        Face mesh in pixels.
    width : float
        Width of the face in pixels.
    """
    # Soft edges lie outside the labelled pixels; they are of what they touch.
    _, nearest = cv2.distanceTransformWithLabels(
        (alpha <= 0.5).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, np.float32)
    person = alpha > 0.5
    table[nearest[person]] = region[person]
    grown = table[nearest]
    # Towards neck and clothes the edge is as soft as a lens would make it.
    soft = cv2.GaussianBlur(grown, (0, 0), max(0.7, _EDGE_BLUR * width))
    head = alpha * soft
    core = cv2.erode((region & person).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    own = grown > 0.5
    colours = np.where(own[..., None], foreground, _nearest(foreground, core))
    front = np.dstack([colours, (head * 255.0 + 0.5).astype(np.uint8)])
    back = _back(colours, foreground, person, own & person, face, width)
    return HeadPictures(front, back)


def _back(
    colours: NDArray[np.uint8],
    foreground: NDArray[np.uint8],
    person: NDArray[np.bool_],
    region: NDArray[np.bool_],
    face: Array,
    width: float,
) -> NDArray[np.uint8]:
    """Hair all over, but skin behind the jaw: whichever is nearer along the outline."""
    oval = oval_mask(face, region.shape)
    depth = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5)
    skin = _skin(colours, oval & region, width)
    near_face = cv2.dilate(oval.astype(np.uint8), _disc(0.04 * width)) > 0
    band = region & (depth < _BAND * width)
    low = np.arange(region.shape[0])[:, None] > face[list(EARS), 1].mean()
    jaw = band & skin & low
    hair = spread_inwards(colours, (region & ~skin & ~near_face) | (band & ~jaw))
    hair = np.where(jaw[..., None], colours, hair)
    if not jaw.any():
        return hair
    below = spread_inwards(colours, jaw)
    throat = _throat(foreground, person & ~region, region, oval, skin, width)
    if np.count_nonzero(throat) > (0.1 * width) ** 2:
        below = spread_inwards(foreground, throat)
    else:
        below = (below * _UNDERSIDE + 0.5).astype(np.uint8)
    share = cv2.GaussianBlur(
        _nearer(jaw, band & ~jaw).astype(np.float32), (0, 0), _BLEND * width
    )[..., None]
    # On the outline itself front and back are one.
    edge = np.clip(1.0 - depth / (_BAND * width), 0.0, 1.0)[..., None]
    back = below * share + hair * (1.0 - share)
    back = colours * edge + back * (1.0 - edge)
    return np.clip(back + 0.5, 0.0, 255.0).astype(np.uint8)


def _throat(
    colours: NDArray[np.uint8],
    body: NDArray[np.bool_],
    region: NDArray[np.bool_],
    oval: NDArray[np.bool_],
    skin: NDArray[np.bool_],
    width: float,
) -> NDArray[np.bool_]:
    """Skin right under the jaw, in the shadow it has there."""
    near = cv2.dilate(oval.astype(np.uint8), _disc(_THROAT * width)) > 0
    away = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).astype(np.float32)
    hue = lab[..., 1:] - 128.0
    own = hue[skin & oval & region]
    if not len(own):
        return np.zeros_like(body)
    middle = np.median(own, axis=0)
    # Shadow takes from colour as much as from light, so hue is compared as a direction.
    along = (hue * middle).sum(axis=2) / (np.linalg.norm(middle) + 1e-6)
    size = np.linalg.norm(hue, axis=2)
    return body & near & (away > 1.5) & (along > 0.9 * size) & (size > _COLOURED)


def _nearer(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not other.any():
        return np.ones_like(one)
    to_one, to_other = (
        cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) for mask in (one, other)
    )
    return np.asarray(to_one < to_other)


def _skin(
    colours: NDArray[np.uint8], oval: NDArray[np.bool_], width: float
) -> NDArray[np.bool_]:
    """Pixels of the colour most of the face has."""
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).astype(np.float32)
    core = cv2.erode(oval.astype(np.uint8), _disc(_SKIN_CORE * width)) > 0
    if np.count_nonzero(core) < 16:
        return oval
    sample = lab[core]
    middle = np.median(sample, axis=0)
    # Skin is lit unevenly but of one hue.
    spread = np.maximum(1.5 * np.median(np.abs(sample - middle), axis=0), [14.0, 5.0, 5.0])
    return (((lab - middle) / spread) ** 2).sum(axis=2) < _SKIN


def _nearest(colours: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Everywhere the colour of the nearest known pixel."""
    if not known.any():
        return colours
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    table[labels[known]] = colours[known]
    return table[labels]


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
