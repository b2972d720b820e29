"""Training of AMCNet on a corpus made in the test."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from backend.audio.rates import FEATURE_RATE
from backend.cli import app
from backend.models.amcnet import MEL_FRAMES, MOTION_RATE, AmcConfig, AmcNet, load_amcnet
from backend.training.amc_data import NEGATIVES, conducted_clips, sample_pairs, scaled
from backend.training.amcnet import train_amcnet
from backend.training.config import TrainingConfig
from retarget.errors import ConductorError

SECONDS = 6.0


def write_clip(folder: Path, work: str, seed: int) -> None:
    """Forty seconds of bursts at uneven times, and wrists that fall on each of them."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    times = 0.5 + np.cumsum(rng.uniform(0.35, 1.1, 80))
    times = times[times < 39.0]
    mel = np.full((int(40 * FEATURE_RATE), 128), -70.0)
    for time in times:
        at = int(time * FEATURE_RATE)
        mel[at : at + 12, 20:100] = -6.0 * np.arange(12)[: len(mel) - at, None]
    np.save(folder / "mel.npy", mel.astype(np.float16))
    at = np.arange(int(40 * MOTION_RATE)) / MOTION_RATE
    away = np.abs(at[:, None] - times).min(axis=1)
    joints = np.tile(rng.uniform(0.3, 0.7, (1, 13, 2)), (len(at), 1, 1))
    joints[:, 9:11, 1] -= 0.2 * np.minimum(away, 0.3)[:, None]
    np.save(folder / "motion.npy", joints.astype(np.float32))
    (folder / "meta.json").write_text(json.dumps({"work": work}), encoding="utf-8")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for number, work in enumerate(("a", "a", "b", "c", "f", "g", "h", "i")):
        write_clip(tmp_path / "corpus" / "train" / str(number), work, number)
    for number, work in enumerate(("d", "e")):
        write_clip(tmp_path / "corpus" / "val" / str(number), work, 10 + number)
    return tmp_path / "corpus"


def test_negatives_are_as_far_away_as_their_name_says(corpus: Path) -> None:
    clips = conducted_clips(corpus, "train", SECONDS)
    frames = int(SECONDS * MOTION_RATE)
    # Each stretch says of which clip it is and where: the pose of a joint that does not beat, and
    # a joint that counts the frames.
    for index, clip in enumerate(clips):
        clip.joints[:, 0, 0] = index
        clip.joints[:, 1, 0] = np.arange(len(clip.joints))
    pairs = sample_pairs(clips, 60, SECONDS, np.random.default_rng(0), vary=False)
    assert pairs.joints.shape == pairs.other.shape == (60, frames, 13, 2)
    assert pairs.mel.shape == (60, frames * MEL_FRAMES, 128)
    assert np.bincount(pairs.kind.numpy()).tolist() == [20, 20, 20]
    works = [clip.work for clip in clips]
    for right, wrong, kind in zip(pairs.joints, pairs.other, pairs.kind.tolist(), strict=True):
        apart = abs(float(right[0, 1, 0] - wrong[0, 1, 0])) / MOTION_RATE
        same = works[round(float(right[0, 0, 0]))] == works[round(float(wrong[0, 0, 0]))]
        assert same == (NEGATIVES[kind] != "easy")
        if NEGATIVES[kind] == "hard":
            assert apart >= 9.99
        if NEGATIVES[kind] == "super-hard":
            assert 0.49 <= apart <= 5.01


def test_the_size_of_a_motion_makes_no_difference_to_its_features(corpus: Path) -> None:
    torch.manual_seed(0)
    network = AmcNet().eval()
    joints = conducted_clips(corpus, "val", SECONDS)[0].joints[:300]
    with torch.inference_mode():
        plain, larger = (
            network.motion(torch.from_numpy(scaled(joints, factor))[None]) for factor in (1.0, 2.0)
        )
        spread = (plain - plain.mean(dim=1, keepdim=True)).norm(dim=2).mean()
    assert (plain - larger).norm(dim=2).mean() < 0.1 * spread


def test_a_still_motion_is_no_error() -> None:
    network = AmcNet(AmcConfig(front_channels=2, channels=8, features=4, dilations=(1, 2))).eval()
    logits = network(torch.zeros(1, 90 * MEL_FRAMES, 128) - 80.0, torch.full((1, 90, 13, 2), 0.5))
    assert logits.shape == (1, 90)
    assert torch.isfinite(logits).all()


def test_it_learns_what_belongs_together(corpus: Path, tmp_path: Path) -> None:
    config = TrainingConfig(
        data=str(corpus),
        out=str(tmp_path / "run"),
        steps=60,
        batch_size=6,
        seconds=SECONDS,
        learning_rate=1e-3,
        warmup_steps=5,
        threads=1,
        device="cpu",
        save_every=20,
    )
    path = train_amcnet(config)
    with (tmp_path / "run" / "log.csv").open() as file:
        losses = [float(r["value"]) for r in csv.DictReader(file) if r["name"] == "val/total"]
    assert losses[-1] < 0.45  # 0.5 is to know nothing
    report = tmp_path / "amc.json"
    result = CliRunner().invoke(
        app,
        [
            *("evaluate", "amcnet", str(path), str(corpus), "--split", "val"),
            *("--seconds", str(SECONDS), "-o", str(report)),
        ],
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(report.read_text())
    assert set(figures["pair accuracy"]) == set(NEGATIVES)
    assert figures["pair accuracy"]["super-hard"] > 0.6
    assert figures["scale_change"] < 0.1
    assert figures["best_shift_s"] <= 0.1


def test_too_little_to_learn_from_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="shorter 'seconds'"):
        conducted_clips(corpus, "train", 20.0)
    with pytest.raises(ConductorError, match="not there"):
        load_amcnet(tmp_path / "none.safetensors")
