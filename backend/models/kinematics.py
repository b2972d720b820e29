"""Rotations and forward kinematics of the canonical skeleton in torch, to learn through them."""

from typing import Final

import torch
from torch import Tensor

from retarget import skeleton
from retarget.motion import HIPS_2D, SCALE_2D

JOINTS: Final = len(skeleton.NAMES)


def from_6d(values: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) from their first two columns (..., 6), which need not be unit.

    Zhou et al., "On the Continuity of Rotation Representations in Neural Networks", CVPR 2019.
    """
    first, second = values[..., :3], values[..., 3:]
    x = torch.nn.functional.normalize(first, dim=-1)
    y = torch.nn.functional.normalize(second - (x * second).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


def to_6d(matrices: Tensor) -> Tensor:
    """The first two columns of rotation matrices (..., 3, 3), as (..., 6)."""
    return torch.cat([matrices[..., 0], matrices[..., 1]], dim=-1)


def forward_kinematics(local: Tensor, root: Tensor) -> tuple[Tensor, Tensor]:
    """Joint positions and world rotations.

    Parameters
    ----------
    local : (..., J, 3, 3) tensor
        Local rotations in the order of `skeleton.NAMES`.
    root : (..., 3) tensor
        World position of the hips, metres.

    Returns
    -------
    positions : (..., J, 3) tensor
    world : (..., J, 3, 3) tensor
    """
    rest = torch.as_tensor(skeleton.REST, dtype=local.dtype, device=local.device)
    positions: list[Tensor] = []
    world: list[Tensor] = []
    for joint, parent in enumerate(skeleton.PARENTS):
        if parent < 0:
            positions.append(root)
            world.append(local[..., joint, :, :])
            continue
        offset = rest[joint] - rest[parent]
        positions.append(positions[parent] + world[parent] @ offset)
        world.append(world[parent] @ local[..., joint, :, :])
    return torch.stack(positions, dim=-2), torch.stack(world, dim=-3)


def joints_2d(positions: Tensor, world: Tensor) -> Tensor:
    """The front view (B, T, 13, 2) that `Motion.joints_2d` gives, one shift for each clip.

    Parameters
    ----------
    positions : (B, T, J, 3) tensor
    world : (B, T, J, 3, 3) tensor
    """
    head = skeleton.INDEX["head"]
    points = []
    for name in skeleton.JOINTS_2D:
        if name in skeleton.FACE_POINTS:
            offset = positions.new_tensor(skeleton.FACE_POINTS[name])
            points.append(positions[..., head, :] + world[..., head, :, :] @ offset)
        else:
            points.append(positions[..., skeleton.INDEX[name], :])
    flat = torch.stack([SCALE_2D * p[..., [0, 2]] for p in points], dim=-2)
    flat = flat * flat.new_tensor([1.0, -1.0])
    hips = flat[..., -2:, :].mean(dim=(-3, -2), keepdim=True)
    return flat - hips + flat.new_tensor(HIPS_2D)
