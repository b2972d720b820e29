"""F-curves of Actions: written from keys, and looked through."""

from collections.abc import Iterator
from typing import Any, Final

import bpy
import numpy as np

from retarget.keys import Keys

# A curve that changes by less stands still.
_STILL: Final = 1e-6


def fill_curve(curve: Any, keys: Keys, channel: int, frame_start: int) -> None:
    """Write one channel of keys, whose first frame is `frame_start`, into an empty F-curve."""
    frames = keys.frames + frame_start
    points = curve.keyframe_points
    points.add(len(keys))
    columns = {"co": np.stack([frames, keys.values[:, channel]], axis=-1)}
    for name, handles in zip(("handle_left", "handle_right"), keys.handles(), strict=True):
        columns[name] = handles[:, channel] + [frame_start, 0.0]
    for name, pairs in columns.items():
        points.foreach_set(name, pairs.astype(np.float32).ravel())
    _set_enum(points, "interpolation", "BEZIER")
    _set_enum(points, "handle_left_type", "ALIGNED")
    _set_enum(points, "handle_right_type", "ALIGNED")
    curve.update()


def hold(curve: Any, value: float, frame_start: int) -> None:
    """Give an empty F-curve one key, from which on it keeps its value."""
    curve.keyframe_points.insert(frame_start, value).interpolation = "CONSTANT"


def curves_of(action: Any, slot: Any) -> Iterator[Any]:
    """The F-curves of one slot of an Action."""
    for layer in action.layers:
        for strip in layer.strips:
            channelbag = strip.channelbag(slot) if slot else None
            if channelbag is not None:
                yield from channelbag.fcurves


def nla_curves_of(data: Any) -> Iterator[Any]:
    """The F-curves that the NLA tracks of animation data play."""
    if data is None or not data.use_nla:
        return
    for track in data.nla_tracks:
        if not track.mute:
            for strip in track.strips:
                yield from _strip_curves(strip)


def moves(curve: Any) -> bool:
    """Whether an F-curve changes its value in time."""
    if len(curve.modifiers) or curve.is_empty:
        return bool(len(curve.modifiers))
    points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", points)
    return bool(np.ptp(points[1::2]) > _STILL)


def _strip_curves(strip: Any) -> Iterator[Any]:
    if strip.mute:
        return
    if strip.action is not None:
        yield from curves_of(strip.action, strip.action_slot)
    for inner in strip.strips:
        yield from _strip_curves(inner)


def _set_enum(points: Any, name: str, value: str) -> None:
    """Set an enum on all keys at once; `foreach_set` takes its number."""
    items = bpy.types.Keyframe.bl_rna.properties[name].enum_items
    points.foreach_set(name, np.full(len(points), items[value].value, dtype=np.int32))
