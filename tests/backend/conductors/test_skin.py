"""Painted skin: red lips, pale palms, nails, dark hollows; every pixel belongs to one face."""

import numpy as np
import pytest

from backend.conductors.atlas import BODY, HEAD, skin_layout, texels
from backend.conductors.eyes import paint_eye
from backend.conductors.recipes import recipes
from backend.conductors.regions import landmarks, occlusion, rings, vertex_normals
from backend.conductors.skin import BODY_TEXTURE, HEAD_TEXTURE, paint_skin

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

SIZE = 256


@pytest.fixture(scope="module")
def marcus():
    from backend.conductors.figure import build_figure

    recipe = recipes()["marcus"]
    figure = build_figure("marcus", recipe.build)
    return figure, recipe, paint_skin(figure, recipe, SIZE)


def _colour(picture: np.ndarray, layout, figure, chosen: np.ndarray, part: int) -> np.ndarray:
    """Mean colour of the faces whose corners are all chosen (V,)."""
    faces = (layout.part == part) & chosen[layout.faces].all(axis=1)
    assert faces.any()
    uv = layout.uv[faces].mean(axis=1)
    rows = ((1.0 - uv[:, 1]) * SIZE).astype(int)
    return picture[rows, (uv[:, 0] * SIZE).astype(int)].mean(axis=0)


@pytest.mark.parametrize("part", [HEAD, BODY])
def test_no_two_faces_share_a_pixel(marcus, part):
    layout = skin_layout(marcus[0])
    chosen = layout.part == part
    a, b, c, d = np.moveaxis(layout.uv[chosen], 1, 0)
    across, down = c - a, d - b
    area = np.abs(0.5 * (across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])).sum()
    shown = len(texels(layout, part, 512).place) / 512**2
    # Faces that lay on each other would show less than their area.
    assert shown == pytest.approx(area, rel=0.02)


def test_lips_are_redder_than_cheeks(marcus):
    figure, _, pictures = marcus
    layout = skin_layout(figure)
    to_lips, _ = rings(figure, layout)
    marks = landmarks(figure, layout)
    away = np.abs(figure.vertices - marks.nose)
    cheek = (away[:, 0] > 0.03) & (away[:, 0] < 0.05) & (away[:, 2] < 0.02) & (away[:, 1] < 0.07)
    lips = _colour(pictures[HEAD_TEXTURE], layout, figure, (to_lips > 2) & (to_lips < 6), HEAD)
    skin = _colour(pictures[HEAD_TEXTURE], layout, figure, cheek, HEAD)
    assert lips[0] / lips[1] > 1.05 * skin[0] / skin[1]


def test_palms_are_paler_than_the_back_of_the_hand(marcus):
    figure, _, pictures = marcus
    layout = skin_layout(figure)
    normals, _ = vertex_normals(figure.vertices, layout.faces)
    hand, index, pinky = (
        figure.heads[figure.bone(name)] for name in ("hand.L", "index.01.L", "pinky.01.L")
    )
    back = np.cross(index - hand, pinky - hand)
    back /= np.linalg.norm(back)
    on_hand = figure.weights[:, figure.bone("hand.L")] > 0.95
    inside = _colour(
        pictures[BODY_TEXTURE], layout, figure, on_hand & (normals @ back < -0.6), BODY
    )
    outside = _colour(
        pictures[BODY_TEXTURE], layout, figure, on_hand & (normals @ back > 0.6), BODY
    )
    thumb = figure.heads[figure.bone("thumb.03.L")] - hand
    assert thumb @ back < 0.0  # The thumb stands on the palm's side.
    assert inside.mean() > outside.mean() + 25


def test_paint_is_the_same_every_time(marcus):
    figure, recipe, pictures = marcus
    again = paint_skin(figure, recipe, SIZE)
    assert all(np.array_equal(again[name], pictures[name]) for name in pictures)


def test_a_hollow_hides_the_sky_and_a_ball_does_not():
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rise = np.linspace(-0.49 * np.pi, 0.49 * np.pi, 24)
    u, v = np.meshgrid(turn, rise)
    ball = np.stack([np.cos(u) * np.cos(v), np.sin(u) * np.cos(v), np.sin(v)], axis=-1)
    ball = ball.reshape(-1, 3)
    row = np.arange(23)[:, None] * 24
    column = np.arange(24)
    faces = np.stack(
        [row + column, row + (column + 1) % 24, row + 24 + (column + 1) % 24, row + 24 + column],
        axis=-1,
    ).reshape(-1, 4)
    small = 0.02 * ball
    outer, areas = vertex_normals(small, faces)
    assert ((outer * ball).sum(axis=1) > 0.9).all()
    assert occlusion(small, outer, areas).max() < 1e-6
    assert np.median(occlusion(small, -outer, areas)) > 0.5


def test_the_eye_is_dark_in_the_middle_and_white_at_its_side():
    picture = paint_eye((0.3, 0.5, 0.6), size=128).astype(float)
    assert picture[64, 64].max() < 20
    assert picture[64, 64 + 22].min() > 180
    iris = picture[70, 64 + 10]
    assert iris[2] > iris[0]
