"""Assets of the built-in conductors: kept whole, and read without trust."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retarget.conductor_asset import (
    AssetMesh,
    ConductorAsset,
    Corrective,
    Follower,
    Surface,
    chosen_avatar,
)
from retarget.errors import ConductorError
from retarget.npz import load_npz, save_npz


def _asset() -> ConductorAsset:
    rng = np.random.default_rng(3)
    weights = rng.random((5, 2))
    weights /= weights.sum(axis=1, keepdims=True)
    mesh = AssetMesh(
        name="Body",
        vertices=rng.normal(size=(5, 3)),
        faces=np.array([[0, 1, 2, 3], [0, 3, 4, -1]]),
        uv=rng.random((2, 4, 2)),
        surfaces=(1, 0),
        material=np.array([0, 1]),
        weight_bones=np.array([[0, 1]] * 5),
        weights=weights,
        shapes={
            "jawOpen": (np.array([0, 4]), np.array([[0.0, 0.01, 0.0], [0.002, 0.0, -0.03]])),
            "nothing": (np.zeros(0, dtype=np.int64), np.zeros((0, 3))),
        },
    )
    return ConductorAsset(
        title="Somebody",
        bones=("hips", "spine"),
        parents=np.array([-1, 0]),
        heads=np.zeros((2, 3)),
        tails=np.ones((2, 3)),
        meshes=(mesh,),
        surfaces=(
            Surface("Cloth", "cloth", (0.1, 0.2, 0.3), 0.8),
            Surface("Skin", "skin", (0.8, 0.6, 0.5), 0.5, "skin"),
        ),
        textures={"skin": b"\x89PNG and so on"},
        followers=(Follower("spine", "hips", -0.5),),
        correctives=(Corrective("jawOpen", "spine", (0.0, 0.6, 0.8), 0.25),),
    )


def test_an_asset_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    asset = _asset()
    asset.save(tmp_path / "a.npz")
    read = ConductorAsset.load(tmp_path / "a.npz")
    assert (read.title, read.bones, read.surfaces) == (asset.title, asset.bones, asset.surfaces)
    assert (read.followers, read.correctives) == (asset.followers, asset.correctives)
    assert read.textures == asset.textures
    ours, theirs = read.meshes[0], asset.meshes[0]
    assert np.abs(ours.vertices - theirs.vertices).max() < 5e-5
    assert np.array_equal(ours.faces, theirs.faces)
    assert np.abs(ours.uv - theirs.uv).max() < 1e-4
    assert (ours.surfaces, ours.material.tolist()) == (theirs.surfaces, theirs.material.tolist())
    assert np.abs(ours.weights - theirs.weights).max() < 1e-3
    assert ours.weights.sum(axis=1) == pytest.approx(1.0)
    assert list(ours.shapes) == list(theirs.shapes)
    for name, (vertices, offsets) in theirs.shapes.items():
        assert ours.shapes[name][0].tolist() == vertices.tolist()
        assert ours.shapes[name][1] == pytest.approx(offsets, abs=2e-6)


def test_the_same_asset_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        _asset().save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", np.array(99)),
        ("about", np.array("{}")),
        ("parents", np.array([1, 0])),
        ("heads", np.full((2, 3), np.nan)),
        ("mesh0_faces", np.array([[0, 1, 2, 9], [0, 3, 4, -1]])),
        ("mesh0_faces", np.array([[0, 1, -1, 3], [0, 3, 4, -1]])),
        ("mesh0_corners", np.full((2, 4), 1000)),
        ("mesh0_corners", np.full((2, 4), -1)),
        ("mesh0_material", np.array([0, 7])),
        ("mesh0_weight_bones", np.full((5, 2), 44)),
        ("mesh0_weights", np.zeros((5, 2), dtype=np.uint16)),
        ("mesh0_shape_vertices", np.array([0, 99])),
        ("mesh0_shape_sizes", np.array([3, 0])),
        ("mesh0_vertices", np.zeros((0, 3), dtype=np.uint16)),
        ("texture0", np.zeros((4, 4))),
    ],
)
def test_a_damaged_asset_is_told_in_one_sentence(
    tmp_path: Path, key: str, value: np.ndarray
) -> None:
    _asset().save(tmp_path / "a.npz")
    arrays = load_npz(tmp_path / "a.npz", "conductor", {})
    assert key in arrays
    save_npz(tmp_path / "broken.npz", {**arrays, key: value})
    with pytest.raises(ConductorError, match=r"broken\.npz .*install the extension again"):
        ConductorAsset.load(tmp_path / "broken.npz")


def test_weights_are_rounded_to_whole_steps_that_add_up(tmp_path: Path) -> None:
    asset = _asset()
    thirds = replace(
        asset.meshes[0], weight_bones=np.zeros((5, 3), np.int64), weights=np.full((5, 3), 1 / 3)
    )
    replace(asset, meshes=(thirds,)).save(tmp_path / "a.npz")
    steps = load_npz(tmp_path / "a.npz", "conductor", {})["mesh0_weights"]
    assert steps.sum(axis=1).tolist() == [1000] * 5


def test_an_avatar_is_a_file_or_a_built_in_conductor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert chosen_avatar("aiko") == "aiko"
    (tmp_path / "aiko").write_text("a file of that name")
    assert chosen_avatar("aiko") == Path("aiko")
    with pytest.raises(ConductorError, match="choose viktor, aiko, ruth, marcus, or a file"):
        chosen_avatar("bruno")
    for missing in ("bruno.blend", "./bruno", "there/bruno"):
        with pytest.raises(ConductorError, match="does not exist"):
            chosen_avatar(missing)
