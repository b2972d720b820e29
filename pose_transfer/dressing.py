"""Concert dress for a photographed head."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.body.model import INDEX
from retarget.errors import ConductorError
from retarget.rotation import Array

from .concert import Dress, concert_pieces, head_place
from .concert_hands import body_hands
from .concert_light import estimate_light
from .face_mesh import CHIN, EARS, FOREHEAD, NOSE, face_width, oval_mask
from .fit import BodyFit
from .neck import closed, top_opening
from .pieces import Bones, Piece

DRESSES: Final = ("auto", "photo", "concert", "gown")
"""As photographed, a tailcoat, a black gown; "auto": the photo's if it can be completed."""

# From chin to crown over from chin to the top of the face mesh, which ends at the hairline.
_HEAD_OVER_FACE: Final = 1.27
# Of the way from nose to chin that the face mesh has in depth, a relief has 0.53 or more.
_CHIN_BEHIND: Final = 0.5
# From the middle between the ears to the joint between skull and neck: shares of the height and the
# breadth of the face.
_DOWN, _BACK = 0.3, 0.1
# How far up from its edge the neck goes on inside the head, as a share of the face's height.
_INTO_HEAD: Final = 0.4


def concert_dress(
    kind: str,
    head: Piece,
    face: Array,
    foreground: NDArray[np.uint8],
    fit: BodyFit,
    tone: Array,
) -> tuple[list[Piece], Bones]:
    """The pieces and bones of a body in concert dress under a photographed head.

    Parameters
    ----------
    kind : str
        "concert" (a tailcoat) or "gown".
    head : Piece
        The relief of the photo, which stays where it is.
    face : (478, 3) array
        Face mesh, pixels.
    foreground : (H, W, 3) uint8 array
        The person's own colours.
    fit : BodyFit
        Camera, and where the head is.
    tone : (3,) array
        The person's skin, RGB.
    """
    depth = float(fit.camera.to_pixels(fit.positions[INDEX["head"]])[2])
    # In space, so that a face bent forward is as long as one seen straight.
    tall_px = _HEAD_OVER_FACE * float(np.linalg.norm(face[CHIN] - face[FOREHEAD]))
    tall = tall_px * depth / fit.camera.focal
    mask = oval_mask(face, foreground.shape[:2])
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    try:
        light = estimate_light(foreground[window], mask[window], tall_px, tall)
    except ConductorError:
        light = None
    clothes: Dress = "gown" if kind == "gown" else "tailcoat"
    (cloth, neck, *_), bones = concert_pieces(clothes, tall, tone, light)
    hands, bones = body_hands(bones, tone)
    place = head_place(tall)
    chin = _chin(head, face, fit)
    away = chin - place.chin
    # The chin of a head that leans or is turned is not above the middle of the neck: the skull is.
    skull = _skull(face)
    joint, upper = (
        fit.camera.to_world(np.array([*pixel, depth]))
        for pixel in (skull, skull + _INTO_HEAD * (face[FOREHEAD, :2] - face[CHIN, :2]))
    )
    away[0] = joint[0] - place.neck[0]
    pieces = [cloth, closed(neck, *top_opening(neck), place.neck + upper - joint), *hands]
    moved = [replace(piece, vertices=piece.vertices + away) for piece in pieces]
    standing = replace(bones, heads=bones.heads + away, tails=bones.tails + away)
    return [*moved, head], standing


def _skull(face: Array) -> Array:
    """The pixel (2,) of the joint between skull and neck, however the head leans and is turned."""
    middle = face[list(EARS)].mean(axis=0)
    down = face[CHIN] - face[FOREHEAD]
    across = face[EARS[1]] - face[EARS[0]]
    forward = np.cross(down, across)
    forward *= np.sign(forward @ (face[NOSE] - middle)) / np.linalg.norm(forward)
    joint = middle + _DOWN * down - _BACK * face_width(face) * forward
    return np.asarray(joint[:2])


def _chin(head: Piece, face: Array, fit: BodyFit) -> Array:
    """Where the chin is: at its pixel, as deep as the relief is there.

    A shoulder before the chin ends the relief above it; the collar belongs below all the same. Or
    it pulls the relief forward, and the neck would stand before the mouth: the chin lies behind the
    nose.
    """
    points = fit.camera.to_pixels(head.vertices)

    def front(pixel: Array) -> float:
        away = np.linalg.norm(points[:, :2] - pixel, axis=1)
        return float(points[away < max(3.0, 1.5 * float(away.min())), 2].min())

    nose = front(face[NOSE, :2])
    behind = (face[CHIN, 2] - face[NOSE, 2]) * nose / fit.camera.focal
    depth = max(front(face[CHIN, :2]), nose + _CHIN_BEHIND * behind)
    return fit.camera.to_world(np.array([*face[CHIN, :2], depth]))
