"""What the panel knows of the avatar's rig: looked at outside of drawing, and again when the
armature, its bones, its map or its T-pose have changed."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import bpy
import numpy as np
from bpy.props import CollectionProperty, IntProperty, StringProperty

from retarget.errors import ConductorError
from retarget.joint_words import PLAYED, joint_label
from retarget.rig import RigMap

from .armature import fit_armature, map_of, read_rig
from .bone_map import MAP, T_POSE, gone_bones, map_to_change
from .chosen_armature import followed
from .working import redraw


class JointRow(bpy.types.PropertyGroup):
    """A row of the table of joints: what bones play it is in the armature's map alone."""

    joint: StringProperty()


class RigTable(bpy.types.PropertyGroup):
    """The table of joints and the row that is chosen."""

    rows: CollectionProperty(type=JointRow)
    active: IntProperty(name="Joint", description="A joint of the conductor, and your bones for it")

    @property
    def joint(self) -> str:
        """The joint that is chosen."""
        return PLAYED[min(max(self.active, 0), len(PLAYED) - 1)]


@dataclass(frozen=True)
class RigView:
    """An armature's rig as the panel shows it.

    Parameters
    ----------
    map : RigMap
        Its bones by joint.
    gone : frozenset of str
        Bones of the map that the armature does not have any more.
    is_own : bool
        Whether the user has set the map.
    has_t_pose : bool
        Whether the user has set a pose as T-pose.
    problem : str or None
        Why nobody can conduct with it.
    doubts : tuple of str
        What is odd about it.
    """

    map: RigMap
    gone: frozenset[str]
    is_own: bool
    has_t_pose: bool
    problem: str | None
    doubts: tuple[str, ...]

    @property
    def sure(self) -> float | None:
        """How sure its joints are on the whole, in [0, 1]; None without any."""
        sure = self.map.sure
        return sum(sure.values()) / len(sure) if sure else None


# By `ID.session_uid`: what the armature was like, and how its rig looked then.
_seen: Final[dict[int, tuple[Any, RigView]]] = {}
_asked: Final[set[int]] = set()


def shown_armature(context: Any) -> Any:
    """The armature whose rig the panel shows: the avatar, else the one that is active or that the
    active object follows, else None."""
    avatar = context.scene.virtual_conductor.avatar
    return avatar if avatar is not None else followed(context.object)


def rig_view(armature: Any) -> RigView | None:
    """How the armature's rig looks; None or how it looked before while it is looked at anew."""
    seen = _seen.get(armature.session_uid)
    if seen is None or seen[0] != _state(armature):
        _ask(armature)
    return None if seen is None else seen[1]


def last_view(armature: Any) -> RigView | None:
    """How the armature's rig looked when it was last looked at."""
    seen = _seen.get(armature.session_uid)
    return None if seen is None else seen[1]


def look_at(armature: Any) -> RigView:
    """Look at the armature's rig now."""
    problem: str | None = None
    doubts: tuple[str, ...] = ()
    state = _state(armature)
    try:
        doubts = fit_armature(armature).doubts
    except ConductorError as error:
        problem = str(error)
    rig_map, gone = RigMap("map", "", {}), frozenset[str]()
    # What fails here has failed the fit too.
    with suppress(ConductorError):
        rig = read_rig(armature)
        rig_map = map_to_change(armature, rig)
        gone = frozenset(gone_bones(rig_map, rig))
        if not gone:
            rig_map = map_of(armature, rig)
    view = RigView(rig_map, gone, MAP in armature, T_POSE in armature, problem, doubts)
    _seen[armature.session_uid] = state, view
    return view


def forget_views() -> None:
    """Forget what was seen."""
    _seen.clear()
    _asked.clear()


def _state(armature: Any) -> tuple[Any, ...]:
    """What the view depends on, as far as it can be told quickly."""
    bones = armature.data.bones
    places = np.empty(16 * len(bones), dtype=np.float32)
    bones.foreach_get("matrix_local", places)
    return (
        armature.name,
        armature.get(MAP),
        armature.get(T_POSE),
        tuple(bones.keys()),
        hash(places.tobytes()),
        tuple(map(tuple, armature.matrix_world.to_3x3())),
    )


def _ask(armature: Any) -> None:
    uid = armature.session_uid
    if uid not in _asked:
        _asked.add(uid)
        bpy.app.timers.register(partial(_answer, uid), first_interval=0.0)


def _answer(uid: int) -> None:
    if uid not in _asked:
        return
    _asked.discard(uid)
    table = bpy.context.window_manager.virtual_conductor_rig
    if len(table.rows) != len(PLAYED):
        fill_rows(table)
    armature = next((item for item in bpy.data.objects if item.session_uid == uid), None)
    if armature is not None and armature.type == "ARMATURE":
        look_at(armature)
    redraw(bpy.context)


def fill_rows(table: RigTable) -> None:
    """Give the table its joints."""
    table.rows.clear()
    for joint in PLAYED:
        row = table.rows.add()
        row.name, row.joint = joint_label(joint), joint
