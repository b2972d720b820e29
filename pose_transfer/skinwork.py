"""The tone of a person's skin."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .labels import ARM_L, ARM_R, HAND_L, HAND_R, PartLabels

# Hands whose colour is further than this from the face's (CIE Lab) are gloves, cloth or shade.
_LIKE_FACE: Final = 38.0
_FEWEST: Final = 40
_LIT: Final = 70.0
# What hands and arms say of lightness and of colour; the rest says the face.
_HANDS: Final = np.array([0.5, 0.1, 0.1])
# Colours so near to the person's tone (CIE Lab, lightness counting little) are their skin.
_ALIKE: Final = 20.0
_LAB_WEIGHTS: Final = (0.2, 1.2, 1.2)

SKIN_SHADE: Final = np.array([0.86, 1.06, 1.10])
"""Exponents of shade on skin in red, green, blue: it takes less of the red than of the rest."""


def skin_tone(
    foreground: NDArray[np.uint8], labels: PartLabels, face: Array | None
) -> NDArray[np.float64]:
    """The person's skin as the photo lights it, (3,) RGB.

    From the hands where they look like the face, else from bare forearms, else from the cheeks.
    """
    lab = np.asarray(
        cv2.cvtColor(foreground.astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab), np.float32
    )
    cheeks = None if face is None else _cheeks(lab, face)
    for parts in ((HAND_L, HAND_R), (ARM_L, ARM_R)):
        whole = labels.mask(*parts).astype(np.uint8)
        mask = cv2.erode(whole, np.ones((3, 3), np.uint8)) > 0
        if np.count_nonzero(mask) < _FEWEST:
            continue
        values = lab[mask]
        if cheeks is None:
            return _to_rgb(np.median(values, axis=0))
        alike = np.linalg.norm((values - cheeks) * [0.5, 1.4, 1.4], axis=1) < _LIKE_FACE * 0.6
        if np.count_nonzero(alike) > max(_FEWEST, 0.3 * len(values)):
            # Hands are red from hanging; the face says what the person's skin is.
            return _to_rgb(cheeks + _HANDS * (np.median(values[alike], axis=0) - cheeks))
    if cheeks is None:
        return np.array([205.0, 165.0, 140.0])
    return _to_rgb(cheeks * [0.97, 1.0, 1.0])


def like_skin(
    rgb: NDArray[np.uint8], tone: Array, unlike: Array | None = None
) -> NDArray[np.bool_]:
    """Which pixels (H, W) of a picture have the colour of skin of a tone (3,), light or shaded.

    Those that are nearer to the colour `unlike` (3,), a cloth's, do not.
    """
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab).astype(np.float32)
    away = _apart(lab, tone)
    alike = away < _ALIKE**2
    if unlike is not None:
        alike &= away < _apart(lab, unlike)
    return np.asarray(alike)


def _apart(lab: NDArray[np.float32], colour: Array) -> NDArray[np.float32]:
    """Squared distances (H, W) from a colour (3,), RGB."""
    pixel = np.clip(colour + 0.5, 0, 255).astype(np.uint8).reshape(1, 1, 3)
    middle = cv2.cvtColor(pixel, cv2.COLOR_RGB2Lab)[0, 0].astype(np.float32)
    return np.asarray((((lab - middle) * np.array(_LAB_WEIGHTS, np.float32)) ** 2).sum(axis=-1))


def _cheeks(lab: NDArray[np.float32], face: Array) -> NDArray[np.float64]:
    """Colour of both cheeks where the light falls on them, Lab."""
    values = []
    reach = max(2, round(0.06 * float(np.linalg.norm(face[454, :2] - face[234, :2]))))
    for point in (50, 280, 205, 425, 151):
        x, y = np.round(face[point, :2]).astype(int)
        patch = lab[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        values.append(patch.reshape(-1, 3))
    every = np.concatenate(values)
    if not len(every):
        return np.array([65.0, 15.0, 18.0])
    # Cheeks turn away from the light to their sides; hands are seen against the lit front.
    return np.append(np.percentile(every[:, 0], _LIT), np.median(every[:, 1:], axis=0))


def _to_rgb(lab: NDArray) -> NDArray[np.float64]:
    pixel = cv2.cvtColor(np.asarray(lab, np.float32).reshape(1, 1, 3), cv2.COLOR_Lab2RGB)
    return np.clip(pixel.reshape(3).astype(np.float64), 0.0, 1.0) * 255.0
