"""What moves in a scene and what stands still, so that the latter is rendered once.

Drawn in software, a frame costs what is drawn in it. Where the camera stands still, the picture
without what moves (the plate) is the same in every frame; a frame is then what moves, and what may
stand before it, in the part of the picture where it is.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

Window = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels of the whole picture; it may reach beyond it."""

# Only the shape and the place of things may change; a material that changes is seen everywhere.
_MOVING_DATA: Final = ("Scene", "Object", "Armature", "Mesh", "Key", "Curve", "Action", "Speaker")
_DRAWN: Final = ("MESH", "CURVE", "SURFACE", "FONT", "META")
_UNDRAWN: Final = ("ARMATURE", "CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER", "EMPTY", "LATTICE")
# Windows of so many pixels more or less, so that they change but rarely.
_GRID: Final = 24
_MARGIN: Final = 3.0


@dataclass(frozen=True)
class Layers:
    """A scene whose camera and set stand still.

    Parameters
    ----------
    moving : tuple of bpy.types.Object
        What changes from frame to frame.
    still : tuple of (bpy.types.Object, float)
        Everything else that is drawn, with the least distance from the camera's plane at which it
        is seen, metres; infinite where it is not in the picture.
    size : (int, int)
        Width and height of the whole picture in pixels.
    """

    moving: tuple[Any, ...]
    still: tuple[tuple[Any, float], ...]
    size: tuple[int, int]

    @property
    def whole(self) -> Window:
        """The whole picture, rounded up to the grid."""
        width, height = (-(-side // _GRID) * _GRID for side in self.size)
        return 0, 0, width, height

    def window(self, scene: Any) -> tuple[Window, float]:
        """Where in the picture the moving things are now, and how far away they reach.

        Returns
        -------
        window : Window
            On a grid, inside the whole picture rounded up to that grid.
        far : float
            Greatest distance from the camera's plane, metres.
        """
        depsgraph = scene.view_layers[0].depsgraph
        shown = [item.evaluated_get(depsgraph) for item in self.moving if not item.hide_render]
        _, _, width, height = self.whole
        if not shown:
            return (0, 0, _GRID, _GRID), 0.0
        points = np.concatenate([world_points(item) for item in shown])
        pixels, depths = seen(scene, points, self.size)
        if depths.min() <= scene.camera.data.clip_start:
            return (0, 0, width, height), float(depths.max())
        low = np.floor((pixels.min(axis=0) - _MARGIN) / _GRID).astype(int) * _GRID
        high = np.ceil((pixels.max(axis=0) + _MARGIN) / _GRID).astype(int) * _GRID
        left, top = np.clip(low, 0, (width - _GRID, height - _GRID)).tolist()
        right, bottom = np.clip(high, (left + _GRID, top + _GRID), (width, height)).tolist()
        return (left, top, right, bottom), float(depths.max())


def find_layers(scene: Any) -> Layers | None:
    """Tell what moves from what stands still, or None where that is not known for sure.

    Parameters
    ----------
    scene : bpy.types.Scene
        Set up for Workbench by `stage.looks.setup_render`; the current frame is left as it is.
    """
    render = scene.render
    if (
        len(scene.view_layers) != 1
        or render.use_border
        or render.use_multiview
        or scene.display.shading.use_dof
        or any(marker.camera for marker in scene.timeline_markers)
        or scene.camera.data.library is not None
        or scene.camera.data.type not in ("PERSP", "ORTHO")
        or _pictures_move()
    ):
        return None
    changed = _changed_by_time(scene)
    if changed is None:
        return None
    drawn = []
    for item in scene.objects:
        if item.type in _DRAWN and item.instance_type == "NONE" and not _scatters(item):
            drawn.append(item)
        elif item.type not in _UNDRAWN or item.instance_type != "NONE":
            return None
    moving = tuple(item for item in drawn if item.name in changed)
    if not moving or scene.camera.name in changed:
        return None
    size = (render.resolution_x, render.resolution_y)
    still = tuple(
        (item, _nearest(scene, item, size))
        for item in drawn
        if item not in moving and not item.hide_render
    )
    return Layers(moving, still, size)


@contextmanager
def without(items: Sequence[Any]) -> Iterator[None]:
    """The scene's render without these for a while."""
    hidden = [item for item in items if not item.hide_render]
    for item in hidden:
        item.hide_render = True
    try:
        yield
    finally:
        for item in hidden:
            item.hide_render = False


@contextmanager
def seen_through(
    scene: Any, window: Window, size: tuple[int, int], scale: float
) -> Iterator[tuple[int, int]]:
    """The scene's picture cut to a window, `scale` times as large, for a while; yields its size.

    Blender draws all of a picture of which it renders a part, so lens and shift make it smaller.
    """
    render, camera = scene.render, scene.camera.data
    names = ("sensor_fit", "sensor_width", "shift_x", "shift_y", "ortho_scale")
    before = {name: getattr(camera, name) for name in names}
    resolution = render.resolution_x, render.resolution_y, render.resolution_percentage
    left, top, right, bottom = window
    width, height = right - left, bottom - top
    tall = render.pixel_aspect_y / render.pixel_aspect_x
    across = camera.sensor_fit == "HORIZONTAL" or (
        camera.sensor_fit == "AUTO" and size[0] >= size[1] * tall
    )
    film = camera.sensor_height if camera.sensor_fit == "VERTICAL" else camera.sensor_width
    # The side that the lens is for, in pixels, as in BKE_camera_params_compute_viewplane.
    whole = size[0] if across else size[1] * tall
    middle_x, middle_y = (left + right - size[0]) / 2.0, (size[1] - top - bottom) / 2.0 * tall
    try:
        camera.sensor_fit = "HORIZONTAL"
        camera.sensor_width = film * width / whole
        camera.ortho_scale = before["ortho_scale"] * width / whole
        camera.shift_x = (before["shift_x"] * whole + middle_x) / width
        camera.shift_y = (before["shift_y"] * whole + middle_y) / width
        pixels = round(width * scale), round(height * scale)
        render.resolution_x, render.resolution_y = pixels
        render.resolution_percentage = 100
        yield pixels
    finally:
        for name, value in before.items():
            setattr(camera, name, value)
        render.resolution_x, render.resolution_y, render.resolution_percentage = resolution


def _pictures_move() -> bool:
    """Whether any picture in the file changes by itself."""
    return any(image.source in ("MOVIE", "SEQUENCE") for image in bpy.data.images)


def _scatters(item: Any) -> bool:
    """Whether an object draws others than itself."""
    return bool(item.particle_systems) or any(m.type == "NODES" for m in item.modifiers)


def _changed_by_time(scene: Any) -> set[str] | None:
    """Names of the objects that depend on time; None if something depends on it that is no object.

    Blender marks everything that time leads to, whether its value changes or not.
    """
    marked: list[tuple[str, str]] = []

    def collect(_scene: Any, depsgraph: Any) -> None:
        # What is marked is told while the frame changes, and forgotten after.
        marked.extend((one.id.bl_rna.identifier, one.id.name) for one in depsgraph.updates)

    frame = scene.frame_current
    scene.view_layers[0].update()
    bpy.app.handlers.frame_change_post.append(collect)
    try:
        scene.frame_set(frame + 1)
    finally:
        bpy.app.handlers.frame_change_post.remove(collect)
        scene.frame_set(frame)
    if not all(kind in _MOVING_DATA for kind, _ in marked):
        return None
    return {name for kind, name in marked if kind == "Object"}


def _nearest(scene: Any, item: Any, size: tuple[int, int]) -> float:
    """Least depth of those of an object's faces that may be seen in the picture."""
    depsgraph = scene.view_layers[0].depsgraph
    shown = item.evaluated_get(depsgraph)
    mesh = shown.to_mesh()
    if mesh is None or not mesh.polygons:
        return 0.0
    points = vectors(mesh.vertices, "co")
    starts = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    place = np.array(shown.matrix_world)
    shown.to_mesh_clear()
    clip, depths = _clip(scene, points @ place[:3, :3].T + place[:3, 3], size)
    near = scene.camera.data.clip_start
    # Outside is a face all of whose corners lie beyond one side of what the camera sees.
    sides = [clip[:, 2] - clip[:, axis] * sign for axis in (0, 1) for sign in (-1.0, 1.0)]
    inside = np.stack([*sides, depths - near], axis=1)[corners]
    order = np.argsort(starts)
    seen = np.all(np.maximum.reduceat(inside, starts[order]) > 0.0, axis=1)
    nearest = np.minimum.reduceat(depths[corners], starts[order])[seen]
    return max(float(nearest.min()), near) if len(nearest) else np.inf


def vectors(items: Any, name: str) -> NDArray[np.float32]:
    """A property of three numbers of each of Blender's items, (N, 3)."""
    values = np.empty((len(items), 3), np.float32)
    items.foreach_get(name, values.ravel())
    return values


def world_points(shown: Any) -> Array:
    """Where an evaluated object is: its vertices, or else its box's corners, (N, 3), metres."""
    if shown.type == "MESH" and len(shown.data.vertices):
        points = vectors(shown.data.vertices, "co")
    else:
        points = np.array(shown.bound_box, np.float32)
    place = np.array(shown.matrix_world)
    return np.asarray(points @ place[:3, :3].T + place[:3, 3])


def seen(scene: Any, points: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Pixels (N, 2) of points in the picture, from its upper left, and depths (N,) in metres."""
    clip, depths = _clip(scene, points, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = clip[:, :2] / clip[:, 2:]
    return (flat * (1.0, -1.0) + 1.0) / 2.0 * size, depths


def _clip(scene: Any, points: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Clip coordinates x, y, w (N, 3) of points, and depths (N,) in metres."""
    depsgraph = scene.view_layers[0].depsgraph
    camera = scene.camera.evaluated_get(depsgraph)
    projection = np.array(
        camera.calc_matrix_camera(
            depsgraph,
            x=size[0],
            y=size[1],
            scale_x=scene.render.pixel_aspect_x,
            scale_y=scene.render.pixel_aspect_y,
        )
    )
    view = np.array(camera.matrix_world.normalized().inverted())
    local = points @ view[:3, :3].T + view[:3, 3]
    clip = np.column_stack([local, np.ones(len(local))]) @ projection.T
    return clip[:, [0, 1, 3]], -local[:, 2]
