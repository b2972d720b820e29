"""Beat grids, performances and measurements for the teacher's tests."""

import numpy as np
from scipy.signal import find_peaks

from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules import conduct
from backend.conducting.rules.character import Character
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array

INDEX = skeleton.INDEX


def make_grid(times: Array, beats_in_bar: int, first: int = 1) -> BeatGrid:
    times = np.asarray(times, dtype=np.float64)
    numbers = (np.arange(len(times)) + first - 1) % beats_in_bar + 1
    return BeatGrid(
        times,
        numbers.astype(np.int64),
        np.full(len(times), beats_in_bar, dtype=np.int64),
        (f"{beats_in_bar}/4",) * len(times),
        np.ones(len(times)),
    )


def steady(
    bpm: float, beats_in_bar: int, count: int, start: float = 3.0, first: int = 1
) -> BeatGrid:
    return make_grid(start + np.arange(count) * 60.0 / bpm, beats_in_bar, first)


def rubato(bpm: float, beats_in_bar: int, count: int, depth: float = 0.2) -> BeatGrid:
    """Tempo that breathes over phrases, and every beat a little off."""
    rng = np.random.default_rng(5)
    beats = np.arange(count)
    length = 60.0 / bpm * (1.0 + depth * np.sin(beats / 7.0) + 0.03 * rng.standard_normal(count))
    return make_grid(3.0 + np.r_[0.0, np.cumsum(length[:-1])], beats_in_bar)


def accelerando(slow: float, fast: float, beats_in_bar: int, count: int) -> BeatGrid:
    length = 60.0 / np.geomspace(slow, fast, count)
    return make_grid(3.0 + np.r_[0.0, np.cumsum(length[:-1])], beats_in_bar)


def perform(
    grid: BeatGrid,
    *,
    duration: float | None = None,
    loudness: Array | float = 0.5,
    style: Style | None = None,
    seed: int = 0,
    fps: float = 30.0,
    character: Character | None = None,
) -> Motion:
    if duration is None:
        duration = float(grid.times[-1]) + 5.0
    level = (
        np.broadcast_to(loudness, (int(duration * FEATURE_RATE),))
        if np.isscalar(loudness)
        else np.asarray(loudness)
    )
    return conduct(
        grid,
        duration=duration,
        loudness=level,
        style=style or Style(),
        seed=seed,
        fps=fps,
        character=character,
    )


def played(seconds: float, *, attack: float, detachment: float) -> Character:
    """Music that is played one way throughout, without accents."""
    count = int(seconds * FEATURE_RATE)
    return Character(np.full(count, attack), np.full(count, detachment), np.zeros(count))


def track(motion: Motion, joint: str) -> Array:
    return motion.joints_3d()[:, INDEX[joint]]


def low_points(motion: Motion, joint: str = "hand.R", prominence: float = 0.006) -> Array:
    """Frames at which a joint turns upwards."""
    return find_peaks(-track(motion, joint)[:, 2], prominence=prominence)[0]


def f_score(frames: Array, times: Array, fps: float, tolerance: float = 1.0) -> float:
    """F measure of low points against beat times, one to one, within `tolerance` frames."""
    wanted = times * fps
    used = np.zeros(len(frames), bool)
    hits = 0
    for beat in wanted:
        near = np.flatnonzero(~used & (np.abs(frames - beat) <= tolerance + 1e-6))
        if len(near):
            used[near[0]] = True
            hits += 1
    return 2.0 * hits / (len(frames) + len(wanted))


def segments(motion: Motion) -> dict[str, tuple[Array, Array]]:
    """World ends (T, 3) of every bone."""
    positions, world = motion.world()
    ends = {}
    for joint, name in enumerate(skeleton.NAMES):
        tail = skeleton.TAILS[joint] - skeleton.REST[joint]
        ends[name] = (
            positions[:, joint],
            positions[:, joint] + rotation.rotate(world[:, joint], tail),
        )
    return ends


def segment_distance(a: tuple[Array, Array], b: tuple[Array, Array]) -> Array:
    """Shortest distance of two segments for each frame (T,), after Ericson, Real-Time Collision
    Detection, section 5.1.9."""
    d1, d2, r = a[1] - a[0], b[1] - b[0], a[0] - b[0]
    aa, ee, bb = (np.sum(u * v, axis=1) for u, v in ((d1, d1), (d2, d2), (d1, d2)))
    c, f = np.sum(d1 * r, axis=1), np.sum(d2 * r, axis=1)
    s = np.clip((bb * f - c * ee) / np.maximum(aa * ee - bb**2, 1e-12), 0.0, 1.0)
    t = (bb * s + f) / ee
    s = np.where(t < 0.0, np.clip(-c / aa, 0.0, 1.0), s)
    s = np.where(t > 1.0, np.clip((bb - c) / aa, 0.0, 1.0), s)
    t = np.clip(t, 0.0, 1.0)
    return np.linalg.norm(r + s[:, None] * d1 - t[:, None] * d2, axis=1)
