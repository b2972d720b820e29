"""Small least-squares problems, many at a time."""

from collections.abc import Callable
from typing import Final

import numpy as np

from ..rotation import Array

_STEPS: Final = 30
_DIFFERENCE: Final = 1e-5
# Damping at the start, and by what it shrinks after a step that helped and grows after another.
_DAMPING: Final = 1e-2
_EASE, _TIGHTEN = 0.3, 5.0


def least_squares(residuals: Callable[[Array], Array], start: Array) -> Array:
    """Parameters (K, P) with small sums of squares, from a start (K, P) on.

    Levenberg and Marquardt's method with finite differences, a fixed number of steps.

    Parameters
    ----------
    residuals : callable
        Parameters (K, ..., P) to residuals (K, ..., M); K separate problems.
    start : (K, P) array
        Where each begins.
    """
    at = start.copy()
    count = at.shape[-1]
    damping = np.full(len(at), _DAMPING)
    tries = np.vstack([np.zeros(count), _DIFFERENCE * np.eye(count)])
    for _ in range(_STEPS):
        values = residuals(at[:, None] + tries)
        base = values[:, 0]
        slopes = np.swapaxes(values[:, 1:] - base[:, None], 1, 2) / _DIFFERENCE
        normal = np.swapaxes(slopes, 1, 2) @ slopes + damping[:, None, None] * np.eye(count)
        step = np.linalg.solve(normal, -(np.swapaxes(slopes, 1, 2) @ base[..., None]))[..., 0]
        after = residuals((at + step)[:, None])[:, 0]
        better = (after**2).sum(axis=-1) < (base**2).sum(axis=-1)
        at = np.where(better[:, None], at + step, at)
        damping = np.clip(damping * np.where(better, _EASE, _TIGHTEN), 1e-9, 1e9)
    return at
