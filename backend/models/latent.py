"""The generator's latent: what a seed decides, at the pace of beats, of phrases and of pieces.

Each channel is a stationary AR(1) process with a value a second, interpolated in between. That is
its prior; in training the same channels carry what music, beats and style leave open in a motion
(`PosteriorEncoder`), held near the prior by their KL divergence: a conditional variational
autoencoder (Sohn, Lee & Yan, NeurIPS 2015) beside a discriminator, as in Zhu et al., "Toward
Multimodal Image-to-Image Translation" (NeurIPS 2017).
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from backend.models.amcnet import MOTION_RATE

_CORRELATION_TIMES_S: Final = (1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 8.0, 16.0, 16.0, 30.0, 30.0)

LATENT_DIM: Final = len(_CORRELATION_TIMES_S)
"""Channels."""

KNOT_FRAMES: Final = round(MOTION_RATE)
"""Frames of motion from one value to the next."""


def sample_prior(count: int, generator: torch.Generator) -> Tensor:
    """The latent of `count` frames as its prior gives it, (count, LATENT_DIM)."""
    correlation = _correlation()
    innovation = (1.0 - correlation**2).sqrt()
    normal = torch.randn((count - 1) // KNOT_FRAMES + 2, LATENT_DIM, generator=generator)
    knots = [normal[0]]
    for draw in normal[1:]:
        knots.append(correlation * knots[-1] + innovation * draw)
    return interpolated(torch.stack(knots)[None], count)[0]


def interpolated(knots: Tensor, count: int) -> Tensor:
    """The latent (B, count, LATENT_DIM) that goes straight from knot to knot, (B, S, LATENT_DIM).

    Frame 0 is at the first knot; the last knot must not lie before the last frame.
    """
    frames = (knots.shape[1] - 1) * KNOT_FRAMES + 1
    assert frames >= count
    flowing = interpolate(knots.transpose(1, 2), size=frames, mode="linear", align_corners=True)
    return flowing.transpose(1, 2)[:, :count]


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of independent normal knots from the prior, nats a knot.

    Parameters
    ----------
    mean, log_variance : (B, S, LATENT_DIM) tensors

    Returns
    -------
    tensor
        Mean over the batch of the sum over channels.
    """
    correlation = _correlation().to(mean)
    innovation = 1.0 - correlation**2
    count = mean.shape[1]
    # The precision matrix of an AR(1) process is tridiagonal.
    precision = torch.ones(count, LATENT_DIM).to(mean)
    precision[1:-1] += correlation**2
    if count > 1:
        precision = precision / innovation
    steps = mean[:, 1:] - correlation * mean[:, :-1]
    mahalanobis = mean[:, 0] ** 2 + (steps**2 / innovation).sum(dim=1)
    trace = (precision * log_variance.exp() - log_variance - 1.0).sum(dim=1)
    total = 0.5 * (mahalanobis + trace + (count - 1) * innovation.log())
    return total.sum(dim=1).mean() / count


def _correlation() -> Tensor:
    """Of each channel with itself one knot earlier."""
    return torch.exp(-1.0 / torch.tensor(_CORRELATION_TIMES_S))
