"""AMCNet: whether a motion conducts a music, frame by frame.

A music encoder, a motion encoder and layers that fuse their features (Chen, Liu, Li & Xu,
"VirtualConductor: Music-driven Conducting Video Generation System", ICME 2021, section 2.1). What
the encoders learn is used again: the music features drive the generator, and motions are compared
by their motion features.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from backend.audio.rates import FEATURE_RATE, N_MELS
from backend.models.checkpoint import load_for_use, shape_of
from backend.models.layers import Residual, level_and_rise, moving_average, over_bands, through
from retarget.skeleton import JOINTS_2D

MOTION_RATE: Final = 30.0
"""Frames of motion per second."""

MEL_FRAMES: Final = round(FEATURE_RATE / MOTION_RATE)
"""Feature frames in one frame of motion."""

_PITCHES: Final = 8
_PITCH_STEP: Final = 4
# Motion is measured against its own mean and size around each frame, this long either way.
_AROUND_S: Final = 4.0
# Smaller motion than this, in pictures as wide as 5 shoulders, is none.
_STILL: Final = 5e-4


@dataclass(frozen=True)
class AmcConfig:
    """Shape of the network.

    Parameters
    ----------
    front_channels : int
        Kinds of local patterns that the music encoder looks for at every pitch.
    channels : int
        Channels of the encoders.
    features : int
        Features of each encoder for each frame.
    dilations : tuple of int
        Of the encoders' layers, in frames of motion.
    dropout : float
        Share of channels dropped in training.
    """

    front_channels: int = 12
    channels: int = 64
    features: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    dropout: float = 0.1

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "AmcConfig":
        """From JSON values, as `dataclasses.asdict` makes them.

        Raises
        ------
        ConductorError
            If a name is unknown or one is missing.
        """
        return shape_of(cls, table, "AMCNet")


class MusicEncoder(nn.Module):
    """Mel spectrogram at 90 Hz to features at 30 Hz."""

    def __init__(self, config: AmcConfig) -> None:
        super().__init__()
        self.frontend = nn.Conv2d(
            2, config.front_channels, (3, _PITCHES), stride=(1, _PITCH_STEP), padding=(1, 2)
        )
        bands = config.front_channels * (N_MELS // _PITCH_STEP)
        self.body = _body(bands, config)

    def forward(self, mel: Tensor) -> Tensor:
        """Features (B, T, F) of a mel spectrogram (B, T · MEL_FRAMES, 128), dB."""
        x = relu(self.frontend(level_and_rise(mel, MEL_FRAMES)))
        first, *layers, activation, last = self.body.children()
        assert isinstance(first, nn.Conv1d)
        x = through(layers, over_bands(first, x).transpose(1, 2))
        features: Tensor = last(activation(x))
        return features.transpose(1, 2)


class MotionEncoder(nn.Module):
    """Joints in the picture at 30 Hz to features; the size of the motion makes no difference."""

    def __init__(self, config: AmcConfig) -> None:
        super().__init__()
        self.body = _body(2 * len(JOINTS_2D), config)

    def forward(self, joints: Tensor) -> Tensor:
        """Features (B, T, F) of joints (B, T, 13, 2)."""
        features: Tensor = self.body(_normalised(joints.flatten(2).transpose(1, 2)))
        return features.transpose(1, 2)


class AmcNet(nn.Module):
    """Both encoders and the fuse layers."""

    def __init__(self, config: AmcConfig = AmcConfig()) -> None:
        super().__init__()
        self.config = config
        self.music = MusicEncoder(config)
        self.motion = MotionEncoder(config)
        self.fusion = nn.Sequential(
            nn.Conv1d(2 * config.features, config.channels, 1),
            nn.ReLU(),
            Residual(config.channels, 1, config.dropout),
            Residual(config.channels, 4, config.dropout),
            nn.ReLU(),
            nn.Conv1d(config.channels, 1, 1),
        )

    def fuse(self, music: Tensor, motion: Tensor) -> Tensor:
        """Logits (B, T) that motion and music of each frame belong together."""
        pair = torch.cat([music, motion], dim=2).transpose(1, 2)
        logits: Tensor = self.fusion(pair)[:, 0]
        return logits

    def compare(self, mel: Tensor, joints: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T) of the same music with each of two motions; the music is read once."""
        music = self.music(mel)
        motions = self.motion(torch.cat([joints, other]))
        # In one batch: statistics of right pairs alone and of wrong ones alone tell which is which.
        right, wrong = self.fuse(torch.cat([music, music]), motions).chunk(2)
        return right, wrong

    def forward(self, mel: Tensor, joints: Tensor) -> Tensor:
        """Logits (B, T) for a mel spectrogram (B, T · MEL_FRAMES, 128) and joints (B, T, 13, 2)."""
        return self.fuse(self.music(mel), self.motion(joints))


def load_amcnet(path: Path) -> AmcNet:
    """The network of a checkpoint, for use.

    Raises
    ------
    ConductorError
        If the file is missing, damaged, or holds another network.
    """
    return load_for_use(path, "amcnet", lambda table: AmcNet(AmcConfig.of(table)))


def _body(channels: int, config: AmcConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(channels, config.channels, 1),
        *(Residual(config.channels, d, config.dropout) for d in config.dilations),
        nn.ReLU(),
        nn.Conv1d(config.channels, config.features, 1),
    )


def _normalised(x: Tensor) -> Tensor:
    """Deviations from the mean around, in units of their own size around, (B, C, T)."""
    reach = int(_AROUND_S * MOTION_RATE)
    moved = x - moving_average(x, reach)
    size = moving_average((moved**2).mean(dim=1, keepdim=True), reach).sqrt()
    return moved / (size + _STILL)
