"""Does the rule-based conductor move like a person? Its strokes beside motion capture.

`python -m bench.kinematics [--json]` conducts 4/4 at 80 beats per minute in the neutral style and
prints what a motion-captured conductor did at the same tempo (one performer, means over beats)
beside the right wrist, the knuckle of the index finger and the baton's tip. Acceleration and jerk
have no captured counterpart; they stand beside a minimum-jerk movement of the same height and
duration (Flash & Hogan 1985), the smoothest there is.
"""

import argparse
import json
from typing import Final

import numpy as np
from scipy.signal import find_peaks

from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import skeleton
from retarget.rotation import Array

BPM: Final = 80.0
BEATS: Final = 64
FPS: Final = 240.0
JOINTS: Final = {"hand.R": "wrist", "index.R": "knuckle", "baton_tip": "tip"}
TOLERANCE: Final = 0.15
MOCAP: Final = {
    "fall_s": 0.38,
    "rise_s": 0.36,
    "amplitude_m": 0.30,
    "speed_peak_m_s": 2.4,
    "peak_before_low_s": 0.14,
    "speed_at_low": 0.55,
    "mirror_r": 0.97,
}
"""Motion capture of a conductor in 4/4 at 80 beats per minute."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure()
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{'':<20}{'mocap':>9}" + "".join(f"{label:>9}" for label in JOINTS.values()))
    for name, captured in MOCAP.items():
        ours = [result[joint][name] for joint in JOINTS]
        # A marker on the hand lies between wrist and knuckles.
        off = min(abs(value / captured - 1.0) for value in ours[:2])
        note = "" if off <= TOLERANCE else f"  off by {off:.0%}"
        print(f"{name:<20}{captured:9.2f}" + "".join(f"{value:9.2f}" for value in ours) + note)
    print(f"{'':<20}{'floor':>9}")
    for name, floor in result["minimum_jerk"].items():
        ours = [result[joint][name] for joint in JOINTS]
        print(f"{name:<20}{floor:9.1f}" + "".join(f"{value:9.1f}" for value in ours))


def measure(style: Style | None = None) -> dict[str, dict[str, float]]:
    """Mean figures over the inner beats by joint, and those of the minimum-jerk movement."""
    times = 3.0 + np.arange(BEATS) * 60.0 / BPM
    numbers = np.arange(BEATS) % 4 + 1
    grid = BeatGrid(times, numbers, np.full(BEATS, 4), ("4/4",) * BEATS, np.ones(BEATS))
    style = style or Style(left_hand=0.0)
    duration = float(times[-1]) + 4.0
    level = np.full(int(duration * 90), 0.5)
    motion = conduct(grid, duration=duration, loudness=level, style=style, seed=0, fps=FPS)
    points = motion.joints_3d()
    left = points[:, skeleton.INDEX["hand.L"]]
    result = {}
    for joint in JOINTS:
        path = points[:, skeleton.INDEX[joint]]
        result[joint] = strokes(path, FPS, times[4:-4])
        inner = slice(round(times[4] * FPS), round(times[-4] * FPS))
        mirrored = np.corrcoef(path[inner, 2], left[inner, 2])[0, 1]
        result[joint]["mirror_r"] = float(mirrored)
    height, half = MOCAP["amplitude_m"], 0.5 * (MOCAP["fall_s"] + MOCAP["rise_s"])
    s = np.linspace(0.0, 1.0, 1000)
    bend = height / half**2 * (60.0 * s - 180.0 * s**2 + 120.0 * s**3)
    jerk = height / half**3 * (60.0 - 360.0 * s + 360.0 * s**2)
    result["minimum_jerk"] = {"acceleration_m_s2": _rms(bend), "jerk_m_s3": _rms(jerk)}
    return result


def strokes(path: Array, fps: float, beats: Array) -> dict[str, float]:
    """Means over the strokes of a joint's path.

    Parameters
    ----------
    path : (T, 3) array
        Metres.
    fps : float
        Frames per second.
    beats : (B,) array
        Beats whose strokes are measured, seconds.
    """
    z = path[:, 2]
    velocity = np.gradient(path, 1.0 / fps, axis=0)
    speed = np.linalg.norm(velocity, axis=1)
    lows = find_peaks(-z, prominence=0.02)[0]
    rows = []
    for beat in beats:
        low = int(lows[np.argmin(np.abs(lows / fps - beat))])
        place = int(np.searchsorted(lows, low))
        before, after = lows[place - 1], lows[place + 1]
        top = before + int(np.argmax(z[before:low]))
        next_top = low + int(np.argmax(z[low:after]))
        fall = speed[top : low + 1]
        rows.append(
            (
                (low - top) / fps,
                (next_top - low) / fps,
                z[top] - z[low],
                fall.max(),
                (len(fall) - 1 - int(fall.argmax())) / fps,
                speed[low] / fall.max(),
            )
        )
    means = np.mean(rows, axis=0).tolist()
    inner = slice(round(float(beats[0]) * fps), round(float(beats[-1]) * fps))
    bend = np.gradient(velocity, 1.0 / fps, axis=0)
    jerk = np.gradient(bend, 1.0 / fps, axis=0)
    return dict(zip(list(MOCAP)[:6], means, strict=True)) | {
        "acceleration_m_s2": _rms(np.linalg.norm(bend[inner], axis=1)),
        "jerk_m_s3": _rms(np.linalg.norm(jerk[inner], axis=1)),
    }


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


if __name__ == "__main__":
    main()
