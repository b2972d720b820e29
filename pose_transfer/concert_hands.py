"""The body's hands on a figure in concert dress."""

from dataclasses import replace
from typing import Final

import numpy as np

from retarget import rotation
from retarget.body.model import BONES, FINGERS, INDEX, PARENTS, alignment, load_body
from retarget.rotation import Array

from .hand_pose import held_at
from .hand_skin import hand_picture
from .pieces import Bones, Piece
from .wrist import clipped, past_wrist

# The cuffs end up to 12 mm before the wrist; hands go on inside them so far, metres.
_INSIDE_M: Final = 0.034


def body_hands(bones: Bones, tone: Array) -> tuple[list[Piece], Bones]:
    """Hands for a figure with the avatar's bones.

    Parameters
    ----------
    bones : Bones
        Of the figure, in its bind pose.
    tone : (3,) array
        The person's skin, RGB, 0 to 255.

    Returns
    -------
    pieces : list of Piece
        `hand.L` and `hand.R`, as long as the figure's own hands.
    bones : Bones
        With the body's fingers, and the baton held by them.
    """
    pieces = []
    for side in ("L", "R"):
        piece, bones = _hand(bones, tone, side)
        pieces.append(piece)
    return pieces, bones


def _hand(bones: Bones, tone: Array, side: str) -> tuple[Piece, Bones]:
    body = load_body()
    shape = body.shape(np.zeros(body.components))
    turns = alignment(shape)
    hand = INDEX[f"hand.{side}"]
    own = bones.names.index(f"hand.{side}")
    turn = rotation.multiply(bones.turns[own], rotation.conjugate(turns[hand]))
    middle = [INDEX[f"middle.{i:02d}.{side}"] for i in (1, 2, 3)]
    theirs = [bones.names.index(f"middle.{i:02d}.{side}") for i in (1, 2, 3)]
    size = _length(bones.heads[own], bones.heads[theirs], bones.tails[theirs]) / _length(
        shape.heads[hand], shape.heads[middle], shape.tails[middle]
    )

    def moved(points: Array) -> Array:
        return bones.heads[own] + size * rotation.rotate(turn, points - shape.heads[hand])

    past = past_wrist(body, side)
    vertices = moved(shape.vertices)
    mask = past[body.faces].max(axis=1) >= -_INSIDE_M
    picture, uv = hand_picture(tone, body, vertices, mask, side)
    used, local = np.unique(body.faces[mask], return_inverse=True)
    piece = Piece(
        vertices=vertices[used],
        faces=local.reshape(-1, 3),
        uv=uv,
        picture=np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
        weights={bone: body.weights[used, i] for i, bone in enumerate(BONES)},
        part=f"hand.{side}",
    )
    fingers = [INDEX[f"{finger}.{i:02d}.{side}"] for finger in FINGERS for i in (1, 2, 3)]
    grown = _with_fingers(
        bones,
        side,
        moved(shape.heads[fingers]),
        moved(shape.tails[fingers]),
        rotation.multiply(turn, turns[fingers]),
    )
    return clipped(piece, past[used] + _INSIDE_M), grown


def _length(wrist: Array, heads: Array, tails: Array) -> float:
    """Of a hand, along its middle finger."""
    joints = np.concatenate([wrist[None], heads, tails[-1:]])
    return float(np.linalg.norm(np.diff(joints, axis=0), axis=1).sum())


def _with_fingers(bones: Bones, side: str, heads: Array, tails: Array, turns: Array) -> Bones:
    """Bones with the body's finger bones on one side; the right hand holds the baton anew."""
    names = tuple(f"{finger}.{i:02d}.{side}" for finger in FINGERS for i in (1, 2, 3))
    old = [
        name for name in bones.names if name.split(".")[0] in FINGERS and name.endswith(f".{side}")
    ]
    kept = [i for i, name in enumerate(bones.names) if name not in old]
    every = (*(bones.names[i] for i in kept), *names)
    above = {bones.names[i]: bones.parents[i] for i in kept}
    parents = [
        every.index(bones.names[above[name]]) if above[name] >= 0 else -1
        for name in every[: len(kept)]
    ]
    parents += [every.index(BONES[PARENTS[INDEX[name]]]) for name in names]
    out = Bones(
        names=every,
        parents=np.array(parents, np.int16),
        heads=np.concatenate([bones.heads[kept], heads]),
        tails=np.concatenate([bones.tails[kept], tails]),
        turns=np.concatenate([bones.turns[kept], turns]),
    )
    return _held(out) if side == "R" and "baton" in every else out


def _held(bones: Bones) -> Bones:
    hand, first, baton = (bones.names.index(name) for name in ("hand.R", "middle.01.R", "baton"))
    palm = float(np.linalg.norm(bones.heads[first] - bones.heads[hand]))
    heads, tails = bones.heads.copy(), bones.tails.copy()
    heads[baton] = held_at(bones.heads[hand], bones.turns[hand], palm)
    tails[baton] += heads[baton] - bones.heads[baton]
    return replace(bones, heads=heads, tails=tails)
