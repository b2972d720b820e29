"""The stage round a conductor: set, lights and camera."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from retarget.motion import Motion
from retarget.rotation import Array

from ..span import played_frames
from ..staging import CameraName, StageName, Staging
from ..timeline import OURS, read_beat_markers
from .camera_moves import ROOM, move_camera, phrase_starts
from .cameras import FILM_MM, SHOTS, add_camera, in_reach, swept
from .hand_camera import follow_hand
from .lights import add_lights, create_world
from .place import NOBODY, Place, place_of
from .sets.hall import build_hall
from .sets.rehearsal import build_rehearsal
from .sets.studio import build_studio

COLLECTION_NAME: Final = "Stage"
_DEFAULT_STAGE: Final[StageName] = "hall"
_DEFAULT_CAMERA: Final[CameraName] = "front"
# Room that a seated player with bow and elbows takes about its place, metres: half the width, the
# height.
_PLAYER: Final = (0.80, 1.4)


@dataclass(frozen=True)
class Stage:
    """What `build_stage` made.

    Parameters
    ----------
    collection : bpy.types.Collection
        Holds everything below.
    camera : bpy.types.Object or None
        The scene's camera; None if the scene kept its own.
    lights : tuple of bpy.types.Object
        Key, fill, rim and what else the stage has; none without a set.
    """

    collection: Any
    camera: Any
    lights: tuple[Any, ...]


def build_stage(
    scene: Any,
    armature: Any = None,
    motion: Motion | None = None,
    *,
    frame_start: int = 1,
    staging: Staging | None = None,
) -> Stage | None:
    """Build a stage in a new collection, as large as the conductor and turned as he is.

    The camera frames the conductor for the scene's present render size and becomes the scene's.

    Parameters
    ----------
    scene : bpy.types.Scene
        Where it goes. A scene without a world gets a dim one; an existing world is left alone.
    armature : bpy.types.Object, optional
        Who conducts; without one the place for a conductor of 1.75 m at the origin.
    motion : Motion, optional
        What the armature conducts; without it the scene's animation and beat markers count, and
        where there is none there is room for the reach of both hands.
    frame_start : int
        Scene frame of the motion's first frame.
    staging : Staging, optional
        What is built; what it leaves open the scene's own camera decides.

    Returns
    -------
    Stage or None
        None where a scene with a camera keeps it and no set is asked for.
    """
    staging = staging or Staging()
    stage, view = chosen_staging(scene, staging)
    if stage is None and view is None:
        return None
    place = NOBODY if armature is None else place_of(scene, armature)
    collection = bpy.data.collections.new(COLLECTION_NAME)
    collection[OURS] = True
    scene.collection.children.link(collection)
    camera = None
    if view is not None:
        room = ROOM if staging.camera_move else 1.0
        if not _is_animated(armature):
            camera = add_camera(scene, collection, view, place, in_reach(place), room)
        elif view == "hands":
            camera = follow_hand(scene, collection, armature, place, room)
        else:
            joints = swept(scene, armature, motion, frame_start)
            camera = add_camera(scene, collection, view, place, joints, room)
    if stage is not None:
        _build_set(stage, _root(collection, place), scene, place)
    if camera is not None and staging.camera_move:
        phrases = _phrases(scene, motion, frame_start)
        move_camera(scene, collection, camera, place, phrases, frame_start)
    lights: tuple[Any, ...] = ()
    if stage is not None:
        lights = add_lights(collection, stage, place)
        if scene.world is None or OURS in scene.world:
            scene.world = create_world(COLLECTION_NAME, stage)
            scene.world[OURS] = True
    for thing in collection.objects:
        thing[OURS] = True
    return Stage(collection, camera, lights)


def remove_stage(collections: Iterable[Any]) -> None:
    """Remove what `build_stage` made of some collections, and those that are empty then."""
    ours = [collection for collection in collections if OURS in collection]
    built = {thing for collection in ours for thing in collection.objects if OURS in thing}
    emptied = [c for c in ours if not c.children and built.issuperset(c.objects)]
    bpy.data.batch_remove([*built, *emptied])


def _is_animated(armature: Any) -> bool:
    animation = None if armature is None else armature.animation_data
    return animation is not None and bool(animation.action or animation.nla_tracks)


def _phrases(scene: Any, motion: Motion | None, frame_start: int) -> Array:
    """Seconds from the first frame at which the camera turns back."""
    if motion is not None:
        return phrase_starts(motion.beats[motion.beat_numbers == 1], motion.duration)
    times, numbers = read_beat_markers(scene, frame_start)
    frames = max(played_frames(scene).stop - 1 - frame_start, 0)
    return phrase_starts(times[numbers == 1], frames * scene.render.fps_base / scene.render.fps)


def chosen_staging(scene: Any, staging: Staging) -> tuple[StageName | None, CameraName | None]:
    """The set and the camera to build; None where the scene keeps what it has."""
    if scene.camera is not None:
        return staging.stage, staging.camera
    return staging.stage or _DEFAULT_STAGE, staging.camera or _DEFAULT_CAMERA


def _root(collection: Any, place: Place) -> Any:
    """The empty that carries the set, scaled and turned as the conductor is."""
    root = bpy.data.objects.new(COLLECTION_NAME, None)
    root.empty_display_size = 0.5
    collection.objects.link(root)
    root.matrix_world = Matrix(place.matrix)
    return root


def _build_set(stage: StageName, root: Any, scene: Any, place: Place) -> None:
    camera = scene.camera
    clear = _clear(scene, camera, place)
    away = np.array(SHOTS[_DEFAULT_CAMERA].direction)
    if camera is not None:
        away = place.canonical(np.array(camera.matrix_world.translation))
    behind = float(np.arctan2(-away[1], -away[0]))
    if stage == "hall":
        build_hall(root, clear, behind)
    elif stage == "rehearsal":
        build_rehearsal(root, clear, behind)
    else:
        build_studio(root, behind)


def _clear(scene: Any, camera: Any, place: Place) -> Callable[[Array], NDArray[np.bool_]]:
    """Tells at which places (N, 3) somebody seated would not hide the conductor."""
    if camera is None or camera.type != "CAMERA":
        return lambda places: np.ones(len(places), dtype=bool)
    matrix = np.array(camera.matrix_world.normalized())
    where = place.canonical(matrix[:3, 3])
    turn = place.turn.T @ matrix[:3, :3]
    size = np.array([scene.render.resolution_x, scene.render.resolution_y])
    slope = size / size.max() * FILM_MM / 2.0 / camera.data.lens
    conductor = -float((np.array([0.0, 0.0, 1.0]) - where) @ turn[:, 2])

    def clear(places: Array) -> NDArray[np.bool_]:
        half, height = _PLAYER
        local = (places + np.array([0.0, 0.0, height / 2.0]) - where) @ turn
        depth = -local[:, 2]
        reach = slope * np.maximum(depth, 0.0)[:, None] + (half, height / 2.0)
        seen = (np.abs(local[:, :2]) < reach).all(axis=1)
        # Nor may anyone sit where the camera is.
        return ~(seen & (depth > -1.0) & (depth < conductor))

    return clear
