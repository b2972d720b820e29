"""Training of the bar network on a corpus made in the test."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_corpus import write_clip

from backend.beats.hear import load_bar_net
from backend.training.bars import BarTrainingConfig, train_bars
from retarget.errors import Cancelled, ConductorError


@pytest.fixture
def config(tmp_path: Path) -> BarTrainingConfig:
    corpus = tmp_path / "corpus"
    for number, (bpm, bar) in enumerate([(90, 4), (120, 3), (75, 2)]):
        write_clip(corpus / "train" / str(number), bpm, bar)
    write_clip(corpus / "val" / "0", 100, 4)
    return BarTrainingConfig(
        data=str(corpus),
        out=str(tmp_path / "run"),
        steps=6,
        batch_size=2,
        pulses=16,
        warmup_steps=2,
        threads=1,
        device="cpu",
        save_every=3,
    )


def test_a_stopped_run_goes_on_to_the_same_weights(
    config: BarTrainingConfig, tmp_path: Path
) -> None:
    whole = train_bars(config)

    def stop_at_four(fraction: float, phase: str, /) -> None:
        if fraction >= 0.5 + 0.5 * 4 / 6:
            raise Cancelled

    broken = replace(config, out=str(tmp_path / "broken"))
    with pytest.raises(Cancelled):
        train_bars(broken, stop_at_four)
    a, b = load_bar_net(whole).state_dict(), load_bar_net(train_bars(broken)).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_learning_lowers_the_loss(config: BarTrainingConfig) -> None:
    train_bars(replace(config, steps=80, batch_size=4, save_every=20, warmup_steps=5))
    with (Path(config.out) / "log.csv").open() as file:
        losses = [
            float(row["value"]) for row in csv.DictReader(file) if row["name"] == "train/total"
        ]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0]


def test_a_missing_beat_network_is_named(config: BarTrainingConfig, tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match=r"none\.safetensors"):
        train_bars(replace(config, beats=str(tmp_path / "none.safetensors")))
