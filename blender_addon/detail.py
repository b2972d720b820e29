"""Meshes with no more triangles than the picture shows, for a while.

Drawn in software, a triangle costs as much as the block of pixels that it touches. A figure made
for close-ups has several to a pixel where it is five hundred pixels high.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy
import numpy as np

from .curves import curves_of
from .layers import seen, vectors, world_points
from .span import played_frames

_TRIANGLE: Final = 48.0
"""Pixels of a triangle; software OpenGL draws blocks of four by four."""

_LEAST: Final = 0.5
"""Share of the triangles that stays at any size, so that faces keep their features and layers of
cloth their order."""

# Below this the work would take longer than it saves.
_WORTHWHILE: Final = 0.8
_SMALL: Final = 1000
_FRAMES: Final = 24
_INSIDE: Final = "inner vertices"


@contextmanager
def as_seen(scene: Any, size: tuple[int, int], count: int) -> Iterator[None]:
    """Replace finer meshes that follow an armature by coarser ones, for a while.

    How coarse is told by the size of their triangles in the scene's own first, middle and last
    frame, so that all who render frames of it draw the same. Meshes with other modifiers, normals
    of their own, animation of their own or absolute shape keys stay as they are.

    Parameters
    ----------
    scene : bpy.types.Scene
        With a camera. Its current frame is as before afterwards.
    size : (int, int)
        Width and height in pixels of the pictures as they are drawn.
    count : int
        How many of them there will be; for a few nothing is done.
    """
    finer = [item for item in scene.objects if _may_be_coarser(item)]
    if not finer or count < _FRAMES:
        yield
        return
    played = played_frames(scene)
    middle = played[len(played) // 2]
    shares = _shares(scene, finer, [played[0], middle, played[-1]], size)
    coarser = []
    try:
        for item, share in zip(finer, shares, strict=True):
            if share < _WORTHWHILE:
                coarser.append((item, _coarser(scene, item, share), item.hide_viewport))
                item.hide_render = item.hide_viewport = True
        yield
    finally:
        for item, stand_in, hidden in coarser:
            item.hide_render, item.hide_viewport = False, hidden
            bpy.data.meshes.remove(stand_in.data)


def _may_be_coarser(item: Any) -> bool:
    if item.type != "MESH" or item.hide_render or item.hide_viewport or item.library is not None:
        return False
    keys = item.data.shape_keys
    return (
        len(item.data.polygons) >= _SMALL
        and [modifier.type for modifier in item.modifiers] == ["ARMATURE"]
        and not item.particle_systems
        and item.animation_data is None
        and item.data.animation_data is None
        and not item.show_only_shape_key
        and not item.data.has_custom_normals
        and (keys is None or keys.use_relative)
    )


def _shares(scene: Any, items: list[Any], frames: list[int], size: tuple[int, int]) -> list[float]:
    """What share of each object's triangles is enough in these frames, at most 1."""
    before, between = scene.frame_current, scene.frame_subframe
    shares = [_LEAST] * len(items)
    for frame in frames:
        scene.frame_set(frame)
        depsgraph = scene.view_layers[0].depsgraph
        for k, item in enumerate(items):
            pixels = _pixels_a_triangle(scene, item.evaluated_get(depsgraph), size)
            shares[k] = min(1.0, max(shares[k], pixels / _TRIANGLE))
    scene.frame_set(before, subframe=between)
    return shares


def _pixels_a_triangle(scene: Any, shown: Any, size: tuple[int, int]) -> float:
    """Mean area of the triangles in the picture, those that face away as well."""
    mesh = shown.data
    pixels, depths = seen(scene, world_points(shown), size)
    inside = np.all((pixels >= 0.0) & (pixels < size), axis=1)
    inside &= depths > scene.camera.data.clip_start
    corners = np.empty((len(mesh.loop_triangles), 3), np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners.ravel())
    corners = corners[inside[corners].all(axis=1)]
    if not len(corners):
        return 0.0
    one, other = (pixels[corners[:, k]] - pixels[corners[:, 0]] for k in (1, 2))
    return float(np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).mean() / 2.0)


def _coarser(scene: Any, item: Any, share: float) -> Any:
    """A second object like `item`, with this share of its triangles; shape keys follow its own."""
    keys = _used_keys(item.data.shape_keys)
    mesh = _decimated(scene, item, keys, share)
    stand_in = item.copy()
    stand_in.data = mesh
    for collection in item.users_collection:
        collection.objects.link(stand_in)
    if keys:
        stand_in.shape_key_add(name="Basis", from_mix=False)
    points = vectors(mesh.vertices, "co")
    for index, key in enumerate(keys):
        offsets = mesh.attributes[_attribute(index)]
        own = stand_in.shape_key_add(name=key.name, from_mix=False)
        own.slider_min, own.slider_max = key.slider_min, key.slider_max
        own.vertex_group = key.vertex_group
        own.points.foreach_set("co", (points + vectors(offsets.data, "vector")).ravel())
        mesh.attributes.remove(offsets)
        _follow(own, key)
    return stand_in


def _decimated(scene: Any, item: Any, keys: list[Any], share: float) -> Any:
    """The item's mesh at rest with fewer triangles; the keys' offsets go along as attributes."""
    fine = item.copy()
    fine.data = item.data.copy()
    fine.modifiers.clear()
    if fine.data.shape_keys is not None:
        basis = vectors(fine.data.shape_keys.reference_key.points, "co")
        fine.shape_key_clear()
        fine.data.vertices.foreach_set("co", basis.ravel())
    scene.collection.objects.link(fine)
    try:
        for index, key in enumerate(keys):
            offsets = fine.data.attributes.new(_attribute(index), "FLOAT_VECTOR", "POINT")
            moved = vectors(key.points, "co") - vectors(key.relative_key.points, "co")
            offsets.data.foreach_set("vector", moved.ravel())
        modifier = fine.modifiers.new("Decimate", "DECIMATE")
        modifier.ratio = share
        inside = fine.vertex_groups.new(name=_INSIDE)
        inside.add(_inner_vertices(fine.data), 1.0, "REPLACE")
        modifier.vertex_group = inside.name
        view_layer = scene.view_layers[0]
        view_layer.update()
        depsgraph = view_layer.depsgraph
        return bpy.data.meshes.new_from_object(
            fine.evaluated_get(depsgraph), preserve_all_data_layers=True, depsgraph=depsgraph
        )
    finally:
        bpy.data.meshes.remove(fine.data)


def _used_keys(keys: Any) -> list[Any]:
    """Shape keys that are not at nothing for good."""
    if keys is None:
        return []
    data = keys.animation_data
    if data is not None and data.nla_tracks:
        return [key for key in keys.key_blocks[1:] if not key.mute]
    moved: set[str] = set()
    if data is not None:
        moved |= {driver.data_path for driver in data.drivers}
        if data.action is not None:
            moved |= {curve.data_path for curve in curves_of(data.action, data.action_slot)}
    return [
        key
        for key in keys.key_blocks[1:]
        if not key.mute and (key.value or key.path_from_id("value") in moved)
    ]


def _follow(own: Any, key: Any) -> None:
    driver = own.driver_add("value").driver
    driver.type = "AVERAGE"
    target = driver.variables.new().targets[0]
    target.id_type, target.id = "KEY", key.id_data
    target.data_path = key.path_from_id("value")


def _attribute(index: int) -> str:
    # Names of keys may be longer than those of attributes.
    return f"shape key {index}"


def _inner_vertices(mesh: Any) -> list[int]:
    """Vertices within one material and no hem: where colours meet or end, lines must stay."""
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    materials = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", materials)
    spread = np.repeat(materials, sizes)
    least = np.full(len(mesh.vertices), np.iinfo(np.int32).max, np.int32)
    most = np.full(len(mesh.vertices), -1, np.int32)
    np.minimum.at(least, corners, spread)
    np.maximum.at(most, corners, spread)
    edges = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("edge_index", edges)
    ends = np.empty((len(mesh.edges), 2), np.int32)
    mesh.edges.foreach_get("vertices", ends.ravel())
    hems = ends[np.bincount(edges, minlength=len(ends)) < 2]
    inner = least == most
    inner[hems.ravel()] = False
    return np.flatnonzero(inner).tolist()
