"""The recogniser: what a motion does beyond its beats and style, as the generator's noise.

It is needed in training alone, where it tells the generator which of all right motions is meant.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, pad, relu

from backend.models.conditions import CONDITIONS
from backend.models.generator import VALUES
from backend.models.layers import Residual
from backend.models.noise import KNOT_FRAMES, NOISE

_CHANNELS, _DILATIONS, _DROPOUT = 96, (1, 2, 4, 8, 16, 32), 0.05
# The first noise is nearly certain: what it can carry is learned before it is made to be short.
_LOG_VARIANCE = -3.0


class Recogniser(nn.Module):
    """Normal distributions of the noise's knots."""

    def __init__(self) -> None:
        super().__init__()
        self.inward = nn.Conv1d(VALUES + CONDITIONS, _CHANNELS, 1)
        self.body = nn.ModuleList(Residual(_CHANNELS, d, _DROPOUT) for d in _DILATIONS)
        self.outward = nn.Conv1d(_CHANNELS, 2 * NOISE, 1)

    def forward(self, poses: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of the variances, (B, S, NOISE) each, S · KNOT_FRAMES > T.

        Parameters
        ----------
        poses : (B, T, VALUES) tensor
            In units of their spread about their mean.
        conditions : (B, T, CONDITIONS) tensor
        """
        x = torch.cat([poses, conditions], dim=2).transpose(1, 2)
        x = self.inward(pad(x, (0, -x.shape[2] % KNOT_FRAMES), mode="replicate"))
        for layer in self.body:
            x = layer(x)
        pooled = avg_pool1d(
            relu(x),
            2 * KNOT_FRAMES,
            stride=KNOT_FRAMES,
            padding=KNOT_FRAMES,
            count_include_pad=False,
        )
        mean, log_variance = self.outward(pooled).transpose(1, 2).chunk(2, dim=2)
        return mean, (log_variance + _LOG_VARIANCE).clamp(-10.0, 4.0)


def sampled(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A draw from normal distributions that gradients go through."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
