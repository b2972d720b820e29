"""A slow move of the camera from phrase to phrase, as few keys that an animator can edit."""

from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from retarget.rotation import Array

from ..timeline import frame_rate
from .place import Place

ROOM: Final = 1.10
"""How much farther than the nearest place a camera that moves stands, so that nothing is cut."""

PIVOT: Final = "Camera move"

# Bars of a phrase, and the shortest time that a slow move takes, seconds.
_PHRASE_BARS: Final = 4
_SHORTEST_S: Final = 5.0
# The camera swings about the conductor and comes nearer and goes back by turns.
_SWING: Final = np.radians(6.0)
_NEARER: Final = 0.06


def phrase_starts(downbeats: Array, end: float) -> Array:
    """Seconds at which the camera turns back: the start, phrases' downbeats, the end.

    Parameters
    ----------
    downbeats : (B,) array
        Seconds, rising; where there are none only the ends are left.
    end : float
        Of the performance, seconds.
    """
    times = [0.0]
    for time in downbeats[::_PHRASE_BARS].tolist():
        if time - times[-1] >= _SHORTEST_S and end - time >= _SHORTEST_S:
            times.append(time)
    return np.array([*times, end]) if end > 0.0 else np.array(times)


def move_camera(
    scene: Any, collection: Any, camera: Any, place: Place, phrases: Array, frame_start: int
) -> Any:
    """Hang a camera on a pivot in the conductor and key both from phrase to phrase.

    The pivot's turn about its z is the swing, the camera's own place the way in and out.

    Parameters
    ----------
    scene : bpy.types.Scene
        For its frame rate.
    collection : bpy.types.Collection
        Where the pivot is linked.
    camera : bpy.types.Object
        Stands as `cameras.add_camera` placed it, with `ROOM`.
    place : Place
        Where the conductor stands.
    phrases : (P,) array
        Seconds at which the camera turns back; see `phrase_starts`.
    frame_start : int
        Scene frame at time 0.

    Returns
    -------
    bpy.types.Object
        The pivot.
    """
    still = camera.matrix_world.copy()
    base = bpy.data.objects.new(f"{PIVOT} base", None)
    pivot = bpy.data.objects.new(PIVOT, None)
    for thing in (base, pivot):
        thing.empty_display_size = 0.2 * place.scale
        collection.objects.link(thing)
    base.matrix_world = Matrix.LocRotScale(
        Vector(place.matrix[:3, 3]), Matrix(place.turn).to_quaternion(), None
    )
    pivot.parent, camera.parent = base, pivot
    within = base.matrix_world.inverted() @ still
    camera.matrix_parent_inverse.identity()
    camera.rotation_mode = "XYZ"
    camera.location, camera.rotation_euler = within.translation, within.to_euler()
    ahead = -within.to_3x3().col[2] * within.translation.length
    rate = frame_rate(scene)
    for number, time in enumerate(phrases.tolist()):
        key = frame_start + round(time * rate)
        side = 1.0 if number % 2 else -1.0
        pivot.rotation_euler = (0.0, 0.0, side * _SWING)
        pivot.keyframe_insert("rotation_euler", index=2, frame=key, group=PIVOT)
        camera.location = within.translation + ahead * _NEARER * (number % 2)
        camera.keyframe_insert("location", frame=key, group=PIVOT)
    return pivot
