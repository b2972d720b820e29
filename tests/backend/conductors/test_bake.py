"""The workshop of the conductors: rigs, correctives, assets that hold it all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.conductors.bake import assemble
from backend.conductors.correctives import corrected, corrections
from backend.conductors.figure import Build, build_figure
from backend.conductors.parts import Figure, Material, Piece
from backend.conductors.recipes import recipes
from backend.conductors.rigging import FOLLOWERS, rig
from retarget import rotation
from retarget.conductor_asset import CONDUCTORS, ConductorAsset

pytest.importorskip("anny")

FOLDER = Path(__file__).parents[3] / "blender_addon" / "conductors"


@pytest.fixture(scope="module")
def bare() -> Figure:
    return build_figure("somebody", Build({"gender": 0.3, "age": 0.7}))


@pytest.fixture(scope="module")
def figure(bare: Figure) -> Figure:
    return rig(bare)


def test_recipes_are_the_conductors_that_the_panel_lists_and_each_is_baked() -> None:
    made = recipes()
    assert {name: recipe.title for name, recipe in made.items()} == CONDUCTORS
    baked = {path.name for path in FOLDER.iterdir()}
    assert {f"{name}.{end}" for name in made for end in ("npz", "png")} <= baked


def test_the_assets_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 12_000_000
    assert all(path.stat().st_size <= 40_000 for path in FOLDER.glob("*.png"))


def test_twist_bones_take_over_weights_along_the_limb(bare: Figure, figure: Figure) -> None:
    assert figure.weights.sum(axis=1) == pytest.approx(1.0)
    assert (figure.weights >= 0.0).all()
    for stem, twists in (("upper_arm", ["upper_arm_twist"]),
                         ("forearm", ["forearm_twist", "wrist_twist"])):  # fmt: skip
        names = [f"{name}.L" for name in (stem, *twists)]
        total = figure.weights[:, [figure.bone(name) for name in names]].sum(axis=1)
        assert total == pytest.approx(bare.weights[:, bare.bone(f"{stem}.L")])
    head, tail = (ends[figure.bone("forearm.L")] for ends in (figure.heads, figure.tails))
    way = (tail - head) / np.linalg.norm(tail - head) ** 2
    own = figure.weights[:, figure.bone("forearm_twist.L")] > 0.5
    assert ((figure.vertices[own] - head) @ way).mean() < 0.3
    wrist = figure.weights[:, figure.bone("wrist_twist.L")] > 0.5
    assert ((figure.vertices[wrist] - head) @ way).mean() > 0.7
    assert {follower.bone for follower in FOLLOWERS} == {b for b in figure.bones if "twist" in b}


def test_the_baton_points_on_in_the_hands_direction_from_the_palm(figure: Figure) -> None:
    baton, hand = figure.bone("baton"), figure.bone("hand.R")
    assert figure.bones[figure.parents[baton]] == "hand.R"
    ways = [rotation.normalize(figure.tails[b] - figure.heads[b]) for b in (baton, hand)]
    assert ways[0] @ ways[1] > 0.99
    off = figure.heads[baton] - figure.heads[hand]
    assert 0.03 < off @ ways[1] < 0.1
    # The palm's side is where bent fingers go.
    finger = figure.tails[figure.bone("middle.03.R")] - figure.heads[figure.bone("middle.01.R")]
    assert (off - ways[1] * (off @ ways[1])) @ (finger - ways[1] * (finger @ ways[1])) > 0.0


def test_the_feet_stand_below_the_hips_on_the_ground(bare: Figure, figure: Figure) -> None:
    hip, ankle = (figure.heads[figure.bone(f"{stem}.L")][0] for stem in ("thigh", "foot"))
    assert ankle == pytest.approx(0.9 * hip, rel=0.02)
    assert figure.vertices[:, 2].min() == pytest.approx(0.0, abs=1e-9)
    for a, b in (("thigh", "shin"), ("shin", "foot")):
        lengths = [
            np.linalg.norm(f.heads[f.bone(f"{b}.L")] - f.heads[f.bone(f"{a}.L")])
            for f in (bare, figure)
        ]
        assert lengths[0] == pytest.approx(lengths[1])


def test_corrected_bends_keep_more_volume_and_cross_themselves_less(figure: Figure) -> None:
    made = {c.corrective.shape: c for c in corrections(figure)}
    assert set(made) == {
        f"{name}.{side}"
        for name in ("shoulder_up", "shoulder_across", "elbow_bend")
        for side in "LR"
    }
    correction = made["elbow_bend.R"].corrective
    bone = figure.bone(correction.bone)
    rest = rotation.normalize(figure.tails[bone] - figure.heads[bone])
    # Nothing at rest, all of it in the pose it is made for.
    assert correction.start >= rest @ np.array(correction.toward) - 1e-9
    turn = rotation.to_matrix(rotation.between(rest, np.array(correction.toward)))
    share = _share_below(figure, bone)
    plain, better = (
        _bent(figure.vertices + offsets, figure.heads[bone], turn, share)
        for offsets in (0.0, made["elbow_bend.R"].offsets)
    )
    near = np.linalg.norm(figure.vertices - figure.heads[bone], axis=1) < 0.06
    assert near.sum() > 50
    # Middles of both limbs' blend come too close to the joint by linear blending.
    middle = near & (share > 0.3) & (share < 0.7)
    lost, kept = (
        np.linalg.norm(points[middle] - figure.heads[bone], axis=1)
        / np.linalg.norm(figure.vertices[middle] - figure.heads[bone], axis=1)
        for points in (plain, better)
    )
    assert kept.mean() > lost.mean() + 0.05


def test_clothes_take_the_correctives_of_the_body_they_lie_on_and_hair_does_not(
    figure: Figure,
) -> None:
    made = corrections(figure)
    skin = figure.part == 0
    cloth = _worn(figure, figure.vertices[skin] + 0.004)
    cloth = replace(cloth, weights=figure.weights[skin])
    assert set(corrected(cloth, figure, made).shapes) == {c.corrective.shape for c in made}
    far = replace(cloth, vertices=cloth.vertices + 3.0)
    assert corrected(far, figure, made).shapes == {}
    hair = replace(cloth, weights=_all_on(figure, "head", len(cloth.vertices)))
    moved = corrected(hair, figure, made).shapes.values()
    assert max((np.abs(shape.offsets).max() for shape in moved), default=0.0) < 0.004
    assert max(np.abs(c.offsets).max() for c in made) > 0.02


def test_a_hard_thing_goes_with_the_cloth_and_keeps_its_form(figure: Figure) -> None:
    made = {c.corrective.shape: c for c in corrections(figure)}
    correction = made["shoulder_up.L"]
    worst = int(np.linalg.norm(correction.offsets, axis=1).argmax())
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1], [0.5, -0.2, 0.5]])
    vertices = figure.vertices[worst] + 0.05 * (corners - corners.mean(axis=0))
    faces = np.array([[0, 1, 4, -1], [1, 2, 4, -1], [2, 3, 4, -1], [3, 0, 4, -1]])
    button = replace(_worn(figure, vertices, faces), weights=figure.weights[[worst] * 5])
    soft = figure.weights[np.linalg.norm(figure.vertices - vertices[:, None], axis=2).argmin(1)]
    torn = replace(button, weights=soft)
    bone = figure.bone(correction.corrective.bone)
    rest = rotation.normalize(figure.tails[bone] - figure.heads[bone])
    turn = rotation.to_matrix(rotation.between(rest, np.array(correction.corrective.toward)))
    stretch = {}
    for name, piece in (("button", button), ("torn", torn)):
        shape = corrected(piece, figure, [correction]).shapes["shoulder_up.L"]
        assert len(shape.vertices) == len(vertices)
        share = np.full(5, _share_below(figure, bone)[worst])
        assert 0.1 < share[0] < 0.9
        there = _bent(vertices + shape.offsets, figure.heads[bone], turn, share)
        stretch[name] = np.abs(_lengths(there) / _lengths(vertices) - 1.0).max()
        assert np.linalg.norm(shape.offsets.mean(axis=0)) > 0.01
    assert stretch["button"] < 1e-6
    assert stretch["torn"] > 0.1


def test_the_same_pieces_give_the_same_bytes_and_come_back(figure: Figure, tmp_path: Path) -> None:
    picture = np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 3))
    groups = {"Body": [_worn(figure, figure.vertices, figure.faces)], "Nothing": []}
    for name in "ab":
        assemble("Somebody", figure, groups, {"p": picture}).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read = ConductorAsset.load(tmp_path / "a.npz")
    assert [mesh.name for mesh in read.meshes] == ["Body"]
    assert read.bones == figure.bones
    assert np.abs(read.meshes[0].vertices - figure.vertices).max() < 3e-5
    assert read.textures["p"].startswith(b"\xff\xd8")
    table = np.zeros_like(figure.weights)
    np.add.at(
        table,
        (np.arange(len(table))[:, None], read.meshes[0].weight_bones),
        read.meshes[0].weights,
    )
    assert np.abs(table - figure.weights).max() < 0.03


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    from backend.conductors.__main__ import main

    assert main(["bruno"]) == 2
    assert "choose viktor, aiko" in capsys.readouterr().err


def _share_below(figure: Figure, bone: int) -> np.ndarray:
    below = [bone]
    for i, parent in enumerate(figure.parents):
        if parent in below:
            below.append(i)
    share: np.ndarray = figure.weights[:, below].sum(axis=1)
    return share


def _bent(points: np.ndarray, head: np.ndarray, turn: np.ndarray, share: np.ndarray) -> np.ndarray:
    away = points - head
    return head + (1 - share[:, None]) * away + share[:, None] * (away @ turn.T)


def _lengths(points: np.ndarray) -> np.ndarray:
    """Distances of all pairs."""
    a, b = np.triu_indices(len(points), 1)
    lengths: np.ndarray = np.linalg.norm(points[a] - points[b], axis=1)
    return lengths


def _all_on(figure: Figure, bone: str, count: int) -> np.ndarray:
    weights = np.zeros((count, len(figure.bones)))
    weights[:, figure.bone(bone)] = 1.0
    return weights


def _worn(figure: Figure, vertices: np.ndarray, faces: np.ndarray | None = None) -> Piece:
    if faces is None:
        faces = np.arange(len(vertices) // 4 * 4).reshape(-1, 4)
    own = len(vertices) == len(figure.vertices)
    weights = figure.weights if own else _all_on(figure, "hips", len(vertices))
    cloth = Material("Cloth", "cloth", (0.1, 0.1, 0.1), 0.8, "p")
    return Piece("Cloth", vertices, faces, weights, (cloth,), np.zeros(len(faces), np.int64))
