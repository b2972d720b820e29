"""The network that hears beats, downbeats, meter and tempo in a mel spectrogram.

A convolutional front end that treats all pitches alike, and a temporal convolutional network over
its output, with one head for each task (after Böck & Davies, "Deconstruct, Analyse, Reconstruct:
How to Improve Tempo, Beat, and Downbeat Estimation", ISMIR 2020; the front end is smaller, and the
meter and the conducted tempo are learned too).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, relu

from backend.audio.analysis import FEATURE_RATE, N_MELS
from retarget.errors import ConductorError

POOL: Final = 2
"""Feature frames in one frame of the network."""

RATE: Final = FEATURE_RATE / POOL
"""Frames of the network per second."""

BAR_LENGTHS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)
"""Conducted beats in a bar that the meter head tells apart."""

SLOWEST_BPM: Final = 30.0
FASTEST_BPM: Final = 240.0
TEMPI: Final = 73
"""Classes of the tempo head, evenly spaced in log tempo from the slowest to the fastest."""

_PITCHES: Final = 8
_PITCH_STEP: Final = 4


@dataclass(frozen=True)
class BeatNetConfig:
    """Shape of the network.

    Parameters
    ----------
    patterns : int
        Kinds of local patterns that the front end looks for at every pitch.
    channels : int
        Channels of the temporal network.
    dilations : tuple of int
        Dilation of each of its layers.
    kernel : int
        Frames each layer looks at, odd.
    dropout : float
        Share of channels dropped in training.
    """

    patterns: int = 16
    channels: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 4, 1)
    kernel: int = 3
    dropout: float = 0.1

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "BeatNetConfig":
        """From JSON values, as `dataclasses.asdict` makes them.

        Raises
        ------
        ConductorError
            If a name is unknown or one is missing.
        """
        try:
            return cls(**{**table, "dilations": tuple(table["dilations"])})
        except (TypeError, KeyError) as error:
            raise ConductorError(
                "The beat network has another shape than this version of the program knows; "
                "install it again."
            ) from error

    @property
    def context(self) -> int:
        """Frames on either side that an output frame depends on."""
        return (self.kernel // 2) * sum(self.dilations) + 2


@dataclass(frozen=True)
class BeatOutput:
    """Logits for each frame of the network.

    Parameters
    ----------
    beat, downbeat : (B, T) tensors
    meter : (B, T, len(BAR_LENGTHS)) tensor
    tempo : (B, T, TEMPI) tensor
    """

    beat: Tensor
    downbeat: Tensor
    meter: Tensor
    tempo: Tensor


class _Residual(nn.Module):
    """A dilated convolution, mixed and added to what came in."""

    def __init__(self, channels: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        reach = kernel // 2 * dilation
        self.look = nn.Conv1d(channels, channels, kernel, padding=reach, dilation=dilation)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout1d(dropout)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.mix(self.dropout(relu(self.norm(self.look(x)))))
        return x + inner


class BeatNet(nn.Module):
    """Mel spectrogram to beat, downbeat, meter and tempo logits at `RATE` frames per second."""

    def __init__(self, config: BeatNetConfig = BeatNetConfig()) -> None:
        super().__init__()
        self.config = config
        self.front = nn.Conv2d(
            2, config.patterns, (3, _PITCHES), stride=(1, _PITCH_STEP), padding=(1, 2)
        )
        self.inward = nn.Conv1d(config.patterns * (N_MELS // _PITCH_STEP), config.channels, 1)
        self.layers = nn.ModuleList(
            _Residual(config.channels, config.kernel, d, config.dropout) for d in config.dilations
        )
        self.events = nn.Conv1d(config.channels, 2, 1)
        self.meter = nn.Conv1d(config.channels, len(BAR_LENGTHS), 1)
        self.tempo = nn.Conv1d(config.channels, TEMPI, 1)

    def forward(self, mel: Tensor) -> BeatOutput:
        """Logits of a batch.

        Parameters
        ----------
        mel : (B, N, 128) tensor
            dB below the loudest bin, −80 to 0, at 90 Hz; N even.
        """
        # Channels last is five times as fast here on a CPU.
        x = prepared(mel).contiguous(memory_format=torch.channels_last)
        x = relu(self.front(x))
        x = relu(self.inward(x.permute(0, 1, 3, 2).flatten(1, 2)))
        for layer in self.layers:
            x = layer(x)
        x = relu(x)
        events = self.events(x)
        return BeatOutput(
            beat=events[:, 0],
            downbeat=events[:, 1],
            meter=self.meter(x).transpose(1, 2),
            tempo=self.tempo(x).transpose(1, 2),
        )


def prepared(mel: Tensor) -> Tensor:
    """Level and rise of each band, (B, 2, T, 128), at the network's rate and about unit size."""
    count = mel.shape[1] // POOL
    bands = mel.transpose(1, 2)[..., : count * POOL] / 40.0 + 1.0
    level = avg_pool1d(bands, POOL)
    rise = torch.diff(bands, dim=-1, prepend=bands[..., :1]).clamp_min(0.0)
    rise = 4.0 * avg_pool1d(rise, POOL)
    return torch.stack([level, rise], dim=1).transpose(2, 3)
