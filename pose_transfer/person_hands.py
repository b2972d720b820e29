"""Hands of a photographed person: the body's, cut off straight at the wrist, in their own skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import BONES, INDEX, Body
from retarget.rotation import Array

from .hand_skin import Wrist, hand_picture
from .person_parts import PersonParts
from .pieces import Piece
from .skinwork import like_skin
from .t_pose import TPose
from .wrist import clipped, hand_vertices, past_wrist

__all__ = ["arm_above_wrist", "hand_piece", "past_wrist", "wrist_of_arm"]


def arm_above_wrist(piece: Piece, past: Array) -> Piece:
    """An arm's piece, cut off where `past` (V,) of its vertices is positive."""
    return clipped(piece, -past)


def wrist_of_arm(
    body: Body,
    arm: NDArray[np.bool_],
    past: Array,
    uv: Array,
    picture: NDArray[np.uint8],
    tone: Array,
) -> Wrist | None:
    """The colours of a bare arm where its hand begins; None if it is clothed there.

    Parameters
    ----------
    body : Body
        Whose arm it is.
    arm : bool array over the body's faces
        The arm's faces, those across the wrist included.
    past : (V,) array
        From `past_wrist`.
    uv : (V, 2) array
        Where the vertices take their colours in `picture`.
    picture : (H, W, 3) uint8 array
        The arm, completed.
    tone : (3,) array
        The person's skin, RGB.
    """
    faces = body.faces[arm]
    across = np.unique(faces[(past[faces] > 0.0).any(axis=1)])
    border = across[past[across] <= 0.0]
    if len(border) == 0:
        return None
    at = np.clip(np.round(uv[border]).astype(int), 0, np.array(picture.shape[1::-1]) - 1)
    colours = cv2.blur(picture, (5, 5))[at[:, 1], at[:, 0]]
    if float(like_skin(colours[None], tone).mean()) < 0.5:
        return None
    return Wrist(border, colours.astype(np.float64))


def hand_piece(
    parts: PersonParts,
    t_pose: TPose,
    limb: NDArray[np.bool_],
    past: Array,
    side: str,
    wrist: Wrist | None,
) -> Piece:
    """The hand of one side.

    Parameters
    ----------
    parts : PersonParts
        The person.
    t_pose : TPose
        Of the same person.
    limb : bool array over the body's faces
        Arm and hand.
    past : (V,) array
        From `past_wrist`.
    side : str
        "L" or "R".
    wrist : Wrist, optional
        From `wrist_of_arm`; None if cloth covers the wrist.
    """
    fit, body = parts.fit, parts.body
    at, elbow = fit.positions[[INDEX[f"hand.{side}"], INDEX[f"forearm.{side}"]]]
    places, begins = hand_vertices(
        fit.vertices, parts.vertices, past, at, elbow, sleeve=wrist is None
    )
    own = limb & (past[body.faces].max(axis=1) >= begins)
    picture, uv = hand_picture(parts.tone, body, places, own, side, wrist, parts.light)
    used, local = np.unique(body.faces[own], return_inverse=True)
    piece = Piece(
        vertices=places[used],
        faces=local.reshape(-1, 3),
        uv=uv,
        picture=np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
        weights={bone: body.weights[used, i] for i, bone in enumerate(BONES)},
        part=f"hand.{side}",
        t_pose=t_pose.of_body(places)[used],
    )
    return clipped(piece, past[used] - begins)
