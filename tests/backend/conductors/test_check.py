"""The check of the baked conductors: skin that comes through their clothes is counted."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules import conduct
from backend.conductors.__main__ import FOLDER
from backend.conductors.check import check, skin_through_cloth
from backend.grid.beat_grid import BeatGrid
from backend.style import load_style
from retarget.conductor_asset import CONDUCTORS, ConductorAsset
from retarget.motion import Motion

_SECONDS = 8.0


@cache
def _grand() -> Motion:
    times = np.arange(1.0, 7.0, 0.6)
    grid = BeatGrid(
        times,
        np.arange(len(times)) % 4 + 1,
        np.full(len(times), 4),
        ("4/4",) * len(times),
        np.ones(len(times)),
    )
    return conduct(
        grid,
        duration=_SECONDS,
        loudness=np.linspace(0.3, 1.0, int(_SECONDS * FEATURE_RATE)),
        style=load_style("grand"),
        seed=3,
        fps=10.0,
    )


@pytest.mark.parametrize("name", CONDUCTORS)
def test_no_skin_comes_through_the_clothes_of(name: str) -> None:
    found = skin_through_cloth(ConductorAsset.load(FOLDER / f"{name}.npz"), _grand(), step=4)
    assert len(found.frames) == 20
    assert not found.vertices.any(), found.line(name)


def test_skin_that_does_is_counted_and_said(tmp_path: Path, capsys) -> None:
    asset = ConductorAsset.load(FOLDER / "ruth.npz")
    # The sleeves drawn in: the hands stay, the cuffs sit 3 cm aside.
    meshes = tuple(
        replace(mesh, vertices=mesh.vertices + np.array([0.0, 0.03, 0.0]))
        if mesh.name == "Clothes"
        else mesh
        for mesh in asset.meshes
    )
    replace(asset, meshes=meshes).save(tmp_path / "ruth.npz")
    _grand().save(tmp_path / "motion.npz")
    assert check([str(tmp_path / "motion.npz"), "ruth", "--step", "40"], tmp_path) == 1
    assert "Ruth: skin through cloth in 2 of 2 frames, at most" in capsys.readouterr().out


def test_an_unknown_conductor_and_a_missing_motion_are_said(tmp_path: Path, capsys) -> None:
    _grand().save(tmp_path / "motion.npz")
    assert check([str(tmp_path / "motion.npz"), "bruno"], FOLDER) == 2
    assert "no conductor bruno; choose viktor, aiko" in capsys.readouterr().err
    assert check([str(tmp_path / "none.npz")], FOLDER) == 2
    assert "none.npz" in capsys.readouterr().err
