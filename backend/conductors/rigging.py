"""Bones that the body lacks: the baton, and twist bones that spread the turn of arms."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget import skeleton
from retarget.conductor_asset import Follower
from retarget.rotation import Array, normalize

from .parts import Figure

_SIDES: Final = ("L", "R")
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
# The handle's end lies in the hollow of the hand: so far towards the index finger's knuckle from
# the wrist, and so far below it on the side of the palm, in lengths of that way.
_ALONG_HAND: Final = 0.62
_INTO_PALM: Final = 0.26
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
    """The figure with twist bones and the baton's bone, and its weights spread over them."""
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
    to_index = head("index.01") - head("hand")
    # Towards the palm, on the right hand.
    palm = normalize(np.cross(head("index.01") - head("pinky.01"), along))
    length = float(np.linalg.norm(to_index))
    start = head("hand") + _ALONG_HAND * to_index + _INTO_PALM * length * palm
    height = float(figure.vertices[:, 2].max())
    return start, start + _BATON_M * height / skeleton.HEIGHT * along
