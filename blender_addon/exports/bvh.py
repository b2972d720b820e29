"""The skeleton alone, from the hips on, as a BVH file."""

from pathlib import Path
from typing import Final

import numpy as np

from retarget import rotation
from retarget.bvh import BvhSkeleton, write_skeleton
from retarget.rotation import Array

from .bones import below
from .local_pose import decomposed, inverse
from .take import Take

# A joint that strays no further from where its parent carries it has no channels for it, metres.
_FIXED_M: Final = 5e-4


def write_take(path: Path, take: Take, hips: int) -> None:
    """Write what hangs on the hips, which carry the place; what they hang on is left out.

    Metres and axes as in `retarget.bvh`. Lengths that change, of rigs that stretch, are told by
    positions; scale is left out.

    Parameters
    ----------
    path : Path
        The .bvh file, atomically.
    take : Take
        What the bones do.
    hips : int
        Index of the root.
    """
    inside = below(take.parents, hips)
    place = {int(bone): i for i, bone in enumerate(inside)}
    parents = np.array([-1] + [place[int(take.parents[bone])] for bone in inside[1:]])
    turned = np.empty((len(take), len(inside), 4))
    for i, bone in enumerate(inside):
        posed = take.bones[:, bone].astype(np.float64) @ inverse(take.rest[bone])
        turned[:, i] = decomposed(posed)[1]
    rotations = turned.copy()
    heads = take.rest[inside, :3, 3]
    positions: dict[int, Array] = {0: take.bones[:, hips, :3, 3].astype(np.float64)}
    moving = []
    for i, parent in enumerate(parents):
        if parent < 0:
            continue
        back = rotation.conjugate(turned[:, parent])
        rotations[:, i] = rotation.multiply(back, turned[:, i])
        apart = take.bones[:, inside[i], :3, 3] - take.bones[:, inside[parent], :3, 3]
        held = rotation.rotate(back, apart.astype(np.float64))
        if np.abs(held - (heads[i] - heads[parent])).max() > _FIXED_M:
            moving.append(i)
            positions[i] = held
    ends = take.rest[inside, :3, 1] * take.lengths[inside, None]
    skeleton = BvhSkeleton(
        tuple("_".join(take.names[bone].split()) for bone in inside),
        parents,
        heads,
        heads + ends,
        frozenset(moving),
    )
    write_skeleton(path, skeleton, take.rate, rotations, positions)
