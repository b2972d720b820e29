"""How a photo is lit, read off the person's own form: what faces the light is brighter."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import Body
from retarget.rotation import Array

from .coverage import CoverageRenderer
from .deform import vertex_normals
from .face_mesh import oval_mask
from .fit import BodyFit
from .labels import ARM_L, ARM_R, HAND_L, HAND_R, HEAD, TRUNK, PartLabels
from .lighting import USUAL_LIGHT, light_on

# What each part says. A face is of one colour and round; trunk and legs are of many colours, flat,
# and mostly seen from the front; hands are small and their fingers were not fitted to the pixel.
_SAYS: Final = {TRUNK: 0.3, HEAD: 2.0, ARM_L: 1.0, ARM_R: 1.0, HAND_L: 0.3, HAND_R: 0.3}
# A part with fewer pixels says nothing.
_FEWEST: Final = 40
# Of one with more than so many only every second, third … is asked.
_MOST_ASKED: Final = 30_000
# How much the usual light weighs against the photo's.
_USUAL: Final = 0.05
# Lightness so far off, as a share of the part's, is another colour rather than light.
_OFF: Final = 0.15
_ROUNDS: Final = 12
# Greatest length of the light: a surface that faces away keeps a third of one that faces it.
_MOST: Final = 0.5
# What counts as the person; surfaces nearer to edge-on are the outline's, not the body's.
_SURE, _EDGE_ON = 0.95, 0.15
_LIGHTNESS: Final = np.array([0.30, 0.59, 0.11])


@dataclass(frozen=True)
class _Sample:
    """Pixels of one part: normals (N, 3) in camera space, lightness (N,) and their weight."""

    normals: NDArray[np.float32]
    lightness: Array
    weight: float


def find_light(
    foreground: NDArray[np.uint8],
    matte: NDArray[np.float32],
    labels: PartLabels,
    face: Array,
    fit: BodyFit,
    vertices: Array,
    body: Body,
) -> Array:
    """The photo's light (3,), as `lighting.light_on` takes it.

    Least squares of lightness on the body's normals, each part of a colour of its own, robust
    against patterns, shadows and hair; what the photo leaves open is as in most photographs.

    Parameters
    ----------
    foreground : (H, W, 3) uint8 array
        The person's own colours.
    matte : (H, W) array
        The person, [0, 1].
    labels : PartLabels
        What each pixel shows.
    face : (478, 3) array
        Face mesh, pixels.
    fit : BodyFit
        Camera.
    vertices : (V, 3) array
        The body with the photo's outline, in the photo's pose.
    body : Body
        Its faces.
    """
    normals = _normals(fit, vertices, body, labels.labels.shape)
    sure = (matte > _SURE) & (normals[..., 2] > _EDGE_ON)
    sure = cv2.erode(sure.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    lightness = foreground @ _LIGHTNESS
    samples = []
    for part, weight in _SAYS.items():
        mask = sure & labels.mask(part)
        if part == HEAD:
            mask &= oval_mask(face, mask.shape)
        pixels = np.flatnonzero(mask)
        if len(pixels) >= _FEWEST:
            rows, columns = np.unravel_index(pixels[:: 1 + len(pixels) // _MOST_ASKED], mask.shape)
            samples.append(_Sample(normals[rows, columns], lightness[rows, columns], weight))
    light = USUAL_LIGHT
    for _ in range(_ROUNDS):
        light = _closer(light, samples)
    return light


def _normals(
    fit: BodyFit, vertices: Array, body: Body, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Unit normals (H, W, 3) in camera space of what the photo shows; 0 where there is no body."""
    with CoverageRenderer((shape[1], shape[0])) as renderer:
        cover = renderer.draw(fit.camera.to_pixels(vertices), body.faces)
    # The photo's camera looks along +y.
    x, y, z = vertex_normals(vertices, body.faces)[body.faces].mean(axis=1).T
    of_face = np.stack([x, z, -y], axis=1)
    of_face /= np.maximum(np.linalg.norm(of_face, axis=1, keepdims=True), 1e-9)
    shown = np.where(cover.inside[..., None], of_face[cover.face], 0.0)
    return shown.astype(np.float32)


def _closer(light: Array, samples: list[_Sample]) -> Array:
    """One round of reweighted least squares from a light (3,)."""
    square, right = _USUAL * np.eye(3), _USUAL * USUAL_LIGHT
    for sample in samples:
        lit = light_on(sample.normals.T, light).astype(np.float64)
        shade = sample.lightness / max(float(np.median(sample.lightness / lit)), 1.0)
        weight = sample.weight / (1.0 + ((shade - lit) / _OFF) ** 2) / len(lit)
        # The part's own colour is free: only what varies over it says something.
        total = weight.sum()
        normals = sample.normals - weight @ sample.normals / total
        square = square + (normals * weight[:, None]).T @ normals
        right = right + (normals * weight[:, None]).T @ (shade - weight @ shade / total)
    found = np.linalg.solve(square, right)
    return found * min(1.0, _MOST / max(float(np.linalg.norm(found)), 1e-9))
