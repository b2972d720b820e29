"""The generator: music features, beats, style and a latent to the rotations of the skeleton.

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

from backend.models.amcnet import AmcConfig, MusicEncoder
from backend.models.checkpoint import load_for_use, shape_of
from backend.models.kinematics import JOINTS, from_6d
from backend.models.latent import LATENT_DIM
from backend.models.layers import Residual, through

POSE_DIM: Final = 6 * JOINTS + 3
"""Numbers in a pose: six for each rotation, three for the place of the hips."""


@dataclass(frozen=True)
class ConditioningConfig:
    """What a generator is told besides the music, frame by frame.

    It is kept in the checkpoint, so that weights can be used when there are other style values or
    other ways to tell the beats by then.

    Parameters
    ----------
    grid_encoding : int
        Version of how the place in beat and bar is told.
    grid_channels : int
        Numbers that it takes.
    style : tuple of (str, float)
        The style's values by name, in the order in which they are told, each with what is told
        where there is no such value.
    """

    grid_encoding: int
    grid_channels: int
    style: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "ConditioningConfig":
        """From JSON values, as `dataclasses.asdict` makes them.

        Raises
        ------
        ConductorError
            If a name is unknown or one is missing.
        """
        config = shape_of(cls, table, "generator")
        return replace(config, style=tuple((name, value) for name, value in config.style))

    @property
    def channels(self) -> int:
        """Numbers for each frame."""
        return self.grid_channels + len(self.style)


@dataclass(frozen=True)
class GeneratorConfig:
    """Shape of the network.

    Parameters
    ----------
    conditioning : ConditioningConfig
        What it is told besides the music.
    music : AmcConfig
        Of the music encoder.
    channels : int
    dilations : tuple of int
        Of the layers, in frames of motion.
    dropout : float
        Share of channels dropped in training.
    """

    conditioning: ConditioningConfig
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
        return replace(
            shape,
            conditioning=ConditioningConfig.of(table["conditioning"]),
            music=AmcConfig.of(table["music"]),
        )

    @property
    def context(self) -> int:
        """Frames on either side that an output frame depends on."""
        return sum(self.music.dilations) + sum(self.dilations) + 2


class Generator(nn.Module):
    """Poses at 30 Hz."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.music = MusicEncoder(config.music)
        inputs = config.music.features + config.conditioning.channels + LATENT_DIM
        self.input = nn.Conv1d(inputs, config.channels, 1)
        self.layers = nn.ModuleList(
            Residual(config.channels, d, config.dropout) for d in config.dilations
        )
        self.output = nn.Conv1d(config.channels, POSE_DIM, 1)
        self.register_buffer("mean", torch.zeros(POSE_DIM))
        self.register_buffer("std", torch.ones(POSE_DIM))

    def forward(self, mel: Tensor, conditioning: Tensor, latent: Tensor) -> Tensor:
        """Poses.

        Parameters
        ----------
        mel : (B, T · MEL_FRAMES, 128) tensor
            dB.
        conditioning : (B, T, C) tensor
        latent : (B, T, LATENT_DIM) tensor

        Returns
        -------
        (B, T, POSE_DIM) tensor
        """
        x = torch.cat([relu(self.music(mel)), conditioning, latent], dim=2).transpose(1, 2)
        x = through(self.layers, self.input(x))
        values: Tensor = self.output(relu(x)).transpose(1, 2)
        return self.mean + self.std * values


def split_pose(values: Tensor) -> tuple[Tensor, Tensor]:
    """Local rotations (..., J, 3, 3) and root (..., 3) of poses (..., POSE_DIM)."""
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
