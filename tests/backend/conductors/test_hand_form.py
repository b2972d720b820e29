"""Hands as they are modelled and painted: knuckles, tendons, a soft web, lines, nails."""

import numpy as np
import pytest

from backend.conductors.figure import Build, build_figure
from backend.conductors.hand_form import modelled
from backend.conductors.hand_skin import HandRegions, back_of_hand, hand_regions
from backend.conductors.parts import Figure
from backend.conductors.regions import vertex_normals
from retarget.rotation import Array

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

FINGERS = ("index", "middle", "ring", "pinky")


@pytest.fixture(scope="module")
def figure() -> Figure:
    return build_figure("somebody", Build({"gender": 0.3, "age": 0.7}))


@pytest.fixture(scope="module")
def regions(figure: Figure) -> HandRegions:
    normals, _ = vertex_normals(figure.vertices, figure.faces)
    return hand_regions(figure, figure.vertices, figure.weights, normals)


def hand_share(figure: Figure) -> Array:
    bones = [bone for bone in figure.bones if bone.split(".")[0] in ("hand", "thumb", *FINGERS)]
    return figure.weights[:, [figure.bone(bone) for bone in bones]].sum(axis=1)


def test_knuckles_stand_out_and_it_is_hollow_between_them(figure: Figure) -> None:
    moved = modelled(figure).vertices - figure.vertices
    far = np.linalg.norm(moved, axis=1)
    assert 0.0008 < far.max() < 0.003
    assert far[hand_share(figure) < 0.05].max() < 1e-4
    normals, _ = vertex_normals(figure.vertices, figure.faces)
    for side in ("L", "R"):
        back = back_of_hand(figure, side)
        out = moved @ back
        knuckles = figure.heads[[figure.bone(f"{finger}.01.{side}") for finger in FINGERS]]
        between = 0.5 * (knuckles[1:] + knuckles[:-1])

        def near(at: Array, back: Array = back, out: Array = out) -> float:
            away = figure.vertices - at
            away = away - (away @ back)[:, None] * back
            close = (np.linalg.norm(away, axis=1) < 0.006) & (normals @ back > 0.7)
            return float(out[close].mean())

        assert min(near(knuckle) for knuckle in knuckles[:3]) > max(
            near(middle) for middle in between[:2]
        )


def test_the_web_of_the_thumb_is_shared_evenly(figure: Figure) -> None:
    """From one vertex to the next no bone's share jumps: the skin would tear in a closed hand."""
    weights = modelled(figure).weights
    assert weights.sum(axis=1) == pytest.approx(1.0)
    assert weights.min() >= 0.0
    a, b = figure.faces, np.roll(figure.faces, 1, axis=1)
    for side in ("L", "R"):
        thumb, index = (
            figure.heads[figure.bone(f"{bone}.{side}")] for bone in ("thumb.02", "index.01")
        )
        far = np.linalg.norm(figure.vertices - 0.5 * (thumb + index), axis=1)
        web = far[figure.faces].max(axis=1) < 0.02
        assert np.abs(weights[a[web]] - weights[b[web]]).max() < 0.25


def test_lines_lie_in_palms_and_tendons_on_backs(figure: Figure, regions: HandRegions) -> None:
    normals, _ = vertex_normals(figure.vertices, figure.faces)
    for side in ("L", "R"):
        across = normals @ back_of_hand(figure, side)
        own = figure.weights[:, figure.bone(f"hand.{side}")] > 0.5
        assert regions.tendon[own & (across > 0.7)].max() > 0.5
        assert regions.tendon[own & (across < 0.0)].max() == 0.0
        assert regions.crease[own & (across < -0.5)].max() > 0.3
        assert regions.crease[own & (across > 0.5)].max() < 0.3
    away = hand_share(figure) < 0.05
    assert max(regions.tendon[away].max(), regions.crease[away].max()) < 0.05


def test_every_finger_has_a_nail_on_its_back(figure: Figure, regions: HandRegions) -> None:
    for finger in ("thumb", *FINGERS):
        for side in ("L", "R"):
            tip = figure.weights[:, figure.bone(f"{finger}.03.{side}")] > 0.5
            assert 0.05 < (regions.nail[tip] > 0.5).mean() < 0.5, finger
