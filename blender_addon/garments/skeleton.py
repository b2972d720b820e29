"""The avatar's bones in the bind pose."""

import numpy as np

from retarget import rotation
from retarget.rotation import Array

from .arms import BENT, UPPER_TURN, mirror_turn
from .bones import bone_table


def bind_bones() -> tuple[tuple[str, ...], list[int], Array, Array, Array]:
    """Names, parents (−1 for the root), heads, tails and turns from the T-pose; parents first."""
    rest = bone_table()
    names = tuple(rest)
    parents = [-1 if parent is None else names.index(parent) for parent, _, _ in rest.values()]
    start = np.array([at for _, at, _ in rest.values()])
    end = np.array([tail for _, _, tail in rest.values()])
    heads, tails, turns = start.copy(), end.copy(), rotation.identity((len(names),))
    own = {"upper_arm.L": UPPER_TURN, "forearm.L": BENT}
    own |= {name.replace(".L", ".R"): mirror_turn(turn) for name, turn in own.items()}
    for k, parent in enumerate(parents):
        if parent >= 0:
            turns[k] = turns[parent]
            heads[k] = heads[parent] + rotation.rotate(turns[parent], start[k] - start[parent])
        if names[k] in own:
            turns[k] = rotation.multiply(turns[k], own[names[k]])
        tails[k] = heads[k] + rotation.rotate(turns[k], end[k] - start[k])
    return names, parents, heads, tails, turns
