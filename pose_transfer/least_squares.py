"""Robust least squares: Levenberg–Marquardt with a batched numerical Jacobian."""

from collections.abc import Callable
from typing import Final

import numpy as np

from retarget.rotation import Array

_ITERATIONS: Final = 40
_STEP: Final = 1e-5
# Picture residuals beyond this many standard deviations lose their hold.
_ROBUST: Final = 4.0
_CONVERGED: Final = 1e-4


def levenberg_marquardt(
    residuals: Callable[[Array], tuple[Array, Array]], start: Array, iterations: int = _ITERATIONS
) -> Array:
    """Minimise the sum of squared residuals; those in the picture are robust (Geman–McClure).

    Parameters
    ----------
    residuals : callable
        Unknowns (P, N) to residuals (P, R) in standard deviations, and the first of them as pairs
        in the picture (P, M, 2), which count less the further they are off.
    start : (N,) array
    iterations : int
        At most so many steps.

    Returns
    -------
    (N,) array
    """
    theta, damping = start.copy(), 1e-2
    steps = _STEP * np.eye(len(theta))

    def cost_of(values: Array, flat: Array) -> float:
        squares = (flat**2).sum(axis=-1)
        robust = (squares / (1.0 + squares / _ROBUST**2)).sum()
        return float(robust + (values[flat.size :] ** 2).sum())

    values, flat = (v[0] for v in residuals(theta[None]))
    cost = cost_of(values, flat)
    for _ in range(iterations):
        moved, _ = residuals(theta + steps)
        jacobian = (moved - values).T / _STEP
        weights = np.ones(len(values))
        squares = (flat**2).sum(axis=-1)
        # Milder than the cost's own weights, which would let go of far points altogether.
        weights[: flat.size] = np.repeat(1.0 / (1.0 + squares / _ROBUST**2), 2)
        normal = jacobian.T @ (weights[:, None] * jacobian)
        gradient = jacobian.T @ (weights * values)
        for _ in range(8):
            damped = normal + damping * np.diag(np.diag(normal) + 1e-9)
            step = np.linalg.solve(damped, -gradient)
            tried, tried_flat = (v[0] for v in residuals((theta + step)[None]))
            new_cost = cost_of(tried, tried_flat)
            if new_cost < cost:
                break
            damping *= 4.0
        else:
            break
        theta, values, flat = theta + step, tried, tried_flat
        damping = max(damping / 5.0, 1e-6)
        done = cost - new_cost < _CONVERGED * cost
        cost = new_cost
        if done:
            break
    return theta
