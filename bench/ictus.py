"""Are the beats conducted? Low points of the right wrist against the beat grid.

`python -m bench.ictus [MUSIC] [--score FILE] [--json]` conducts the piece (the demo piece if none
is given), keys it on the avatar in Blender, reads the pose back, and compares both the motion and
the keyed avatar with the grid: F-measure at ±1 frame. Beside it the floor: random beats.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from scipy.signal import find_peaks

from backend.blender_sessions import Blender
from backend.demo import demo_file
from backend.motion_request import MotionRequest, make_motion
from backend.scenes import SceneOptions, even_size, export_guide, make_scene
from retarget import skeleton
from retarget.guide import Guide

# Smaller dips are not seen as beats.
PROMINENCE_M = 0.01
_WRIST = skeleton.INDEX["hand.R"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("music", nargs="?", type=Path, default=demo_file("ode_to_joy.ogg"))
    parser.add_argument("--score", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.music, arguments.score)
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{result['beats']} beats, {result['tempo_bpm']:.0f} per minute, {result['fps']:.0f} fps")
    for name in ("motion", "avatar", "random"):
        print(f"{name:<8} F {result[name]:.3f} at ±1 frame")


def measure(music: Path, score: Path | None) -> dict:
    """F of the motion, of the keyed avatar, and of random beats."""
    request = MotionRequest(music=music, score=score)
    made = make_motion(request)
    motion = made.motion
    with tempfile.TemporaryDirectory() as scratch, Blender(renderers=1) as blender:
        folder = Path(scratch)
        motion.save(folder / "motion.npz")
        scene = folder / "scene.blend"
        info, _ = make_scene(blender, folder / "motion.npz", request, scene, SceneOptions())
        export_guide(blender, scene, even_size(info), folder / "guide.npz")
        guide = Guide.load(folder / "guide.npz")
    rng = np.random.default_rng(0)
    random = np.sort(rng.uniform(motion.beats[0], motion.beats[-1], len(motion.beats)))
    height = motion.joints_3d()[:, _WRIST, 2]
    return {
        "beats": len(motion.beats),
        "tempo_bpm": made.grid.tempo,
        "fps": motion.fps,
        "motion": f_measure(height, motion.fps, motion.beats),
        "avatar": f_measure(guide.positions[:, _WRIST, 2], guide.fps, motion.beats),
        "random": f_measure(height, motion.fps, random),
    }


def f_measure(height: np.ndarray, fps: float, beats: np.ndarray) -> float:
    """F of the low points of `height` (T,) against `beats` in seconds, each matched once."""
    lows = find_peaks(-height, prominence=PROMINENCE_M)[0] / fps
    lows = lows[(lows > beats[0] - 0.1) & (lows < beats[-1] + 0.1)]
    free = list(lows)
    hits = 0
    for beat in beats:
        nearest = min(free, key=lambda low: abs(low - beat), default=None)
        if nearest is not None and abs(nearest - beat) <= 1.0 / fps + 1e-6:
            free.remove(nearest)
            hits += 1
    return 2.0 * hits / (len(lows) + len(beats))


if __name__ == "__main__":
    main()
