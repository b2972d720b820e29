"""The posterior encoder: what a motion does beyond its beats and style, as the generator's latent.

It is needed in training alone, where it tells the generator which of all right motions is meant.
Over all motions each channel has mean 0 and variance 1, as the prior has that is drawn from in use:
the means are batch-normalised (Zhu et al., "A Batch Normalized Inference Network Keeps the KL
Vanishing Away", ACL 2020), and what a channel does not tell is filled up with noise. Otherwise the
generator would tell the posterior from the prior, and conduct like nobody by the latter.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, pad, relu

from backend.models.generator import POSE_DIM
from backend.models.latent import KNOT_FRAMES, LATENT_DIM
from backend.models.layers import Residual

_CHANNELS, _DILATIONS, _DROPOUT = 96, (1, 2, 4, 8, 16, 32), 0.05
# Correlation of a channel with its posterior mean, at first and at most.
_FIRST, _MOST = 0.8, 0.99


class PosteriorEncoder(nn.Module):
    """Normal distributions of the latent's knots.

    Parameters
    ----------
    conditioning : int
        Numbers for each frame that the generator is told besides the music.
    """

    def __init__(self, conditioning: int) -> None:
        super().__init__()
        self.input = nn.Conv1d(POSE_DIM + conditioning, _CHANNELS, 1)
        self.layers = nn.ModuleList(Residual(_CHANNELS, d, _DROPOUT) for d in _DILATIONS)
        self.output = nn.Conv1d(_CHANNELS, LATENT_DIM, 1)
        self.norm = nn.BatchNorm1d(LATENT_DIM, affine=False)
        self.correlation_logit = nn.Parameter(torch.full((LATENT_DIM,), _FIRST).logit())

    def forward(self, poses: Tensor, conditioning: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of the variances, (B, S, LATENT_DIM) each, S · KNOT_FRAMES > T.

        Parameters
        ----------
        poses : (B, T, POSE_DIM) tensor
            Standardised.
        conditioning : (B, T, C) tensor
        """
        x = torch.cat([poses, conditioning], dim=2).transpose(1, 2)
        x = self.input(pad(x, (0, -x.shape[2] % KNOT_FRAMES), mode="replicate"))
        for layer in self.layers:
            x = layer(x)
        pooled = avg_pool1d(
            relu(x),
            2 * KNOT_FRAMES,
            stride=KNOT_FRAMES,
            padding=KNOT_FRAMES,
            count_include_pad=False,
        )
        correlation = _MOST * self.correlation_logit.sigmoid()
        mean: Tensor = correlation * self.norm(self.output(pooled)).transpose(1, 2)
        return mean, torch.log1p(-(correlation**2)).expand_as(mean)


def reparameterised(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A draw from normal distributions that gradients go through."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
