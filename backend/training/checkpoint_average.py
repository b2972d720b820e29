"""The mean of networks that learned on from one another.

Wortsman et al., "Model Soups: Averaging Weights of Multiple Fine-tuned Models Improves Accuracy
without Increasing Inference Time", ICML 2022.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from backend.models.checkpoint import load_checkpoint, save_checkpoint
from retarget.errors import ConductorError


def average_checkpoints(paths: Sequence[Path], kind: str, out: Path) -> None:
    """Write the mean of checkpoints of one shape.

    Parameters
    ----------
    paths : sequence of Path
        Two or more.
    kind : str
        Which network they are ("beats").
    out : Path
        A .safetensors file.

    Raises
    ------
    ConductorError
        If a checkpoint is missing, damaged or another network, or they are not of one shape.
    """
    if len(paths) < 2:
        raise ConductorError("There is nothing to average; give two checkpoints or more.")
    configs, states = zip(*(load_checkpoint(path, kind) for path in paths), strict=True)
    if any(config != configs[0] for config in configs):
        raise ConductorError("The checkpoints differ in shape; give ones of the same network.")
    mean = {
        # What counts steps is taken from the last.
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if last.is_floating_point()
        else last
        for name, last in states[-1].items()
    }
    about = f"mean of {', '.join(path.name for path in paths)}"
    save_checkpoint(out, kind, configs[0], mean, about)
