"""What is known of an avatar's rig before anything is conducted."""

from pathlib import Path
from typing import Any

import bpy

from retarget.rig_map_file import rig_map_text

from .armature import fit_armature, map_of, read_rig
from .blocks import mend_blocks
from .chosen_armature import is_seen
from .keyframes import check_animatable
from .output_plan import plan_output
from .scene import describe
from .timeline import motion_rate


def report_rig(scene: Any, armature: Any, name: str) -> dict[str, Any]:
    """The rig of an avatar's file, made ready, and its scene, as JSON values.

    Parameters
    ----------
    scene : bpy.types.Scene
        The file's scene.
    armature : bpy.types.Object
        Who is to conduct.
    name : str
        What the user calls the file.

    Returns
    -------
    dict
        What `describe` says of the scene, "motion_fps", the rate of a motion for it, "files", those
        it uses, and "armature", the rig's "label" and "family", "joints" with "bones" (a list of
        rows) and "sure" (0 to 1) of each, "left_out", "doubts" (sentences) and the "map" as text.

    Raises
    ------
    ConductorError
        If the rig cannot be animated.
    """
    doubts = prepare_rig(scene, armature, name)
    rig_map = map_of(armature, read_rig(armature))
    joints = {
        joint: {"bones": [list(row) for row in rows], "sure": rig_map.sure.get(joint, 1.0)}
        for joint, rows in rig_map.strands.items()
    }
    return describe(scene) | {
        "motion_fps": motion_rate(scene),
        "files": _files(),
        "armature": armature.name,
        "label": rig_map.label,
        "family": rig_map.family,
        "joints": joints,
        "left_out": list(rig_map.left_out),
        "doubts": doubts,
        "map": rig_map_text(rig_map),
    }


def prepare_rig(scene: Any, armature: Any, name: str) -> list[str]:
    """Take out of the way what would keep an avatar of a file from being seen as it is keyed.

    Returns
    -------
    list of str
        What that was, which of several armatures is taken, what is odd about its rig, and that
        nobody is to be seen, in sentences.

    Raises
    ------
    ConductorError
        If the rig cannot be animated.
    """
    doubts = []
    rigs = [item for item in scene.objects if item.type == "ARMATURE"]
    if len(rigs) > 1:
        doubts.append(
            f"{name} has {len(rigs)} armatures, of which '{armature.name}' conducts; --armature "
            "takes another."
        )
    check_animatable(armature)
    doubts += mend_blocks(armature)
    doubts += doubts_of(scene, armature)
    if not is_seen(scene, armature):
        doubts.append(
            f"No visible mesh of {name} follows the armature '{armature.name}', so nobody is seen; "
            "parent a mesh to it or give it an Armature modifier."
        )
    return doubts


def doubts_of(scene: Any, armature: Any) -> tuple[str, ...]:
    """What is odd about a rig, and how it is going to be keyed, in sentences.

    Raises
    ------
    ConductorError
        If it cannot be animated: its bones cannot be told, or constraints are in the way.
    """
    settings = scene.virtual_conductor
    fit = fit_armature(armature)
    plan = plan_output(armature, fit, output=settings.rig_output, mute=settings.mute_constraints)
    plan.require_no_problems()
    return (*fit.doubts, *plan.warnings)


def _files() -> list[str]:
    """The files that the open one uses and that are there: pictures, linked files and so on."""
    paths = set(bpy.utils.blend_paths(absolute=True, packed=False, local=False))
    return sorted(path for path in paths if Path(path).is_file())
