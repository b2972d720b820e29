"""Clothes fit whoever wears them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

from backend.conductors.correctives import corrected, corrections
from backend.conductors.figure import Build, build_figure
from backend.conductors.parts import Dress, Figure, Material, Piece
from backend.conductors.rigging import rig
from backend.conductors.tailor import OUTFITS, clipping, dress
from backend.conductors.tailor.drawing import WOOL, folded
from backend.conductors.tailor.form import Form, quad_normals, unit
from backend.conductors.tailor.shading import PICTURE
from backend.conductors.tailor.weights import MOST_BONES
from retarget.body.kinematics import bone_matrices, pose_bones, skin
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


def _posed(piece: Piece, matrices: Array) -> Array:
    return skin(piece.vertices, piece.weights, matrices[0])


def _named(build: str, outfit: str, name: str) -> Piece:
    return next(piece for piece in _dressed(build, outfit).pieces if piece.name == name)


@pytest.mark.parametrize(("build", "outfit"), _WORN)
def test_clothes_are_light_enough_to_move_in_real_time(build: str, outfit: str) -> None:
    faces = [piece.faces for piece in _dressed(build, outfit).pieces]
    assert sum(int((1 + (f[:, 3] >= 0)).sum()) for f in faces) < 13_000


@pytest.mark.parametrize(("outfit", "name"), [("tailcoat", "Tailcoat"), ("dark_suit", "Jacket")])
def test_lapels_and_collar_stay_where_they_are_when_the_arms_are_raised(
    outfit: str, name: str
) -> None:
    figure, piece = _figure("stout"), _named("stout", outfit, name)
    moved = np.linalg.norm(_posed(piece, _raised(figure)) - piece.vertices, axis=1)
    x, _, z = piece.vertices.T
    shoulder, chest = (figure.heads[figure.bone(b)] for b in ("upper_arm.L", "chest"))
    front = (np.abs(x) < 0.45 * shoulder[0]) & (z > chest[2])
    assert front.sum() > 300
    assert moved[front].max() < 0.004
    assert moved[np.abs(x) > figure.heads[figure.bone("forearm.L")][0]].min() > 0.1


def test_one_looks_into_closed_cuffs() -> None:
    figure, shirt = _figure("stout"), _named("stout", "tailcoat", "Shirt")
    for side in "LR":
        elbow, wrist = (figure.heads[figure.bone(f"{b}.{side}")] for b in ("forearm", "hand"))
        run = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        along = (shirt.vertices - elbow) @ run
        off = np.linalg.norm(shirt.vertices - elbow - along[:, None] * run, axis=1)
        near = (off < 0.06) & (along > 0.0)
        edge = along[near].max()
        assert off[near & (along > edge - 0.01)].min() > 0.02
        closing = near & (along < edge - 0.03)
        assert off[closing].min() < 0.02


@pytest.mark.parametrize("outfit", ["tailcoat", "dark_suit"])
def test_the_skin_ends_well_before_its_cuff_is_closed(outfit: str) -> None:
    figure, worn = _figure("stout"), _dressed("stout", outfit)
    shirt = _named("stout", outfit, "Shirt")
    shown = (figure.part == 0)[figure.faces[:, 0]] & ~worn.covered[figure.faces].all(axis=1)
    skin_left = figure.vertices[np.unique(figure.faces[shown])]
    for side in "LR":
        elbow, wrist = (figure.heads[figure.bone(f"{b}.{side}")] for b in ("forearm", "hand"))
        run = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        deepest = []
        for points, reach in ((skin_left, 0.06), (shirt.vertices, 0.01)):
            along = (points - wrist) @ run
            off = np.linalg.norm(points - wrist - along[:, None] * run, axis=1)
            deepest.append(along[(np.abs(along) < 0.2) & (off < reach)].min())
        assert deepest[0] > deepest[1] + 0.01


@pytest.mark.parametrize(("build", "outfit"), _WORN)
def test_each_spot_of_the_picture_shows_one_spot_of_the_cloth(build: str, outfit: str) -> None:
    worn = _dressed(build, outfit)
    size = len(worn.textures[PICTURE])
    strip = 8 * len({m for piece in worn.pieces for m in piece.materials})
    shown = np.zeros((size, size), dtype=np.int64)
    for piece in worn.pieces:
        assert piece.uv is not None
        assert piece.uv.min() >= 0.0
        assert piece.uv.max() <= 1.0
        corners = piece.uv[piece.uv[..., 1].min(axis=1) * size > strip] * size
        middle, reach = corners.mean(axis=1), 0.25 * np.ptp(corners, axis=1)
        low, high = np.ceil(middle - reach), np.floor(middle + reach)
        for (left, bottom), (right, top) in zip(low.astype(int), high.astype(int), strict=True):
            shown[bottom:top, left:right] += 1
    assert shown.max() == 1
    assert (shown > 0).mean() > 0.05


def test_folds_are_drawn_at_elbows_and_not_on_shins() -> None:
    form = Form(_figure("stout"))
    jacket = _named("stout", "dark_suit", "Jacket")
    corners = jacket.vertices[jacket.faces]
    a, b = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    shares = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], axis=-1).reshape(-1, 4)
    points = np.einsum("sk,fkc->fsc", shares, corners).reshape(-1, 3)
    normals = quad_normals(jacket.vertices, jacket.faces)[jacket.faces]
    normals = unit(np.einsum("sk,fkc->fsc", shares, normals).reshape(-1, 3))
    light = folded(form, WOOL, points, normals, np.zeros(len(points), dtype=np.int64))
    elbow = np.linalg.norm(points - form.head("forearm.L"), axis=1) < 0.1
    assert light[elbow].min() < -0.15
    assert light[elbow].max() > 0.1
    assert not folded(
        form, WOOL, points - [0.0, 0.0, 1.0], normals, np.zeros(len(points), dtype=np.int64)
    )[elbow].any()


def test_stiff_cloth_that_does_not_bend_with_the_arm_keeps_its_form() -> None:
    figure = _figure("stout")
    made = corrections(figure)
    shirt = np.flatnonzero(figure.weights[:, figure.bone("clavicle.L")] > 0.4)
    faces = np.stack([shirt[:-3], shirt[1:-2], shirt[2:-1], shirt[3:]], axis=1)
    material = Material("Cloth", "cloth", (0.1, 0.1, 0.1))
    soft = Piece("Soft", figure.vertices, faces, figure.weights, (material,), faces[:, 0] * 0)
    weights = figure.weights.copy()
    for i, bone in enumerate(figure.bones):
        if bone.split(".")[0] in ("upper_arm", "upper_arm_twist", "forearm"):
            weights[:, figure.bone("clavicle.L")] += weights[:, i]
            weights[:, i] = 0.0
    stiff = corrected(replace(soft, weights=weights), figure, made).shapes["shoulder_up.L"]
    free = corrected(soft, figure, made).shapes["shoulder_up.L"]
    there = np.intersect1d(stiff.vertices, free.vertices)
    size = [np.linalg.norm(s.offsets[np.isin(s.vertices, there)], axis=1) for s in (stiff, free)]
    assert len(there) > 50
    assert size[0].max() < 0.5 * size[1].max()


def test_an_unknown_outfit_is_named() -> None:
    with pytest.raises(ValueError, match=r"kilt.*tailcoat"):
        dress(_figure("slight"), "kilt")
    assert set(OUTFITS) == {"tailcoat", "black_dress", "black_blouse", "dark_suit"}
