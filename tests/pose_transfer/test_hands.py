"""Hands of the likeness: how fingers lie, their skin, and where they are cut off."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pose_transfer.baton_stick import handle_mesh
from pose_transfer.concert_hands import body_hands
from pose_transfer.hand_pose import finger_turns, held_at
from pose_transfer.hand_skin import Wrist, hand_picture
from pose_transfer.pieces import Bones, Piece
from pose_transfer.wrist import clipped, past_wrist
from retarget import rotation
from retarget.body.model import BONES, FINGERS, INDEX, PARENTS, Body, alignment, load_body
from retarget.rotation import Array

PALE, DARK = np.array([232.0, 198.0, 180.0]), np.array([92.0, 60.0, 46.0])
OPEN, FIST, LOOSE = 0.1, 1.47, 0.4
JOINTS = ("thumb", "index", "fingers")


def curled(side: str, index: float, fingers: float) -> dict[str, Array]:
    """Rotation vectors of the guide's joints, one frame; the thumb follows the fingers."""
    sign = 1.0 if side == "L" else -1.0
    thumb = 0.1 + 0.35 * (fingers - OPEN) / (FIST - OPEN)
    turns = ((thumb, thumb - 0.05), (index, 0.0), (fingers, 0.0))
    return {
        joint: np.array([[0.0, sign * down, sign * across]])
        for joint, (down, across) in zip(JOINTS, turns, strict=True)
    }


class PosedHand:
    """The mean body's hand in its own frame (as in the T-pose), wrist at the origin."""

    def __init__(self, side: str, turns: dict[str, Array]) -> None:
        body = load_body()
        shape = body.shape(np.zeros(body.components))
        rest = alignment(shape)
        hand = INDEX[f"hand.{side}"]
        back = rotation.conjugate(rest[hand])
        heads = rotation.rotate(back, shape.heads - shape.heads[hand])
        vertices = rotation.rotate(back, shape.vertices - shape.heads[hand])
        self.shares = body.weights
        linear = {hand: np.eye(3)}
        places = {hand: np.zeros(3)}
        for name, turn in turns.items():
            bone = INDEX[f"{name}.{side}"]
            at_rest = rotation.multiply(back, rest[bone])
            above = PARENTS[bone]
            linear[bone] = rotation.to_matrix(
                rotation.multiply(turn[0], rotation.conjugate(at_rest))
            )
            places[bone] = places[above] + linear[above] @ (heads[bone] - heads[above])
        self.used = np.flatnonzero(body.weights[:, list(linear)].sum(axis=1) > 0.6)
        moved = np.zeros((len(self.used), 3))
        total = body.weights[self.used][:, list(linear)].sum(axis=1)
        for bone in linear:
            here = (vertices[self.used] - heads[bone]) @ linear[bone].T + places[bone]
            moved += (body.weights[self.used, bone] / total)[:, None] * here
        self.vertices = moved
        self.side = side

    def tip(self, finger: str) -> Array:
        """The end of a finger, (3,)."""
        tip = load_body().tips[INDEX[f"{finger}.03.{self.side}"]]
        return self.vertices[np.flatnonzero(self.used == tip)[0]]

    def of(self, *bones: str) -> NDArray[np.bool_]:
        """Vertices that belong to bones."""
        columns = [INDEX[f"{bone}.{self.side}"] for bone in bones]
        return self.shares[self.used][:, columns].sum(axis=1) > 0.8


@pytest.fixture(scope="module")
def hold() -> tuple[PosedHand, Array, Array]:
    """The right hand around a baton, where it holds it, and the baton's direction."""
    hand = PosedHand("R", finger_turns("R", curled("R", 0.78, 1.05), holding=True))
    palm = hand_length()
    direction = rotation.normalize(np.array([-1.0, -0.06, 0.08]))
    return hand, held_at(np.zeros(3), rotation.identity(()), palm), direction


def hand_length() -> float:
    heads = load_body().heads
    return float(np.linalg.norm(heads[INDEX["middle.01.R"]] - heads[INDEX["hand.R"]]))


def depth_in_baton(points: Array, held: Array, direction: Array) -> Array:
    """How far points lie inside cork or stick, metres; negative outside."""
    way = points - held
    along = way @ direction
    away = np.linalg.norm(way - along[:, None] * direction, axis=1)
    mesh, _, _ = handle_mesh()
    order = np.argsort(mesh[:, 2], kind="stable")
    cork = np.interp(along, mesh[order, 2], np.hypot(mesh[order, 0], mesh[order, 1]), left=-1.0)
    return np.where(along > mesh[:, 2].max(), 0.0015, cork) - away


def test_thumb_and_index_touch_the_baton(hold: tuple[PosedHand, Array, Array]) -> None:
    hand, held, direction = hold
    depth = depth_in_baton(hand.vertices, held, direction)
    assert depth[hand.of("thumb.03")].max() > -0.003
    assert depth[hand.of("index.02", "index.03")].max() > -0.002


def test_baton_does_not_pierce_the_hand(hold: tuple[PosedHand, Array, Array]) -> None:
    hand, held, direction = hold
    assert depth_in_baton(hand.vertices, held, direction).max() < 0.002


def test_baton_passes_between_thumb_and_index(hold: tuple[PosedHand, Array, Array]) -> None:
    hand, held, direction = hold
    thumb, index = (
        (hand.vertices[hand.of(f"{finger}.03")] - held) @ np.cross([0.0, 0.0, 1.0], direction)
        for finger in ("thumb", "index")
    )
    assert thumb.mean() > 0.004
    assert index.mean() < thumb.mean() - 0.008


def test_fingers_of_a_tight_fist_stay_out_of_the_palm() -> None:
    hand = PosedHand("L", finger_turns("L", curled("L", 2.5, 2.5), holding=False))
    palm = hand.vertices[hand.of("hand")]
    for finger in FINGERS[1:]:
        tip = hand.tip(finger)
        near = np.linalg.norm(palm[:, :2] - tip[:2], axis=1) < 0.012
        assert tip[2] < palm[near, 2].min(initial=0.0) - 0.002, finger


def test_grip_does_not_depend_on_the_guides_curls() -> None:
    one = finger_turns("R", curled("R", OPEN, OPEN), holding=True)
    other = finger_turns("R", curled("R", FIST, FIST), holding=True)
    for name, turn in one.items():
        np.testing.assert_array_equal(turn, other[name])


def test_fist_brings_all_finger_tips_to_the_palm() -> None:
    flat = PosedHand("L", finger_turns("L", curled("L", OPEN, OPEN), holding=False))
    fist = PosedHand("L", finger_turns("L", curled("L", FIST, FIST), holding=False))
    for finger in FINGERS[1:]:
        assert np.linalg.norm(fist.tip(finger)) < 0.66 * np.linalg.norm(flat.tip(finger))
        assert fist.tip(finger)[2] < -0.015


def test_pointing_hand_stretches_its_index_alone() -> None:
    hand = PosedHand("L", finger_turns("L", curled("L", OPEN, FIST), holding=False))
    assert hand.tip("index")[0] > hand.tip("middle")[0] + 0.06


def test_relaxed_fingers_curl_more_towards_the_little_one() -> None:
    turns = finger_turns("L", curled("L", LOOSE, LOOSE), holding=False)
    bent = [
        float(np.linalg.norm(rotation.to_rotation_vector(turns[f"{finger}.03"])))
        for finger in FINGERS[1:]
    ]
    assert (np.diff(bent) > 0.02).all()


def test_open_fingers_spread_and_a_fist_does_not() -> None:
    def aside(curl: float) -> float:
        turns = finger_turns("L", curled("L", curl, curl), holding=False)
        ahead = rotation.rotate(turns["pinky.01"][0], np.array([1.0, 0.0, 0.0]))
        return float(ahead @ across)

    # Fingers bend about the line of the knuckles.
    shape = load_body().shape(np.zeros(load_body().components))
    ends = [shape.heads[INDEX[f"{finger}.01.L"]] for finger in ("index", "pinky")]
    back = rotation.conjugate(alignment(shape)[INDEX["hand.L"]])
    across = rotation.normalize(rotation.rotate(back, ends[1] - ends[0]) * [0.0, 1.0, 1.0])

    assert aside(OPEN) > 0.1
    assert aside(FIST) == pytest.approx(0.0, abs=1e-6)


def test_right_hand_mirrors_the_left() -> None:
    left = PosedHand("L", finger_turns("L", curled("L", LOOSE, FIST), holding=False))
    right = PosedHand("R", finger_turns("R", curled("R", LOOSE, FIST), holding=False))
    for finger in FINGERS:
        np.testing.assert_allclose(
            right.tip(finger) * [-1.0, 1.0, 1.0], left.tip(finger), atol=2e-3
        )


@pytest.fixture(scope="module")
def picture_of() -> Callable[..., tuple[Array, Body]]:
    def paint(tone: Array, wrist: Wrist | None = None) -> tuple[Array, Body]:
        """Colours (V, 3) Lab of the left hand's vertices, NaN of all others."""
        body = load_body()
        own = past_wrist(body, "L")[body.faces].max(axis=1) >= 0.0
        picture, uv = hand_picture(tone, body, body.vertices, own, "L", wrist)
        lab = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab)
        at = np.round(uv.reshape(-1, 2)).astype(int)
        out = np.full((len(body.vertices), 3), np.nan)
        out[body.faces[own].ravel()] = lab[at[:, 1], at[:, 0]]
        return out, body

    return paint


def side_of_hand(body: Body, up: bool) -> NDArray[np.bool_]:
    """Vertices in the middle of the left hand's back, or of its palm."""
    shape = body.shape(np.zeros(body.components))
    turn = rotation.conjugate(alignment(shape)[INDEX["hand.L"]])
    places = rotation.rotate(turn, body.vertices - body.heads[INDEX["hand.L"]])
    inner = (abs(places[:, 0] - 0.06) < 0.03) & (abs(places[:, 1]) < 0.025)
    return inner & ((places[:, 2] > 0.005) == up) & (abs(places[:, 2]) < 0.05)


def test_palm_of_dark_skin_is_lighter_than_its_back_and_of_pale_skin_is_not(
    picture_of: Callable[..., tuple[Array, Body]],
) -> None:
    def difference(tone: Array) -> float:
        lab, body = picture_of(tone)
        palm, back = (np.nanmedian(lab[side_of_hand(body, up), 0]) for up in (False, True))
        return float(palm - back)

    assert difference(DARK) > 8.0
    assert difference(PALE) < 3.0


def test_nails_differ_from_the_skin_around_them(
    picture_of: Callable[..., tuple[Array, Body]],
) -> None:
    lab, body = picture_of(DARK)
    nails = [9412, 9460, 9499, 9538]
    back = np.nanmedian(lab[side_of_hand(body, True)], axis=0)
    assert (lab[nails, 0] > back[0] + 5.0).all()


def test_hand_takes_the_tone_of_the_skin(picture_of: Callable[..., tuple[Array, Body]]) -> None:
    for tone in (PALE, DARK):
        lab, body = picture_of(tone)
        wanted = cv2.cvtColor((tone / 255.0).astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)
        found = np.nanmedian(lab[side_of_hand(body, True)], axis=0)
        assert np.linalg.norm(found - wanted[0, 0]) < 12.0


def test_hand_meets_a_bare_arm_in_the_arms_colour(
    picture_of: Callable[..., tuple[Array, Body]],
) -> None:
    body = load_body()
    past = past_wrist(body, "L")
    border = np.flatnonzero((past > -0.008) & (past <= 0.0))
    arm = np.array([170.0, 120.0, 95.0])
    lab, _ = picture_of(PALE, Wrist(border, np.tile(arm, (len(border), 1))))
    wanted = cv2.cvtColor((arm / 255.0).astype(np.float32)[None, None], cv2.COLOR_RGB2Lab)[0, 0]
    near = (past > 0.0) & (past < 0.006)
    assert np.linalg.norm(np.nanmedian(lab[near], axis=0) - wanted) < 6.0


def strip() -> Piece:
    """Ten squares in a row along x, two triangles each."""
    x, y = np.meshgrid(np.arange(11.0), np.arange(2.0))
    vertices = np.column_stack([x.ravel(), y.ravel(), 0.0 * x.ravel()])
    first = np.arange(10)
    faces = np.concatenate(
        [
            np.column_stack([first, first + 1, first + 12]),
            np.column_stack([first, first + 12, first + 11]),
        ]
    )
    return Piece(
        vertices=vertices,
        faces=faces,
        uv=vertices[faces][..., :2],
        picture=np.zeros((2, 11, 4), np.uint8),
        weights={"a": vertices[:, 0] / 10.0, "b": 1.0 - vertices[:, 0] / 10.0},
        part="arm.L",
    )


def area(piece: Piece) -> float:
    a, b, c = (piece.vertices[piece.faces[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)


def test_cut_is_straight_and_both_sides_fill_the_whole() -> None:
    whole = strip()
    value = whole.vertices[:, 0] - 3.4
    left, right = clipped(whole, -value), clipped(whole, value)
    assert left.vertices[:, 0].max() == pytest.approx(3.4)
    assert right.vertices[:, 0].min() == pytest.approx(3.4)
    assert area(left) + area(right) == pytest.approx(area(whole))
    for piece in (left, right):
        np.testing.assert_allclose(piece.uv, piece.vertices[piece.faces][..., :2])
        np.testing.assert_allclose(piece.weights["a"], piece.vertices[:, 0] / 10.0)


def avatar_bones() -> Bones:
    """The hands' bones of a figure in the T-pose, the body's measures, with two-boned thumbs."""
    body = load_body()
    shape = body.shape(np.zeros(body.components))
    kept = [i for i, name in enumerate(BONES) if not name.startswith("thumb.03")]
    names = [BONES[i] for i in kept]
    parents = [-1 if PARENTS[i] < 0 else names.index(BONES[PARENTS[i]]) for i in kept]
    hand = names.index("hand.R")
    return Bones(
        names=(*names, "baton"),
        parents=np.array([*parents, hand], np.int16),
        heads=np.concatenate([shape.heads[kept], shape.heads[[INDEX["hand.R"]]]]),
        tails=np.concatenate([shape.tails[kept], shape.heads[[INDEX["hand.R"]]] - 0.4]),
        turns=np.concatenate([alignment(shape)[kept], alignment(shape)[[INDEX["hand.R"]]]]),
    )


def test_concert_dress_gets_hands_where_its_own_bones_are() -> None:
    bones = avatar_bones()
    pieces, grown = body_hands(bones, PALE)
    assert [piece.part for piece in pieces] == ["hand.L", "hand.R"]
    assert {f"thumb.03.{side}" for side in "LR"} <= set(grown.names)
    body = load_body()
    for name in BONES:
        np.testing.assert_allclose(
            grown.heads[grown.names.index(name)], body.heads[INDEX[name]], atol=1e-6
        )
    assert all(parent < i for i, parent in enumerate(grown.parents))
    held = grown.heads[grown.names.index("baton")]
    assert 0.08 < np.linalg.norm(held - grown.heads[grown.names.index("hand.R")]) < 0.13


def test_what_is_cut_off_at_the_wrist_is_cut_off_in_the_t_pose_too() -> None:
    square = np.array([(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)], float)
    faces = np.array([(0, 1, 2), (0, 2, 3)])
    piece = Piece(
        vertices=square,
        faces=faces,
        uv=square[faces][..., [0, 2]],
        picture=np.zeros((2, 2, 4), np.uint8),
        weights={"hand.L": np.ones(4)},
        part="hand.L",
        t_pose=3.0 * square + 1.0,
    )
    left = clipped(piece, 0.25 - square[:, 0])
    assert left.vertices[:, 0].max() == pytest.approx(0.25)
    np.testing.assert_allclose(left.t_pose, 3.0 * left.vertices + 1.0)
