"""Hair, brows, lashes and what is worn with them, on a man's and a woman's head."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from backend.conductors import accessories
from backend.conductors.hair import STYLES, brows, grow, shorn
from backend.conductors.hair.brows import Brow
from backend.conductors.hair.face_surface import Face
from backend.conductors.hair.hairline import Hairline, Line
from backend.conductors.hair.head import Head, angles
from backend.conductors.parts import Figure, Piece

pytest.importorskip("anny", reason="bodies are made with the packages of the extra “bake”")

COLOUR = (0.30, 0.24, 0.20)


@pytest.fixture(scope="module", params=["man", "woman"])
def figure(request):
    from backend.conductors.figure import Build, build_figure
    from backend.conductors.rigging import rig

    bodies = {
        "man": {"gender": 0.05, "age": 0.75, "african": 0.6, "caucasian": 0.4, "height": 0.6},
        "woman": {"gender": 0.95, "age": 0.95, "asian": 0.7, "caucasian": 0.3, "weight": 0.7},
    }
    return rig(build_figure(request.param, Build(bodies[request.param])))


@pytest.fixture(scope="module")
def grown(figure):
    return {style: grow(figure, style, COLOUR) for style in STYLES}


def _named(pieces: tuple[Piece, ...], name: str) -> Piece:
    return next(piece for piece in pieces if piece.name == name)


def _moved(piece: Piece, action: str) -> np.ndarray:
    offsets = np.zeros_like(piece.vertices)
    shape = piece.shapes[action]
    offsets[shape.vertices] = shape.offsets
    return offsets


def test_every_style_is_a_sound_mesh_within_its_budget(figure, grown):
    for style, (pieces, textures) in grown.items():
        assert len(_named(pieces, "Hair").vertices) <= 4500, style
        for piece in pieces:
            assert np.isfinite(piece.vertices).all()
            assert piece.faces.max() == len(piece.vertices) - 1
            assert (piece.faces[:, :3] >= 0).all()
            assert piece.uv is not None
            assert piece.uv.min() >= 0.0
            assert piece.uv.max() <= 1.0
            assert np.array_equal(
                piece.weights[:, figure.bone("head")], np.ones(len(piece.weights))
            )
            for material in piece.materials:
                assert not material.texture or material.texture in textures
        assert all(max(picture.shape) <= 1024 for picture in textures.values())


def test_hair_shows_its_faces_outwards(figure, grown):
    head = Head(figure)
    for style, (pieces, _) in grown.items():
        piece = _named(pieces, "Hair")
        a, b, c = (piece.vertices[piece.faces[:, k]] for k in range(3))
        normal = np.cross(b - a, c - a)
        out = (a + b + c) / 3 - head.centre
        # Undersides, a fifth of a lock's faces, look to the head.
        area = np.linalg.norm(normal, axis=1)
        outward = (normal * out).sum(axis=1) > 0.0
        assert (area * outward).sum() > 0.5 * area.sum(), style


def test_the_scalp_is_covered_and_the_face_is_not(figure, grown):
    head = Head(figure)
    skin = figure.vertices[(figure.part == 0) & (figure.weights[:, figure.bone("head")] > 0.9)]
    inside = Hairline(head, Line(), fade=20.0).above(skin, head) > 12.0
    scalp = skin[inside & (np.abs(head.height(skin)) < 0.002)]
    assert len(scalp) > 60
    azimuth, elevation = angles(skin - head.centre)
    face = skin[(np.abs(azimuth) < 30.0) & (elevation < 0.0) & (elevation > -60.0)]
    for style, (pieces, _) in grown.items():
        hair = _named(pieces, "Hair").vertices
        rays = (hair - head.centre) / np.linalg.norm(hair - head.centre, axis=1, keepdims=True)
        over = cKDTree(rays[head.height(hair) > 0.001])
        wanted = (scalp - head.centre) / np.linalg.norm(scalp - head.centre, axis=1, keepdims=True)
        assert over.query(wanted)[0].max() < 0.16, style
        assert cKDTree(hair).query(face)[0].min() > 0.003, style


def test_hair_keeps_out_of_the_head(figure, grown):
    head = Head(figure)
    for style, (pieces, _) in grown.items():
        hair = _named(pieces, "Hair").vertices
        on_head = angles(hair - head.centre)[1] > -20.0
        assert head.height(hair[on_head]).min() > -0.006, style


def test_lashes_go_with_the_lid_of_their_own_eye(figure, grown):
    for pieces, _ in grown.values():
        lashes = _named(pieces, "Lashes")
        moved = _moved(lashes, "eyeBlinkLeft")
        left = lashes.vertices[:, 0] > 0.0
        assert moved[left, 2].min() < -0.006
        assert np.abs(moved[~left]).max() < 0.002
        lids = np.concatenate([lid for side in (0, 1) for lid in Face(figure).lids(side)])
        assert np.median(cKDTree(lids).query(lashes.vertices)[0]) < 0.006


def test_brows_arch_over_the_eyes_thinner_outside_than_amid():
    eyes = np.array([[0.032, 0.0, 0.0], [-0.032, 0.0, 0.0]])
    brow = Brow(thickness=0.2, height=0.66, arch=0.1, tail=0.1, ends=(0.42, 1.72))
    x, z = np.meshgrid(np.linspace(-0.065, 0.065, 261), np.linspace(0.0, 0.04, 161))
    points = np.stack([x, np.full_like(x, -0.02), z], axis=-1)
    share = brows.grown(brow, points.reshape(-1, 3), eyes).reshape(x.shape)
    assert share.min() == 0.0
    assert 0.9 < share.max() <= 1.0
    level = (share * z).sum(axis=0) / np.maximum(share.sum(axis=0), 1e-9) / 0.032
    inner, amid, peak, outer = (
        np.abs(x[0] / 0.032 - place).argmin() for place in (0.5, 0.85, 1.25, 1.65)
    )
    assert level[peak] == pytest.approx(0.70, abs=0.05)
    assert level[peak] > level[inner]
    assert level[peak] > level[outer]
    thick = (share > 0.4).sum(axis=0)
    assert thick[outer] < 0.7 * thick[amid]
    # Nothing between the brows, and the same on both sides but for single hairs.
    assert share[:, np.abs(x[0]) < 0.3 * 0.032].max() == 0.0
    assert share[:, :130].sum() == pytest.approx(share[:, 131:].sum(), rel=0.1)


def test_the_same_figure_gets_the_same_hair(figure, grown):
    again, textures = grow(figure, "swept", COLOUR)
    pieces, before = grown["swept"]
    for one, other in zip(pieces, again, strict=True):
        assert np.array_equal(one.vertices, other.vertices)
    assert np.array_equal(textures["hair"], before["hair"])


def test_an_unknown_style_is_named_with_the_known_ones(figure):
    with pytest.raises(ValueError, match=r'No hair style "mohawk"; choose one of swept, bun, bob'):
        grow(figure, "mohawk", COLOUR)


def test_skin_is_painted_under_hair_and_fades_out_below(figure):
    head = Head(figure)
    side = np.full(40, 120.0)
    elevation = np.linspace(60.0, -70.0, 40)
    for style in STYLES:
        share, colours = shorn(figure, style, COLOUR, head.point(side, elevation))
        assert colours.shape == (40, 3)
        assert share[0] == 1.0
        assert share[-1] == 0.0
        assert (np.diff(share) <= 1e-9).all()
        nose = figure.vertices[figure.part == 0]
        nose = nose[nose[:, 1].argmin()]
        assert shorn(figure, style, COLOUR, nose[None])[0] == 0.0
    faded, _ = shorn(figure, "cropped", COLOUR, head.point(side, elevation))
    assert ((faded > 0.05) & (faded < 0.95)).sum() >= 4


def test_hair_that_is_grey_at_the_temples_has_grey_roots_there_alone(figure):
    head = Head(figure)
    temple, crown, nape = head.point(np.array([70.0, 0.0, 180.0]), np.array([10.0, 80.0, -20.0]))
    points = np.stack([temple, crown, nape])
    _, colours = shorn(figure, "swept", COLOUR, points)
    assert colours[0].mean() > 1.3 * np.mean(COLOUR)
    assert np.allclose(colours[1:], COLOUR)
    _, plain = shorn(figure, "bob", COLOUR, points)
    assert np.allclose(plain, COLOUR)


def _across(points: np.ndarray, start: np.ndarray, axis: np.ndarray) -> np.ndarray:
    away = points - start
    return np.linalg.norm(away - (away @ axis)[:, None] * axis, axis=1)


def test_the_baton_is_as_long_as_its_bone_with_a_bulb_of_two_centimetres(figure: Figure):
    piece = accessories.baton(figure)
    bone = figure.bone("baton")
    start, way = figure.heads[bone], figure.tails[bone] - figure.heads[bone]
    length = np.linalg.norm(way)
    along = (piece.vertices - start) @ way / length
    assert along.min() == pytest.approx(0.0, abs=1e-6)
    assert along.max() == pytest.approx(length, abs=1e-6)
    radius = _across(piece.vertices, start, way / length)
    assert 2 * radius.max() == pytest.approx(0.02, abs=0.002)
    # From six millimetres to more than three: seen in small pictures, and not clumsy.
    assert radius[(along > 0.08) & (along < length - 0.003)].min() > 0.0015
    assert radius[along > 0.08].max() < 0.003
    assert (piece.weights[:, bone] == 1.0).all()


def test_glasses_stand_before_the_eyes_and_earrings_hang_at_the_ears(figure: Figure):
    face, head = Face(figure), Head(figure)
    rims = accessories.glasses(figure).vertices
    skin = cKDTree(figure.vertices[figure.part == 0])
    before = rims[rims[:, 1] < face.eyes[0, 1] - 0.02]
    assert len(before) > 100
    assert skin.query(before)[0].min() > 0.0005
    drops = accessories.earrings(figure).vertices
    assert np.linalg.norm(np.abs(drops) * [1, 0, 0] - head.lobe * [1, 0, 0], axis=1).max() < 0.008
    assert drops[:, 2].max() < head.eyes[0, 2]
