"""The recogniser: what a motion does beyond its beats and style, as the generator's noise.

It is needed in training alone, where it tells the generator which of all right motions is meant.
Over all motions each channel has mean 0 and variance 1, as the noise has that is drawn in use: the
means are batch-normalised (Zhu et al., "A Batch Normalized Inference Network Keeps the KL Vanishing
Away", ACL 2020), and what a channel does not tell is filled up with noise. Otherwise the two kinds
of noise would be told apart, and drawn noise conduct like nobody.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, pad, relu

from backend.conducting.learned.conditions import CONDITIONS
from backend.models.generator import VALUES
from backend.models.layers import Residual
from backend.models.noise import KNOT_FRAMES, NOISE

_CHANNELS, _DILATIONS, _DROPOUT = 96, (1, 2, 4, 8, 16, 32), 0.05
# What a channel tells at first and at most, as a share of its standard deviation.
_FIRST, _MOST = 0.8, 0.99


class Recogniser(nn.Module):
    """Normal distributions of the noise's knots."""

    def __init__(self) -> None:
        super().__init__()
        self.inward = nn.Conv1d(VALUES + CONDITIONS, _CHANNELS, 1)
        self.body = nn.ModuleList(Residual(_CHANNELS, d, _DROPOUT) for d in _DILATIONS)
        self.outward = nn.Conv1d(_CHANNELS, NOISE, 1)
        self.norm = nn.BatchNorm1d(NOISE, affine=False)
        self.told = nn.Parameter(torch.full((NOISE,), _FIRST).logit())

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
        told = _MOST * self.told.sigmoid()
        mean: Tensor = told * self.norm(self.outward(pooled)).transpose(1, 2)
        return mean, torch.log1p(-(told**2)).expand_as(mean)


def sampled(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A draw from normal distributions that gradients go through."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
