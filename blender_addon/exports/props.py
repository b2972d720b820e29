"""Objects that hang on the conductor as a whole: carried by a bone, or by one of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from retarget.rotation import Array

from .bones import ExportBones
from .local_pose import inverse
from .take import Take

# What moves no further beside its bone than this lies still in it, metres and radians.
_STILL: Final = 1e-4
_SHORTEST_M: Final = 0.01


@dataclass(frozen=True)
class Prop:
    """Where an object is put at rest, and who carries it.

    Parameters
    ----------
    bone : int
        Index among the take's bones; −1 where it stands still in the world.
    matrix : (4, 4) array
        From the object's space to the world at rest.
    """

    bone: int
    matrix: Array


def with_props(
    take: Take, bones: ExportBones, objects: Sequence[Any], armature: Any
) -> tuple[Take, dict[str, Prop]]:
    """The take with a bone for every object that moves beside the bone on which it hangs.

    No format but glTF, and few programs, play an object that is keyed under a bone. Such a bone has
    the object's name, starts at its origin and ends at the point farthest from there: of a baton,
    the tip.

    Parameters
    ----------
    take : Take
        With the places of the objects.
    bones : ExportBones
        Its bones.
    objects : sequence of bpy.types.Object
        In the order in which their bones come.
    armature : bpy.types.Object
        On which they hang.

    Returns
    -------
    take : Take
        With more bones at the end.
    props : dict
        Name of each object to how it is carried.
    """
    props: dict[str, Prop] = {}
    for item in objects:
        worlds = take.objects[item.name]
        if np.abs(worlds - worlds[0]).max() <= _STILL:
            props[item.name] = Prop(-1, worlds[0])
            continue
        carrier = max(bones.of(_bone_under(item, armature)), 0)
        beside = inverse(take.bones[:, carrier].astype(np.float64)) @ worlds
        matrix = take.rest[carrier] @ beside[0]
        if np.abs(beside - beside[0]).max() > _STILL:
            take = _with_bone(take, item, matrix, carrier)
            carrier = len(take.names) - 1
        props[item.name] = Prop(carrier, matrix)
    return take, props


def _with_bone(take: Take, item: Any, matrix: Array, carrier: int) -> Take:
    corners = np.array(item.bound_box)
    far = corners[np.linalg.norm(corners * np.linalg.norm(matrix[:3, :3], axis=0), axis=1).argmax()]
    end = matrix[:3, :3] @ far
    rest = np.eye(4)
    rest[:3, :3] = _pointing(end)
    rest[:3, 3] = matrix[:3, 3]
    # From the bone's space to the object's.
    inner = inverse(matrix) @ rest
    name = str(item.name)
    while name in take.names:
        name += "_"
    posed = (take.objects[item.name] @ inner).astype(np.float32)
    return replace(
        take,
        names=(*take.names, name),
        parents=np.append(take.parents, carrier),
        rest=np.concatenate([take.rest, rest[None]]),
        lengths=np.append(take.lengths, max(float(np.linalg.norm(end)), _SHORTEST_M)),
        bones=np.concatenate([take.bones, posed[:, None]], axis=1),
    )


def _pointing(way: Array) -> Array:
    """Axes (3, 3) of a bone along a direction, or upwards where there is none."""
    size = float(np.linalg.norm(way))
    along = way / size if size > 0.0 else np.array([0.0, 0.0, 1.0])
    least = np.eye(3)[np.abs(along).argmin()]
    across = np.cross(along, least)
    across /= np.linalg.norm(across)
    return np.stack([across, along, np.cross(across, along)], axis=1)


def _bone_under(item: Any, armature: Any) -> str:
    """The bone on which an object hangs, however many others stand between; "" is none."""
    while item is not None and item.parent != armature:
        item = item.parent
    return item.parent_bone if item is not None and item.parent_type == "BONE" else ""
