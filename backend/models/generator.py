"""The generator: music features, beats, style and noise to the rotations of the skeleton.

Generator of Chen et al., "VirtualConductor", ICME 2021, section 2.2, which takes over the music
encoder of AMCNet; here it is also told the beats and the style, and yields rotations in place of
points. Convolutions alone: a frame depends on `context` frames on either side and on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from backend.conducting.learned.conditions import CONDITIONS
from backend.models.amcnet import AmcConfig, MusicEncoder
from backend.models.checkpoint import load_for_use, shape_of
from backend.models.kinematics import JOINTS, from_6d
from backend.models.layers import Residual
from backend.models.noise import NOISE

VALUES: Final = 6 * JOINTS + 3
"""Numbers in a pose: six for each rotation, three for the place of the hips."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Shape of the network.

    Parameters
    ----------
    music : AmcConfig
        Of the music encoder.
    channels : int
    dilations : tuple of int
        Of the layers, in frames of motion.
    dropout : float
        Share of channels dropped in training.
    """

    music: AmcConfig = field(default_factory=AmcConfig)
    channels: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 2, 4, 8, 16, 32)
    dropout: float = 0.05

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "GeneratorConfig":
        """From JSON values, as `dataclasses.asdict` makes them.

        Raises
        ------
        ConductorError
            If a name is unknown or one is missing.
        """
        shape = shape_of(cls, table, "generator")
        return replace(shape, music=AmcConfig.of(table["music"]))

    @property
    def context(self) -> int:
        """Frames on either side that an output frame depends on."""
        return sum(self.music.dilations) + sum(self.dilations) + 2


class Generator(nn.Module):
    """Poses at 30 Hz."""

    mean: Tensor
    spread: Tensor

    def __init__(self, config: GeneratorConfig = GeneratorConfig()) -> None:
        super().__init__()
        self.config = config
        self.music = MusicEncoder(config.music)
        told = config.music.features + CONDITIONS + NOISE
        self.inward = nn.Conv1d(told, config.channels, 1)
        self.body = nn.ModuleList(
            Residual(config.channels, d, config.dropout) for d in config.dilations
        )
        self.outward = nn.Conv1d(config.channels, VALUES, 1)
        self.register_buffer("mean", torch.zeros(VALUES))
        self.register_buffer("spread", torch.ones(VALUES))

    def forward(self, mel: Tensor, conditions: Tensor, noise: Tensor) -> Tensor:
        """Poses.

        Parameters
        ----------
        mel : (B, T · MEL_FRAMES, 128) tensor
            dB.
        conditions : (B, T, CONDITIONS) tensor
        noise : (B, T, NOISE) tensor

        Returns
        -------
        (B, T, VALUES) tensor
        """
        x = torch.cat([relu(self.music(mel)), conditions, noise], dim=2).transpose(1, 2)
        x = self.inward(x)
        for layer in self.body:
            x = layer(x)
        values: Tensor = self.outward(relu(x)).transpose(1, 2)
        return self.mean + self.spread * values


def split_pose(values: Tensor) -> tuple[Tensor, Tensor]:
    """Local rotations (..., J, 3, 3) and root (..., 3) of poses (..., VALUES)."""
    six = values[..., : 6 * JOINTS].reshape(*values.shape[:-1], JOINTS, 6)
    return from_6d(six), values[..., 6 * JOINTS :]


def load_generator(path: Path) -> Generator:
    """The network of a checkpoint, for use.

    Raises
    ------
    ConductorError
        If the file is missing, damaged, or holds another network.
    """
    return load_for_use(path, "generator", lambda table: Generator(GeneratorConfig.of(table)))
