"""Smooth steps and smooth noise, for the grain of what is built."""

import numpy as np

from retarget.rotation import Array


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, smooth between (C1). `low` > `high` falls instead."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def ripples(p: Array, wavelength: float, seed: int) -> Array:
    """Smooth noise of about unit amplitude: plane waves in random directions."""
    rng = np.random.default_rng(seed)
    total = np.zeros(len(p))
    waves = 7
    for _ in range(waves):
        direction = rng.normal(size=3)
        direction *= 2.0 * np.pi / wavelength / np.linalg.norm(direction)
        total += np.sin(p @ direction + rng.uniform(0.0, 2.0 * np.pi))
    return total / np.sqrt(waves)
