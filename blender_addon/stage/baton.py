"""A baton in the right hand of a rig that has no bone for one: an object of its own on that hand.

It lies there as the canonical baton lies in the canonical hand, and its rotation is keyed as the
motion turns it in the fingers. Whoever wants none deletes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.fit import Fit
from retarget.hands.grip import bulb_end
from retarget.hands.rest import ALONG, hand_rest
from retarget.keys import Keys, thin
from retarget.motion import Motion
from retarget.rotation import Array

from ..armature import fit_armature
from ..curves import fill_curve
from ..former import Former
from ..held_baton import MARK, baton_of
from ..motion_notes import note_motion
from ..timeline import at_frame_rate, beat_frames
from .conductor import BATON, baton_between, create_mesh_data

ADDED_KEY: Final = "conducting_baton_added"
"""Custom property of the Action of a baton that came with the Action's motion."""

# Towards the orchestra with the arms spread to the sides.
_AHEAD: Final = np.array([-1.0, 0.0, 0.0])
# From the bulb's end to the tip, metres, for a body of 1.75 m.
_LENGTH_M: Final = float(
    np.linalg.norm(
        skeleton.TAILS[skeleton.INDEX["baton_tip"]] - skeleton.REST[skeleton.INDEX["baton"]]
    )
)
# The palm, from the wrist to the knuckles, beside the forearm.
_PALM: Final = float(
    np.linalg.norm(
        skeleton.TAILS[skeleton.INDEX["hand.R"]] - skeleton.REST[skeleton.INDEX["hand.R"]]
    )
    / np.linalg.norm(
        skeleton.REST[skeleton.INDEX["hand.R"]] - skeleton.REST[skeleton.INDEX["forearm.R"]]
    )
)
# How it lies in a hand that does not move: a little to the thumb and up, as a rotation vector.
_LIE: Final = np.array([0.0, 0.08, 0.16])
_TOLERANCE: Final = np.radians(0.25)
# Bones whose heads are nearer than this part of the rig's size start at one place.
_SAME_PLACE: Final = 1e-3


@dataclass(frozen=True)
class Hold:
    """How a baton lies in a hand.

    Parameters
    ----------
    bone : str
        The bone of the armature that carries it.
    matrix : (4, 4) array
        From the baton's own space (metres, the bulb's end at the origin, the tip along −x, turned
        as the canonical skeleton in its T-pose) to the bone's, armature units.
    """

    bone: str
    matrix: Array


def lacks_baton(armature: Any, fit: Fit) -> bool:
    """Whether an armature has a right hand with neither a bone for a baton nor one of the user's.

    An object that hangs on a bone of that hand and is called a baton is the user's.
    """
    strands = fit.map.strands
    if "baton" in strands or "hand.R" not in strands:
        return False
    hand = {armature.data.bones[bone] for strand in strands["hand.R"] for bone in strand}
    of_hand = {bone.name for bone in hand} | {
        child.name for bone in hand for child in bone.children_recursive
    }
    return not any(
        item.parent_bone in of_hand and MARK not in item and BATON.lower() in item.name.lower()
        for item in armature.children
        if item.parent_type == "BONE"
    )


def hold_baton(
    scene: Any, armature: Any, motion: Motion | None = None, frame_start: int = 1
) -> Any:
    """Put a baton into the right hand of an armature that lacks one, and key how it turns there.

    A baton that it was given before stays, wherever it was moved to in the hand; it is keyed anew.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes, at its frame rate.
    armature : bpy.types.Object
        The conductor.
    motion : Motion, optional
        What is conducted; without it the baton lies still in the hand.
    frame_start : int
        Scene frame of the motion's first frame.

    Returns
    -------
    bpy.types.Object or None
        The baton; None if the armature needs none.

    Raises
    ------
    ConductorError
        If the rig cannot be made out.
    """
    fit = fit_armature(armature)
    if not lacks_baton(armature, fit):
        return None
    there = baton_of(armature)
    baton = there or _create(scene, armature)
    _attach(baton, armature, hold_of(armature, fit))
    if motion is not None:
        played = at_frame_rate(scene, motion)
        ictus = beat_frames(motion, played.fps)
        turns = rotation.make_continuous(played.rotations[:, skeleton.INDEX["baton"]])
        former = Former.of(scene, baton, ["rotation_quaternion"])
        _key(baton, thin(turns, _TOLERANCE, kind="rotation", keep=ictus), frame_start)
        action = baton.animation_data.action
        note_motion(action, motion)
        former.keep_in(action)
        if there is None:
            action[ADDED_KEY] = True
    return baton


def add_baton(scene: Any, armature: Any) -> Any:
    """Put a baton into the right hand of an armature.

    Raises
    ------
    ConductorError
        If the armature has one, or cannot be made out.
    """
    if baton_of(armature) is not None:
        raise ConductorError(f"'{armature.name}' holds a baton already.")
    baton = hold_baton(scene, armature)
    if baton is None:
        raise ConductorError(
            f"The rig of '{armature.name}' has a baton of its own, or no right hand to hold one."
        )
    return baton


def remove_baton(armature: Any) -> None:
    """Delete the baton that we gave an armature, with all that is its alone.

    Raises
    ------
    ConductorError
        If there is none.
    """
    baton = baton_of(armature)
    if baton is None:
        raise ConductorError(f"'{armature.name}' holds no baton that could be removed.")
    mesh = baton.data
    materials = [material for material in mesh.materials if material] if mesh else []
    action = baton.animation_data.action if baton.animation_data else None
    bpy.data.objects.remove(baton)
    for blocks in ([mesh], [action, *materials]):
        bpy.data.batch_remove([block for block in blocks if block and not block.users])


def leave_out_baton(armature: Any) -> None:
    """Take the baton of a conductor that was just built away; its bone stays."""
    for item in armature.children:
        if item.type == "MESH" and item.vertex_groups.keys() == ["baton"]:
            bpy.data.meshes.remove(item.data)


def hold_of(armature: Any, fit: Fit) -> Hold:
    """Where the baton lies in the right hand of a rig, from its T-pose."""
    strand = fit.map.strands["hand.R"][0]
    wrist, bone = fit.rig.index[strand[0]], strand[-1]
    rest = hand_rest(fit, "R")
    palm = rest.palm
    if not rest.digits.keys() & {"index", "fingers"} and "forearm.R" in fit.map.strands:
        palm = _PALM * float(np.linalg.norm(fit.head("hand.R") - fit.head("forearm.R")))
    place = bulb_end(rest.mirrored(ALONG), rest.mirrored(rest.hinge), palm, fit.scale)
    aligned = fit.aligned[bone]
    from_rest = rotation.multiply(aligned, rotation.conjugate(_rest_turn(fit, bone)))
    beyond = fit.rig.heads[fit.rig.index[bone]] - fit.rig.heads[wrist]
    place = place - rotation.rotate(from_rest, beyond)
    matrix = np.eye(4)
    matrix[:3, :3] = fit.scale * rotation.to_matrix(rotation.conjugate(aligned))
    matrix[:3, 3] = rotation.rotate(rotation.conjugate(aligned), place)
    return _carried_by(armature, fit, Hold(bone, matrix))


@contextmanager
def baton_kept_on_failure(armature: Any) -> Iterator[None]:
    """If the block raises, give the baton that an armature had before its place and keys back."""
    baton = None if armature is None else baton_of(armature)
    if baton is None:
        yield
        return
    data = baton.animation_data
    action, slot = (data.action, data.action_slot) if data else (None, None)
    was_kept = bool(action and action.use_fake_user)
    bone, inverse = baton.parent_bone, baton.matrix_parent_inverse.copy()
    mode, turn = baton.rotation_mode, baton.rotation_quaternion.copy()
    try:
        yield
    except BaseException:
        if data is None:
            baton.animation_data_clear()
        elif data.action != action:
            data.action = action
            # Assigning the slot that is set already crashes 4.5 and 5.0 before an evaluation.
            if data.action_slot != slot:
                bpy.context.view_layer.update()
                data.action_slot = slot
        if action is not None:
            action.use_fake_user = was_kept
        baton.parent_bone, baton.matrix_parent_inverse = bone, inverse
        baton.rotation_mode, baton.rotation_quaternion = mode, turn
        raise


def _rest_turn(fit: Fit, bone: str) -> Array:
    turn: Array = fit.rest_rotations[fit.rig.index[bone]]
    return turn


def _carried_by(armature: Any, fit: Fit, hold: Hold) -> Hold:
    """The same on the bone that moves the skin of the hand, where the mapped one is a control."""
    bones = armature.data.bones
    control = bones[hold.bone]
    if control.use_deform:
        return hold
    near = _SAME_PLACE * fit.scale * skeleton.HEIGHT
    skin = [
        bone
        for bone in bones
        if bone.use_deform and (bone.head_local - control.head_local).length < near
    ]
    if not skin:
        return hold

    def apart(bone: Any) -> float:
        return float(np.abs(np.array(bone.matrix_local - control.matrix_local)).max())

    carrier = min(skin, key=apart)
    between = np.array(carrier.matrix_local.inverted() @ control.matrix_local)
    return Hold(carrier.name, between @ hold.matrix)


def _create(scene: Any, armature: Any) -> Any:
    mesh, materials = baton_between(np.zeros(3), _AHEAD)
    size = _LENGTH_M / -float(mesh.vertices[:, 0].min())
    mesh = replace(mesh, vertices=size * mesh.vertices)
    baton = bpy.data.objects.new(BATON, create_mesh_data(mesh, materials))
    baton[MARK] = True
    baton.rotation_mode = "QUATERNION"
    baton.rotation_quaternion = Quaternion(rotation.from_rotation_vector(_LIE))
    _collection(scene, armature).objects.link(baton)
    return baton


def _collection(scene: Any, armature: Any) -> Any:
    """Where the armature's meshes are, or the armature itself, in the scene and in this file.

    Nothing can be added to a collection that overrides another file's.
    """
    there = {scene.collection, *scene.collection.children_recursive}
    meshes = (item for item in armature.children if item.type == "MESH")
    for item in (*meshes, armature):
        for collection in item.users_collection:
            if collection in there and not (collection.library or collection.override_library):
                return collection
    return scene.collection


def _attach(baton: Any, armature: Any, hold: Hold) -> None:
    bone = armature.data.bones[hold.bone]
    baton.parent, baton.parent_type, baton.parent_bone = armature, "BONE", hold.bone
    # Blender hangs it on the tail of a bone, or on the bone's way from its rest.
    start = Matrix.Translation((0.0, -bone.length, 0.0))
    if bone.use_relative_parent:
        start = bone.matrix_local
    baton.matrix_parent_inverse = start @ Matrix(hold.matrix)


def _key(baton: Any, keys: Keys, frame_start: int) -> None:
    baton.rotation_mode = "QUATERNION"
    baton.rotation_quaternion = Quaternion(keys.values[0])
    data = baton.animation_data
    if data is not None and data.action is not None:
        data.action.use_fake_user = True
        data.action = None
    # Makes Action, slot and curves.
    baton.keyframe_insert("rotation_quaternion", frame=frame_start, group=BATON)
    action = baton.animation_data.action
    action.name = f"Conducting {baton.name}"
    curves = action.layers[0].strips[0].channelbags[0].fcurves
    for index, curve in enumerate(curves):
        curve.keyframe_points.clear()
        fill_curve(curve, keys, index, frame_start)
