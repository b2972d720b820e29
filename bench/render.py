"""Draft at 960 x 540: frames per second of the built-in conductor on the default stage.

The floor, in the same run and by turns: an empty scene with the same settings, by the same
processes, encoded by the same encoder. Each is rendered several times, medians are told.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backend.animation import render_animation
from backend.blender_sessions import Blender
from backend.demo import demo_file
from backend.motion_request import MotionRequest, make_motion
from backend.scenes import SceneOptions, make_scene, scene_info

SECONDS = 4.0
ROUNDS = 5
SCENE = SceneOptions(size=(960, 540))

_EMPTY = """
import sys
import bpy
from blender_addon.stage.looks import setup_render
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
scene.collection.objects.link(scene.camera)
scene.frame_end = int(sys.argv[2])
setup_render(scene, engine="workbench", size=(960, 540))
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(Path(scratch))
    if arguments.json:
        print(json.dumps(result))
        return
    for name in ("draft", "empty"):
        print(f"{name:<20} {result[f'{name}_fps']:8.1f} frames per second")
    print(f"{'time of the empty':<20} {result['ratio']:8.2f} times")


def measure(folder: Path) -> dict:
    """Render both scenes by turns in `folder`."""
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=SECONDS, fps=24.0)
    made = make_motion(request)
    made.motion.save(folder / "motion.npz")
    frames = len(made.motion)
    seconds: dict[str, list[float]] = {"draft": [], "empty": []}
    with Blender() as blender:
        make_scene(blender, folder / "motion.npz", request, folder / "draft.blend", SCENE)
        empty = [sys.executable, "-c", _EMPTY, str(folder / "empty.blend"), str(frames)]
        subprocess.run(empty, check=True, capture_output=True)
        # The first round makes the shaders.
        for turn in range(ROUNDS + 1):
            for name, times in seconds.items():
                blend, out = folder / f"{name}.blend", folder / f"{name}.mp4"
                info = scene_info(blender, blend)
                began = time.monotonic()
                render_animation(
                    *(blender, blend, out),
                    info=info,
                    size=SCENE.size,
                    engine=SCENE.engine,
                    music=None,
                    stamp=str(turn),
                )
                times.append(time.monotonic() - began)
    draft, floor = (statistics.median(seconds[name][1:]) for name in ("draft", "empty"))
    return {
        "size": SCENE.size,
        "frames": frames,
        "rounds": ROUNDS,
        "draft_fps": round(frames / draft, 1),
        "empty_fps": round(frames / floor, 1),
        "ratio": round(draft / floor, 2),
    }


if __name__ == "__main__":
    main()
