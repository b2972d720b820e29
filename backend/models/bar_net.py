"""The network that hears bars in what the beat network says from pulse to pulse.

What a bar is does not depend on how fast it goes, so that a pulse is its unit of time
(beat-synchronous downbeat tracking: Krebs, Böck, Dorfer & Widmer, "Downbeat Tracking Using
Beat-Synchronous Features and Recurrent Networks", ISMIR 2016). Of the sound it is told three
numbers and no spectra: of a hundred works a network that sees them learns the works.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from backend.models.beat_net import BAR_LENGTHS
from backend.models.checkpoint import shape_of
from backend.models.layers import Residual, moving_average, through

SLOTS: Final = 6
"""Equal parts of a pulse: enough for halves and for thirds."""

RATIOS: Final = (1 / 3, 1 / 2, 1.0, 2.0, 3.0)
"""Multiples of the pulses' tempo whose likelihood the beat network is asked for."""

STROKES: Final = ("new harmony", "bass", "onset")
"""What of the sound is told of a pulse."""

PULSE_FEATURES: Final = 2 * SLOTS + len(BAR_LENGTHS) + len(RATIOS) + len(STROKES) + 1
"""What is told of a pulse: log odds of beat and downbeat in each of its parts, log probabilities
of bar lengths and of multiples of its tempo, how far it stands out among the pulses of the piece by
each of `STROKES`, in standard deviations, and the log of its length in seconds."""

# Lengths of a pulse that are told apart, an eighth of an octave from one to the next.
_TEMPI: Final = 25
_SHORTEST_S: Final = 0.25
_STEP: Final = log(2.0) / 8.0
_LENGTH_REACH: Final = 2


@dataclass(frozen=True)
class BarNetConfig:
    """Shape of the network.

    Parameters
    ----------
    states : int
        States that it weighs, see `backend.beats.bar_states`.
    members : int
        Networks that learn side by side; the mean of their answers is what counts.
    channels : int
        Channels of each.
    dilations : tuple of int
        Dilations, in pulses.
    dropout : float
        Share of channels dropped in training.
    """

    states: int
    members: int = 4
    channels: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 4)
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


class _Member(nn.Module):
    def __init__(self, config: BarNetConfig) -> None:
        super().__init__()
        self.input = nn.Conv1d(PULSE_FEATURES - 1 + _TEMPI, config.channels, 1)
        self.layers = nn.ModuleList(
            Residual(config.channels, dilation, config.dropout) for dilation in config.dilations
        )
        self.norm = nn.BatchNorm1d(config.channels)
        self.output = nn.Conv1d(config.channels, config.states, 1)
        nn.init.zeros_(self.output.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = through(self.layers, self.input(x))
        out: Tensor = self.output(relu(self.norm(x)))
        return out


class BarNet(nn.Module):
    """What is told of pulses to weights of the states."""

    def __init__(self, config: BarNetConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(_Member(config) for _ in range(config.members))

    def forward(self, features: Tensor) -> Tensor:
        """Log weights of a batch, up to a constant of each pulse.

        Parameters
        ----------
        features : (B, P, PULSE_FEATURES) tensor

        Returns
        -------
        (members, B, P, states) tensor
            What each member says.
        """
        x = _with_tempo_basis(features).transpose(1, 2)
        return torch.stack([member(x).transpose(1, 2) for member in self.members])


def _with_tempo_basis(features: Tensor) -> Tensor:
    """The log length of a pulse as Gaussians around the lengths that are told apart.

    What is conducted changes at certain tempi, and a weighted sum of a number knows no limits.
    """
    length = moving_average(features[..., -1], _LENGTH_REACH)
    centres = log(_SHORTEST_S) + _STEP * torch.arange(_TEMPI, device=features.device)
    basis = torch.exp(-0.5 * ((length[..., None] - centres) / _STEP) ** 2)
    return torch.cat([features[..., :-1], basis], dim=2)
