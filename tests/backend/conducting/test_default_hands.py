"""Which hand beats, and which way, when the conductor that comes with the program conducts."""

import numpy as np
import pytest

from backend.audio.analysis import Analysis
from backend.audio.features import analysis_from_mel
from backend.audio.rates import FEATURE_RATE
from backend.conducting.learned.conductor import conduct_learned
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget.motion import Motion
from retarget.skeleton import INDEX

FPS = 60.0
BEATS = 48
TIMES = 1.0 + np.arange(BEATS) * 0.7


@pytest.fixture(scope="module")
def music() -> Analysis:
    mel = np.full((int((TIMES[-1] + 1.0) * FEATURE_RATE), 128), -70.0, np.float32)
    for time in TIMES:
        at = int(time * FEATURE_RATE)
        mel[at : at + 12, 30:90] = -6.0 * np.arange(12)[: len(mel) - at, None]
    return analysis_from_mel(mel)


def conducted(music: Analysis, in_bar: int) -> Motion:
    numbers = np.arange(BEATS) % in_bar + 1
    grid = BeatGrid(
        TIMES, numbers, np.full(BEATS, in_bar), (f"{in_bar}/4",) * BEATS, np.ones(BEATS)
    )
    return conduct_learned(grid, music, style=Style(), seed=0, fps=FPS)


def places_of_beats(motion: Motion, joint: str, in_bar: int) -> np.ndarray:
    """Mean place of a joint at each beat of the bar, +x is the conductor's left, (in_bar, 3)."""
    frames = np.round(TIMES * FPS).astype(int)
    track = motion.joints_3d()[frames, INDEX[joint]]
    bars = track[in_bar : BEATS - BEATS % in_bar - in_bar].reshape(-1, in_bar, 3)
    return np.asarray(bars.mean(axis=0))


def test_in_four_the_baton_goes_left_on_two_and_right_on_three(music: Analysis) -> None:
    x = places_of_beats(conducted(music, 4), "baton_tip", 4)[:, 0]
    assert x[1] > x[0] + 0.03
    assert x[2] < x[1] - 0.06


def test_in_three_the_baton_goes_right_on_two(music: Analysis) -> None:
    x = places_of_beats(conducted(music, 3), "baton_tip", 3)[:, 0]
    assert x[1] < x[0] - 0.03


def test_the_right_hand_beats_on_its_side_and_more_than_the_left(music: Analysis) -> None:
    motion = conducted(music, 4)
    right, left = (motion.joints_3d()[:, INDEX[f"hand.{side}"]] for side in "RL")
    assert right[:, 0].mean() < -0.05 < 0.05 < left[:, 0].mean()
    assert np.ptp(places_of_beats(motion, "hand.R", 4)[:, 0]) > 0.03
    assert np.diff(right, axis=0).std() > np.diff(left, axis=0).std()
