"""Concert dress: a whole body under a head, in the person's size, skin and light."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pose_transfer.concert import HEADS, Dress, concert_pieces, head_place
from pose_transfer.concert_light import Light, estimate_light
from pose_transfer.pieces import Bones, Piece, assemble
from retarget import rotation, skeleton
from retarget.camera import Camera
from retarget.character import PARTS
from retarget.errors import ConductorError
from retarget.rotation import Array

SKIN = np.array([190.0, 145.0, 120.0])
HEAD_M = 0.25
Dressed = tuple[list[Piece], Bones]


@pytest.fixture(scope="module")
def tailcoat() -> Dressed:
    return concert_pieces("tailcoat", HEAD_M, SKIN)


@pytest.fixture(scope="module")
def gown() -> Dressed:
    return concert_pieces("gown", HEAD_M, SKIN)


@pytest.mark.parametrize("kind", ["tailcoat", "gown"])
def test_pieces_make_a_character_with_all_parts_but_head_and_hands(
    kind: Dress, request: pytest.FixtureRequest
) -> None:
    pieces, bones = request.getfixturevalue(kind)
    camera = Camera(800.0, np.array([320.0, 240.0]), (640, 480), np.array([0.0, -3.0, 1.3]))
    character = assemble(pieces, bones, camera, dress="concert")
    shown = {PARTS[k] for k in np.unique(character.parts)}
    legs = set() if kind == "gown" else {"legs"}
    assert shown == {"trunk", "arm.L", "arm.R"} | legs
    np.testing.assert_allclose(character.weights.sum(axis=1), 1.0, atol=1e-5)
    assert np.isfinite(character.vertices).all()
    assert character.uv.min() >= 0.0
    assert character.uv.max() <= 1.0


def test_the_body_is_as_many_heads_high_as_adults_are(tailcoat: Dressed) -> None:
    pieces, _ = tailcoat
    place = head_place(HEAD_M)
    assert place.crown[2] == pytest.approx(HEADS * HEAD_M)
    assert place.crown[2] - place.chin[2] == pytest.approx(HEAD_M)
    assert min(piece.vertices[:, 2].min() for piece in pieces) == pytest.approx(0.0, abs=0.01)
    neck = pieces[1].vertices
    assert neck[:, 2].max() > place.chin[2] + 0.02
    assert np.linalg.norm(place.neck[:2] - neck[neck[:, 2].argmax(), :2]) < 0.08


def test_bones_turned_back_stand_in_the_canonical_t_pose(tailcoat: Dressed) -> None:
    bones = tailcoat[1]
    scale = HEADS * HEAD_M / skeleton.HEIGHT
    back = rotation.conjugate(bones.turns)
    heads = np.zeros_like(bones.heads)
    for k, parent in enumerate(bones.parents):
        away = bones.heads[k] - bones.heads[parent]
        heads[k] = (
            bones.heads[k] if parent < 0 else heads[parent] + rotation.rotate(back[parent], away)
        )
    for name in ("upper_arm.L", "forearm.R", "hand.L", "hand.R", "head", "foot.R"):
        k = bones.names.index(name)
        rest = skeleton.REST[skeleton.INDEX[name]] * scale
        np.testing.assert_allclose(heads[k], rest, atol=1e-6)
        direction = skeleton.TAILS[skeleton.INDEX[name]] * scale - rest
        turned = rotation.rotate(back[k], bones.tails[k] - bones.heads[k])
        np.testing.assert_allclose(turned, direction, atol=1e-6)


@pytest.mark.parametrize("kind", ["tailcoat", "gown"])
def test_cloth_faces_outwards(kind: Dress, request: pytest.FixtureRequest) -> None:
    pieces, bones = request.getfixturevalue(kind)
    clothes = pieces[0]
    chest = bones.heads[bones.names.index("chest")]
    a, b, c = (clothes.vertices[clothes.faces[:, k]] for k in range(3))
    normal, middle = np.cross(b - a, c - a), (a + b + c) / 3.0
    front = (np.abs(middle[:, 0]) < 0.10) & (middle[:, 1] < -0.08) & (middle[:, 2] > chest[2])
    assert front.sum() > 50
    assert (normal[front, 1] < 0.0).sum() > 0.8 * front.sum()


def test_the_cuff_goes_with_the_hand_and_the_shirt_front_does_not(tailcoat: Dressed) -> None:
    pieces, bones = tailcoat
    wrist = bones.heads[bones.names.index("hand.L")]
    clothes = pieces[0]
    near = np.linalg.norm(clothes.vertices - wrist, axis=1) < 0.06
    assert near.sum() > 50
    assert clothes.weights["forearm.L"][near].min() > 0.95
    middle = (np.abs(clothes.vertices[:, 0]) < 0.06) & (clothes.vertices[:, 2] > wrist[2])
    for side in "LR":
        assert clothes.weights[f"upper_arm.{side}"][middle].max() < 0.02


def test_black_is_black_white_is_white_and_skin_is_the_persons(tailcoat: Dressed) -> None:
    pieces, bones = tailcoat
    chest = bones.heads[bones.names.index("chest")]
    shirt = _colour(
        pieces[0],
        lambda p: (
            (np.abs(p[:, 0]) < 0.05) & (p[:, 1] < 0.0) & (np.abs(p[:, 2] - chest[2] - 0.06) < 0.05)
        ),
    )
    sleeve = _colour(pieces[0], lambda p: np.abs(p[:, 0]) > 0.3)
    assert shirt.min() > 200.0
    assert 8.0 < sleeve.mean() < 60.0
    throat = _colour(pieces[1], lambda p: p[:, 1] < np.median(p[:, 1]))
    assert np.abs(throat - SKIN).max() < 60.0
    assert throat[0] > throat[1] > throat[2]


def test_the_key_falls_from_the_side_it_falls_from_in_the_photo() -> None:
    sides = []
    for side in (-1.0, 1.0):
        pieces, _ = concert_pieces("gown", HEAD_M, SKIN, Light(SKIN, side=side, contrast=1.0))
        left = _colour(pieces[0], lambda p: p[:, 0] > 0.12).mean()
        right = _colour(pieces[0], lambda p: p[:, 0] < -0.12).mean()
        sides.append(left - right)
    assert sides[0] < -1.0 < 1.0 < sides[1]


def test_light_is_read_off_a_face() -> None:
    rgb, face = _face(0.6, 0.0)
    lit = estimate_light(rgb, face, 200.0, HEAD_M)
    assert lit.side > 0.5
    assert estimate_light(rgb[:, ::-1], face[:, ::-1], 200.0, HEAD_M).side < -0.5
    assert np.abs(lit.skin - SKIN).max() < 25.0
    assert estimate_light(*_face(0.0, 0.0), 200.0, HEAD_M).side == pytest.approx(0.0, abs=0.1)
    assert estimate_light(*_face(0.0, 4.0), 200.0, HEAD_M).grain == pytest.approx(4.0, abs=1.0)


def test_a_coarse_photo_makes_soft_clothes() -> None:
    rgb, face = _face(0.2, 0.0)
    fine = estimate_light(rgb, face, 200.0, HEAD_M)
    small = cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(face.astype(np.uint8), small.shape[1::-1]) > 0
    coarse = estimate_light(np.asarray(small, np.uint8), seen, 50.0, HEAD_M)
    assert coarse.pixel > 2.0 * fine.pixel


def test_hardly_any_face_is_refused() -> None:
    rgb, face = _face(0.0, 0.0)
    with pytest.raises(ConductorError, match="too small"):
        estimate_light(rgb, np.zeros_like(face), 200.0, HEAD_M)


def _colour(piece: Piece, where: Callable[[Array], Array]) -> Array:
    """Median colour of the vertices that `where` chooses."""
    corners = piece.faces.reshape(-1)
    chosen = where(piece.vertices)[corners]
    at = np.round(piece.uv.reshape(-1, 2)[chosen]).astype(int)
    return np.median(piece.picture[at[:, 1], at[:, 0], :3], axis=0)


def _face(slope: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A round face with brows, brighter towards the right by `slope`, and its skin."""
    y, x = np.mgrid[0:240, 0:200]
    u, v = (x - 100) / 75.0, (y - 120) / 100.0
    face = u**2 + v**2 < 1.0
    rgb = np.where(face[..., None], SKIN * (1.0 + 0.35 * slope * u[..., None]), 90.0)
    brows = (np.abs(v + 0.3) < 0.03) & (np.abs(np.abs(u) - 0.4) < 0.2)
    rgb[brows] = 40.0
    rgb += np.random.default_rng(1).normal(0.0, 1.0, rgb.shape[:2])[..., None] * noise
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8), face & ~brows
