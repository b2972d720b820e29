"""Bones that the body lacks: the baton, and twist bones that spread the turn of arms."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation, skeleton
from retarget.body.kinematics import bone_matrices, skin
from retarget.conductor_asset import Follower
from retarget.hands.grip import bulb_end
from retarget.rotation import Array, normalize

from .parts import Figure

_SIDES: Final = ("L", "R")
# How far apart the ankles stand, in distances of the hip joints; how far the knee stands ahead of
# the line from hip to ankle, in its length.
_STANCE: Final = 0.9
_KNEE: Final = 0.012
# Where along its limb a twist bone has all of the limb's share, and none: the flesh at the shoulder
# and the elbow stays with the bone above, that at the wrist goes with the hand.
_TWISTS: Final = {
    "upper_arm_twist": ("upper_arm", (0.0, 0.9)),
    "forearm_twist": ("forearm", (0.0, 0.75)),
    "wrist_twist": ("forearm", (1.0, 0.4)),
}
_FOLLOWED: Final = {
    "upper_arm_twist": ("upper_arm", -0.85),
    "forearm_twist": ("forearm", -1.0),
    "wrist_twist": ("hand", 1.0),
}
_BATON_M: Final = float(
    np.linalg.norm(
        skeleton.TAILS[skeleton.INDEX["baton_tip"]] - skeleton.REST[skeleton.INDEX["baton"]]
    )
)

FOLLOWERS: Final = tuple(
    Follower(f"{name}.{side}", f"{leader}.{side}", share)
    for side in _SIDES
    for name, (leader, share) in _FOLLOWED.items()
)
"""What drives the twist bones."""


def rig(figure: Figure) -> Figure:
    """The figure as it stands on a podium, with twist bones and the baton's bone.

    Weights of the limbs are spread over their twist bones.
    """
    figure = _standing(figure)
    bones, parents = list(figure.bones), list(figure.parents)
    heads, tails = list(figure.heads), list(figure.tails)
    columns = list(figure.weights.T)
    for side in _SIDES:
        for name, (stem, (full, none)) in _TWISTS.items():
            limb = figure.bone(f"{stem}.{side}")
            share = _ramp(_along(figure, limb), full, none)
            bones.append(f"{name}.{side}")
            parents.append(limb)
            start, end = figure.heads[limb], figure.tails[limb]
            middle = 0.5 * (start + end)
            first = full < none
            heads.append(start if first else middle)
            tails.append(middle if first else end)
            columns.append(columns[limb] * share)
            columns[limb] = columns[limb] * (1.0 - share)
    bones.append("baton")
    parents.append(figure.bone("hand.R"))
    start, end = _baton(figure)
    heads.append(start)
    tails.append(end)
    columns.append(np.zeros(len(figure.vertices)))
    return replace(
        figure,
        bones=tuple(bones),
        parents=tuple(parents),
        heads=np.array(heads),
        tails=np.array(tails),
        weights=np.stack(columns, axis=1),
    )


def _standing(figure: Figure) -> Figure:
    """The figure with its feet below its hips and its knees all but straight."""
    linear = np.tile(np.eye(3), (len(figure.bones), 1, 1))
    heads, tails = figure.heads.copy(), figure.tails.copy()
    for side in _SIDES:
        thigh, shin, foot = (figure.bone(f"{stem}.{side}") for stem in ("thigh", "shin", "foot"))
        hip, knee, ankle = figure.heads[[thigh, shin, foot]]
        bend = _KNEE * np.linalg.norm(ankle - hip)
        upper, lower = (
            np.sqrt(np.sum((b - a) ** 2) - bend**2) for a, b in ((hip, knee), (knee, ankle))
        )
        aside, back = (_STANCE - 1.0) * hip[0], ankle[1] - hip[1]
        way = np.array([aside, back, -np.sqrt((upper + lower) ** 2 - aside**2 - back**2)])
        way = normalize(way)
        ahead = normalize(np.array([0.0, -1.0, 0.0]) + way[1] * way)
        heads[shin] = tails[thigh] = hip + upper * way + bend * ahead
        heads[foot] = tails[shin] = hip + (upper + lower) * way
        tails[foot] = heads[foot] + figure.tails[foot] - ankle
        for bone, start, end in ((thigh, hip, knee), (shin, knee, ankle)):
            turn = rotation.between(end - start, tails[bone] - heads[bone])
            linear[bone] = rotation.to_matrix(turn)
    moved = skin(figure.vertices, figure.weights, bone_matrices(linear, figure.heads, heads))
    down = np.array([0.0, 0.0, moved[:, 2].min()])
    return replace(figure, vertices=moved - down, heads=heads - down, tails=tails - down)


def _along(figure: Figure, bone: int) -> Array:
    """How far each vertex (V,) lies along a bone: 0 at its head, 1 at its tail."""
    way = figure.tails[bone] - figure.heads[bone]
    return (figure.vertices - figure.heads[bone]) @ way / (way @ way)


def _ramp(at: Array, full: float, none: float) -> NDArray[np.float64]:
    return np.clip((at - none) / (full - none), 0.0, 1.0)


def _baton(figure: Figure) -> tuple[Array, Array]:
    """Ends of the baton at rest: from the hollow of the right hand on in the hand's direction."""

    def head(name: str) -> Array:
        return figure.heads[figure.bone(f"{name}.R")]

    hand = figure.bone("hand.R")
    along = normalize(figure.tails[hand] - figure.heads[hand])
    knuckles = [head(f"{finger}.01") for finger in ("index", "middle", "ring", "pinky")]
    across = knuckles[-1] - knuckles[0]
    hinge = normalize(across - along * (across @ along))
    palm = float(np.linalg.norm(np.mean(knuckles, axis=0) - head("hand")))
    start = head("hand") + bulb_end(along, hinge, palm, 1.0)
    height = float(figure.vertices[:, 2].max())
    return start, start + _BATON_M * height / skeleton.HEIGHT * along
