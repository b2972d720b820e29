"""Folds of cloth: smooth waves with chance in them, the same for the same seed."""

from typing import Final

import numpy as np

from retarget.rotation import Array

_TERMS: Final = 5


class Noise:
    """Waves along a cloth and around it.

    Parameters
    ----------
    seed : int
        Which waves.
    """

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)

    def wave(self, along: Array, around: Array, length: float, lean: float = 1.9) -> Array:
        """Ridges across the cloth, −1 to 1, sharper on top than in the valleys.

        Parameters
        ----------
        along : array
            Metres along the limb.
        around : array
            Angle around it, radians; same shape or broadcast.
        length : float
            From ridge to ridge, metres.
        lean : float
            How far ridges slant around the limb.
        """
        total: Array = np.zeros(np.broadcast(along, around).shape)
        for term in range(_TERMS):
            pace = 2 * np.pi / length * self._chance.uniform(0.75, 1.35)
            turns = self._chance.integers(1, 3) * self._chance.choice([-1, 1])
            phase = self._chance.uniform(0, 2 * np.pi)
            size = 1.0 / (1.0 + 0.3 * term)
            ridge = np.sin(pace * along + lean * turns * np.sin(around + phase))
            window = 0.15 + 0.85 * np.cos(0.5 * (around - self._chance.uniform(0, 2 * np.pi))) ** 2
            total = total + size * window * ridge
        total = total / 1.3
        return np.tanh(total + 0.35 * total**2 - 0.15)

    def ripple(self, around: Array, count: float, along: Array | float = 0.0) -> Array:
        """Ridges along the cloth, as it hangs: about `count` around, −1 to 1."""
        total: Array = np.zeros(np.broadcast(along, around).shape)
        for term in range(_TERMS):
            number = max(1, round(count * self._chance.uniform(0.6, 1.4)))
            phase = self._chance.uniform(0, 2 * np.pi)
            drift = self._chance.uniform(-1.0, 1.0)
            size = 1.0 / (1.0 + 0.3 * term)
            total = total + size * np.cos(number * around + phase + drift * along)
        return np.tanh(total / 1.8)
