"""The network that hears beats, downbeats, meter and tempo in a mel spectrogram.

A convolutional front end that treats all pitches alike, dilated convolutions at the full rate,
wider ones at an eighth of it, and back; one head for each task (tasks and front end after Böck &
Davies, "Deconstruct, Analyse, Reconstruct: How to Improve Tempo, Beat, and Downbeat Estimation",
ISMIR 2020; the meter and the conducted tempo are learned too). The slow layers also see how alike
the music is to itself at periods of a quarter of a second to nine seconds: an autocorrelation, but
of learned channels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, pad, relu

from backend.audio.rates import FEATURE_RATE, N_MELS
from backend.models.checkpoint import shape_of
from backend.models.layers import Residual, level_and_rise, moving_average, over_bands, through
from retarget.rotation import Array

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

SLOW: Final = 8
"""Frames of the network in one of its slow frames, in which meter and tempo are told."""

_PITCHES: Final = 8
_PITCH_STEP: Final = 4
# Periods at which the music is compared with itself, seconds, and for how long, either way.
_SHORTEST_LAG_S, _LONGEST_LAG_S = 0.25, 9.0
_COMPARED_S: Final = 9.0
# What sounds longer than this, either way, is no event.
_STEADY_S: Final = 2.0
_COMPARE_POOL: Final = 2


def seconds_of(places: Array) -> Array:
    """Times of places in frames of the network, which lie at their middles."""
    return (places * POOL + (POOL - 1) / 2) / FEATURE_RATE


def places_of(seconds: Array) -> Array:
    """Places in frames of the network at times."""
    return (seconds * FEATURE_RATE - (POOL - 1) / 2) / POOL


@dataclass(frozen=True)
class BeatNetConfig:
    """Shape of the network.

    Parameters
    ----------
    front_channels : int
        Kinds of local patterns that the front end looks for at every pitch.
    channels : int
        Channels at the full rate; a multiple of `groups`.
    dilations : tuple of int
        Dilations of the layers at the full rate before the slow ones.
    slow_channels : int
        Channels at the slow rate.
    slow_dilations : tuple of int
        Dilations of the layers at the slow rate, in slow frames.
    groups, lags : int
        Groups of channels in which the music is compared with itself, and at how many periods.
    dropout : float
        Share of channels dropped in training.
    """

    front_channels: int = 16
    channels: int = 48
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    slow_channels: int = 160
    slow_dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 2, 4, 8, 16, 32)
    groups: int = 8
    lags: int = 48
    dropout: float = 0.1

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "BeatNetConfig":
        """From JSON values, as `dataclasses.asdict` makes them.

        Raises
        ------
        ConductorError
            If a name is unknown or one is missing.
        """
        return shape_of(cls, table, "beat network")

    @property
    def local_context(self) -> int:
        """Frames on either side that a frame of `BeatNet.local_features` depends on."""
        return sum(self.dilations) + 2

    @property
    def context(self) -> int:
        """Frames on either side that one of `BeatNet.predict` depends on, a multiple of `SLOW`."""
        compared = int((_COMPARED_S + _LONGEST_LAG_S + _STEADY_S) * RATE)
        frames = SLOW * (sum(self.slow_dilations) + 4) + compared
        return -(-frames // SLOW) * SLOW


@dataclass(frozen=True)
class BeatOutput:
    """Logits for each frame of the network, and for each of its slow ones.

    Parameters
    ----------
    beat, downbeat : (B, T) tensors
    meter : (B, T / SLOW, len(BAR_LENGTHS)) tensor
    tempo : (B, T / SLOW, TEMPI) tensor
    """

    beat: Tensor
    downbeat: Tensor
    meter: Tensor
    tempo: Tensor


class _Autocorrelation(nn.Module):
    """How alike the music is to itself some time ago, in several respects, at the slow rate.

    Bars and levels of the beat are periods of harmony, bass and accent; a product of two places
    tells them at once, where sums need many layers.
    """

    def __init__(self, config: BeatNetConfig) -> None:
        super().__init__()
        rate = RATE / _COMPARE_POOL
        ladder = np.geomspace(_SHORTEST_LAG_S * rate, _LONGEST_LAG_S * rate, config.lags)
        self.lags = sorted({round(float(lag)) for lag in ladder})
        self.window = int(_COMPARED_S * RATE / SLOW)
        self.groups = config.groups
        self.input = nn.Conv1d(config.channels, config.channels, 1)
        self.norm = nn.BatchNorm1d(config.groups * len(self.lags))
        self.output = nn.Conv1d(config.groups * len(self.lags), config.slow_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = avg_pool1d(self.input(x), _COMPARE_POOL)
        # What always sounds says nothing of periods.
        x = x - moving_average(x, int(_STEADY_S * RATE / _COMPARE_POOL))
        count, longest, pool = x.shape[-1], self.lags[-1], SLOW // _COMPARE_POOL
        before = torch.unflatten(pad(x, (longest, 0)), 1, (self.groups, -1))
        x = torch.unflatten(x, 1, (self.groups, -1))
        products = [
            # Pooled one by one: together at the higher rate they take much memory.
            avg_pool1d((x * before[..., longest - lag : longest - lag + count]).sum(dim=2), pool)
            for lag in (0, *self.lags)
        ]
        slow = torch.stack(products, dim=2).flatten(1, 2)
        alike = torch.unflatten(moving_average(slow, self.window), 1, (self.groups, -1))
        likeness = alike[:, :, 1:] / (alike[:, :, :1] + 1e-3)
        out: Tensor = self.output(relu(self.norm(likeness.flatten(1, 2))))
        return out


class BeatNet(nn.Module):
    """Mel spectrogram to beat, downbeat, meter and tempo logits at `RATE` frames per second."""

    def __init__(self, config: BeatNetConfig = BeatNetConfig()) -> None:
        super().__init__()
        self.config = config
        wide, narrow = config.slow_channels, config.channels
        self.frontend = nn.Conv2d(
            2, config.front_channels, (3, _PITCHES), stride=(1, _PITCH_STEP), padding=(1, 2)
        )
        self.input = nn.Conv1d(config.front_channels * (N_MELS // _PITCH_STEP), narrow, 1)
        self.layers = nn.ModuleList(Residual(narrow, d, config.dropout) for d in config.dilations)
        self.autocorrelation = _Autocorrelation(config)
        self.downsample = nn.Conv1d(narrow, wide, SLOW, stride=SLOW)
        self.slow_layers = nn.ModuleList(
            Residual(wide, d, config.dropout) for d in config.slow_dilations
        )
        self.upsample = nn.ConvTranspose1d(wide, narrow, SLOW, stride=SLOW)
        self.output_layers = nn.ModuleList(Residual(narrow, d, config.dropout) for d in (1, 4))
        self.event_head = nn.Conv1d(narrow, 2, 1)
        self.meter_head = nn.Conv1d(wide, len(BAR_LENGTHS), 1)
        self.tempo_head = nn.Conv1d(wide, TEMPI, 1)

    def forward(self, mel: Tensor) -> BeatOutput:
        """Logits of a batch.

        Parameters
        ----------
        mel : (B, N, 128) tensor
            dB below the loudest bin, −80 to 0, at 90 Hz; N a multiple of POOL · SLOW.
        """
        return self.predict(self.local_features(mel))

    def local_features(self, mel: Tensor) -> Tensor:
        """What is heard from moment to moment, (B, channels, T), in a `mel` as `forward` takes."""
        x = relu(self.frontend(level_and_rise(mel, POOL)))
        return through(self.layers, relu(over_bands(self.input, x)).transpose(1, 2))

    def predict(self, x: Tensor) -> BeatOutput:
        """Logits of what `local_features` hears, T a multiple of SLOW."""
        far = self.downsample(x) + self.autocorrelation(x)
        far = relu(through(self.slow_layers, far))
        x = through(self.output_layers, x + self.upsample(far))
        events = self.event_head(relu(x))
        return BeatOutput(
            beat=events[:, 0],
            downbeat=events[:, 1],
            meter=self.meter_head(far).transpose(1, 2),
            tempo=self.tempo_head(far).transpose(1, 2),
        )
