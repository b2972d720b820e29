"""Traces a person leaves on a plain wall: their cast shadow, stray hair, missed edges."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .fill import Mask, Picture

# The wall's light as a polynomial of this degree in x and y, fitted to logarithms of the colours.
_DEGREE: Final = 3
_FIT_ROUNDS: Final = 12
# Added before the logarithm, 8-bit levels: noise in the dark counts less.
_OFFSET: Final = 8.0
# A wall is plain if this share of it lies within this much of the fit (natural logarithm).
_PLAIN_SHARE: Final = 0.6
_PLAIN_WITHIN: Final = 0.06
# Departures at which a stain begins and at which it must arrive somewhere.
_FAINT: Final = 0.025
_CLEAR: Final = 0.09
# A shadow darkens all colours alike within this much.
_SAME_HUE: Final = 0.4
# Pixels from the hole at which a stain counts as attached to the person.
_ATTACHED: Final = 4.0
# How far shadows and other traces reach from the person, as shares of their height.
_SHADOW_REACH: Final = 0.35
_TRACE_REACH: Final = 0.07
_SQUARE: Final = np.ones((3, 3), np.uint8)


def find_stains(
    rgb: Picture, hole: Mask, person_height: float, ankles: float | None = None
) -> Mask:
    """What departs from a plain wall right beside the person.

    Shadows (darker, of the wall's own hue) may reach far; anything else must be close. A patch
    that goes on beyond its reach, or out of the picture to the side, is furniture, a picture on the
    wall or the floor and stays. Nothing is found where the surroundings are not a plain wall.

    Parameters
    ----------
    rgb : (h, w, 3) float32 array
        8-bit scale.
    hole : (h, w) bool array
        The person, soft edges included.
    person_height : float
        Height of the person in pixels.
    ankles : float, optional
        What lies below this height (y) stays: the shadow under feet that stand.

    Returns
    -------
    (h, w) bool array
        A little larger than the stains, so it overlaps the hole.
    """
    nothing = np.zeros(hole.shape, bool)
    known = ~hole
    if np.count_nonzero(known) < 0.05 * hole.size:
        return nothing
    departure = _from_wall(rgb, known)
    largest = np.abs(departure).max(axis=-1)
    if (largest[known] < _PLAIN_WITHIN).mean() < _PLAIN_SHARE:
        return nothing
    away = np.asarray(cv2.distanceTransform(known.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    even = cv2.GaussianBlur(departure, (0, 0), 1.0)
    shadow = (even.max(axis=-1) < -_FAINT) & (np.ptp(even, axis=-1) < _SAME_HUE)
    deep = even.min(axis=-1) < -_CLEAR
    found = _reached(shadow & known, deep, away, _SHADOW_REACH * person_height)
    noise = 1.4826 * float(np.median(largest[known]))
    trace, strong = (largest > max(n, m * noise) for n, m in ((_FAINT, 2.5), (2.0 * _FAINT, 4.0)))
    reach = _TRACE_REACH * person_height
    found |= _reached(trace & known, strong, away, reach)
    # Hairs too thin to be told from the wall lie here; what belongs to the wall is kept whole.
    kept = cv2.morphologyEx((trace & ~found).astype(np.uint8), cv2.MORPH_OPEN, _SQUARE)
    found |= (away < 0.7 * reach) & (cv2.dilate(kept, _SQUARE) == 0)
    margin = max(2, round(0.012 * person_height))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    grown = np.asarray(cv2.dilate(found.astype(np.uint8), kernel) > 0)
    if ankles is not None:
        grown[max(0, round(ankles)) :] = False
    return grown


def _reached(candidates: Mask, strong: Mask, away: NDArray[np.float32], reach: float) -> Mask:
    """Connected candidates that start at the person, are strong somewhere and end within reach.

    What runs out of the picture to the left or right ends nowhere that can be seen.
    """
    count, labels = cv2.connectedComponents(candidates.astype(np.uint8), connectivity=8)
    attached = np.bincount(labels[candidates & (away < _ATTACHED)], minlength=count) > 0
    clear = np.bincount(labels[candidates & strong], minlength=count) > 0
    area = np.maximum(np.bincount(labels.ravel(), minlength=count), 1)
    outside = np.bincount(labels[candidates & (away > reach)], minlength=count)
    kept = attached & clear & (outside < 0.02 * area)
    kept[labels[:, [0, -1]]] = False
    kept[0] = False
    return np.asarray(kept[labels])


def _from_wall(rgb: Picture, known: Mask) -> Picture:
    """Logarithm of colour over the wall's own, (h, w, 3), by a fit that doubts the dark first."""
    height, width = known.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns.ravel() / width * 2.0 - 1.0, rows.ravel() / height * 2.0 - 1.0
    terms = np.stack(
        [x**i * y**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)], axis=-1
    )
    light = np.log(rgb.reshape(-1, 3) + _OFFSET)
    used = np.flatnonzero(known.ravel())[::3]
    weight = np.ones(len(used), np.float32)
    ridge = 1e-3 * np.eye(terms.shape[1])
    for _ in range(_FIT_ROUNDS):
        weighted = terms[used] * weight[:, None]
        wall = np.linalg.solve(weighted.T @ terms[used] + ridge, weighted.T @ light[used])
        rest = (light[used] - terms[used] @ wall).mean(axis=-1)
        spread = max(1.4826 * float(np.median(np.abs(rest))), 0.01)
        doubt = np.where(rest < 0.0, rest / spread, rest / (2.5 * spread))
        weight = (1.0 / (1.0 + doubt**4)).astype(np.float32)
    return (light - terms @ wall).reshape(height, width, 3).astype(np.float32)
