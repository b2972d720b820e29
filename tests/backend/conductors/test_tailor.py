"""Clothes fit whoever wears them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

from backend.conductors.figure import Build, build_figure
from backend.conductors.parts import Dress, Figure, Piece
from backend.conductors.rigging import rig
from backend.conductors.tailor import OUTFITS, clipping, dress
from backend.conductors.tailor.weights import MOST_BONES
from retarget.body.kinematics import bone_matrices, pose_bones
from retarget.rotation import Array

_BUILDS = {
    "stout": {"gender": 0.0, "age": 0.8, "weight": 0.9, "muscle": 0.4, "height": 0.5},
    "slight": {"gender": 1.0, "age": 0.9, "weight": 0.3, "height": 0.2, "cupsize": 0.6},
}
_WORN = [("stout", "tailcoat"), ("stout", "dark_suit")]
_WORN += [("slight", "black_dress"), ("slight", "black_blouse")]


@cache
def _figure(build: str) -> Figure:
    return rig(build_figure(build, Build(_BUILDS[build])))


@cache
def _dressed(build: str, outfit: str) -> Dress:
    return dress(_figure(build), outfit)


def _raised(figure: Figure) -> Array:
    """Matrices (1, B, 3, 4) of a pose with both arms lifted forwards by half a right angle."""
    half = np.radians(45.0)
    turn = np.array([[1, 0, 0], [0, np.cos(half), np.sin(half)], [0, -np.sin(half), np.cos(half)]])
    count = 49
    local = np.tile(np.eye(3), (count, 1, 1))
    for side in "LR":
        local[figure.bone(f"upper_arm.{side}")] = turn.T
    positions, rotations = pose_bones(figure.heads[:count], local, figure.heads[0])
    parents = np.array(figure.parents[count:])
    above = [p if p < count else figure.parents[p] for p in parents]
    rotations = np.concatenate([rotations, rotations[above]])
    offsets = figure.heads[count:] - figure.heads[above]
    carried = positions[above] + (rotations[above] @ offsets[..., None])[..., 0]
    positions = np.concatenate([positions, carried])
    return bone_matrices(rotations, figure.heads, positions)[None]


def _outward(piece: Piece) -> float:
    """Volume that the piece's faces enclose: positive where they look outwards."""
    a, b, c = (piece.vertices[piece.faces[:, i]] - piece.vertices.mean(axis=0) for i in range(3))
    d = piece.vertices[piece.faces[:, 3]] - piece.vertices.mean(axis=0)
    return float((np.cross(a, b) * c).sum() + (np.cross(a, c) * d).sum())


@pytest.mark.parametrize(("build", "outfit"), _WORN)
def test_every_vertex_hangs_on_few_bones(build: str, outfit: str) -> None:
    for piece in _dressed(build, outfit).pieces:
        assert np.isfinite(piece.vertices).all()
        assert np.allclose(piece.weights.sum(axis=1), 1.0)
        assert ((piece.weights > 0).sum(axis=1) <= MOST_BONES).all()
        assert piece.faces.max() < len(piece.vertices)
        assert piece.material.max() < len(piece.materials)


@pytest.mark.parametrize(("build", "outfit"), _WORN)
def test_outsides_look_outwards(build: str, outfit: str) -> None:
    for piece in _dressed(build, outfit).pieces:
        assert _outward(piece) > 0, piece.name


@pytest.mark.parametrize(("build", "outfit"), _WORN)
def test_face_and_hands_are_seen_and_trunk_and_legs_are_not(build: str, outfit: str) -> None:
    figure, covered = _figure(build), _dressed(build, outfit).covered
    share = {name: figure.weights[:, figure.bone(name)] for name in ("head", "hand.L", "thigh.L")}
    assert not covered[(share["head"] > 0.9) | (share["hand.L"] > 0.9)].any()
    assert covered[(share["thigh.L"] > 0.9) & (figure.part == 0)].all()
    navel = (np.abs(figure.vertices[:, 0]) < 0.05) & (figure.part == 0)
    navel &= np.abs(figure.vertices[:, 2] - figure.heads[figure.bone("spine"), 2]) < 0.03
    assert covered[navel].all()


@pytest.mark.parametrize(("build", "outfit"), _WORN)
def test_no_skin_comes_through_cloth(build: str, outfit: str) -> None:
    figure = _figure(build)
    rest = np.tile(np.eye(3, 4), (1, len(figure.bones), 1, 1))
    found = clipping(figure, _dressed(build, outfit), np.concatenate([rest, _raised(figure)]))
    assert not any("Skin" in pair for pair in found), found


def test_skin_that_comes_through_cloth_is_counted() -> None:
    figure, worn = _figure("slight"), _dressed("slight", "black_dress")
    gown, *others = worn.pieces
    shifted = replace(gown, vertices=gown.vertices + np.array([0.04, 0.02, 0.0]))
    bare = replace(worn, pieces=(shifted, *others), covered=np.zeros_like(worn.covered))
    rest = np.tile(np.eye(3, 4), (1, len(figure.bones), 1, 1))
    assert clipping(figure, bare, rest)["Skin", "Dress"][0] > 5


def test_the_same_figure_gets_the_same_clothes() -> None:
    again = dress(_figure("slight"), "black_dress")
    for piece, twin in zip(again.pieces, _dressed("slight", "black_dress").pieces, strict=True):
        assert np.array_equal(piece.vertices, twin.vertices)
        assert np.array_equal(piece.weights, twin.weights)


def test_black_cloth_has_shades() -> None:
    worn = _dressed("stout", "dark_suit")
    jacket = next(p for p in worn.pieces if p.name == "Jacket")
    assert jacket.uv is not None
    assert np.ptp(jacket.uv[..., 0]) > 0.3
    assert {m.texture for p in worn.pieces for m in p.materials} == set(worn.textures)


def test_an_unknown_outfit_is_named() -> None:
    with pytest.raises(ValueError, match=r"kilt.*tailcoat"):
        dress(_figure("slight"), "kilt")
    assert set(OUTFITS) == {"tailcoat", "black_dress", "black_blouse", "dark_suit"}
