"""The head's relief, on a drawn head whose face mesh is an ellipsoid."""

from collections import Counter
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from posed_person import standing_person

from pose_transfer.dressing import concert_dress
from pose_transfer.face_mesh import CHIN, EARS, OVAL, oval_mask
from pose_transfer.head import build_head
from pose_transfer.head_region import head_region
from pose_transfer.pieces import Piece
from retarget.camera import Camera
from retarget.errors import ConductorError

SIZE = (240, 320)
MIDDLE = np.array([120.0, 110.0])
HALF = np.array([32.0, 42.0])
DEPTH = 1.75
HAIR, SKIN, DRESS, LIPS = (60, 40, 30), (214, 160, 130), (40, 70, 160), (255, 0, 255)
CAMERA = Camera(800.0, np.array([119.5, 159.5]), SIZE, np.array([0.0, -DEPTH, 1.5]))


@dataclass(frozen=True)
class Drawn:
    """A woman with hair down to the shoulders."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    region: NDArray[np.bool_]
    face: NDArray


def _mesh() -> NDArray:
    face = np.zeros((478, 3))
    along = np.linspace(0.0, 2.0 * np.pi, len(OVAL), endpoint=False)
    flat = np.zeros((478, 2))
    flat[list(OVAL)] = np.stack([np.sin(along), -np.cos(along)], 1)
    rest = [i for i in range(478) if i not in OVAL]
    turn = np.arange(len(rest)) * 2.39996
    flat[rest] = (
        np.stack([np.cos(turn), np.sin(turn)], 1)
        * np.sqrt(np.linspace(0.0, 0.9, len(rest)))[:, None]
    )
    face[:, :2] = MIDDLE + flat * HALF
    face[:, 2] = 15.0 - 40.0 * np.sqrt(np.maximum(1.0 - (flat**2).sum(axis=1), 0.0))
    return face


def _draw() -> Drawn:
    finer = 4
    shape = (SIZE[1] * finer, SIZE[0] * finer)
    colour = np.full((*shape, 3), 128, np.uint8)
    person, head = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)

    def ellipse(centre: NDArray, axes: NDArray, rgb: tuple[int, int, int], is_head: int) -> None:
        where = [int(v * finer) for v in centre], [int(v * finer) for v in axes]
        for image, value in ((colour, rgb), (person, (1,)), (head, (is_head,))):
            cv2.ellipse(image, *where, 0, 0, 360, value, -1)

    ellipse(np.array([120, 330]), np.array([110, 130]), DRESS, 0)
    for side in (-1, 1):
        ellipse(MIDDLE + np.array([side * 38, 45]), np.array([16, 70]), HAIR, 1)
    ellipse(MIDDLE + np.array([0, -8]), HALF + 14, HAIR, 1)
    ellipse(MIDDLE + np.array([0, 60]), np.array([20, 40]), SKIN, 0)
    ellipse(MIDDLE, HALF, SKIN, 1)
    ellipse(MIDDLE + np.array([0, 20]), np.array([10, 4]), LIPS, 1)
    small = cv2.resize(colour, SIZE, interpolation=cv2.INTER_AREA)
    grain = np.random.default_rng(0).integers(-6, 7, small.shape)
    rgb = np.clip(small.astype(int) + grain, 0, 255).astype(np.uint8)
    alpha = cv2.resize(person.astype(np.float32), SIZE, interpolation=cv2.INTER_AREA)
    share = cv2.resize(head.astype(np.float32), SIZE, interpolation=cv2.INTER_AREA)
    return Drawn(rgb, alpha, (share > 0.5) & (alpha > 0.5), _mesh())


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return _draw()


@pytest.fixture(scope="module")
def head(drawn: Drawn) -> Piece:
    return build_head(drawn.rgb, drawn.alpha, drawn.region, drawn.face, CAMERA, DEPTH)


def _sample(image: NDArray, at: NDArray) -> NDArray:
    x, y = at.astype(np.float32).T
    out = cv2.remap(image, x[None].copy(), y[None].copy(), cv2.INTER_LINEAR)[0]
    return out.astype(float)


def _front(piece: Piece) -> NDArray:
    """Solid faces that look at the camera."""
    flat = CAMERA.to_pixels(piece.vertices)[piece.faces][..., :2]
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    # Counter-clockwise as seen, y down.
    return ~np.asarray(piece.fringe) & (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0.0)


def test_seen_by_the_camera_the_front_is_the_photo(drawn: Drawn, head: Piece) -> None:
    front = _front(head)
    flat = CAMERA.to_pixels(head.vertices)[head.faces[front]][..., :2].mean(axis=1)
    shown = _sample(head.picture[..., :3], head.uv[front].mean(axis=1))
    sure = _sample(drawn.alpha, flat) > 0.999
    inside = _sample(cv2.erode(drawn.region.astype(np.float32), np.ones((3, 3))), flat) > 0.999
    difference = np.abs(shown - _sample(drawn.rgb, flat))[sure & inside]
    assert np.count_nonzero(sure & inside) > 2000
    assert difference.max() < 2.0


def test_the_front_covers_the_head(drawn: Drawn, head: Piece) -> None:
    mask = np.zeros(drawn.alpha.shape, np.uint8)
    for corners in CAMERA.to_pixels(head.vertices)[head.faces[_front(head)]][..., :2]:
        cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), (1,), shift=4)
    inner = cv2.erode(drawn.region.astype(np.uint8), np.ones((5, 5))) > 0
    assert (mask[inner] > 0).all()


def test_the_solid_is_closed_and_turned_outwards(head: Piece) -> None:
    faces = head.faces[~np.asarray(head.fringe)]
    edges = Counter(map(tuple, faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).tolist()))
    assert max(edges.values()) == 1
    assert all((b, a) in edges for a, b in edges)
    a, b, c = (head.vertices[faces[:, i]] - head.vertices.mean(axis=0) for i in range(3))
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0
    assert 0.002 < volume < 0.008


def test_the_face_keeps_the_depth_of_its_mesh(drawn: Drawn, head: Piece) -> None:
    seen = CAMERA.to_pixels(head.vertices)
    middle = np.linalg.norm(seen[:, :2] - MIDDLE, axis=1) < 2.0
    ears = drawn.face[list(EARS), 2].mean()
    nose = DEPTH + (drawn.face[:468, 2].min() - ears) * DEPTH / CAMERA.focal
    assert seen[middle, 2].min() == pytest.approx(nose, abs=0.003)


def test_the_front_has_no_cliffs(head: Piece) -> None:
    seen = CAMERA.to_pixels(head.vertices)[head.faces[_front(head)]]
    scale = CAMERA.focal / DEPTH
    for i in range(3):
        step = seen[:, i] - seen[:, i - 1]
        length = np.linalg.norm(step[:, :2], axis=1)
        assert (np.abs(step[:, 2]) * scale <= 4.0 * length + 0.2).all()


def test_the_fringe_carries_the_matte_and_starts_at_the_rim(drawn: Drawn, head: Piece) -> None:
    fringe = np.asarray(head.fringe)
    flat = CAMERA.to_pixels(head.vertices)[head.faces[fringe]][..., :2].mean(axis=1)
    opacity = _sample(head.picture[..., 3], head.uv[fringe].mean(axis=1)) / 255.0
    outer = flat[:, 1] < MIDDLE[1]
    np.testing.assert_allclose(opacity[outer], _sample(drawn.alpha, flat[outer]), atol=0.12)
    solid = {tuple(v) for v in head.vertices[np.unique(head.faces[~fringe])].round(6)}
    skirt = {tuple(v) for v in head.vertices[np.unique(head.faces[fringe])].round(6)}
    assert len(solid & skirt) > 60


def test_the_back_shows_hair_and_no_face(head: Piece) -> None:
    back = ~_front(head) & ~np.asarray(head.fringe)
    uv = head.uv[back].mean(axis=1)
    shown = _sample(head.picture[..., :3], uv)
    assert np.abs(shown - LIPS).sum(axis=1).min() > 150
    flat = CAMERA.to_pixels(head.vertices)[head.faces[back]][..., :2].mean(axis=1)
    crown = flat[:, 1] < MIDDLE[1] - 15
    assert np.abs(shown[crown] - HAIR).max() < 60


def test_long_hair_rests_on_the_chest_and_the_face_turns_with_the_head(
    drawn: Drawn, head: Piece
) -> None:
    flat = CAMERA.to_pixels(head.vertices)[:, :2]
    total = sum(head.weights.values())
    np.testing.assert_allclose(total, 1.0)
    on_face = oval_mask(drawn.face, drawn.alpha.shape)[
        tuple(np.clip(np.round(flat).astype(int), 0, np.array(SIZE) - 1).T[::-1])
    ]
    assert head.weights["head"][on_face].min() > 0.999
    ends = flat[:, 1] > drawn.face[CHIN, 1] + 20
    assert ends.any()
    assert head.weights["chest"][ends].mean() > 0.7


def test_hair_lies_before_the_body(drawn: Drawn) -> None:
    body = np.full(drawn.alpha.shape, np.inf)
    body[170:] = DEPTH - 0.05
    piece = build_head(drawn.rgb, drawn.alpha, drawn.region, drawn.face, CAMERA, DEPTH, body)
    seen = CAMERA.to_pixels(piece.vertices[np.unique(piece.faces[_front(piece)])])
    lower = seen[seen[:, 1] > 172]
    assert len(lower) > 20
    assert lower[:, 2].max() < DEPTH - 0.05


def test_the_region_is_face_and_hair_without_neck_and_dress(drawn: Drawn) -> None:
    region = head_region(drawn.rgb, drawn.alpha, drawn.face)
    wrong = np.count_nonzero(region != drawn.region)
    assert wrong < 0.04 * np.count_nonzero(drawn.region)


def test_a_face_outside_the_matte_is_refused(drawn: Drawn) -> None:
    with pytest.raises(ConductorError, match="outside the person's outline"):
        head_region(drawn.rgb, np.zeros_like(drawn.alpha), drawn.face)


def test_a_corner_of_the_clothes_at_the_end_of_the_picture_is_not_hair(drawn: Drawn) -> None:
    rgb, alpha = drawn.rgb[:150].copy(), drawn.alpha[:150].copy()
    corner = np.s_[142:150, 20:36]
    rgb[corner], alpha[corner] = 250, 1.0
    region = head_region(rgb, alpha, drawn.face)
    assert region[100:140].any()
    assert not region[corner].any()


def test_the_collar_stays_below_a_chin_that_a_shoulder_hides(drawn: Drawn) -> None:
    fit = replace(standing_person(), camera=CAMERA)
    tone = np.array([214.0, 168.0, 144.0])
    hidden = drawn.region.copy()
    hidden[int(drawn.face[CHIN, 1]) - 14 :] = False
    necks = []
    for region in (drawn.region, hidden):
        head = build_head(drawn.rgb, drawn.alpha, region, drawn.face, CAMERA, DEPTH)
        _, bones = concert_dress("concert", head, drawn.face, drawn.rgb, fit, tone)
        necks.append(bones.heads[bones.names.index("neck")])
    assert abs(necks[1][2] - necks[0][2]) < 0.004
