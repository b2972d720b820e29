"""Training of the beat network on a corpus made in the test."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_corpus import write_clip

import backend.training
from backend.beats.listen import load_beat_net
from backend.grid.beat_grid import BeatGrid
from backend.models.beat_net import POOL, RATE, SLOW
from backend.training.bars import BarTrainingConfig
from backend.training.beat_data import BeatTrainingConfig, clip_weights
from backend.training.beat_targets import targets_of
from backend.training.beats import train_beats
from backend.training.generator import GeneratorTrainingConfig
from retarget.errors import Cancelled, ConductorError

CONFIGS = sorted((Path(backend.training.__file__).parent / "configs").glob("*.toml"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for number, (bpm, bar) in enumerate([(90, 4), (120, 3), (75, 2)]):
        write_clip(tmp_path / "corpus" / "train" / str(number), bpm, bar)
    write_clip(tmp_path / "corpus" / "val" / "0", 100, 4)
    return tmp_path / "corpus"


@pytest.fixture
def config(corpus: Path, tmp_path: Path) -> BeatTrainingConfig:
    return BeatTrainingConfig(
        data=str(corpus),
        out=str(tmp_path / "run"),
        steps=6,
        batch_size=2,
        seconds=6.0,
        warmup_steps=2,
        threads=1,
        device="cpu",
        save_every=3,
    )


def test_targets_lie_on_the_frames_of_the_beats() -> None:
    times = np.array([1.0, 1.5, 2.0, 2.5])
    grid = BeatGrid(times, np.array([1, 2, 1, 2]), np.full(4, 2), ("2/4",) * 4, np.ones(4))
    targets = targets_of(grid, start=0.5, stretch=2.0, count=200)
    frames = np.flatnonzero(targets.beat.numpy() == 1.0)
    heard = (frames * POOL + (POOL - 1) / 2) / (RATE * POOL)
    np.testing.assert_allclose(heard, (times - 0.5) * 2.0, atol=0.5 / RATE + 1e-9)
    assert np.flatnonzero(targets.downbeat.numpy() == 1.0).tolist() == frames[::2].tolist()
    assert targets.meter[0] == -1
    assert targets.tempo[: 40 // SLOW].max() == -1
    assert len(targets.meter) == len(targets.tempo) == 200 // SLOW


def test_a_stopped_run_goes_on_to_the_same_weights(
    config: BeatTrainingConfig, tmp_path: Path
) -> None:
    whole = train_beats(config)

    def stop_at_four(fraction: float, phase: str, /) -> None:
        if fraction >= 4 / 6:
            raise Cancelled

    broken = replace(config, out=str(tmp_path / "broken"))
    with pytest.raises(Cancelled):
        train_beats(broken, stop_at_four)
    resumed = train_beats(broken)
    a, b = load_beat_net(whole).state_dict(), load_beat_net(resumed).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    with (Path(broken.out) / "log.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["name"] == "val/total"]
    assert steps == [3, 6]


def test_a_run_can_begin_with_the_weights_of_another(
    config: BeatTrainingConfig, tmp_path: Path
) -> None:
    first = train_beats(config)
    onward = replace(
        config,
        out=str(tmp_path / "onward"),
        init_checkpoint=str(first),
        steps=1,
        learning_rate=1e-12,
    )
    a, b = load_beat_net(first).state_dict(), load_beat_net(train_beats(onward)).state_dict()
    learned = [name for name, value in a.items() if value.is_floating_point()]
    assert all(
        torch.allclose(a[name], b[name], atol=1e-6) for name in learned if "running" not in name
    )
    with pytest.raises(ConductorError, match=r"none\.safetensors"):
        train_beats(
            replace(
                config, out=str(tmp_path / "x"), init_checkpoint=str(tmp_path / "none.safetensors")
            )
        )


def test_a_long_work_is_not_drawn_as_often_as_it_is_long() -> None:
    drawn = clip_weights([900.0] * 5, ["a", "b", "b", "b", "b"])
    assert drawn.sum() == pytest.approx(1.0)
    assert drawn[1:].sum() == pytest.approx(2.0 * drawn[0])


def test_learning_lowers_the_loss(config: BeatTrainingConfig) -> None:
    train_beats(replace(config, steps=60, batch_size=4, save_every=15, warmup_steps=5))
    with (Path(config.out) / "log.csv").open() as file:
        losses = [float(row["value"]) for row in csv.DictReader(file) if row["name"] == "val/total"]
    assert losses[-1] < 0.85 * losses[0]


def test_what_a_config_cannot_say_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('data = "d"\nout = "o"\nspeed = 3\n')
    with pytest.raises(ConductorError, match="speed"):
        BeatTrainingConfig.load(path)
    path.write_text('data = "d"\n')
    with pytest.raises(ConductorError, match="lacks 'out'"):
        BeatTrainingConfig.load(path)
    needed = 'data = "d"\nout = "o"\n'
    for line, sentence in (
        ('steps = "many"', "c.toml sets steps to 'many'; it should be a valid integer."),
        ("batch_size = 0", "sets batch_size to 0; it should be greater than or equal to 1."),
        ("learning_rate = nan", "sets learning_rate to nan; it should be a finite number."),
        ("seed = true", "sets seed to True; it should be a valid integer."),
        ('device = "abacus"', "sets device to 'abacus'; it should be 'cpu', 'cuda' or 'auto'."),
        ("data = 3", "c.toml sets data to 3; it should be a valid string."),
    ):
        path.write_text((needed if "data" not in line else 'out = "o"\n') + line)
        with pytest.raises(ConductorError, match=re.escape(sentence)):
            BeatTrainingConfig.load(path)
    path.write_text(needed + "seconds = 30\nlearning_rate = 1e-3\n")
    assert BeatTrainingConfig.load(path).seconds == 30.0
    with pytest.raises(ConductorError, match="no folder 'train'"):
        train_beats(BeatTrainingConfig(data=str(tmp_path / "none"), out=str(tmp_path / "o")))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_the_configs_that_come_with_the_program_are_right(config: Path) -> None:
    kind = {"generator": GeneratorTrainingConfig, "bars": BarTrainingConfig}.get(
        config.stem.partition("_")[0], BeatTrainingConfig
    )
    assert kind.load(config).steps > 0
