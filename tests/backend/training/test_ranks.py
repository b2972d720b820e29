"""Two processes that learn as one, as torchrun starts them."""

from pathlib import Path

import torch
from torchrun import torchrun

GRADIENTS = """
import os, sys, torch
from torch import distributed, nn
from backend.training.ranks import average_gradients, rank, process_group

with process_group():
    network = nn.Linear(2, 1)
    for parameter in network.parameters():
        parameter.grad = torch.full_like(parameter, float(rank()))
    average_gradients(network)
    torch.save(network.weight.grad, f"{sys.argv[1]}/{rank()}.pt")
assert not distributed.is_initialized()
"""


def test_gradients_are_the_mean_of_both(tmp_path: Path) -> None:
    script = tmp_path / "gradients.py"
    script.write_text(GRADIENTS)
    torchrun(str(script), str(tmp_path))
    for rank in range(2):
        mean = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(mean, torch.full((1, 2), 0.5))
