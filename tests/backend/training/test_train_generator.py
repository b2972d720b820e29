"""Training of the generator on a corpus made in the test."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torchrun import torchrun

from backend.audio.features import analysis_from_mel
from backend.audio.rates import FEATURE_RATE
from backend.corpus.conduct import conduct_clip
from backend.grid.beat_grid import BeatGrid
from backend.models.discriminator import Discriminator, discriminator_loss
from backend.models.generator import load_generator
from backend.training.generator import GeneratorTrainingConfig, train_generator
from backend.training.plot import plot_run
from retarget.errors import Cancelled, ConductorError


def write_clip(folder: Path, bpm: float, in_bar: int) -> None:
    """Twenty seconds of bursts on the beats, conducted by the teacher."""
    folder.mkdir(parents=True)
    times = 0.5 + np.arange(int(19.0 * bpm / 60.0)) * 60.0 / bpm
    grid = BeatGrid(
        times,
        np.arange(len(times)) % in_bar + 1,
        np.full(len(times), in_bar),
        (f"{in_bar}/4",) * len(times),
        np.ones(len(times)),
    )
    mel = np.full((int(20 * FEATURE_RATE), 128), -70.0, np.float32)
    for time in times:
        at = int(time * FEATURE_RATE)
        mel[at : at + 12, 30:90] = -6.0 * np.arange(12)[: len(mel) - at, None]
    grid.save(folder / "beats.txt")
    np.save(folder / "mel.npy", mel.astype(np.float16))
    conduct_clip(folder, grid, analysis_from_mel(mel), 0, int(folder.name))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generator")
    for number, (bpm, in_bar) in enumerate([(90, 4), (120, 3), (75, 2)]):
        write_clip(folder / "train" / str(number), bpm, in_bar)
    write_clip(folder / "val" / "0", 100, 4)
    return folder


def config(corpus: Path, out: Path, steps: int) -> GeneratorTrainingConfig:
    return GeneratorTrainingConfig(
        data=str(corpus),
        out=str(out),
        steps=steps,
        batch_size=4,
        seconds=5.0,
        warmup_steps=2,
        learning_rate=2e-3,
        threads=1,
        device="cpu",
        save_every=3,
    )


def values(out: Path, name: str) -> list[float]:
    with (out / "log.csv").open() as file:
        return [float(row["value"]) for row in csv.DictReader(file) if row["name"] == name]


def test_a_stopped_run_goes_on_to_the_same_weights(corpus: Path, tmp_path: Path) -> None:
    whole = train_generator(config(corpus, tmp_path / "whole", 6))

    def stop_at_four(fraction: float, phase: str, /) -> None:
        if fraction >= 4 / 6:
            raise Cancelled

    broken = config(corpus, tmp_path / "broken", 6)
    with pytest.raises(Cancelled):
        train_generator(broken, stop_at_four)
    resumed = train_generator(broken)
    a, b = load_generator(whole).state_dict(), load_generator(resumed).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert all(np.isfinite(values(tmp_path / "broken", f"val/{n}")).all() for n in LOSSES)
    plot_run(tmp_path / "broken", tmp_path / "curves.png")
    assert cv2.imread(str(tmp_path / "curves.png")).std() > 5.0


LOSSES = ("mse", "perceptual", "wasserstein")


def test_learning_nears_the_teacher(corpus: Path, tmp_path: Path) -> None:
    settings = replace(config(corpus, tmp_path / "run", 60), save_every=15, adversarial=0.0)
    train_generator(settings)
    losses = values(tmp_path / "run", "val/mse")
    assert losses[-1] < 0.8 * losses[0]
    assert not values(tmp_path / "run", "val/wasserstein")


def test_a_run_can_begin_with_the_weights_of_another(corpus: Path, tmp_path: Path) -> None:
    first = train_generator(config(corpus, tmp_path / "first", 3))
    settings = config(corpus, tmp_path / "onward", 1)
    onward = train_generator(replace(settings, init_checkpoint=str(first), learning_rate=1e-12))
    a, b = load_generator(first).state_dict(), load_generator(onward).state_dict()
    assert torch.allclose(a["output.weight"], b["output.weight"], atol=1e-6)


def test_the_discriminator_learns_to_tell_two_motions_apart() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator()
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    real = torch.zeros(4, 64, 29, 3)
    distances = []
    for _ in range(30):
        loss, distance = discriminator_loss(discriminator, real, real + 0.5)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        distances.append(float(distance.detach()))
    assert distances[-1] > distances[0] + 0.1


def test_what_cannot_be_plotted_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="does not exist"):
        plot_run(tmp_path, tmp_path / "curves.png")
    (tmp_path / "log.csv").write_text("step,name,value\n")
    with pytest.raises(ConductorError, match="no figures yet"):
        plot_run(tmp_path, tmp_path / "curves.png")
    with pytest.raises(ConductorError, match="neither"):
        plot_run(tmp_path, tmp_path / "curves.doc")


def test_a_corpus_without_motion_is_named(tmp_path: Path) -> None:
    for split in ("train", "val"):
        (tmp_path / "c" / split).mkdir(parents=True)
    with pytest.raises(ConductorError, match="no clips with motion and beats"):
        train_generator(config(tmp_path / "c", tmp_path / "out", 3))


def test_two_processes_train_one_generator(corpus: Path, tmp_path: Path) -> None:
    alone = load_generator(train_generator(config(corpus, tmp_path / "alone", 3))).state_dict()
    settings = asdict(config(corpus, tmp_path / "two", 3))
    file = tmp_path / "two.toml"
    file.write_text("".join(f"{name} = {json.dumps(v)}\n" for name, v in settings.items()))
    torchrun("-m", "backend", "train", "generator", "--config", str(file))
    both = load_generator(tmp_path / "two" / "generator.safetensors").state_dict()
    assert torch.isfinite(both["output.weight"]).all()
    assert not torch.equal(both["output.weight"], alone["output.weight"])
    assert len(values(tmp_path / "two", "val/mse")) == 1
