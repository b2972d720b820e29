"""Bars of five and seven, which some clips for training are conducted in."""

from pathlib import Path

import numpy as np

from backend.audio.features import analysis_from_mel
from backend.audio.rates import FEATURE_RATE
from backend.corpus.conduct import conduct_clip, in_rare_bars
from backend.corpus.dataset import CONDUCTED, Clip
from backend.grid.beat_grid import BeatGrid
from retarget.motion import Motion

TIMES = 0.5 + np.arange(16) * 0.6
GRID = BeatGrid(TIMES, np.arange(16) % 4 + 1, np.full(16, 4), ("4/4",) * 16, np.ones(16))


def conducted(folder: Path) -> Clip:
    folder.mkdir(parents=True)
    GRID.save(folder / "beats.txt")
    mel = np.full((int(10.5 * FEATURE_RATE), 128), -70.0, np.float32)
    conduct_clip(folder, GRID, analysis_from_mel(mel), 0, int(folder.name))
    return Clip(folder)


def test_the_beats_stay_and_every_grouping_comes() -> None:
    found = [in_rare_bars(GRID, np.random.default_rng(seed)) for seed in range(60)]
    assert {"2+3/4", "3+2/4", "5/4", "2+2+3/4", "3+4/4", "7/4"} < {one.meters[0] for one in found}
    assert len({int(one.numbers[0]) for one in found}) == 7
    for one in found:
        np.testing.assert_array_equal(one.times, TIMES)
        beats = int(one.beats_in_bar[0])
        assert beats in (5, 7)
        assert set(np.diff(one.numbers)) == {1, 1 - beats}


def test_some_clips_for_training_are_conducted_in_them_and_none_of_others(tmp_path: Path) -> None:
    train = [conducted(tmp_path / "train" / str(number)) for number in range(16)]
    rare = [clip for clip in train if (clip.folder / CONDUCTED).is_file()]
    assert 0 < len(rare) < 8
    for clip in train:
        motion = Motion.load(clip.folder / "motion.npz")
        np.testing.assert_array_equal(motion.beat_numbers, clip.conducted().numbers)
        assert clip.beats().meters[0] == "4/4"
    assert {int(clip.conducted().beats_in_bar[0]) for clip in rare} <= {5, 7}
    test = conducted(tmp_path / "test" / rare[0].folder.name)
    np.testing.assert_array_equal(test.conducted().beats_in_bar, GRID.beats_in_bar)
