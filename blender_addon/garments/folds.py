"""Folds of cloth as displacements in metres: ridges rounded, valleys between them broad."""

import numpy as np

from retarget.rotation import Array

from ..stage.noise import ripples, smoothstep


def ridges(phase: Array) -> Array:
    """Folds once per 2π of `phase`: 1 on a ridge, falling off to 0 in between."""
    s = np.sin(0.5 * phase)
    return 1.0 - np.sqrt(0.03 + 0.97 * s * s)


def around(q: Array) -> Array:
    """Angle round an arm of the T-pose: 0 behind, π/2 on top, ±π in front."""
    return np.arctan2(q[:, 2] - 1.415, q[:, 1])


def upper_sleeve(q: Array, depth: float) -> Array:
    """Drag from the armpit round the upper arm, and what gathers in the bend of the elbow."""
    x, turn = q[:, 0], around(q)
    drift = 1.3 * ripples(q, 0.13, 21)
    spiral = ridges(2.0 * np.pi * x / 0.085 + turn + drift)
    spiral *= smoothstep(x, 0.20, 0.29) * (0.55 + 0.45 * np.tanh(ripples(q, 0.16, 5)))
    inner = np.maximum(-np.cos(turn), 0.0)
    near = np.exp(-(((x - 0.450) / 0.050) ** 2))
    gathered = ridges(2.0 * np.pi * (x - 0.45) / 0.030 + 0.6 * drift + 0.5 * np.sin(turn))
    return depth * (0.75 * spiral + 1.3 * near * inner * gathered)


def lower_sleeve(q: Array, depth: float) -> Array:
    """Gathered at the bend, turning off towards the wrist."""
    x, turn = q[:, 0], around(q)
    drift = 1.2 * ripples(q, 0.11, 33)
    inner = np.maximum(-np.cos(turn), 0.0)
    near = np.exp(-(((x - 0.485) / 0.045) ** 2))
    gathered = ridges(2.0 * np.pi * (x - 0.45) / 0.032 + 0.6 * drift - 0.5 * np.sin(turn))
    spiral = ridges(2.0 * np.pi * x / 0.072 - turn + drift)
    spiral *= smoothstep(x, 0.50, 0.56) * smoothstep(x, 0.69, 0.65)
    spiral *= 0.55 + 0.45 * np.tanh(ripples(q, 0.14, 8))
    return depth * (0.7 * spiral + 1.2 * near * inner * gathered)


def waist(p: Array, depth: float) -> Array:
    """Cloth pulled towards the closing at the waist and down from the armpits."""
    x, z = np.abs(p[:, 0]), p[:, 2]
    drift = 1.2 * ripples(p, 0.15, 41)
    pull = ridges(2.0 * np.pi * (z + 0.45 * x) / 0.052 + drift)
    pull *= smoothstep(z, 0.99, 1.05) * smoothstep(z, 1.24, 1.13) * smoothstep(x, 0.04, 0.10)
    armpit = ridges(2.0 * np.pi * (0.85 * x - 0.5 * z) / 0.040 + drift)
    armpit *= smoothstep(z, 1.20, 1.30) * smoothstep(z, 1.43, 1.37) * smoothstep(x, 0.135, 0.16)
    return depth * (0.8 * pull + 0.9 * armpit)
