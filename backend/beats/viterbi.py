"""Viterbi's algorithm where every state may follow every other one."""

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array


def viterbi_path(scores: Array, turns: Array) -> NDArray[np.int64]:
    """The path of the highest sum.

    Parameters
    ----------
    scores : (T, K) array
        Log weight of each state at each step.
    turns : (K, K) array
        Log weight of each state after each.

    Returns
    -------
    (T,) int array
        States.
    """
    back = np.zeros(scores.shape, np.int64)
    best = scores[0].copy()
    for i in range(1, len(scores)):
        options = best[:, None] + turns
        back[i] = options.argmax(axis=0)
        best = options.max(axis=0) + scores[i]
    path = np.empty(len(scores), np.int64)
    path[-1] = int(best.argmax())
    for i in range(len(scores) - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    return path
