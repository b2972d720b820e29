"""What a seed decides: noise whose channels change at the pace of beats, of phrases, of pieces.

Each channel is a stationary AR(1) process with a value a second, joined by lines. In training the
same channels carry what music, beats and style leave open in a motion (`Recogniser`), and are held
near such noise by a divergence: a conditional variational autoencoder (Sohn, Lee & Yan, NeurIPS
2015) beside the critic, as in Zhu et al., "Toward Multimodal Image-to-Image Translation"
(NeurIPS 2017).
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from backend.models.amcnet import MOTION_RATE

_TIMES_S: Final = (1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0, 8.0, 16.0, 16.0, 30.0, 30.0)

NOISE: Final = len(_TIMES_S)
"""Channels."""

KNOT_FRAMES: Final = round(MOTION_RATE)
"""Frames of motion from one value to the next."""


def draw_noise(count: int, generator: torch.Generator) -> Tensor:
    """Noise of `count` frames, (count, NOISE)."""
    kept = _kept()
    fresh = (1.0 - kept**2).sqrt()
    drawn = torch.randn((count - 1) // KNOT_FRAMES + 2, NOISE, generator=generator)
    knots = [drawn[0]]
    for draw in drawn[1:]:
        knots.append(kept * knots[-1] + fresh * draw)
    return lines(torch.stack(knots)[None], count)[0]


def lines(knots: Tensor, count: int) -> Tensor:
    """The noise (B, count, NOISE) that goes straight from knot to knot, (B, S, NOISE).

    Frame 0 is at the first knot; the last knot must not lie before the last frame.
    """
    frames = (knots.shape[1] - 1) * KNOT_FRAMES + 1
    assert frames >= count
    flowing = interpolate(knots.transpose(1, 2), size=frames, mode="linear", align_corners=True)
    return flowing.transpose(1, 2)[:, :count]


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of independent normal knots from the noise, nats a knot.

    Parameters
    ----------
    mean, log_variance : (B, S, NOISE) tensors

    Returns
    -------
    tensor
        Mean over the batch of the sum over channels.
    """
    kept = _kept().to(mean)
    fresh = 1.0 - kept**2
    count = mean.shape[1]
    # The inverse of an AR(1) process's covariance has three diagonals.
    diagonal = torch.ones(count, NOISE).to(mean)
    diagonal[1:-1] += kept**2
    if count > 1:
        diagonal = diagonal / fresh
    steps = mean[:, 1:] - kept * mean[:, :-1]
    far = mean[:, 0] ** 2 + (steps**2 / fresh).sum(dim=1)
    wide = (diagonal * log_variance.exp() - log_variance - 1.0).sum(dim=1)
    total = 0.5 * (far + wide + (count - 1) * fresh.log())
    return total.sum(dim=1).mean() / count


def _kept() -> Tensor:
    return torch.exp(-1.0 / torch.tensor(_TIMES_S))
