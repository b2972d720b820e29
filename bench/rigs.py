"""Any rig: seconds to tell a rig's bones, to fit the skeleton and to solve minutes of motion.

`python -m bench.rigs [--json] [--minutes M] [--rounds N] [--against FOLDER]` generates Rigify's
whole human (some 700 bones) and conducts M minutes (4) at 30 frames a second. Processes of their
own then load both, N times (5), and use

- `first_detect_s`: to tell the bones of the rig, what a family needs to be read included;
- `detect_s`, `fit_s`: the same when the families are known, and fitting the skeleton;
- `solve_s`: the rotations of all bones through the whole motion;
- `all_s`: `first_detect_s`, `fit_s` and `solve_s` together;
- `floor_s`: where the motion's own joints are in the world, which everything needs, by which
  `solve_ratio` is told.

All is processor time, and the least of all rounds counts. With `--against`, the folder of another
build (a checkout), both builds take turns, and `ratios` tells this build's seconds against it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.style import Style

_ROOT: Final = Path(__file__).parents[1]
_BPM: Final = 96.0
_FPS: Final = 30.0
_TOLD: Final = ("first_detect_s", "detect_s", "fit_s", "solve_s", "all_s", "floor_s")

_GENERATE: Final = """
import os, sys
import bpy, numpy as np
import addon_utils
bpy.ops.wm.read_factory_settings(use_empty=True)
addon_utils.enable("rigify", default_set=True)
bpy.ops.object.armature_human_metarig_add()
metarig = bpy.context.object
bpy.ops.pose.rigify_generate()
rig = next(o for o in bpy.data.objects if o.type == "ARMATURE" and o != metarig)
from blender_addon.armature import read_rig
rest = read_rig(rig)
np.savez(
    sys.argv[1], name=rest.name, bones=rest.bones, parents=rest.parents, matrices=rest.matrices,
    tails=rest.tails, connected=rest.connected, inherit_rotation=rest.inherit_rotation,
)
sys.stdout.flush()
os._exit(0)  # Rigify's registered classes can keep bpy from shutting down.
"""

_WORK: Final = """
import json, sys
from pathlib import Path
from time import process_time
import numpy as np
from retarget.detect import detect_rig
from retarget.fit import fit_rig
from retarget.motion import Motion
from retarget.rig import RigRest
from retarget.solve import solve

def rest():
    with np.load(sys.argv[1]) as data:
        told = {name: data[name] for name in data.files}
    told["name"], told["bones"] = str(told["name"]), tuple(map(str, told["bones"]))
    return RigRest(**told)

def seconds(work):
    began = process_time()
    made = work()
    return process_time() - began, made

motion = Motion.load(Path(sys.argv[2]))
# What a rig keeps once it is asked for it is asked anew each time.
rests = [rest() for _ in range(16)]
first, found = seconds(lambda: detect_rig(rests.pop()))
again = min(seconds(lambda: detect_rig(rests.pop()))[0] for _ in range(9))
fits = [seconds(lambda: fit_rig(rests.pop(), found)) for _ in range(6)]
print(json.dumps({
    "bones": len(rest().bones),
    "first_detect_s": first,
    "detect_s": again,
    "fit_s": min(each[0] for each in fits),
    "solve_s": min(seconds(lambda: solve(fits[0][1], motion))[0] for _ in range(2)),
    "floor_s": min(seconds(motion.world)[0] for _ in range(2)),
}))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    result = measure(options.minutes, options.rounds, options.against)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['bones']} bones, {result['minutes']:g} minutes of motion")
    for name in _TOLD:
        ratio = result.get("ratios", {}).get(name)
        beside = "" if ratio is None else f", {ratio:.2f} × the other build"
        print(f"  {name.removesuffix('_s'):<14} {1000.0 * result[name]:9.1f} ms{beside}")
    print(f"solving takes {result['solve_ratio']:.2f} × the motion's own joints")


def measure(minutes: float, rounds: int, against: Path | None = None) -> dict[str, Any]:
    """Run everything in turn; see the file's first lines for what comes back."""
    with tempfile.TemporaryDirectory() as scratch:
        rig, motion = Path(scratch) / "rig.npz", Path(scratch) / "motion.npz"
        _run(_GENERATE, _ROOT, rig)
        _conducted(60.0 * minutes).save(motion)
        builds = [_ROOT] if against is None else [_ROOT, against.resolve()]
        runs: dict[Path, list[dict[str, float]]] = {build: [] for build in builds}
        for _ in range(rounds):
            for build in builds:
                runs[build].append(json.loads(_run(_WORK, build, rig, motion)))
    least = {
        build: {name: min(run[name] for run in done) for name in done[0]}
        for build, done in runs.items()
    }
    for told in least.values():
        told["all_s"] = told["first_detect_s"] + told["fit_s"] + told["solve_s"]
    ours = least[_ROOT]
    result: dict[str, Any] = {
        "bones": runs[_ROOT][0]["bones"],
        "minutes": minutes,
        "rounds": rounds,
        **{name: round(ours[name], 5) for name in _TOLD},
        "solve_ratio": round(ours["solve_s"] / ours["floor_s"], 2),
    }
    if against is not None:
        theirs = least[against.resolve()]
        result["ratios"] = {name: round(ours[name] / theirs[name], 3) for name in _TOLD}
    return result


def _conducted(seconds: float) -> Any:
    times = 3.0 + np.arange(int((seconds - 7.0) * _BPM / 60.0)) * 60.0 / _BPM
    count = len(times)
    grid = BeatGrid(
        times, np.arange(count) % 4 + 1, np.full(count, 4), ("4/4",) * count, np.ones(count)
    )
    level = np.full(int(seconds * 90), 0.5)
    return conduct(grid, duration=seconds, loudness=level, style=Style(), seed=0, fps=_FPS)


def _run(code: str, folder: Path, *files: Path) -> str:
    """What a script prints that a process of its own runs in the folder of a build."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
