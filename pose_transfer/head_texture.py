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
_NEAR_FACE: Final = 0.04
# The back is made up on a copy in which the face is at most so many pixels wide.
_BACK_PX: Final = 140.0
_SKIN_CORE: Final = 0.10
# Squared distance to the skin's colour, in its own spread, up to which a pixel is skin.
_SKIN: Final = 9.0
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
    scale = min(1.0, _BACK_PX / width)
    size = tuple(max(1, round(side * scale)) for side in region.shape[::-1])
    small = [
        np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        for image in (colours, foreground)
    ]
    masks = [
        cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        for mask in (person, region)
    ]
    made, share = _made_up(small[0], small[1], masks[0], masks[1], face * scale, width * scale)
    large = cv2.resize(share, region.shape[::-1])[..., None]
    back = cv2.resize(made, region.shape[::-1]) * large + colours * (1.0 - large)
    return np.clip(back + 0.5, 0.0, 255.0).astype(np.uint8)


def _made_up(
    colours: NDArray[np.uint8],
    foreground: NDArray[np.uint8],
    person: NDArray[np.bool_],
    region: NDArray[np.bool_],
    face: Array,
    width: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What takes the place of the face, and how far it does at each pixel."""
    oval = oval_mask(face, region.shape)
    depth = _depth(region)
    skin = _skin(colours, oval & region, width)
    band = region & (depth < _BAND * width)
    low = np.arange(region.shape[0])[:, None] > face[list(EARS), 1].mean()
    jaw = band & skin & low
    locks = region & ~skin & (_depth(~oval) > _NEAR_FACE * width)
    hair = spread_inwards(colours, locks | (band & ~jaw))
    share = np.zeros(region.shape, np.float32)
    made = hair.astype(np.float32)
    if jaw.any():
        side = _nearer(jaw, band & ~jaw).astype(np.float32)
        share[:] = cv2.GaussianBlur(side, (0, 0), _BLEND * width)
        below = spread_inwards(colours, jaw).astype(np.float32)
        throat = _throat(foreground, person & ~region, region, oval, skin)
        throat &= _depth(~oval) < _THROAT * width
        if np.count_nonzero(throat) > (0.1 * width) ** 2:
            below = 0.5 * below + 0.5 * spread_inwards(foreground, throat)
        else:
            below *= _UNDERSIDE
        made += share[..., None] * (below - made)
    kept = cv2.GaussianBlur(locks.astype(np.float32), (0, 0), 0.5 * _BLEND * width) * (1.0 - share)
    # On the outline itself front and back are one.
    edge = np.clip(1.0 - depth / (_BAND * width), 0.0, 1.0)
    return made, 1.0 - np.maximum(kept, edge).astype(np.float32)


def _throat(
    colours: NDArray[np.uint8],
    body: NDArray[np.bool_],
    region: NDArray[np.bool_],
    oval: NDArray[np.bool_],
    skin: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The body's pixels of the skin's hue, however dark the shadow they lie in."""
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).astype(np.float32)
    hue = lab[..., 1:] - 128.0
    own = hue[skin & oval & region]
    if not len(own):
        return np.zeros_like(body)
    middle = np.median(own, axis=0)
    length = float(np.linalg.norm(middle)) + 1e-6
    along = (hue * middle).sum(axis=2) / length
    size = np.linalg.norm(hue, axis=2)
    return body & (_depth(~region) > 1.5) & (along > 0.93 * size) & (size > 0.5 * length)


def _depth(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far inside the mask each pixel lies, pixels; 0 outside."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _nearer(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not other.any():
        return np.ones_like(one)
    return np.asarray(_depth(~one) < _depth(~other))


def _skin(colours: NDArray[np.uint8], oval: NDArray[np.bool_], width: float) -> NDArray[np.bool_]:
    """Pixels of the colour most of the face has."""
    lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB).astype(np.float32)
    core = _depth(oval) > _SKIN_CORE * width
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
