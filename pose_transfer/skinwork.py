"""The skin of the body's own hands: the person's tone, creases, knuckles, light."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import FINGERS, INDEX, Body
from retarget.rotation import Array

from .deform import vertex_normals
from .labels import ARM_L, ARM_R, HAND_L, HAND_R, PartLabels
from .lighting import light_on

# A strip of tones: darkness from left to right, redness from top to bottom.
_STRIP: Final = (96, 24)
_DARKEST, _LIGHTEST = 0.42, 1.22
# Hands whose colour is further than this from the face's (CIE Lab) are gloves, cloth or shade.
_LIKE_FACE: Final = 38.0
_FEWEST: Final = 40


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
            return _to_rgb(0.5 * np.median(values[alike], axis=0) + 0.5 * cheeks)
    if cheeks is None:
        return np.array([205.0, 165.0, 140.0])
    return _to_rgb(cheeks * [0.97, 1.0, 1.0])


def _cheeks(lab: NDArray[np.float32], face: Array) -> NDArray[np.float64]:
    """Median colour of both cheeks, Lab."""
    values = []
    reach = max(2, round(0.06 * float(np.linalg.norm(face[454, :2] - face[234, :2]))))
    for point in (50, 280, 205, 425, 151):
        x, y = np.round(face[point, :2]).astype(int)
        patch = lab[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        values.append(patch.reshape(-1, 3))
    every = np.concatenate(values)
    return np.median(every, axis=0).astype(np.float64) if len(every) else np.array([65.0, 15, 18])


def _to_rgb(lab: NDArray) -> NDArray[np.float64]:
    pixel = cv2.cvtColor(np.asarray(lab, np.float32).reshape(1, 1, 3), cv2.COLOR_Lab2RGB)
    return np.clip(pixel.reshape(3).astype(np.float64), 0.0, 1.0) * 255.0


def hand_picture(
    tone: NDArray[np.float64], body: Body, vertices: Array, faces: NDArray, side: str
) -> tuple[NDArray[np.uint8], Array]:
    """A strip of skin tones (h, w, 3), and the places (F, 3, 2) of the faces' corners in it.

    Parameters
    ----------
    tone : (3,) array
        The person's skin, RGB.
    body : Body
        For the creases of the hand at rest and the places of the knuckles.
    vertices : (V, 3) array
        The body in the photo's pose, whose surface the light falls on.
    faces : (F, 3) int array
        The hand's faces.
    side : str
        "L" or "R".
    """
    width, height = _STRIP
    shade = np.linspace(_DARKEST, _LIGHTEST, width)[None, :, None]
    red = np.linspace(0.0, 1.0, height)[:, None, None]
    # Shadows of skin are redder than light on it; so is skin with little fat over bone.
    dark = np.clip(1.0 - shade, 0.0, 1.0)
    tint = np.array([1.0, 0.0, 0.0]) * (0.10 * red + 0.16 * dark) + np.array(
        [0.0, -0.05, -0.04]
    ) * (1.4 * red + dark)
    picture = np.clip(tone * shade * (1.0 + tint) + 0.5, 0.0, 255.0).astype(np.uint8)
    x_, y_, z_ = vertex_normals(vertices, body.faces).T
    # The photo's camera looks along +y.
    light = light_on(np.stack([x_, z_, -y_]).astype(np.float32))
    value = _creases(body) * light / float(np.median(light[np.unique(faces)]))
    redness = _redness(body, side)
    x = (np.clip(value, _DARKEST, _LIGHTEST) - _DARKEST) / (_LIGHTEST - _DARKEST) * (width - 1)
    y = np.clip(redness, 0.0, 1.0) * (height - 1)
    return picture, np.stack([x, y], axis=-1)[faces]


def _creases(body: Body) -> Array:
    """How open each vertex of the body lies at rest, (V,): 1 on flats, less in folds."""
    vertices, faces = body.vertices, body.faces
    normals = vertex_normals(vertices, faces)
    total = np.zeros(len(vertices))
    count = np.zeros(len(vertices))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        for i, j in ((faces[:, a], faces[:, b]), (faces[:, b], faces[:, a])):
            step = vertices[j] - vertices[i]
            up = np.einsum("ij,ij->i", step, normals[i]) / np.maximum(
                np.linalg.norm(step, axis=1), 1e-9
            )
            total += np.bincount(i, up, len(vertices))
            count += np.bincount(i, minlength=len(vertices))
    bend = total / np.maximum(count, 1.0)
    for _ in range(2):
        mean = np.zeros(len(vertices))
        for a, b in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)):
            mean += np.bincount(faces[:, a], bend[faces[:, b]], len(vertices))
        bend = 0.5 * bend + 0.5 * mean / np.maximum(count, 1.0)
    return np.clip(1.0 - 1.1 * np.maximum(bend, 0.0) + 0.12 * np.maximum(-bend, 0.0), 0.5, 1.08)


def _redness(body: Body, side: str) -> Array:
    """More at knuckles, joints and tips of the fingers, (V,)."""
    out = np.zeros(len(body.vertices))
    places = []
    for finger in FINGERS:
        for i in (1, 2, 3):
            places.append((body.heads[INDEX[f"{finger}.{i:02d}.{side}"]], 0.011, 0.6))
        tip = body.tips[INDEX[f"{finger}.03.{side}"]]
        places.append((body.vertices[tip], 0.014, 0.9))
    for at, reach, strength in places:
        away = np.linalg.norm(body.vertices - at, axis=1)
        out = np.maximum(out, strength * np.exp(-((away / reach) ** 2)))
    return out
