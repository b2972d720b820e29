"""A close-up that glides with the baton hand, on few keys of what it aims at.

The camera stands still and turns to an empty. Where the empty is, low-passed, the beat moves within
the picture; where it would leave the picture, the empty follows as slowly as keeps the hand inside.
"""

from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from retarget import skeleton
from retarget.keys import Keys, thin
from retarget.rotation import Array

from ..curves import fill_curve
from ..guide_export import joints_at
from ..span import played_frames
from ..timeline import frame_rate
from .cameras import FILM_MM, SHOTS, look_along, new_camera
from .noise import smoothstep
from .place import Place

AIM: Final = "Hand aim"

# Canonical metres: the picture's shorter side at the hand, and air round the hand.
_SIDE: Final = 0.40
_AIR: Final = 0.022
# Share of the picture's half that is kept free for what the flat reckoning leaves out.
_MARGIN: Final = 0.04
# Each try stands so much farther off than the last one.
_FARTHER: Final = 1.05
# Seconds over which the wish where to look is averaged, and those over which it is smoothed again
# and again after it was brought within the hand's bounds. The last ones alone are sure to hold:
# the slower a bound is met, the calmer the camera.
_CALM_S: Final = 3.0
_GLIDES_S: Final = (1.6, 0.8, 0.45, 0.25)
# Least poses a second that are looked at.
_RATE: Final = 30
# Largest error of the thinned keys, canonical metres.
_TOLERANCE: Final = 0.004
# How far from the wrist a hand round a baton reaches, where the knuckles are at 1.
_FIST: Final = 1.5
# How much of the forearm, from the wrist, and of the baton, from the hand, should be seen.
_FOREARM: Final = 0.5
_BATON: Final = 0.7
# Metres from the baton hand at which the left hand is out of mind, and fully in it.
_LEFT_NEAR: Final = (0.50, 0.22)


def follow_hand(scene: Any, collection: Any, armature: Any, place: Place, room: float = 1.0) -> Any:
    """Add a camera that follows the baton hand through the scene's range, and make it the scene's.

    Parameters
    ----------
    scene : bpy.types.Scene
        Gives size, range and frame rate.
    collection : bpy.types.Collection
        Where the camera and what it aims at are linked.
    armature : bpy.types.Object
        The conductor, animated.
    place : Place
        Where the conductor stands.
    room : float
        Distance as a multiple of the nearest that serves, at least 1.

    Returns
    -------
    bpy.types.Object
        The camera.
    """
    shot = SHOTS["hands"]
    rate = frame_rate(scene)
    step = max(1, int(rate / _RATE))
    played = played_frames(scene)
    frames = list(range(played.start, played.stop - 1 + step, step))
    joints = place.canonical(joints_at(scene, armature, frames))
    turn = look_along(np.array(shot.direction))
    size = np.array([scene.render.resolution_x, scene.render.resolution_y])
    slope = size / size.max() * FILM_MM / 2.0 / shot.lens
    where, aims = hand_path(joints, turn, slope, rate / step, room)
    camera = new_camera(scene, collection, shot, place, where, turn)
    aim = bpy.data.objects.new(AIM, None)
    aim.empty_display_size = 0.03 * place.scale
    collection.objects.link(aim)
    # Its z is the camera's up, also of somebody who lies.
    aim.rotation_mode = "QUATERNION"
    aim.rotation_quaternion = Matrix(place.turn).to_quaternion()
    keys = thin(place.world(aims), _TOLERANCE * place.scale, kind="location")
    _key(aim, Keys(keys.frames * step, keys.values, keys.slopes / step), played.start)
    track = camera.constraints.new("TRACK_TO")
    track.target, track.use_target_z = aim, True
    track.track_axis, track.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"
    camera.data.dof.focus_object = aim
    return camera


def hand_path(
    joints: Array, turn: Array, slope: Array, rate: float, room: float = 1.0
) -> tuple[Array, Array]:
    """Where the camera stands and where it looks at each frame.

    Parameters
    ----------
    joints : (F, J, 3) array
        Canonical metres.
    turn : (3, 3) array
        Axes of the camera where it looks at the middle, columns: right, up, backwards.
    slope : (2,) array
        Half the picture's width and height, as tangents.
    rate : float
        Frames per second.
    room : float
        Distance as a multiple of the nearest that serves.

    Returns
    -------
    where : (3,) array
        The camera, canonical metres.
    aims : (F, 3) array
        What it looks at: at every frame the baton hand is in the picture then.
    """
    hand, subject = _hand(joints) @ turn, _subject(joints) @ turn
    middle = np.median((subject.max(axis=1) + subject.min(axis=1)) / 2.0, axis=0)
    hand, subject = hand - middle, subject - middle
    calm, glides = _half(_CALM_S, rate), [_half(seconds, rate) for seconds in _GLIDES_S]
    depth = _glide(_middle(hand[..., 2], calm), calm)
    bound = slope * (1.0 - _MARGIN) / room
    away = max(room * _SIDE / 2.0 / slope.min(), float(hand[..., 2].max()) + _SIDE)
    while True:
        flat, air = hand[..., :2] / (away - hand[..., 2:]), _AIR / away
        bounds = [
            _bounds(flat.max(axis=1) + air - bound, flat.min(axis=1) - air + bound, half)
            for half in glides
        ]
        low, high = bounds[-1]
        if (low <= high).all():
            break
        away *= _FARTHER
    seen = subject[..., :2] / (away - subject[..., 2:])
    aims = _glide(np.stack([_middle(seen[..., i], calm) for i in (0, 1)], axis=-1), calm)
    for (low, high), half in zip(bounds, glides, strict=True):
        middles = (low + high) / 2.0
        aims = np.clip(aims, np.minimum(low, middles), np.maximum(high, middles))
        aims = _glide(aims, half)
    local = np.concatenate([aims * (away - depth)[:, None], depth[:, None]], axis=-1)
    return turn @ (middle + np.array([0.0, 0.0, away])), (middle + local) @ turn.T


def _hand(joints: Array) -> Array:
    """The baton hand's joints and the front of its fist, (F, 6, 3)."""
    wrist, thumb, index, fingers = (
        joints[:, skeleton.INDEX[f"{joint}.R"]] for joint in ("hand", "thumb", "index", "fingers")
    )
    tips = (wrist + _FIST * (index - wrist), wrist + _FIST * (fingers - wrist))
    return np.stack([wrist, thumb, index, fingers, *tips], axis=1)


def _subject(joints: Array) -> Array:
    """What the picture is composed of: hand, a part of the forearm and of the baton, (F, 9, 3).

    The left hand counts the more the nearer it is.
    """
    elbow, wrist, grip, tip, left = (
        joints[:, skeleton.INDEX[joint]]
        for joint in ("forearm.R", "hand.R", "baton", "baton_tip", "index.L")
    )
    near = smoothstep(np.linalg.norm(left - grip, axis=-1), *_LEFT_NEAR)[:, None]
    ends = (
        wrist + _FOREARM * (elbow - wrist),
        grip + _BATON * (tip - grip),
        grip + near * (left - grip),
    )
    return np.concatenate([_hand(joints), np.stack(ends, axis=1)], axis=1)


def _half(seconds: float, rate: float) -> int:
    return max(1, round(seconds * rate / 2.0))


def _windows(values: Array, half: int) -> Array:
    """What lies within `half` frames of each frame of (F, ...), (F, ..., 2 half + 1)."""
    padded = np.pad(values, [(half, half)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)


def _middle(values: Array, half: int) -> Array:
    """Middle (F,) of the range that points (F, P) have within each window."""
    highest, lowest = values.max(axis=1), values.min(axis=1)
    return (_windows(highest, half).max(axis=-1) + _windows(lowest, half).min(axis=-1)) / 2.0


def _bounds(low: Array, high: Array, half: int) -> tuple[Array, Array]:
    """Bounds (F, C), each window's narrowest: averages of what keeps within them keep within all.

    Where they cross, nothing does, and the middle between them is the least evil.
    """
    return _windows(low, half).max(axis=-1), _windows(high, half).min(axis=-1)


def _glide(values: Array, half: int) -> Array:
    """Averages over each window, weighted by a Hann window."""
    weights = np.hanning(2 * half + 3)[1:-1]
    return _windows(values, half) @ (weights / weights.sum())


def _key(aim: Any, keys: Keys, frame_start: int) -> None:
    aim.location = Vector(keys.values[0])
    # Makes Action, slot and curves.
    aim.keyframe_insert("location", frame=frame_start, group=AIM)
    curves = aim.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
    for index, curve in enumerate(curves):
        curve.keyframe_points.clear()
        fill_curve(curve, keys, index, frame_start)
