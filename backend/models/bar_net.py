"""The network that hears bars in music told from pulse to pulse: level, meter and downbeats.

What a bar is does not depend on how fast it goes, so that music is told here in pulses, not in
seconds (beat-synchronous features: Krebs, Böck, Dorfer & Widmer, "Downbeat Tracking Using
Beat-Synchronous Features and Recurrent Networks", ISMIR 2016). A convolutional front end treats all
pitches alike; how alike the music is to itself some pulses ago stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from backend.audio.rates import N_MELS
from backend.models.beat_net import BAR_LENGTHS
from backend.models.checkpoint import shape_of
from backend.models.layers import Residual, around, prepared

SLOTS: Final = 6
"""Equal parts of a pulse in which the music is told: enough for halves and for thirds."""

RATIOS: Final = (1 / 3, 1 / 2, 1.0, 2.0, 3.0)
"""Multiples of the pulses' tempo whose likelihood the beat network is asked for."""

HINTS: Final = 2 * SLOTS + len(BAR_LENGTHS) + len(RATIOS) + 1
"""What stands beside the music of a pulse: log odds of a beat and a downbeat in each of its parts,
log probabilities of bar lengths and of multiples of its tempo, and the log of its length."""

_PITCHES: Final = 8
_PITCH_STEP: Final = 4
# Lengths of a pulse that are told apart, an eighth of an octave from one to the next.
_TEMPI: Final = 25
_SHORTEST_S: Final = 0.25
_STEP: Final = log(2.0) / 8.0
_LENGTH_REACH: Final = 2
# Pulses, either way, about whose mean the music is compared, and over which it is.
_MEAN_REACH: Final = 8
_COMPARED_REACH: Final = 16


@dataclass(frozen=True)
class BarNetConfig:
    """Shape of the network.

    Parameters
    ----------
    states : int
        States that it weighs, see `backend.beats.bar_states`.
    patterns : int
        Kinds of local patterns that the front end looks for at every pitch.
    channels : int
        Channels of a part of a pulse.
    wide : int
        Channels of a pulse; a multiple of `voices`.
    layers : tuple of int
        Dilations, in pulses.
    voices, lags : int
        Groups of channels in which the music is compared with itself, and up to how many pulses
        ago.
    dropout : float
        Share of channels dropped in training.
    """

    states: int
    patterns: int = 16
    channels: int = 32
    wide: int = 96
    layers: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 3, 4, 8)
    voices: int = 8
    lags: int = 16
    dropout: float = 0.3

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "BarNetConfig":
        """From JSON values, as `dataclasses.asdict` makes them.

        Raises
        ------
        ConductorError
            If a name is unknown or one is missing.
        """
        return shape_of(cls, table, "bar network")

    @property
    def context(self) -> int:
        """Pulses on either side that the answer for a pulse depends on."""
        return sum(self.layers) + self.lags + _COMPARED_REACH + _MEAN_REACH + 1


class _Repeats(nn.Module):
    """How alike the music is to itself each number of pulses ago, in several respects."""

    def __init__(self, config: BarNetConfig) -> None:
        super().__init__()
        self.voices, self.lags = config.voices, config.lags
        self.inward = nn.Conv1d(config.channels * SLOTS, config.wide, 1)
        self.norm = nn.BatchNorm1d(config.voices * config.lags)
        self.outward = nn.Conv1d(config.voices * config.lags, config.wide, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.inward(x)
        count = x.shape[-1]
        x = (x - around(x, _MEAN_REACH)).reshape(x.shape[0], self.voices, -1, count)
        x = x / (x.square().mean(dim=2, keepdim=True) + 0.05).sqrt()
        before = pad(x, (self.lags, 0))
        alike = [
            (x * before[..., self.lags - lag : self.lags - lag + count]).mean(dim=2)
            for lag in range(1, self.lags + 1)
        ]
        steady = around(torch.cat(alike, dim=1), _COMPARED_REACH)
        out: Tensor = self.outward(self.norm(steady))
        return out


class BarNet(nn.Module):
    """The music from pulse to pulse to weights of the states."""

    def __init__(self, config: BarNetConfig) -> None:
        super().__init__()
        self.config = config
        self.front = nn.Conv2d(
            2, config.patterns, (3, _PITCHES), stride=(1, _PITCH_STEP), padding=(1, 2)
        )
        self.inward = nn.Conv1d(config.patterns * (N_MELS // _PITCH_STEP), config.channels, 1)
        self.dropout = nn.Dropout(config.dropout)
        self.pulse = nn.Conv1d(config.channels * SLOTS, config.wide, 1)
        self.repeats = _Repeats(config)
        self.hints = nn.Conv1d(HINTS - 1 + _TEMPI, config.wide, 1)
        self.layers = nn.ModuleList(
            Residual(config.wide, dilation, config.dropout) for dilation in config.layers
        )
        self.norm = nn.BatchNorm1d(config.wide)
        self.states = nn.Conv1d(config.wide, config.states, 1)
        nn.init.zeros_(self.states.weight)

    def forward(self, mel: Tensor, hints: Tensor) -> Tensor:
        """Log weights of a batch, up to a constant of each pulse.

        Parameters
        ----------
        mel : (B, P · SLOTS, N_MELS) tensor
            dB below the loudest, −80 to 0.
        hints : (B, P, HINTS) tensor

        Returns
        -------
        (B, P, states) tensor
        """
        x = prepared(mel, 1).contiguous(memory_format=torch.channels_last)
        x = relu(self.front(x))
        x = relu(self.inward(x.permute(0, 1, 3, 2).flatten(1, 2)))
        # The parts of a pulse side by side.
        x = x.reshape(*x.shape[:2], -1, SLOTS).transpose(2, 3).flatten(1, 2)
        x = self.dropout(x)
        x = self.pulse(x) + self.repeats(x) + self.hints(_with_tempi(hints).transpose(1, 2))
        for layer in self.layers:
            x = layer(x)
        out: Tensor = self.states(relu(self.norm(x)))
        return out.transpose(1, 2)


def _with_tempi(hints: Tensor) -> Tensor:
    """The log length of a pulse as bells around the lengths that are told apart.

    What is conducted changes at certain tempi, and a weighted sum of a number knows no limits.
    """
    length = around(hints[..., -1], _LENGTH_REACH)
    centres = log(_SHORTEST_S) + _STEP * torch.arange(_TEMPI, device=hints.device)
    bells = torch.exp(-0.5 * ((length[..., None] - centres) / _STEP) ** 2)
    return torch.cat([hints[..., :-1], bells], dim=2)
