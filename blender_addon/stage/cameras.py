"""Cameras that frame whoever conducts: whatever the size, the place, the heading, the picture."""

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array

from ..guide_export import joints_at
from ..span import played_frames
from ..staging import CameraName
from ..timeline import frame_rate
from .place import NOBODY, Place

FILM_MM: Final = 36.0

_HANDS: Final = ("hand", "thumb", "index", "fingers", "baton_tip")
_ARMS: Final = ("upper_arm", "forearm")
# Free around joints, metres: the fingertips are 9 cm from the knuckles.
_AIR: Final = {"hand": 0.10, "thumb": 0.11, "index": 0.12, "fingers": 0.12, "baton_tip": 0.05}
_ARM_AIR: Final = 0.08
_HEAD_AIR: Final = 0.07
_HALF_HEAD: Final = 0.13
# From the wrist to the knuckles.
_PALM: Final = 0.09
# Where the legs end that a picture taller than wide may show, with the podium's edge below.
_FEET: Final = -0.10
# The lens' opening for a conductor of 1.75 m, mm: sharp from the stand to the elbows, soft behind.
_PUPIL_MM: Final = 14.5
# Frames that are looked at where nothing says which of them matter.
_MOST_FRAMES: Final = 500
_CLIP: Final = (0.05, 120.0)


@dataclass(frozen=True)
class Shot:
    """Where a camera looks from and what it must show.

    Parameters
    ----------
    name : str
        Of the camera object.
    direction : (3,) tuple
        From the conductor towards the camera, canonical axes.
    lens : float
        Focal length in mm on a 36 mm film.
    lowest : float, optional
        Height in canonical metres down to which the body must be seen; None shows the hands alone.
    above : float
        Room above the crown, metres.
    """

    name: str
    direction: tuple[float, float, float]
    lens: float
    lowest: float | None
    above: float = _HEAD_AIR


SHOTS: Final[dict[CameraName, Shot]] = {
    "front": Shot("Front", (-0.14, -1.0, 0.05), 58.0, 0.88),
    "three-quarter": Shot("Three-quarter", (0.80, -1.0, 0.08), 65.0, 0.88),
    "hall": Shot("Hall", (0.40, 1.0, 0.33), 38.0, _FEET, above=0.32),
    "hands": Shot("Hands", (-0.40, -1.0, 0.45), 85.0, None),
}


def add_camera(
    scene: Any, collection: Any, name: CameraName, place: Place, joints: Array, room: float = 1.0
) -> Any:
    """Add a camera that frames the conductor for the scene's present render size.

    Parameters
    ----------
    scene : bpy.types.Scene
        Gives the size; the camera becomes the scene's.
    collection : bpy.types.Collection
        Where it is linked.
    name : {"front", "three-quarter", "hall", "hands"}
        Which of `SHOTS`.
    place : Place
        Where the conductor stands.
    joints : (F, J, 3) array
        What is to be seen: world positions of the joints in some poses; see `swept` and `in_reach`.
    room : float
        Distance as a multiple of the nearest that shows all, at least 1.
    """
    shot = SHOTS[name]
    size = (scene.render.resolution_x, scene.render.resolution_y)
    where, turn = frame(shot, place, place.canonical(joints), size, room)
    return new_camera(scene, collection, shot, place, where, turn)


def new_camera(
    scene: Any, collection: Any, shot: Shot, place: Place, where: Array, turn: Array
) -> Any:
    """Add a shot's camera at a place (3,) with axes (3, 3), canonical, and make it the scene's."""
    camera = bpy.data.objects.new(shot.name, bpy.data.cameras.new(shot.name))
    collection.objects.link(camera)
    set_lens(camera, shot.lens, place.scale)
    camera.matrix_world = Matrix.LocRotScale(
        Vector(place.world(where)), Matrix(place.turn @ turn).to_quaternion(), None
    )
    _focus(camera, shot, place, where)
    scene.camera = camera
    return camera


def frame(
    shot: Shot, place: Place, joints: Array, size: tuple[int, int], room: float = 1.0
) -> tuple[Array, Array]:
    """Where a shot's camera has to stand, canonical metres.

    Parameters
    ----------
    joints : (F, J, 3) array
        Joints that must be seen, canonical metres.
    size : (int, int)
        Render size in pixels.
    room : float
        Distance as a multiple of the nearest that shows all.

    Returns
    -------
    where : (3,) array
        Place of the camera.
    turn : (3, 3) array
        Its axes as columns: right, up, backwards.
    """
    turn = look_along(np.array(shot.direction))
    points = [_hands(joints)]
    if shot.lowest is not None:
        heads = joints[:, skeleton.INDEX["head"]]
        crowns = heads + np.array([0.0, 0.0, place.crown + shot.above])
        across = turn[:, 0] * _HALF_HEAD
        points += [crowns + across, crowns - across, _arms(joints)]
        hips = joints[:, skeleton.INDEX["hips"]].mean(axis=0)
        points.append(np.array([(hips[0] + x, hips[1], shot.lowest) for x in (-0.2, 0.2)]))
    feet = None if shot.lowest is None else np.array([0.0, 0.0, _FEET])
    where = fit_view(np.concatenate(points), turn, size, shot.lens, feet)
    if room > 1.0:
        centre = np.array([0.0, 0.0, where[2]])
        away = (where - centre) @ turn[:, 2]
        where = where + turn[:, 2] * away * (room - 1.0)
    return where, turn


def look_along(direction: Array) -> Array:
    """Axes (right, up, backwards) of a level camera, columns, that looks against a direction."""
    back = rotation.normalize(direction)
    right = rotation.normalize(np.cross((0.0, 0.0, 1.0), back))
    return np.stack([right, np.cross(back, right), back], axis=-1)


def fit_view(
    points: Array, turn: Array, size: tuple[int, int], lens: float, feet: Array | None = None
) -> Array:
    """The nearest place (3,) from which a camera so turned has all points in its picture.

    Parameters
    ----------
    points : (N, 3) array
        To be seen.
    turn : (3, 3) array
        The camera's axes as columns: right, up, backwards.
    size : (int, int)
        Render size in pixels.
    lens : float
        Focal length in mm on a 36 mm film along the longer side of the picture.
    feet : (3,) array, optional
        What a picture that is too tall for the points shows next, before it is centred on them.
    """
    slope = np.array(size) / max(size) * FILM_MM / 2.0 / lens
    local = points @ turn
    depth = local[:, 2]
    # At distance d in front, |coordinate − centre| ≤ slope · d for every point: for each side of
    # the picture find where its plane must pass, then the apex that satisfies both.
    upper = (local[:, :2] + slope * depth[:, None]).max(axis=0)
    lower = (local[:, :2] - slope * depth[:, None]).min(axis=0)
    apex = float(((upper - lower) / (2.0 * slope)).max())
    centre = (upper + lower) / 2.0
    if feet is not None:
        low = feet @ turn
        # Highest centre that shows the feet, lowest one that shows the top.
        standing, tight = low[1] + slope[1] * (apex - low[2]), upper[1] - slope[1] * apex
        centre[1] = (standing + tight) / 2.0 if standing > tight else min(centre[1], tight)
    return turn @ np.array([centre[0], centre[1], apex])


def set_lens(camera: Any, lens: float, scale: float = 1.0) -> None:
    """Focal length in mm, and clipping for a conductor `scale` times the usual size."""
    data = camera.data
    data.lens, data.sensor_width, data.sensor_fit = lens, FILM_MM, "AUTO"
    data.clip_start, data.clip_end = (scale * distance for distance in _CLIP)


def fit_camera(
    camera: Any, points: Array, direction: Any, size: tuple[int, int], lens: float
) -> None:
    """Move a camera along a direction until all points lie in its picture.

    Parameters
    ----------
    camera : bpy.types.Object
        Camera to place.
    points : (N, 3) array
        World positions to be seen, metres.
    direction : (3,) vector
        From the points towards the camera.
    size : (int, int)
        Render size in pixels.
    lens : float
        Focal length in mm on a 36 mm film (along the longer side of the picture).
    """
    set_lens(camera, lens)
    turn = look_along(np.array(direction))
    camera.rotation_mode = "XYZ"
    camera.rotation_euler = Matrix(turn).to_euler()
    camera.location = Vector(fit_view(points, turn, size, lens))


def swept(scene: Any, armature: Any, motion: Motion | None, frame_start: int) -> Array:
    """World positions (F, J, 3) of the rig's joints where its animation reaches farthest.

    Parameters
    ----------
    scene : bpy.types.Scene
        Its frame rate says where a frame of the motion falls.
    armature : bpy.types.Object
        The conductor, animated.
    motion : Motion, optional
        Says which frames matter: those where a joint is farthest in some direction. Without it
        all frames that are played do.
    frame_start : int
        Scene frame of the motion's first frame.
    """
    if motion is None:
        played = played_frames(scene)
        count = min(len(played), _MOST_FRAMES)
        frames = np.linspace(played.start, played.stop - 1, max(count, 1))
        return joints_at(scene, armature, np.unique(frames.astype(int)).tolist())
    ways = np.array(np.meshgrid(*[(-1.0, 0.0, 1.0)] * 3)).reshape(3, -1)
    moving = motion.joints_3d()[:, _indices((*_HANDS, *_ARMS, "head", "hips"))]
    farthest = np.unique((moving @ ways).argmax(axis=0))
    rate = frame_rate(scene) / motion.fps
    frames = np.unique(np.round(frame_start + farthest * rate).astype(int))
    return joints_at(scene, armature, frames.tolist())


def in_reach(place: Place = NOBODY) -> Array:
    """World positions (F, J, 3) of joints with the hands wherever they can be in front."""
    around, over = np.meshgrid(np.linspace(-0.15, 1.15, 14) * np.pi, np.linspace(0.0, 1.0, 15))
    over = over * np.pi
    ball = np.stack(
        [np.sin(over) * np.cos(around), -np.sin(over) * np.sin(around), np.cos(over)], axis=-1
    ).reshape(-1, 3)
    poses = np.repeat(place.rest[None], len(ball), axis=0)
    for side in "LR":
        shoulder, elbow, wrist = (
            place.rest[skeleton.INDEX[f"{joint}.{side}"]]
            for joint in ("upper_arm", "forearm", "hand")
        )
        upper = float(np.linalg.norm(elbow - shoulder))
        length = upper + float(np.linalg.norm(wrist - elbow))
        poses[:, skeleton.INDEX[f"forearm.{side}"]] = shoulder + ball * upper
        for stem, beyond in (("hand", 0.0), ("thumb", 0.0), ("index", _PALM), ("fingers", _PALM)):
            joint = skeleton.INDEX[f"{stem}.{side}"]
            poses[:, joint] = shoulder + ball * (length + beyond)
    # The baton is held upwards where the arm is stretched.
    poses[:, skeleton.INDEX["baton_tip"]] = poses[:, skeleton.INDEX["hand.R"]]
    return place.world(poses)


def _indices(stems: tuple[str, ...]) -> list[int]:
    return [i for i, joint in enumerate(skeleton.NAMES) if joint.split(".")[0] in stems]


def _hands(joints: Array) -> Array:
    return np.concatenate(
        [_spread(joints[:, i], _AIR[skeleton.NAMES[i].split(".")[0]]) for i in _indices(_HANDS)]
    )


def _arms(joints: Array) -> Array:
    return np.concatenate([_spread(joints[:, i], _ARM_AIR) for i in _indices(_ARMS)])


def _spread(points: Array, by: float) -> Array:
    """The points moved this far each way, (6 N, 3)."""
    return (points[:, None] + by * np.concatenate([np.eye(3), -np.eye(3)])).reshape(-1, 3)


def _focus(camera: Any, shot: Shot, place: Place, where: Array) -> None:
    """Depth of field as with a conductor of the usual size, for Cycles and EEVEE."""
    dof = camera.data.dof
    dof.use_dof = True
    dof.focus_distance = place.scale * float(np.linalg.norm(where - (0.0, -0.15, 1.3)))
    dof.aperture_fstop = shot.lens / (_PUPIL_MM * place.scale)
