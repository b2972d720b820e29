"""The animation as it is now, after every edit, for the likeness: joints and camera per frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy
import numpy as np

from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.progress import Progress, no_progress
from retarget.readback import hold_baton, read_joints, rest_joints
from retarget.rotation import Array

from .armature import fit_armature
from .held_baton import baton_of, tip_of
from .shown_pose import ShownPose
from .span import played_frames
from .timeline import frame_rate

_PHASE: Final = "reading the animation"
_RENDER_SETTINGS: Final = (
    *("fps", "fps_base", "frame_map_old", "frame_map_new"),
    *("resolution_x", "resolution_y", "resolution_percentage"),
    *("pixel_aspect_x", "pixel_aspect_y"),
)


def export_guide(scene: Any, armature: Any, *, progress: Progress = no_progress) -> Guide:
    """Read the evaluated pose and the camera of every frame that is played.

    Constraints, drivers, NLA strips and edited keys all count, and so do cameras bound to markers.
    The scene itself is neither played nor changed: the armature and the cameras are evaluated in a
    scratch scene, which also spares evaluating the meshes.

    Parameters
    ----------
    scene : bpy.types.Scene
        Its range, or preview range, frame rate, render size, camera.
    armature : bpy.types.Object
        The conductor.
    progress : Progress
        Hears [0, 1].

    Raises
    ------
    ConductorError
        If there is no camera, the range is empty, or the rig is not known.
    Cancelled
        If the progress callback asked to stop.
    """
    fit = fit_armature(armature)
    frames = played_frames(scene)
    if not frames:
        raise ConductorError("The scene's frame range is empty; set its start before its end.")
    cameras = [_camera_at(scene, frame) for frame in frames]
    size = _render_size(scene)
    shown = ShownPose(armature, fit.map.bones)
    poses = np.empty((len(frames), len(fit.map.bones), 4, 4))
    objects = np.empty((len(frames), 4, 4))
    view = np.empty((len(frames), 4, 4))
    projection = np.empty((len(frames), 4, 4))
    baton = _seen_baton(armature)
    held = np.empty((len(frames), 4, 4))
    followed = [armature, *baton, *dict.fromkeys(cameras)]
    with _scratch_scene(scene, followed) as scratch:
        for i, frame in enumerate(frames):
            progress(i / len(frames), _PHASE)
            scratch.frame_set(frame)
            depsgraph = scratch.view_layers[0].depsgraph
            posed = armature.evaluated_get(depsgraph)
            poses[i] = shown.matrices(posed)
            objects[i] = posed.matrix_world
            for item in baton:
                held[i] = item.evaluated_get(depsgraph).matrix_world
            camera = cameras[i].evaluated_get(depsgraph)
            # Blender's cameras ignore the scale of their object.
            view[i] = camera.matrix_world.normalized().inverted()
            projection[i] = camera.calc_matrix_camera(
                depsgraph,
                x=size[0],
                y=size[1],
                scale_x=scene.render.pixel_aspect_x,
                scale_y=scene.render.pixel_aspect_y,
            )
    positions, rotations = read_joints(fit, poses, objects)
    for item in baton:
        hold_baton(positions, rotations, held, tip_of(item))
    progress(1.0, _PHASE)
    return Guide(
        fps=frame_rate(scene),
        size=size,
        positions=positions,
        rotations=rotations,
        rest=rest_joints(fit, objects[0]),
        view=view,
        projection=projection,
    )


def joints_at(scene: Any, armature: Any, frames: list[int]) -> Array:
    """World positions (F, J, 3) of the canonical joints at some scene frames, as evaluated.

    Raises
    ------
    ConductorError
        If the rig is not known.
    """
    fit = fit_armature(armature)
    shown = ShownPose(armature, fit.map.bones)
    poses = np.empty((len(frames), len(fit.map.bones), 4, 4))
    objects = np.empty((len(frames), 4, 4))
    baton = _seen_baton(armature)
    held = np.empty((len(frames), 4, 4))
    with _scratch_scene(scene, [armature, *baton]) as scratch:
        for i, frame in enumerate(frames):
            scratch.frame_set(frame)
            depsgraph = scratch.view_layers[0].depsgraph
            posed = armature.evaluated_get(depsgraph)
            poses[i] = shown.matrices(posed)
            objects[i] = posed.matrix_world
            for item in baton:
                held[i] = item.evaluated_get(depsgraph).matrix_world
    positions, rotations = read_joints(fit, poses, objects)
    for item in baton:
        hold_baton(positions, rotations, held, tip_of(item))
    return positions


def _seen_baton(armature: Any) -> list[Any]:
    """The baton that is an object, alone in a list, or nothing: one that is hidden stands still."""
    baton = baton_of(armature)
    return [] if baton is None or baton.hide_viewport else [baton]


def _render_size(scene: Any) -> tuple[int, int]:
    """Pixels, cut down as Blender does."""
    render = scene.render
    width = render.resolution_x * render.resolution_percentage // 100
    height = render.resolution_y * render.resolution_percentage // 100
    return max(width, 1), max(height, 1)


def _camera_at(scene: Any, frame: int) -> Any:
    """The camera in use at a frame: the last one bound to a marker, else the scene's."""
    bound = [m for m in scene.timeline_markers if m.camera is not None]
    past = [m for m in bound if m.frame <= frame]
    if past:
        camera = max(past, key=lambda marker: marker.frame).camera
    elif bound:
        camera = min(bound, key=lambda marker: marker.frame).camera
    else:
        camera = scene.camera
    if camera is None or camera.type != "CAMERA":
        raise ConductorError("The scene has no camera; add one or create the stage.")
    return camera


@contextmanager
def _scratch_scene(scene: Any, objects: list[Any]) -> Iterator[Any]:
    """A scene that holds the given objects alone, at the same frame rate."""
    scratch = bpy.data.scenes.new("Virtual Conductor guide")
    try:
        for name in _RENDER_SETTINGS:
            setattr(scratch.render, name, getattr(scene.render, name))
        for item in objects:
            scratch.collection.objects.link(item)
        # Creates the dependency graph.
        scratch.view_layers[0].update()
        yield scratch
    finally:
        bpy.data.scenes.remove(scratch)
