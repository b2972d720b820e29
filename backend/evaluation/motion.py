"""How well a motion conducts: on the beat, readable, like a person, and possible.

Figures after: beats, mir_eval's F-measure; RDE, SCE and sync error, Chen et al., "VirtualConductor"
(ICME 2021) and its published evaluation; Fréchet distance, Heusel et al. (NeurIPS 2017); jerk and
speed as in `bench/kinematics.py`.
"""

from dataclasses import dataclass
from typing import Final

import mir_eval
import numpy as np
import scipy.linalg
import scipy.signal
from numpy.typing import NDArray

from backend.conducting.rules.limits import limit_of, turns_of
from backend.evaluation.legibility import PROMINENCE_M, bars_read, read_bars
from retarget import skeleton
from retarget.motion import Motion
from retarget.rotation import Array

_FARTHEST_LAG_S: Final = 0.3
_VIOLATED: Final = np.radians(0.5)
# Welch's bins 6 to 25 of 256 samples at 30 Hz, 0.70 to 2.93 Hz: where people beat.
_BEAT_BINS: Final = slice(6, 26)
_WELCH: Final = 256
_FPS_2D: Final = 30.0
_POOL, _STRIDE = 60, 30
_SCALE: Final = 1e7
_DOWN: Final = 0.5
_WRIST: Final = skeleton.INDEX["hand.R"]


@dataclass(frozen=True)
class OnTheBeat:
    """How the right wrist's low points meet the beats.

    Parameters
    ----------
    f : float
        F-measure at ±70 ms without a lag.
    best_f : float
        With the best constant lag of the motion, up to 0.3 s either way.
    lag : float
        That lag in seconds; negative if the motion is ahead.
    random_f : float
        Best F of as many random times, the floor.
    """

    f: float
    best_f: float
    lag: float
    random_f: float


def on_the_beat(motion: Motion, beats: Array, seed: int = 0) -> OnTheBeat:
    """Beat F of the right wrist's low points against beats in seconds."""
    height = motion.joints_3d()[:, _WRIST, 2]
    lows = scipy.signal.find_peaks(-height, prominence=PROMINENCE_M)[0] / motion.fps
    f, best_f, lag = _best_lag(lows, beats)
    rng = np.random.default_rng(seed)
    random = np.sort(rng.uniform(0.0, motion.duration, len(lows)))
    return OnTheBeat(f, best_f, lag, _best_lag(random, beats)[1])


def _best_lag(found: Array, beats: Array) -> tuple[float, float, float]:
    lags = np.arange(-_FARTHEST_LAG_S, _FARTHEST_LAG_S + 1e-9, 0.02)
    scores = np.array([_f_measure(found - lag, beats) for lag in lags])
    # Lags within the tolerance do equally well: the middle one of them is meant.
    equal = np.flatnonzero(scores >= scores.max() - 1e-9)
    best = int(equal[len(equal) // 2])
    return _f_measure(found, beats), float(scores[best]), float(lags[best])


def _f_measure(found: Array, beats: Array) -> float:
    if len(found) == 0 or len(beats) == 0:
        return float(len(found) == len(beats))
    return float(mir_eval.beat.f_measure(beats, np.sort(found)))


@dataclass(frozen=True)
class Legible:
    """What can be read from the beating hand.

    Parameters
    ----------
    vertical : float
        Share of downbeats whose stroke goes down more than aside by far, and no other beat's in
        the bar goes down further.
    bars : float
        Share of bars whose number of beats is read back (`legibility.read_bars`).
    """

    vertical: float
    bars: float


def legible(motion: Motion, times: Array, numbers: NDArray[np.int64], lag: float = 0.0) -> Legible:
    """Legibility of a motion that conducts beats at `times`, `lag` seconds late."""
    wrist = motion.joints_3d()[:, _WRIST]
    late = times + lag
    reading = read_bars(wrist, motion.fps)
    return Legible(_vertical(wrist, motion.fps, late, numbers), bars_read(reading, late, numbers))


def _vertical(wrist: Array, fps: float, times: Array, numbers: NDArray[np.int64]) -> float:
    straight = []
    for before, at, number in zip(times, times[1:], numbers[1:], strict=False):
        low, high = round(at * fps), max(round(before * fps), 0)
        if number != 1 or low >= len(wrist) or low <= high:
            continue
        top = high + int(np.argmax(wrist[high : low + 1, 2]))
        fall, aside = wrist[top, 2] - wrist[low, 2], abs(wrist[top, 0] - wrist[low, 0])
        straight.append(fall > 0.0 and aside <= _DOWN * fall)
    return float(np.mean(straight)) if straight else 1.0


def rhythm_density_error(real: Array, made: Array) -> float:
    """RDE of 2D joints (T, 13, 2) at 30 Hz: ln(1 + 10⁷ · mean square difference of the power
    spectral densities in the bins of beating, averaged over the 26 coordinates)."""
    densities = [
        scipy.signal.welch(
            joints.reshape(len(joints), -1), _FPS_2D, nperseg=min(_WELCH, len(joints)), axis=0
        )[1].mean(axis=1)[_BEAT_BINS]
        for joints in (real, made)
    ]
    return float(np.log1p(_SCALE * np.mean((densities[0] - densities[1]) ** 2)))


def strength_contour_error(real: Array, made: Array) -> float:
    """SCE of 2D joints (T, 13, 2) at 30 Hz: ln(1 + 10⁷ · mean square difference of the speeds,
    each averaged over 60 frames every 30)."""
    contours = []
    for joints in (real, made):
        speed = np.abs(np.diff(joints.reshape(len(joints), -1), axis=0).mean(axis=1))
        starts = np.arange(0, max(len(speed) - _POOL, 0) + 1, _STRIDE)
        contours.append(np.array([speed[i : i + _POOL].mean() for i in starts]))
    return float(np.log1p(_SCALE * np.mean((contours[0] - contours[1]) ** 2)))


def frechet_distance(real: Array, made: Array) -> float:
    """Fréchet distance between Gaussians fitted to features (N, F): FGD over motion features."""
    means = real.mean(axis=0), made.mean(axis=0)
    spreads = np.cov(real, rowvar=False), np.cov(made, rowvar=False)
    root = np.asarray(scipy.linalg.sqrtm(spreads[0] @ spreads[1])).real
    off = means[0] - means[1]
    return float(off @ off + np.trace(spreads[0] + spreads[1] - 2.0 * root))


def diversity(motions: list[Motion]) -> float:
    """Mean distance of joints between motions of one music, metres; 0 if all are the same."""
    joints = [motion.joints_3d() for motion in motions]
    pairs = [
        float(np.linalg.norm(a - b, axis=2).mean())
        for i, a in enumerate(joints)
        for b in joints[:i]
    ]
    return float(np.mean(pairs)) if pairs else 0.0


@dataclass(frozen=True)
class Bodily:
    """What the body does.

    Parameters
    ----------
    speed, jerk : float
        Root mean square of the right wrist's, m/s and m/s³.
    limits : float
        Share of frames with a joint turned beyond its limits.
    bones : float
        Largest change of a bone's length, metres.
    feet : float
        Largest distance of a foot from where it stood first, metres.
    """

    speed: float
    jerk: float
    limits: float
    bones: float
    feet: float


def bodily(motion: Motion) -> Bodily:
    """Speeds, and what no body can do."""
    joints = motion.joints_3d()
    wrist = joints[:, _WRIST]
    speed = np.gradient(wrist, axis=0) * motion.fps if len(wrist) > 1 else np.zeros_like(wrist)
    jerk = np.diff(wrist, n=3, axis=0) * motion.fps**3
    beyond = np.zeros(len(motion), bool)
    for joint, name in enumerate(skeleton.NAMES):
        limit = limit_of(name)
        if limit is not None:
            turns = turns_of(motion.rotations[:, joint], limit.axis)
            off = (turns < limit.low - _VIOLATED) | (turns > limit.high + _VIOLATED)
            beyond |= off.any(axis=1)
    children = [(j, p) for j, p in enumerate(skeleton.PARENTS) if p >= 0]
    lengths = np.stack([np.linalg.norm(joints[:, j] - joints[:, p], axis=1) for j, p in children])
    feet = joints[:, [skeleton.INDEX["foot.L"], skeleton.INDEX["foot.R"]]]
    return Bodily(
        speed=_rms(speed),
        jerk=_rms(jerk),
        limits=float(beyond.mean()),
        bones=float(np.ptp(lengths, axis=1).max()),
        feet=float(np.linalg.norm(feet - feet[:1], axis=2).max()),
    )


def _rms(vectors: Array) -> float:
    return float(np.sqrt(np.mean(np.sum(vectors**2, axis=1)))) if len(vectors) else 0.0
