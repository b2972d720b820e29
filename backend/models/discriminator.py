"""The discriminator: how far motions lie from a person's, by their Wasserstein distance (Eq. 2).

The norm of its gradient is held near 1 by a penalty on points between real and generated motions
(Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017).
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from backend.models.amcnet import MOTION_RATE
from retarget import skeleton

GRADIENT_PENALTY: Final = 10.0

# The root apart, what is seen of the legs and of the baton follows from the others.
SEEN_JOINTS: Final = tuple(
    i for i, name in enumerate(skeleton.NAMES) if not name.startswith(("thigh", "shin", "foot"))
)
"""Joints that the discriminator sees, places in `skeleton.NAMES`."""

_SPEED_SCALE: Final = 0.5


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Shape of the network: channels, and how often it halves the rate."""

    channels: int = 96
    downsamplings: int = 4


class Discriminator(nn.Module):
    """Positions of joints to a value for each stretch of frames; lower is more like a person."""

    def __init__(self, config: DiscriminatorConfig = DiscriminatorConfig()) -> None:
        super().__init__()
        self.config = config
        self.input = nn.Conv1d(6 * len(SEEN_JOINTS), config.channels, 3, padding=1)
        self.downsample = nn.ModuleList(
            nn.Conv1d(config.channels, config.channels, 4, stride=2, padding=1)
            for _ in range(config.downsamplings)
        )
        self.output = nn.Conv1d(config.channels, 1, 1)

    def forward(self, positions: Tensor) -> Tensor:
        """Values (B, T') of joint positions (B, T, J, 3), metres."""
        seen = positions[:, :, list(SEEN_JOINTS)].flatten(2)
        speed = torch.diff(seen, dim=1, append=seen[:, -1:]) * (MOTION_RATE * _SPEED_SCALE)
        x = leaky_relu(self.input(torch.cat([seen, speed], dim=2).transpose(1, 2)), 0.2)
        for layer in self.downsample:
            x = leaky_relu(layer(x), 0.2)
        values: Tensor = self.output(x)[:, 0]
        return values


def discriminator_loss(
    discriminator: Discriminator, real: Tensor, generated: Tensor
) -> tuple[Tensor, Tensor]:
    """The discriminator's loss, and the Wasserstein distance as it sees it now.

    Parameters
    ----------
    real, generated : (B, T, J, 3) tensors
        Joint positions; no gradient goes back into them.
    """
    real, generated = real.detach(), generated.detach()
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (share * real + (1.0 - share) * generated).requires_grad_()
    value = discriminator(between).mean(dim=1)
    (gradient,) = torch.autograd.grad(value.sum(), between, create_graph=True)
    # Of the value of a stretch, by its frames: it grows with none of them.
    norm = gradient.flatten(1).norm(dim=1)
    penalty = GRADIENT_PENALTY * ((norm - 1.0) ** 2).mean()
    distance = discriminator(generated).mean() - discriminator(real).mean()
    return penalty - distance, distance
