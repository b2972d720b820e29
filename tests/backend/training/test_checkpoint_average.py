"""The mean of checkpoints."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from backend.models.amcnet import AmcConfig, AmcNet, load_amcnet
from backend.models.checkpoint import save_checkpoint
from backend.training.checkpoint_average import average_checkpoints
from retarget.errors import ConductorError

SMALL = AmcConfig(front_channels=2, channels=8, features=4, dilations=(1, 2))


def save(path: Path, seed: int, config: AmcConfig = SMALL) -> AmcNet:
    torch.manual_seed(seed)
    network = AmcNet(config)
    save_checkpoint(path, "amcnet", asdict(config), network.state_dict(), "a test")
    return network


def test_the_mean_lies_half_way(tmp_path: Path) -> None:
    a, b, out = (tmp_path / f"{name}.safetensors" for name in "abm")
    first, second = save(a, 0), save(b, 1)
    average_checkpoints([a, b], "amcnet", out)
    mean = load_amcnet(out)
    expected = (first.music.frontend.weight + second.music.frontend.weight) / 2
    torch.testing.assert_close(mean.music.frontend.weight, expected)


def test_what_cannot_be_averaged_is_named(tmp_path: Path) -> None:
    a, b = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    save(a, 0)
    save(b, 1, AmcConfig(front_channels=2, channels=8, features=6, dilations=(1, 2)))
    with pytest.raises(ConductorError, match="differ in shape"):
        average_checkpoints([a, b], "amcnet", tmp_path / "m.safetensors")
    with pytest.raises(ConductorError, match="two checkpoints"):
        average_checkpoints([a], "amcnet", tmp_path / "m.safetensors")
