"""Does the rule-based conductor move like a person? Its strokes beside motion capture.

`python -m bench.kinematics [--json]` conducts 4/4 at 80 beats per minute in the neutral style and
prints, for the right wrist and the baton's tip, what a motion-captured conductor did at the same
tempo (one performer, means over beats). Acceleration and jerk have no captured counterpart; they
stand beside a minimum-jerk movement of the same height and duration (Flash & Hogan 1985), the
smoothest there is.
"""

import argparse
import json
from typing import Final

import numpy as np
from scipy.signal import find_peaks

from backend.beats.grid import BeatGrid
from backend.style import Style
from backend.teacher import conduct
from retarget import skeleton
from retarget.rotation import Array

BPM: Final = 80.0
BEATS: Final = 64
FPS: Final = 240.0
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
    print(f"{'':<20}{'mocap':>8}{'wrist':>8}{'tip':>8}")
    for name, captured in MOCAP.items():
        wrist, tip = result["hand.R"][name], result["baton_tip"][name]
        within = abs(wrist / captured - 1.0) <= TOLERANCE
        note = "" if within else f"  wrist {wrist / captured - 1.0:+.0%}"
        print(f"{name:<20}{captured:8.2f}{wrist:8.2f}{tip:8.2f}{note}")
    print(f"{'':<20}{'floor':>8}")
    for name in ("acceleration_m_s2", "jerk_m_s3"):
        wrist, tip = result["hand.R"][name], result["baton_tip"][name]
        print(f"{name:<20}{result['minimum_jerk'][name]:8.1f}{wrist:8.1f}{tip:8.1f}")


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
    for joint in ("hand.R", "baton_tip"):
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
