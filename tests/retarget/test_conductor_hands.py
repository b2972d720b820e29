"""The built-in conductors hold their batons: measured on their skin and on the baton's mesh."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hand_rigs import HandRig, hands_motion
from sample_rigs import pose, rig_from_rows

from retarget import rotation
from retarget.conductor_asset import CONDUCTORS, AssetMesh, ConductorAsset
from retarget.detect import detect_rig
from retarget.fit import fit_rig
from retarget.rotation import Array
from retarget.solve import solve

FOLDER = Path(__file__).parents[2] / "blender_addon" / "conductors"
# As the baton lies in the hand, and as it turns there in a quick beat.
LIE = np.array([[0.0, 0.08, 0.16], [0.0, 0.17, 0.16], [0.0, -0.01, 0.16]])


class Held:
    """A conductor with arms out and the right hand around the baton, (T,) frames."""

    def __init__(self, name: str) -> None:
        self.asset = ConductorAsset.load(FOLDER / f"{name}.npz")
        bones = self.asset.bones
        ends = zip(bones, self.asset.parents, self.asset.heads, self.asset.tails, strict=True)
        rows = {
            bone: (None if parent < 0 else bones[parent], head, tail)
            for bone, parent, head, tail in ends
        }
        rig = rig_from_rows(rows, seed=4)
        self.hand = HandRig(rig, fit_rig(rig, detect_rig(rig)), name)
        closed = (np.full(len(LIE), value) for value in (0.6, 1.15, 2.2))
        self.posed = pose(rig, solve(self.hand.fit, hands_motion(*closed, baton=LIE)))
        baton = bones.index("baton")
        self.start, self.along = self.posed[:, baton, :3, 3], self.posed[:, baton, :3, 1]
        self.profile = self._profile(self._mesh("Baton").vertices)

    def room(self, *stems: str) -> Array:
        """Least distance (T,) from the baton's surface of the skin of the right hand's bones."""
        body = self._mesh("Body")
        bones = [self.asset.bones.index(f"{stem}.R") for stem in stems]
        strongest = body.weight_bones[np.arange(len(body.weights)), body.weights.argmax(axis=1)]
        used = np.isin(strongest, bones)
        moves = self.posed @ np.linalg.inv(self.hand.rig.matrices)
        points = np.zeros((len(self.posed), int(used.sum()), 3))
        for bone, share in zip(body.weight_bones[used].T, body.weights[used].T, strict=True):
            there = np.einsum("tvij,vj->tvi", moves[:, bone][..., :3, :3], body.vertices[used])
            points += share[:, None] * (there + moves[:, bone][..., :3, 3])
        way = points - self.start[:, None]
        at = np.einsum("tvi,ti->tv", way, self.along)
        away = np.linalg.norm(way - at[..., None] * self.along[:, None], axis=-1)
        room = away - np.interp(at, *self.profile, left=-1.0, right=-1.0)
        least: Array = room.min(axis=1)
        return least

    def _mesh(self, name: str) -> AssetMesh:
        return next(mesh for mesh in self.asset.meshes if mesh.name == name)

    def _profile(self, vertices: Array) -> tuple[Array, Array]:
        """Ways along the baton and its radius there, metres."""
        row = self.asset.bones.index("baton")
        start = self.asset.heads[row]
        along = rotation.normalize(self.asset.tails[row] - start)
        way = (vertices - start) @ along
        radius = np.linalg.norm(vertices - start - way[:, None] * along, axis=1)
        at = np.unique(way.round(4))
        return at, np.array([radius[np.abs(way - each) < 2e-4].max() for each in at])


@cache
def held(name: str) -> Held:
    return Held(name)


@pytest.fixture(params=list(CONDUCTORS), name="conductor")
def _conductor(request: pytest.FixtureRequest) -> Held:
    return held(request.param)


def test_thumb_and_index_are_on_the_handle(conductor: Held) -> None:
    for stems in (("thumb.03",), ("index.02", "index.03")):
        assert np.abs(conductor.room(*stems)).max() < 0.003, stems


def test_the_middle_finger_closes_softly_on_the_bulb(conductor: Held) -> None:
    room = conductor.room("middle.02", "middle.03")
    assert room.max() < 0.006
    # The others follow it, each a little further in the palm, and slant to the root of the thumb.
    assert conductor.room("ring.02", "ring.03").max() < 0.030


def test_the_baton_pierces_nothing(conductor: Held) -> None:
    fingers = [
        f"{f}.{i:02d}" for f in ("thumb", "index", "middle", "ring", "pinky") for i in (1, 2, 3)
    ]
    assert conductor.room("hand", *fingers).min() > -0.0025


def test_the_bulb_lies_in_the_palm(conductor: Held) -> None:
    assert conductor.room("hand", "thumb.01")[0] < 0.006


def test_the_baton_goes_on_in_the_line_of_the_arm(conductor: Held) -> None:
    # The hand goes on straight from the forearm here: up, and to the left, where the thumb is.
    up, left = conductor.along[0, 2], -conductor.along[0, 1]
    assert 0.0 < np.degrees(np.arcsin(up)) < 12.0
    assert 3.0 < np.degrees(np.arcsin(left)) < 15.0
