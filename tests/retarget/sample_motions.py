"""Motions within human limits for tests: smooth, seeded, with planted feet."""

import numpy as np

from retarget import rotation, skeleton
from retarget.motion import Motion, forward_kinematics

# Largest swing about each axis in degrees, and the pose it swings about, for the left side.
_SWINGS = {
    "hips": ((2, 2, 4), (0, 0, 0)),
    "spine": ((4, 3, 4), (0, 0, 0)),
    "chest": ((4, 3, 4), (0, 0, 0)),
    "neck": ((5, 3, 5), (0, 0, 0)),
    "head": ((6, 4, 6), (0, 0, 0)),
    "clavicle": ((2, 4, 4), (0, 0, 0)),
    "upper_arm": ((15, 25, 25), (0, 40, -30)),
    "forearm": ((20, 5, 30), (0, 0, -70)),
    "hand": ((10, 25, 15), (0, 0, 0)),
    "thumb": ((5, 10, 15), (0, 0, 0)),
    "index": ((0, 30, 0), (0, 40, 0)),
    "fingers": ((0, 35, 0), (0, 50, 0)),
    "baton": ((0, 8, 8), (0, 0, 0)),
}


def planted_motion(frames: int = 120, fps: float = 30.0, seed: int = 0, sway: float = 0.02):
    """A conductor-like motion whose feet stand still.

    `sway` is how far the hips travel in metres; there is a beat every half second, four in a bar.
    """
    rng = np.random.default_rng(seed)
    rotations = rotation.identity((frames, len(skeleton.NAMES)))
    for joint, name in enumerate(skeleton.NAMES):
        stem, _, side = name.partition(".")
        if stem not in _SWINGS:
            continue
        swing, centre = (np.radians(v) for v in _SWINGS[stem])
        mirror = np.array([1.0, -1.0, -1.0]) if side == "R" else np.ones(3)
        vectors = mirror * (centre + swing * _smooth(rng, frames, fps))
        rotations[:, joint] = rotation.from_rotation_vector(vectors)
    root = (
        skeleton.REST[0] + sway * _smooth(rng, frames, fps) * [1.0, 1.0, 0.3] - [0, 0, 1.5 * sway]
    )
    _plant(rotations, root)
    beats = np.arange(0.5, frames / fps, 0.5)
    return Motion(
        fps=fps,
        rotations=rotation.make_continuous(rotations),
        root=root,
        beats=beats,
        beat_numbers=np.arange(len(beats)) % 4 + 1,
        style={"size": 0.5},
        source={"seed": seed, "music": "none.wav"},
    )


def _smooth(rng, frames: int, fps: float):
    """Three channels in about [-1, 1] of movement up to 1.5 Hz, (frames, 3)."""
    seconds = np.arange(frames)[:, None] / fps
    waves = [
        np.sin(2 * np.pi * rng.uniform(0.3, 1.5, 3) * seconds + rng.uniform(0, 2 * np.pi, 3))
        for _ in range(3)
    ]
    return np.mean(waves, axis=0) * 1.2


def _plant(rotations, root):
    """Bend the legs so that the ankles stay where they are at rest."""
    positions, world = forward_kinematics(rotations, root)
    for side in "LR":
        hip, knee, ankle = (skeleton.INDEX[f"{s}.{side}"] for s in ("thigh", "shin", "foot"))
        upper = np.linalg.norm(skeleton.REST[knee] - skeleton.REST[hip])
        lower = np.linalg.norm(skeleton.REST[ankle] - skeleton.REST[knee])
        span = skeleton.REST[ankle] - positions[:, hip]
        reach = np.linalg.norm(span, axis=-1, keepdims=True)
        assert (reach < upper + lower).all(), "the hips are too high for the legs"
        along = span / reach
        near = (upper**2 - lower**2 + reach**2) / (2 * reach)
        forward = np.array([0.0, -1.0, 0.0]) - along * -along[:, 1:2]
        out = np.sqrt(upper**2 - near**2)
        bent = positions[:, hip] + near * along + out * rotation.normalize(forward)
        thigh = rotation.between(skeleton.REST[knee] - skeleton.REST[hip], bent - positions[:, hip])
        shin = rotation.between(
            skeleton.REST[ankle] - skeleton.REST[knee], skeleton.REST[ankle] - bent
        )
        hips = rotation.conjugate(world[:, skeleton.INDEX["hips"]])
        rotations[:, hip] = rotation.multiply(hips, thigh)
        rotations[:, knee] = rotation.multiply(rotation.conjugate(thigh), shin)
        rotations[:, ankle] = rotation.conjugate(shin)
