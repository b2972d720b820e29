"""Bodies of the built-in conductors: who they are, faces that move, eyes that turn."""

import numpy as np
import pytest

from backend.conductors.atlas import HEAD, MOUTH, skin_layout
from backend.conductors.body import body_pieces
from backend.conductors.eyes import LOOKS_DEG, eye_piece, eyeball
from backend.conductors.recipes import recipes
from backend.conductors.regions import landmarks, rings, seam
from backend.conductors.teeth import teeth_piece

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

HEIGHTS = {"viktor": 1.80, "aiko": 1.64, "ruth": 1.68, "marcus": 1.87}


@pytest.fixture(scope="module")
def figures():
    from backend.conductors.figure import build_figure

    return {name: build_figure(name, recipe.build) for name, recipe in recipes().items()}


def _moved(figure, **shares: float) -> np.ndarray:
    vertices = figure.vertices.copy()
    for action, share in shares.items():
        shape = figure.shapes[action]
        vertices[shape.vertices] += share * shape.offsets
    return vertices


def test_they_are_as_tall_as_they_should_be(figures):
    assert set(figures) == set(HEIGHTS)
    for name, figure in figures.items():
        assert figure.vertices[:, 2].max() == pytest.approx(HEIGHTS[name], abs=0.015)
        assert figure.vertices[:, 2].min() == pytest.approx(0.0, abs=1e-6)


def test_a_change_without_side_is_given_to_both():
    from backend.conductors.figure import Build, build_figure

    wide = build_figure("wide", Build({"gender": 1.0}, {"eye-scale-incr": 0.8}))
    sided = build_figure(
        "sided", Build({"gender": 1.0}, {"l-eye-scale-incr": 0.8, "r-eye-scale-incr": 0.8})
    )
    plain = build_figure("plain", Build({"gender": 1.0}))
    assert np.array_equal(wide.vertices, sided.vertices)
    assert np.abs(wide.vertices - plain.vertices).max() > 1e-3


def test_a_larger_head_keeps_its_face_and_its_place():
    from backend.conductors.figure import Build, build_figure

    plain = build_figure("plain", Build({"gender": 1.0}))
    larger = build_figure("larger", Build({"gender": 1.0}, head=1.1))
    eyes = [np.stack([eyeball(figure, s).centre for s in "LR"]) for figure in (plain, larger)]
    assert eyes[1][0, 0] - eyes[1][1, 0] == pytest.approx(1.1 * (eyes[0][0, 0] - eyes[0][1, 0]))
    joint = plain.heads[plain.bone("head")]
    assert eyes[1][0] - joint == pytest.approx(1.1 * (eyes[0][0] - joint))
    hips = plain.weights[:, plain.bone("head")] == 0.0
    assert np.array_equal(plain.vertices[hips], larger.vertices[hips])
    smiles = [figure.shapes["mouthSmileLeft"].offsets for figure in (plain, larger)]
    assert np.abs(smiles[1]).max() == pytest.approx(1.1 * np.abs(smiles[0]).max(), rel=0.01)


def test_faces_move_in_all_52_ways_and_none_flies_apart(figures):
    for figure in figures.values():
        assert len(figure.shapes) == 52
        for action, shape in figure.shapes.items():
            reach = np.linalg.norm(shape.offsets, axis=1).max()
            assert 0.001 < reach < 0.045, action


def test_lips_meet_at_rest(figures):
    for figure in figures.values():
        layout = skin_layout(figure)
        to_lips, _ = rings(figure, layout)
        outside = np.unique(layout.faces[layout.part == HEAD])
        lips = outside[(to_lips[outside] >= 2) & (to_lips[outside] <= 4)]
        drop = np.linalg.norm(_moved(figure, jawOpen=1.0) - figure.vertices, axis=1)[lips]
        points = figure.vertices[lips]
        lower = drop > 0.5 * drop.max()
        middle = np.abs(points[:, 0]) < 0.004
        gap = points[middle & ~lower, 2].min() - points[middle & lower, 2].max()
        assert gap < 0.0, figure.name


def test_the_corners_of_the_mouth_are_a_line_and_no_pits(figures):
    for figure in figures.values():
        layout = skin_layout(figure)
        to_lips, _ = rings(figure, layout)
        outside = np.unique(layout.faces[layout.part == HEAD])
        lips = figure.vertices[outside[to_lips[outside] <= 4]]
        for side in (1.0, -1.0):
            corner = lips[side * lips[:, 0] > (side * lips[:, 0]).max() - 0.002]
            assert len(corner) >= 4
            assert np.ptp(corner[:, 2]) < 0.0007, figure.name
            assert np.ptp(corner[:, 1]) < 0.003, figure.name


def test_larger_eyes_keep_their_place_and_leave_the_rest_of_the_face():
    from backend.conductors.figure import Build, build_figure

    plain = build_figure("plain", Build({"gender": 1.0}))
    larger = build_figure("larger", Build({"gender": 1.0}, eyes=1.12))
    for side in ("L", "R"):
        before, after = eyeball(plain, side), eyeball(larger, side)
        assert after.radius == pytest.approx(1.12 * before.radius, rel=0.01)
        assert np.allclose(after.centre, before.centre, atol=5e-4)
    far = np.abs(plain.vertices[:, 2] - before.centre[2]) > 0.06
    assert np.array_equal(plain.vertices[far], larger.vertices[far])


def test_a_mood_is_in_the_face_at_rest_and_its_actions_go_on_from_there():
    from backend.conductors.figure import Build, build_figure

    plain = build_figure("plain", Build({"gender": 1.0}))
    glad = build_figure("glad", Build({"gender": 1.0}, mood={"mouthSmile": 0.2}))
    lifted = glad.vertices[:, 2] - plain.vertices[:, 2]
    smile = plain.shapes["mouthSmileLeft"]
    assert lifted[smile.vertices].max() == pytest.approx(0.2 * smile.offsets[:, 2].max(), rel=0.2)
    assert np.array_equal(glad.shapes["mouthSmileLeft"].vertices, smile.vertices)
    with pytest.raises(KeyError, match="mouthGrin"):
        build_figure("odd", Build({"gender": 1.0}, mood={"mouthGrin": 0.2}))


def test_lids_meet_in_a_blink_and_stay_outside_the_eye(figures):
    for figure in figures.values():
        layout = skin_layout(figure)
        _, to_lids = rings(figure, layout)
        closed = _moved(figure, eyeBlinkLeft=1.0)
        ball = eyeball(figure, "L")
        outside = np.unique(layout.faces[layout.part == HEAD])
        near = outside[np.linalg.norm(figure.vertices[outside] - ball.centre, axis=1) < 0.035]
        edge = near[(to_lids[near] >= 1) & (to_lids[near] <= 4)]
        assert np.linalg.norm(closed[edge] - ball.centre, axis=1).min() > ball.radius
        rest = figure.vertices[edge] - ball.centre
        middle = np.abs(rest[:, 0]) < 0.3 * ball.radius
        upper = middle & (rest[:, 2] > 0.0)
        lower = middle & (rest[:, 2] <= 0.0)
        assert closed[edge[upper], 2].min() < closed[edge[lower], 2].max(), figure.name


@pytest.mark.parametrize(
    ("side", "look", "axis", "sign"),
    [
        ("L", "Out", 0, 1),
        ("L", "In", 0, -1),
        ("R", "Out", 0, -1),
        ("R", "Up", 2, 1),
        ("L", "Down", 2, -1),
    ],
)
def test_eyes_turn_about_their_centres(figures, side, look, axis, sign):
    figure = figures["aiko"]
    ball, piece = eyeball(figure, side), eye_piece(figure, side)
    shape = piece.shapes[f"eyeLook{look}{'Left' if side == 'L' else 'Right'}"]
    assert piece.vertices[0, 1] < ball.centre[1] - ball.radius  # The pupil looks ahead at rest.
    before = piece.vertices[shape.vertices] - ball.centre
    after = before + shape.offsets
    assert np.allclose(np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1), atol=1e-9)
    pupil, turned = before[0], after[0]
    cosine = pupil @ turned / np.linalg.norm(pupil) / np.linalg.norm(turned)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(LOOKS_DEG[look], abs=0.1)
    assert sign * turned[axis] > sign * pupil[axis]


def test_teeth_lie_behind_the_lips_and_the_lower_ones_go_with_the_jaw(figures):
    for figure in figures.values():
        layout = skin_layout(figure)
        teeth = teeth_piece(figure, layout)
        lips = figure.vertices[seam(layout, HEAD, MOUTH)]
        assert teeth.vertices[:, 1].min() > lips[:, 1].min()
        jaw = teeth.shapes["jawOpen"]
        assert len(jaw.vertices) == len(teeth.vertices) // 2
        assert jaw.offsets[:, 2].max() < -0.005
        marks = landmarks(figure, layout)
        assert np.abs(teeth.vertices[:, 0]).max() < 0.6 * marks.unit


def test_skin_under_clothes_is_left_out(figures):
    figure, recipe = figures["aiko"], recipes()["aiko"]
    covered = figure.vertices[:, 2] < 1.2
    pieces, textures = body_pieces(figure, recipe, covered, size=128)
    by_name = {piece.name: piece for piece in pieces}
    assert set(by_name) == {"Body", "Teeth", "Tongue", "Eye.L", "Eye.R"}
    # A face that reaches out from under the cloth stays whole.
    kept = by_name["Body"]
    corners = kept.vertices[:, 2][kept.faces]
    assert corners.max(axis=1).min() >= 1.2
    assert len(by_name["Body"].shapes) == 51  # The tongue alone moves in the last one.
    for piece in pieces:
        assert np.allclose(piece.weights.sum(axis=1), 1.0)
        assert piece.faces.max() < len(piece.vertices)
        assert {m.texture for m in piece.materials if m.texture} <= set(textures)
        corners = piece.uv[piece.faces >= 0]
        assert corners.min() >= 0.0
        assert corners.max() <= 1.0
