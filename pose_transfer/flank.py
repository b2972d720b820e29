"""The cloth of the trunk where an arm lay over it or beside it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]

# A dark gap between arm and trunk reaches this far into the trunk, in shoulder widths, and is this
# much darker than the cloth beside it, and by this many 8-bit levels at least.
_GAP: Final = 0.12
_GAP_DARKER: Final = 0.72
_NOISE: Final = 25.0
# And a rest of the background in the armpit is so much lighter, 8-bit levels.
_REST_LIGHTER: Final = 45.0
# Height of the armpit in widths of such a gap.
_ARMPIT: Final = 2.2


def mend_flank(
    rgb: NDArray[np.uint8], body: Mask, beside: Mask, across: float
) -> NDArray[np.uint8]:
    """Colours of the trunk without what belongs to the place between arm and trunk.

    A gap darker than any cloth nearby, and a rest of the background much lighter than the darkest
    of it, are covered with that cloth.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
    body : (H, W) float32 array
        The person without arms in [0, 1].
    beside : (H, W) float32 array
        What was taken off beside the flanks, in [0, 1].
    across : float
        Shoulder width in pixels.
    """
    width = _GAP * across
    side = 2 * max(1, round(width)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    inner = cv2.erode((body > 0.5).astype(np.uint8), kernel)
    near = cv2.dilate((beside > 0.5).astype(np.uint8), kernel)
    # The dilation reaches up past the armpit too, where lapels are.
    armpit = int(np.argmax((beside > 0.5).any(axis=1)))
    near[:armpit] = 0
    band = (body > 0.02) & (inner == 0) & (near > 0)
    if not inner.any() or not band.any():
        return rgb
    light = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    _, labels = cv2.distanceTransformWithLabels(
        1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    cloth = np.asarray(light, np.float32)
    darkest = cv2.erode(np.where(inner > 0, cloth, np.float32(255.0)), kernel)
    low = np.zeros(int(labels.max()) + 1, np.float32)
    low[labels[inner > 0]] = darkest[inner > 0]
    dark = band & (cloth < _GAP_DARKER * low[labels]) & (cloth < low[labels] - _NOISE)
    # Lapels end near the armpit: a rest lies closer to the arm, and what covers it must be dark.
    close = cv2.dilate((beside > 0.5).astype(np.uint8), kernel[::2, ::2])
    close[armpit + round(_ARMPIT * width) :] = 0
    light_rest = band & (close > 0) & (cloth > low[labels] + _REST_LIGHTER)
    feather = 0.15 * width
    wide = 2 * round(1.2 * feather) + 5
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
    gap = (cv2.dilate(dark.astype(np.uint8), ellipse) > 0) & (inner == 0)
    filled = carry_on(rgb, inner > 0, gap)
    rest = (cv2.dilate(light_rest.astype(np.uint8), ellipse) > 0) & (inner == 0)
    plain = (body > 0.9) & ~rest & (cloth <= low[labels] + _REST_LIGHTER / 2)
    filled = carry_on(filled, plain, rest)
    gap |= rest
    soft = cv2.GaussianBlur(gap.astype(np.float32), (0, 0), feather)[..., None]
    colours = rgb + (filled.astype(np.float32) - rgb) * soft
    return np.clip(colours + 0.5, 0.0, 255.0).astype(np.uint8)


def carry_on(
    rgb: NDArray[np.uint8], known: NDArray[np.bool_], hole: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Fill a hole by reflecting the known cloth at its edge."""
    if not hole.any() or not known.any():
        return rgb
    solid = cv2.erode(known.astype(np.uint8), np.ones((5, 5), np.uint8))
    _, labels = cv2.distanceTransformWithLabels(
        1 - solid, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.argwhere(solid > 0)
    table = np.zeros((labels.max() + 1, 2), np.int64)
    table[labels[places[:, 0], places[:, 1]]] = places
    holes = np.argwhere(hole)
    nearest = table[labels[holes[:, 0], holes[:, 1]]]
    reflected = 2 * nearest - holes
    height, width = hole.shape
    reflected = np.clip(reflected, 0, [height - 1, width - 1])
    usable = solid[reflected[:, 0], reflected[:, 1]] > 0
    source = np.where(usable[:, None], reflected, nearest)
    filled = rgb.copy()
    filled[holes[:, 0], holes[:, 1]] = rgb[source[:, 0], source[:, 1]]
    # The nearest edge point jumps between neighbours; a light blur hides the seams it leaves.
    smooth = cv2.GaussianBlur(filled, (0, 0), 1.2)
    filled[holes[:, 0], holes[:, 1]] = smooth[holes[:, 0], holes[:, 1]]
    return filled
