"""Runs inside bpy: every rig of the matrix performs; tells how far each is from the motion.

`python rig_matrix.py FILE [NAME ...]` writes a JSON object to FILE: `version` of Blender, and
`rigs`, by name what came of each, or the traceback of what went wrong. Given names, only those.
"""

import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT), str(_ROOT / "tests" / "retarget")]


def _end(code: int) -> None:
    # Blender's module can hang while it is torn down, after a fault above all.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


sys.excepthook = lambda *fault: (traceback.print_exception(*fault), _end(1))[1]

import bpy  # noqa: E402 - found through the line above, as what follows
import numpy as np  # noqa: E402
from matrix_rigs import Known  # noqa: E402
from matrix_scenes import CASES, FPS, Case, fresh_scene  # noqa: E402
from rig_measures import faults, measure, seen_in_world  # noqa: E402
from sample_motions import planted_motion  # noqa: E402
from scene_dump import differences, dump  # noqa: E402

import blender_addon  # noqa: E402
from blender_addon.armature import fit_armature  # noqa: E402
from blender_addon.scene import perform  # noqa: E402
from retarget.errors import Cancelled  # noqa: E402
from retarget.rig import RigMap  # noqa: E402

MOTION = planted_motion(24, fps=FPS, seed=7)

_FOLLOWS = re.compile(
    r"^(animation_data\b|(bound_box|dimensions)$"
    r"|pose\.bones\[.*\]\.(head|tail|length|matrix|matrix_channel|matrix_basis)$)"
)
_OF_SCENE = re.compile(
    r"^scenes\[Scene\](\.frame_preview_(start|end)|\.use_preview_range|\.timeline_markers\.count"
    r"|.*\.(all_|collection_)?objects\.count|\.virtual_conductor\.(avatar|first_frame)"
    r"|.*\[\"(virtual_conductor|avatar)\"\])$"
    # The Action of before is kept.
    r"|^actions\[.*\]\.use_fake_user$"
)


def main() -> None:
    """Play the rigs and write what came of them."""
    file, names = Path(sys.argv[1]), sys.argv[2:] or list(CASES)
    blender_addon.register()
    rigs: dict[str, Any] = {}
    for number, name in enumerate(names):
        try:
            rigs[name] = play(name, number)
        except Exception:
            rigs[name] = traceback.format_exc()
    told = {"version": bpy.app.version_string, "rigs": rigs}
    file.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    _end(0)


def play(name: str, number: int) -> dict[str, Any]:
    """Let one rig perform, after a cancel; what came of it."""
    case = CASES[name]
    scene = fresh_scene()
    rig, known = case.make()
    for setting, value in case.settings.items():
        setattr(scene.virtual_conductor, setting, value)
    bpy.context.view_layer.update()
    before = dump()
    cancelled = _cancelled(scene, rig, before, (7 * number) % 60)
    notes = perform(scene, rig, MOTION)
    after = dump(before)
    fit = fit_armature(rig)
    posed = {what: np.empty((len(MOTION), 4, 4)) for what in known.bones}
    first = round(rig.animation_data.action.frame_start)
    for frame in range(len(MOTION)):
        scene.frame_set(first + frame)
        bones = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        for what, bone in known.bones.items():
            posed[what][frame] = bones[bone].matrix
    played = seen_in_world(known, MOTION, np.array(rig.matrix_world), posed)
    measures = measure(played)
    return {
        "family": fit.map.family,
        "expected": known.family,
        "measures": measures,
        "faults": faults(measures),
        "outside": _outside(before, after, rig),
        "strays": sorted(_strays(case, known, fit.map, _keyed_bones(rig))),
        "cancelled": cancelled,
        "notes": notes,
    }


def _outside(before: dict[str, str], after: dict[str, str], rig: Any) -> list[str]:
    """What is otherwise of what was there before, but for what our Action and the rig's own drivers
    animate, what follows from that, and what a performance is to set in the scene."""
    data = rig.animation_data
    animated = {curve.data_path for curve in (*_curves(rig), *data.drivers)}
    own = f"objects[{rig.name}]."
    found = []
    for place in differences(before, after):
        path = place.removeprefix(own)
        if place not in before or _OF_SCENE.search(place):
            continue
        if path == place or not (path in animated or _FOLLOWS.search(path)):
            found.append(place)
    return found


def _curves(rig: Any) -> Any:
    return rig.animation_data.action.layers[0].strips[0].channelbags[0].fcurves


def _keyed_bones(rig: Any) -> set[str]:
    return {curve.data_path.split('"')[1] for curve in _curves(rig) if '"' in curve.data_path}


def _strays(case: Case, known: Known, rig_map: RigMap, keyed: set[str]) -> set[str]:
    """Keyed bones that the map gives nothing to do, and those that can have nothing to do."""
    twists = {bone for row in rig_map.twists.values() for bone in row}
    switches = {bone for bone, _, _ in rig_map.properties}
    allowed = {*rig_map.bones, *twists, *switches, *case.also_keyed}
    return (keyed - allowed) | (keyed & known.never)


def _cancelled(scene: Any, rig: Any, before: dict[str, str], calls: int) -> list[str]:
    """What a performance leaves behind that is cancelled at its progress's n-th call."""
    left = [calls]

    def stop(_fraction: float, _phase: str, /) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cancelled

    try:
        perform(scene, rig, MOTION, progress=stop)
    except Cancelled:
        return differences(before, dump(before))
    return ["It ended before it was cancelled."]


if __name__ == "__main__":
    main()
