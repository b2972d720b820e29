"""A free hand that is softly rounded, whatever the network made of it."""

import numpy as np
import pytest

from backend.conducting.learned.free_hand import ROUNDED, rounded
from backend.conducting.rules.hand_shapes import FIST, OPEN, RELAXED, shape_turns
from retarget import rotation, skeleton
from retarget.rotation import Array

# As a network averages them: open and apart.
FANNED = np.array([[0.02, 0.14, 0.22, -0.4], [0.3, 0.42, 0.58, 0.0]])
CURLS = np.linspace(-0.3, 2.4, 271)


def held(side: str, shapes: Array) -> Array:
    local = rotation.identity((len(shapes), len(skeleton.NAMES)))
    for joint, turn in shape_turns(side, shapes).items():
        local[:, skeleton.INDEX[joint]] = turn
    return local


def way(local: Array, side: str, stem: str) -> Array:
    """Where the finger points (T, 3): outwards, forwards, down."""
    joint = skeleton.INDEX[f"{stem}.{side}"]
    along = skeleton.TAILS[joint] - skeleton.REST[joint]
    x, y, z = rotation.rotate(local[:, joint], along).T
    return np.stack([np.sign(along[0]) * x, y, -z], axis=1)


def curl(local: Array, side: str, stem: str) -> Array:
    """How far the finger points towards the palm, radians (T,)."""
    out, _, down = way(local, side, stem).T
    return np.unwrap(np.arctan2(down, out))


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize("stem", ["index", "fingers"])
def test_straight_fingers_are_curled_and_curled_ones_stay(side: str, stem: str) -> None:
    shapes = np.stack([np.full_like(CURLS, 0.3), CURLS, CURLS, np.zeros_like(CURLS)], axis=1)
    before = held(side, shapes)
    after = rounded(before, side)
    least = {"index": 0.3, "fingers": 0.45}[stem]
    given, made = (curl(local, side, stem) for local in (before, after))
    assert made[CURLS >= 0.0].min() > least
    assert (made >= given - 0.02).all()
    # Neither a step nor a standstill on the way.
    assert np.diff(made).min() > 0.002
    assert np.diff(made).max() < 0.012
    stays = ROUNDED[stem] + 0.21 < CURLS
    joint = skeleton.INDEX[f"{stem}.{side}"]
    np.testing.assert_allclose(after[stays, joint], before[stays, joint], atol=1e-12)


@pytest.mark.parametrize("side", ["L", "R"])
def test_fingers_that_are_rounded_lie_closer_together(side: str) -> None:
    before = held(side, FANNED)
    after = rounded(before, side)

    def apart(local: Array) -> Array:
        index, fingers = (way(local, side, stem) for stem in ("index", "fingers"))
        return np.arctan2(index[:, 1], index[:, 0]) - np.arctan2(fingers[:, 1], fingers[:, 0])

    # From fanned out to tapering a little; the tips do not cross.
    assert (apart(before) < -0.09).all()
    assert (apart(after) > 0.02).all()
    assert (apart(after) < 0.25).all()


def test_nothing_else_moves_and_the_sign_of_a_quaternion_means_nothing() -> None:
    before = held("L", np.stack([OPEN, RELAXED, FIST]))
    after = rounded(before, "L")
    others = [n for name, n in skeleton.INDEX.items() if name not in ("index.L", "fingers.L")]
    assert np.array_equal(after[:, others], before[:, others])
    np.testing.assert_allclose(rounded(-before, "L"), -after, atol=1e-12)
    np.testing.assert_allclose(after[2], before[2], atol=1e-12)
