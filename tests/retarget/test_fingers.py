"""Fingers that bend as real ones do, thumbs that oppose, and a hand around a baton, on any rig."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hand_rigs import FINGERS, HandRig, body_rig, hands_motion, mixamo_rig
from sample_rigs import bone_rows, pose, rig_from_rows

from retarget import rotation, skeleton
from retarget.body.model import BONES, load_body
from retarget.detect import detect_rig
from retarget.fit import fit_rig
from retarget.motion import Motion
from retarget.readback import read_joints
from retarget.rotation import Array
from retarget.solve import solve

# How the baton lies in the hand, as the conductors hold it.
LIE = np.array([[0.0, 0.08, 0.16]])
# Thumb, index, fingers and lean of the index finger.
FIST = (1.0, 2.45, 2.35, 0.28)
# The baton: way from the bulb's end and radius there, metres.
BATON = np.array(
    [
        *((0.0, 0.0), (0.003, 0.0068), (0.0135, 0.0101), (0.0285, 0.008), (0.046, 0.0046)),
        *((0.065, 0.0026), (0.4, 0.001)),
    ]
)


@cache
def made(name: str) -> HandRig:
    return {"body": body_rig, "mixamo": mixamo_rig}[name]()


@pytest.fixture(params=["body", "mixamo"], name="hand")
def _hand(request: pytest.FixtureRequest) -> HandRig:
    return made(request.param)


class Posed:
    """A rig with a motion on it."""

    def __init__(self, hand: HandRig, motion: Motion) -> None:
        self.hand = hand
        self.matrices = pose(hand.rig, solve(hand.fit, motion))

    def joints(self, finger: str, side: str = "L") -> Array:
        """Knuckle, the two joints after it and the tip of a digit, (T, 4, 3)."""
        rows = [self.hand.rig.index[self.hand.bone(finger, i, side)] for i in (1, 2, 3)]
        heads = self.matrices[:, rows][..., :3, 3]
        length = np.linalg.norm(self.hand.rig.tails[rows[-1]] - self.hand.rig.heads[rows[-1]])
        tip = heads[:, -1] + length * self.matrices[:, rows[-1], :3, 1]
        return np.concatenate([heads, tip[:, None]], axis=1)

    def bends(self, finger: str, side: str = "L") -> Array:
        """Angles at the knuckle, against the hand, and at both joints, degrees (T, 3)."""
        ways = np.diff(self.joints(finger, side), axis=1)
        hand = self.along(side)[:, None]
        return degrees(np.concatenate([hand, ways[:, :-1]], axis=1), ways)

    def down(self, finger: str, side: str = "L") -> Array:
        """How far a finger's chord points off the hand's length, degrees (T,)."""
        joints = self.joints(finger, side)
        return degrees(joints[:, -1] - joints[:, 0], self.along(side))

    def along(self, side: str) -> Array:
        out = 1.0 if side == "L" else -1.0
        return np.tile([out, 0.0, 0.0], (len(self.matrices), 1))


def degrees(a: Array, b: Array) -> Array:
    a, b = rotation.normalize(a), rotation.normalize(b)
    return np.degrees(np.arccos(np.clip(np.sum(a * b, axis=-1), -1.0, 1.0)))


def curled(hand: HandRig, *values: float) -> Posed:
    """With thumb, index and fingers, and the lean of the index, as `hands_motion` takes them."""
    return Posed(hand, hands_motion(*(np.array([value]) for value in values)))


def gap(a: Array, b: Array) -> float:
    """Shortest distance between polylines (N, 3) and (M, 3)."""
    share = np.linspace(0.0, 1.0, 12)[:, None, None]
    points, others = ((p[:-1] + share * np.diff(p, axis=0)).reshape(-1, 3) for p in (a, b))
    return float(np.linalg.norm(points[:, None] - others, axis=-1).min())


def chord(posed: Posed, finger: str, side: str = "L") -> Array:
    joints = posed.joints(finger, side)
    return joints[:, -1] - joints[:, 0]


def held(hand: HandRig, lie: Array = LIE) -> Posed:
    """The right hand around its baton."""
    count = len(lie)
    closed = (np.full(count, value) for value in (0.6, 1.15, 2.2))
    return Posed(hand, hands_motion(*closed, baton=lie))


def baton_line(posed: Posed) -> tuple[Array, Array]:
    """Where the bulb ends (T, 3) and where the baton points (T, 3)."""
    row = posed.hand.rig.index["baton"]
    return posed.matrices[:, row, :3, 3], posed.matrices[:, row, :3, 1]


def off_axis(points: Array, start: Array, along: Array) -> tuple[Array, Array]:
    """How far along and away from a line points (..., 3) are."""
    way = points - start
    at = np.sum(way * along, axis=-1)
    return at, np.linalg.norm(way - at[..., None] * along, axis=-1)


def skin(posed: Posed) -> tuple[Array, Array]:
    """The body's vertices (V, 3) in the first frame, and each one's bone (V,)."""
    body = load_body()
    rest = body.shape(np.zeros(body.components)).vertices
    rows = [posed.hand.rig.index[bone] for bone in BONES]
    moves = posed.matrices[0, rows] @ np.linalg.inv(posed.hand.rig.matrices[rows])
    blended = np.tensordot(body.weights, moves[:, :3], 1)
    points = np.einsum("vij,vj->vi", blended[..., :3], rest) + blended[..., 3]
    return points, body.weights.argmax(axis=1)


def test_the_middle_joint_bends_most_and_the_last_one_least(hand: HandRig) -> None:
    posed = curled(hand, 0.3, 0.9, 0.9)
    for finger in FINGERS:
        knuckle, middle, last = posed.bends(finger)[0]
        assert middle > 1.1 * knuckle
        assert last < 0.75 * middle
        assert last > 10.0


def test_no_joint_bends_beyond_what_a_finger_can(hand: HandRig) -> None:
    posed = curled(hand, 1.0, 2.9, 2.9)
    for finger in FINGERS:
        assert (posed.bends(finger)[0] < [92.0, 107.0, 68.0]).all()


def test_open_fingers_are_neither_straight_nor_far_apart(hand: HandRig) -> None:
    posed = curled(hand, 0.0, 0.1, 0.15)
    for finger in FINGERS:
        assert 5.0 < posed.bends(finger)[0, 1] < 20.0
    chords = np.array([chord(posed, finger)[0] for finger in FINGERS])
    fan = degrees(chords[:-1], chords[1:])
    assert fan.min() > 1.0
    assert fan.max() < 7.0


def test_fingers_curl_ever_more_from_the_middle_to_the_little_one(hand: HandRig) -> None:
    for curl in (0.2, 0.6, 1.2):
        posed = curled(hand, 0.3, curl, curl)
        middle, ring, pinky = (posed.down(finger)[0] for finger in FINGERS[1:])
        assert pinky > ring + 2.0
        assert ring > middle + 2.0


def test_tips_come_together_as_fingers_curl(hand: HandRig) -> None:
    def breadth(curl: float) -> float:
        posed = curled(hand, 0.3, curl, curl)
        tips = [posed.joints(finger)[0, -1] for finger in ("ring", "pinky")]
        return abs(float(np.diff(tips, axis=0)[0, 1]))

    assert breadth(1.3) < 0.9 * breadth(0.1)


def test_the_hands_mirror_each_other() -> None:
    # Too open to hold the baton; the body's own hands are mirror images.
    posed = curled(made("body"), 0.4, 0.35, 0.2)
    for finger in ("thumb", *FINGERS):
        left, right = posed.joints(finger, "L"), posed.joints(finger, "R")
        assert left * [-1.0, 1.0, 1.0] == pytest.approx(right, abs=2e-3)


def test_thumb_and_index_meet_in_a_pinch(hand: HandRig) -> None:
    def apart(thumb: float, index: float) -> float:
        posed = curled(hand, thumb, index, 1.4)
        # From the middle of the last bone on.
        ends = [posed.joints(finger)[0, 2:] for finger in ("thumb", "index")]
        return gap(*ends)

    # Flesh on both sides takes up what lies between the bones.
    assert 0.010 < apart(1.0, 1.52) < 0.022
    assert apart(0.0, 1.52) > 0.035


def test_the_thumb_lies_across_a_fist(hand: HandRig) -> None:
    posed = curled(hand, *FIST)
    thumb = posed.joints("thumb")[0]
    index, middle = posed.joints("index")[0], posed.joints("middle")[0]
    # Outside of the bent fingers: below them, where the palm looks down.
    assert thumb[-1, 2] < index[1:3, 2].mean()
    assert gap(thumb[1:], index) > 0.008
    assert gap(thumb[2:], index[1:3]) < 0.028
    assert gap(thumb[2:], middle[1:3]) < 0.035
    for finger in FINGERS:
        assert posed.down(finger)[0] > 110.0


def test_the_tips_of_a_fist_stay_out_of_the_palm() -> None:
    points, bones = skin(curled(made("body"), *FIST))
    palm = points[bones == BONES.index("hand.L")]
    for finger in FINGERS:
        for point in points[bones == BONES.index(f"{finger}.03.L")]:
            near = np.linalg.norm(palm[:, :2] - point[:2], axis=1) < 0.008
            assert point[2] < palm[near, 2].min(initial=np.inf) + 0.003, finger


def test_the_thumb_never_goes_through_the_index_finger(hand: HandRig) -> None:
    share = np.linspace(0.0, 1.0, 24)
    relaxed, pinch = (0.3, 0.42, 0.58, 0.0), (1.0, 1.52, 1.42, 0.0)
    for a, b in pairwise((relaxed, pinch, FIST, relaxed)):
        way = np.array(a) + share[:, None] * (np.array(b) - a)
        posed = Posed(hand, hands_motion(*way.T))
        thumb, index = posed.joints("thumb"), posed.joints("index")
        for now, other in zip(thumb, index, strict=True):
            assert gap(now[1:], other) > 0.006


def test_a_pointing_index_is_straight_beside_closed_fingers(hand: HandRig) -> None:
    posed = curled(hand, 0.85, 0.07, 1.95)
    assert posed.bends("index")[0].sum() < 25.0
    for finger in FINGERS[1:]:
        assert posed.down(finger)[0] > 95.0
    assert gap(posed.joints("thumb")[0, 2:], posed.joints("index")[0]) < 0.03


def test_fingers_change_without_a_jump(hand: HandRig) -> None:
    way = np.linspace(0.0, 1.0, 60)
    posed = Posed(hand, hands_motion(way, 2.5 * way, 2.5 * way))
    for side in "LR":
        for finger in ("thumb", *FINGERS):
            steps = np.linalg.norm(np.diff(posed.joints(finger, side), axis=0), axis=-1)
            assert steps.max() < 0.016


def test_the_curls_of_a_free_hand_are_read_back() -> None:
    hand = made("body")
    motion = hands_motion(np.full(3, 0.3), np.array([0.1, 0.8, 1.4]), np.array([0.2, 0.9, 2.2]))
    rows = [hand.rig.index[bone] for bone in hand.fit.map.bones]
    posed = Posed(hand, motion).matrices[:, rows]
    _, turns = read_joints(hand.fit, posed, np.tile(np.eye(4), (3, 1, 1)))
    _, world = motion.world()
    for joint in ("index.L", "fingers.L"):
        j = skeleton.INDEX[joint]
        way = skeleton.TAILS[j] - skeleton.REST[j]
        assert (
            degrees(rotation.rotate(turns[:, j], way), rotation.rotate(world[:, j], way)).max()
            < 0.1
        )


def test_thumb_and_index_touch_the_baton() -> None:
    posed = held(made("body"))
    start, along = (each[0] for each in baton_line(posed))
    points, bones = skin(posed)
    at, away = off_axis(points, start, along)
    room = away - np.interp(at, *BATON.T)
    near = (at > 0.0) & (at < 0.1)
    thumb, index = (
        room[near & np.isin(bones, [BONES.index(f"{bone}.R") for bone in names])].min()
        for names in (("thumb.03",), ("index.02", "index.03"))
    )
    assert -0.002 < thumb < 0.001
    assert -0.002 < index < 0.002


def test_the_baton_goes_through_neither_palm_nor_fingers() -> None:
    posed = held(made("body"))
    start, along = (each[0] for each in baton_line(posed))
    points, _ = skin(posed)
    at, away = off_axis(points, start, along)
    inside = (at > 0.0) & (at < 0.4)
    assert (away - np.interp(at, *BATON.T))[inside].min() > -0.002


def test_thumb_and_index_hold_the_baton_from_two_sides(hand: HandRig) -> None:
    posed = held(hand)
    thumb, index = (posed.joints(finger, "R")[0] for finger in ("thumb", "index"))
    pad, crook = thumb[2:].mean(axis=0), index[2]
    # The thumb on the side of the body's middle, the baton's breadth and flesh between them.
    assert pad[1] < crook[1] - 0.010
    assert 0.012 < np.linalg.norm(pad - crook) < 0.036
    assert abs(pad[0] - crook[0]) < 0.028


def test_the_other_fingers_close_softly_around_the_bulb(hand: HandRig) -> None:
    posed = held(hand)
    for finger in FINGERS[1:]:
        assert 100.0 < posed.down(finger, "R")[0] < 165.0
    tips = np.array([posed.joints(finger, "R")[0, -1] for finger in FINGERS[1:]])
    # Side by side, not on one another.
    assert np.linalg.norm(np.diff(tips, axis=0), axis=-1).min() > 0.009


def test_fingers_hold_the_baton_while_it_turns_in_the_hand() -> None:
    turns = LIE + 0.12 * np.array([[0, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    posed = held(made("body"), turns)
    start, along = baton_line(posed)
    for finger in ("thumb", "index"):
        joints = posed.joints(finger, "R")
        touch = joints[:, 2:].mean(axis=1) if finger == "thumb" else joints[:, 2]
        _, away = off_axis(touch, start, along)
        assert np.ptp(away) < 0.0015


def test_an_open_right_hand_lets_go_of_the_baton(hand: HandRig) -> None:
    posed = curled(hand, 0.2, 0.15, 0.15)
    for finger in FINGERS:
        assert posed.down(finger, "R")[0] < 20.0


@pytest.mark.parametrize(
    "lacking",
    [("thumb",), ("index",), ("fingers",), ("thumb", "index"), ("index", "fingers"), ("baton",)],
)
def test_hands_that_lack_digits_move_those_they_have(lacking: tuple[str, ...]) -> None:
    rows = {k: row for k, row in bone_rows().items() if k.split(".")[0] not in lacking}
    rig = rig_from_rows(rows, seed=1)
    way = np.linspace(0.0, 1.0, 20)
    solution = solve(fit_rig(rig, detect_rig(rig)), hands_motion(way, 2.0 * way, 2.0 * way))
    assert np.isfinite(solution.rotations).all()
    digits = [
        bone
        for bone in solution.bones
        if bone.split(".")[0] in ("thumb", "index", "fingers") and bone.endswith(".L")
    ]
    for bone in digits:
        turns = solution.rotations[:, solution.bones.index(bone)]
        assert np.abs(turns @ turns[0]).min() < 0.9999, bone
