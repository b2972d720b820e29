"""The learning rate, the moving average of weights, and runs that go on."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import nn

from backend.models.amcnet import AmcConfig, AmcNet
from backend.models.checkpoint import save_checkpoint
from backend.training.config import TrainingConfig
from backend.training.optimisation import Optimisation, learning_rate_schedule
from backend.training.run import load_initial_weights, load_state, save_state
from retarget.errors import ConductorError


def rates(warmup: int, updates: int) -> list[float]:
    """The rate of every update, and the one after the last."""
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = learning_rate_schedule(optimiser, warmup, updates)
    found = []
    for _ in range(updates + 1):
        found.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        schedule.step()
    return found


@pytest.mark.parametrize("warmup", [1, 2, 10])
def test_the_rate_rises_evenly_and_falls_to_a_hundredth(warmup: int) -> None:
    found = rates(warmup, 50)
    rise = [0.5 * (step + 1) / warmup for step in range(warmup)]
    assert found[:warmup] == pytest.approx(rise)
    assert found[warmup] == pytest.approx(0.5)
    assert found[-1] == pytest.approx(0.005)
    assert all(a >= b for a, b in zip(found[warmup:], found[warmup + 1 :], strict=False))


def test_without_a_warm_up_it_begins_at_its_highest() -> None:
    found = rates(0, 10)
    assert found[0] == pytest.approx(0.5)
    assert found[5] == pytest.approx(0.5 * (0.01 + 0.99 / 2))


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    return TrainingConfig(data="corpus", out=str(tmp_path), steps=8, warmup_steps=2, device="cpu")


def optimise(config: TrainingConfig, updates: int = 1) -> Optimisation[nn.Sequential]:
    torch.manual_seed(0)
    return Optimisation(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), config, updates)


def learn(optimisation: Optimisation[nn.Sequential], steps: range) -> list[torch.Tensor]:
    """Update on numbers of each step's own; the weights after each."""
    weights = []
    for step in steps:
        x = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
        optimisation.update(((optimisation.network(x) - 1.0) ** 2).mean())
        weights.append(optimisation.network[0].weight.detach().clone())
    return weights


def test_the_average_is_short_at_first_and_then_decays_as_it_should(
    config: TrainingConfig,
) -> None:
    optimisation = optimise(replace(config, ema_decay=0.3))
    expected = None
    for step, weight in enumerate(learn(optimisation, range(8))):
        decay = min(0.3, (1.0 + step) / (10.0 + step))
        expected = weight if expected is None else decay * expected + (1.0 - decay) * weight
    torch.testing.assert_close(optimisation.ema[0].weight, expected)
    # What batch normalisation has seen is averaged too.
    assert not torch.equal(optimisation.ema[1].running_var, torch.ones(2))


def test_a_run_that_goes_on_learns_as_if_it_had_not_stopped(
    config: TrainingConfig, tmp_path: Path
) -> None:
    whole = optimise(config)
    learn(whole, range(8))
    first = optimise(config)
    learn(first, range(5))
    save_state(tmp_path / "state.pt", config, 5, {"it": first})
    onward = optimise(config)
    assert load_state(tmp_path / "state.pt", config, {"it": onward}) == 5
    learn(onward, range(5, 8))
    for a, b in ((whole.network, onward.network), (whole.ema, onward.ema)):
        assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_a_part_that_is_updated_more_often_has_the_same_schedule(config: TrainingConfig) -> None:
    often = optimise(config, updates=3)
    learn(often, range(24))
    rate = often.state_dict()["optimiser"]["param_groups"][0]["lr"]
    assert rate == pytest.approx(0.01 * config.learning_rate)


def test_a_run_goes_on_with_the_schedule_it_was_begun_with(
    config: TrainingConfig, tmp_path: Path
) -> None:
    save_state(tmp_path / "state.pt", config, 5, {"it": optimise(config)})
    for change, sentence in (
        (replace(config, steps=16), "begun with steps = 8"),
        (replace(config, learning_rate=1e-3), "begun with learning_rate = 0.002"),
    ):
        with pytest.raises(ConductorError, match=sentence):
            load_state(tmp_path / "state.pt", change, {"it": optimise(change)})
    torch.save({"step": 5, "it": {}}, tmp_path / "state.pt")
    with pytest.raises(ConductorError, match="another version of the program"):
        load_state(tmp_path / "state.pt", config, {"it": optimise(config)})


def test_a_run_does_not_begin_with_a_network_of_another_shape(
    config: TrainingConfig, tmp_path: Path
) -> None:
    small = AmcConfig(front_channels=2, channels=8, features=4, dilations=(1, 2))
    path = tmp_path / "amcnet.safetensors"
    save_checkpoint(path, "amcnet", asdict(small), AmcNet(small).state_dict(), "a test")
    config = replace(config, init_checkpoint=str(path))
    load_initial_weights(AmcNet(small), "amcnet", config, tmp_path / "none")
    with pytest.raises(ConductorError, match="has not the shape that is trained here"):
        load_initial_weights(
            AmcNet(replace(small, features=5)), "amcnet", config, tmp_path / "none"
        )
