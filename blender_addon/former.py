"""What an armature, its face or its baton played before a motion, kept in the motion's Action."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import bpy

from .curves import curves_of, nla_curves_of
from .pose_values import Value, read_value, write_value

ACTION_KEY: Final = "conducting_former"
"""Custom property of our Actions that points to the Action before, if there was one."""
STATE_KEY: Final = "conducting_former_state"
"""Custom property of our Actions with the rest of what was before, as JSON."""


@dataclass(frozen=True)
class Former:
    """What an armature played, and the values of its pose that a new Action is going to set.

    The same goes for other data-blocks that a motion animates: shape keys, a baton.

    An animated value keeps what it was last when its Action is taken away, so the old Action alone
    does not bring the old pose back.

    Parameters
    ----------
    action : bpy.types.Action or None
        The Action in use.
    slot : str
        Identifier of its slot in use, empty for none.
    kept : bool
        Whether the Action has a fake user.
    animated : bool
        Whether there was animation data.
    frame : float
        Frame of the scene for which the values hold.
    values : dict
        Path of an F-curve to its value, of all that the new Action will set and the old one, or
        the NLA, has set.
    """

    action: Any
    slot: str
    kept: bool
    animated: bool
    frame: float
    values: dict[str, Value]

    @classmethod
    def of(cls, scene: Any, armature: Any, overridden: Iterable[str]) -> "Former":
        """What an armature plays now.

        Parameters
        ----------
        scene : bpy.types.Scene
            For its frame.
        armature : bpy.types.Object
            The armature.
        overridden : iterable of str
            Paths of the F-curves that the new Action has.
        """
        data = armature.animation_data
        action = data.action if data else None
        slot = data.action_slot if data else None
        paths = sorted({*overridden, *(path for path, _ in _played(data))})
        read = {path: read_value(armature, path) for path in paths}
        return cls(
            action,
            slot.identifier if slot else "",
            bool(action and action.use_fake_user),
            data is not None,
            scene.frame_current_final,
            {path: value for path, value in read.items() if value is not None},
        )

    def keep_in(self, action: Any) -> None:
        """Write all of it into custom properties of the new Action."""
        if self.action is not None:
            action[ACTION_KEY] = self.action
        state = {
            "slot": self.slot,
            "kept": self.kept,
            "animated": self.animated,
            "frame": self.frame,
            "values": self.values,
        }
        action[STATE_KEY] = json.dumps(state, sort_keys=True)

    def without_values_but(self, action: Any) -> "Former":
        """The same with the values alone that the Action here or a new one sets."""
        set_now = {curve.data_path for curve in curves_of(action, action.slots[0])}
        if self.action is not None:
            slot = next((s for s in self.action.slots if s.identifier == self.slot), None)
            set_now |= {curve.data_path for curve in curves_of(self.action, slot)}
        kept = {path: value for path, value in self.values.items() if path in set_now}
        return replace(self, values=kept)

    @classmethod
    def kept_in(cls, action: Any) -> "Former | None":
        """What `keep_in` has written into an Action; None where it has not."""
        text = action.get(STATE_KEY)
        if text is None:
            return None
        state = json.loads(text)
        return cls(
            action.get(ACTION_KEY),
            state["slot"],
            state["kept"],
            state["animated"],
            state["frame"],
            state["values"],
        )

    def put_back(self, scene: Any, armature: Any) -> None:
        """Have the armature play and stand as it did."""
        data = armature.animation_data or armature.animation_data_create()
        if data.action != self.action:
            data.action = self.action
        # Blender chooses a slot by itself, and setting it before the next evaluation crashes 4.5
        # and 5.0. The evaluation also moves the pose, so the values come after it.
        bpy.context.view_layer.update()
        if self.action is not None:
            slot = next((s for s in self.action.slots if s.identifier == self.slot), None)
            if data.action_slot != slot:
                data.action_slot = slot
                bpy.context.view_layer.update()
            if self.action.library is None:
                self.action.use_fake_user = self.kept
        # At another frame the Action itself knows better.
        played = set() if scene.frame_current_final == self.frame else _played(data)
        for path, value in self.values.items():
            now = read_value(armature, path)
            if isinstance(value, list) and isinstance(now, list):
                pairs = enumerate(zip(value, now, strict=True))
                value = [there if (path, i) in played else was for i, (was, there) in pairs]
            elif (path, 0) in played:
                continue
            write_value(armature, path, value)
        if not self.animated and not data.drivers and not data.nla_tracks:
            armature.animation_data_clear()


def forget_former(action: Any) -> None:
    """Have an Action no longer know what was before it."""
    for key in (ACTION_KEY, STATE_KEY):
        if key in action:
            del action[key]


def playing(armature: Any) -> Any:
    """The Action of ours that an armature plays and that knows what was before it, or None."""
    data = armature.animation_data if armature else None
    action = data.action if data else None
    return action if action is not None and STATE_KEY in action else None


def _played(data: Any) -> set[tuple[str, int]]:
    """Paths and indices of the F-curves that animation data play."""
    curves = list(nla_curves_of(data))
    if data is not None and data.action is not None:
        curves += curves_of(data.action, data.action_slot)
    return {(curve.data_path, curve.array_index) for curve in curves}
