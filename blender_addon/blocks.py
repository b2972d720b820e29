"""Settings of a rig that would keep a new Action from being seen, and how they are mended."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import bpy

from retarget.errors import ConductorError
from retarget.fit import Fit

from .armature import fit_armature
from .task import FixableError

MENDED_KEY: Final = "conducting_mended"
"""Custom property of armature objects: what `mend_blocks` has changed, as JSON."""

_MEND: Final = "virtual_conductor.mend_blocks"
_ROTATIONS: Final = ("rotation_quaternion", "rotation_euler", "rotation_axis_angle")


@dataclass(frozen=True)
class Block:
    """A setting that is in the way.

    Parameters
    ----------
    problem : str
        A sentence on what it does.
    mended : str
        A sentence for when it is mended.
    setting : tuple of (str, ...)
        Which one, as `put_blocks_back` finds it again.
    former : object
        Its value, for JSON.
    mend : callable
        Takes it out of the way.
    """

    problem: str
    mended: str
    setting: tuple[str, ...]
    former: Any
    mend: Callable[[], None]


def find_blocks(armature: Any, fit: Fit | None = None) -> tuple[Block, ...]:
    """Settings that would keep an Action on an armature from being seen as it is keyed.

    These are the rest position, edit mode, tweak mode, an NLA track that plays alone, an Action
    that is blended with NLA tracks, and drivers that turn mapped bones.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig.
    fit : Fit, optional
        Of this armature, where it is known already.
    """
    if armature is None or armature.type != "ARMATURE":
        return ()
    return (*_of_the_armature(armature), *_of_the_nla(armature), *_of_drivers(armature, fit))


def require_no_blocks(armature: Any, fit: Fit | None = None) -> None:
    """Make sure that an Action on the armature will be seen; see `find_blocks`.

    Raises
    ------
    FixableError
        With all that is in the way, and the button that mends it.
    """
    blocks = find_blocks(armature, fit)
    if blocks:
        sentence = " ".join(block.problem for block in blocks)
        raise FixableError(sentence, _MEND, "Let the Rig Move")


def mend_blocks(armature: Any) -> tuple[str, ...]:
    """Take everything out of the way that `find_blocks` finds.

    What was changed is remembered on the armature, for `put_blocks_back`.

    Returns
    -------
    tuple of str
        A sentence on each thing that was changed.

    Raises
    ------
    ConductorError
        If the armature's data is in another file, where its rest position cannot be turned off.
    """
    told: list[str] = []
    # Leaving tweak mode brings another Action back, and with it other blocks.
    while blocks := [block for block in find_blocks(armature) if block.mended not in told]:
        block = blocks[0]
        block.mend()
        told.append(block.mended)
        if block.former is not None:
            remembered = _remembered(armature)
            remembered.setdefault(json.dumps(block.setting), block.former)
            armature[MENDED_KEY] = json.dumps(remembered, sort_keys=True)
    return tuple(told)


def put_blocks_back(armature: Any) -> None:
    """Set everything that `mend_blocks` has changed as it was before, and forget it."""
    data = armature.animation_data
    for text, former in _remembered(armature).items():
        setting = json.loads(text)
        if setting[0] == "pose_position":
            armature.data.pose_position = former
        elif data is not None and setting[0] == "solo":
            track = data.nla_tracks.get(setting[1])
            if track is not None:
                track.is_solo = True
        elif data is not None and setting[0] == "driver":
            driver = data.drivers.find(setting[1], index=int(setting[2]))
            if driver is not None:
                driver.mute = False
        elif data is not None:
            setattr(data, setting[0], former)
    if MENDED_KEY in armature:
        del armature[MENDED_KEY]


def _remembered(armature: Any) -> dict[str, Any]:
    remembered: dict[str, Any] = json.loads(armature.get(MENDED_KEY, "{}"))
    return remembered


def _of_the_armature(armature: Any) -> Iterator[Block]:
    name = armature.name
    if armature.data.pose_position == "REST":

        def pose() -> None:
            if armature.data.library is not None:
                raise ConductorError(
                    f"The armature data of '{name}' is kept in its rest position in another file; "
                    "set it to Pose Position there."
                )
            armature.data.pose_position = "POSE"

        yield Block(
            f"'{name}' is kept in its rest position, so nothing of it would move.",
            f"'{name}' was kept in its rest position and is posed now.",
            ("pose_position",),
            "REST",
            pose,
        )
    if armature.mode == "EDIT":
        yield Block(
            f"'{name}' is in Edit Mode, where no bone moves; leave it (Tab) first.",
            f"'{name}' was in Edit Mode.",
            ("mode",),
            None,
            partial(_leave_edit_mode, armature),
        )


def _leave_edit_mode(armature: Any) -> None:
    with bpy.context.temp_override(active_object=armature, object=armature):
        bpy.ops.object.mode_set(mode="OBJECT")


def _of_the_nla(armature: Any) -> Iterator[Block]:
    name, data = armature.name, armature.animation_data
    if data is None:
        return
    if data.use_tweak_mode:
        yield Block(
            f"A strip of '{name}' is being tweaked in the NLA editor; leave tweak mode (Tab) "
            "first.",
            f"A strip of '{name}' was being tweaked in the NLA editor.",
            ("use_tweak_mode",),
            None,
            partial(setattr, data, "use_tweak_mode", False),
        )
        return
    # Without tracks the Action counts in full whatever its settings say.
    if not data.use_nla or not data.nla_tracks:
        return
    for track in data.nla_tracks:
        if track.is_solo:
            yield Block(
                f"The NLA track '{track.name}' of '{name}' plays alone, so its Action would not "
                "be seen.",
                f"The NLA track '{track.name}' of '{name}' no longer plays alone.",
                ("solo", track.name),
                True,
                partial(setattr, track, "is_solo", False),
            )
    if data.action_influence < 1.0:
        yield Block(
            f"The Action of '{name}' counts only for {data.action_influence:.0%} beside its NLA "
            "tracks, so the motion would be weak.",
            f"The Action of '{name}' counts in full beside its NLA tracks now.",
            ("action_influence",),
            data.action_influence,
            partial(setattr, data, "action_influence", 1.0),
        )
    if data.action_blend_type != "REPLACE":
        yield Block(
            f"The Action of '{name}' is added to its NLA tracks in place of replacing them "
            f"({data.action_blend_type.title()}), so the motion would be bent.",
            f"The Action of '{name}' replaces its NLA tracks now.",
            ("action_blend_type",),
            data.action_blend_type,
            partial(setattr, data, "action_blend_type", "REPLACE"),
        )


def _of_drivers(armature: Any, fit: Fit | None) -> Iterator[Block]:
    """Drivers of what a motion keys."""
    data = armature.animation_data
    drivers = [curve for curve in data.drivers if not curve.mute] if data else []
    drivers = [curve for curve in drivers if curve.data_path.rpartition(".")[2] in _ROTATIONS]
    # What is mapped takes time to find out.
    if not drivers:
        return
    mapped = {
        f"{armature.pose.bones[bone].path_from_id()}.": bone
        for bone in (fit or fit_armature(armature)).map.bones
    }
    for curve in drivers:
        path, index = curve.data_path, curve.array_index
        bone = mapped.get(f"{path.rpartition('.')[0]}.")
        if bone is not None:
            yield Block(
                f"A driver turns the bone '{bone}' of '{armature.name}', so keys would not.",
                f"A driver of the bone '{bone}' of '{armature.name}' is muted now.",
                ("driver", path, str(index)),
                False,
                partial(setattr, curve, "mute", True),
            )
