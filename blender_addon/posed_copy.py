"""A copy of an armature, alone in a scene of its own, that is posed and evaluated for trying."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import bpy
import numpy as np

from retarget import rotation
from retarget.rotation import Array

_AT_REST: Final = {
    "location": [0.0, 0.0, 0.0],
    "rotation_quaternion": [1.0, 0.0, 0.0, 0.0],
    "rotation_euler": [0.0, 0.0, 0.0],
    "rotation_axis_angle": [0.0, 0.0, 1.0, 0.0],
    "scale": [1.0, 1.0, 1.0],
}


class PosedCopy:
    """An armature without its animation: only its own drivers and constraints move it.

    Bones' rotation modes are the copy's own; the armature it is of is never touched.
    """

    def __init__(self, scene: Any, copy: Any) -> None:
        self._scene = scene
        self._copy = copy

    @property
    def _layer(self) -> Any:
        return self._scene.view_layers[0]

    def rest(self, bones: Iterable[str]) -> None:
        """Put bones, and all above them, to rest."""
        pose = self._copy.pose.bones
        above: dict[str, None] = {}
        for name in bones:
            bone = pose[name]
            above |= dict.fromkeys([name, *(parent.name for parent in bone.parent_recursive)])
        for name in above:
            bone = pose[name]
            bone.rotation_mode = "QUATERNION"
            bone.location = (0.0, 0.0, 0.0)
            bone.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
            bone.scale = (1.0, 1.0, 1.0)

    def set_properties(self, values: Iterable[tuple[str, str, float]]) -> None:
        """Set custom properties of bones that have them."""
        pose = self._copy.pose.bones
        for bone, name, value in values:
            if bone in pose and name in pose[bone]:
                pose[bone][name] = type(pose[bone][name])(value)
        # Custom properties do not tell what hangs on them that they changed.
        self._copy.update_tag()

    def set_influences(self, values: Iterable[tuple[str, str, float]]) -> None:
        """Set the influence of constraints of bones."""
        for bone, name, value in values:
            self._copy.pose.bones[bone].constraints[name].influence = value

    def turn(self, bones: Sequence[str], rotations: Array) -> None:
        """Set the rotations (N, 4) of bones that were put to rest."""
        pose = self._copy.pose.bones
        for name, value in zip(bones, rotations.tolist(), strict=True):
            pose[name].rotation_quaternion = value

    def move(self, bones: Sequence[str], locations: Array) -> None:
        """Set the locations (N, 3) of bones."""
        pose = self._copy.pose.bones
        for name, value in zip(bones, locations.tolist(), strict=True):
            pose[name].location = value

    def evaluated(self) -> Any:
        """The armature object as it is evaluated now; it holds until the next change."""
        self._layer.update()
        return self._copy.evaluated_get(self._layer.depsgraph)

    def matrices(self, bones: Sequence[str]) -> tuple[Array, Array]:
        """Orientations (N, 4) and heads (N, 3) of bones as evaluated now, armature space."""
        pose = self.evaluated().pose.bones
        matrices = np.array([pose[name].matrix for name in bones], dtype=np.float64)
        matrices = matrices.reshape(-1, 4, 4)
        columns = matrices[:, :3, :3]
        y = rotation.normalize(columns[:, :, 1])
        x = columns[:, :, 0] - y * np.sum(columns[:, :, 0] * y, axis=-1, keepdims=True)
        x = rotation.normalize(x)
        turned = rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))
        return turned, matrices[:, :3, 3]


@contextmanager
def posed_copy(armature: Any, without: Iterable[tuple[str, str]] = ()) -> Iterator[PosedCopy]:
    """A copy of an armature, all its bones at rest, for trying poses on; it is gone afterwards.

    Parameters
    ----------
    armature : bpy.types.Object
        Not changed.
    without : pairs of bone and constraint
        Constraints that the copy lacks.
    """
    frame = bpy.context.scene.frame_current
    scene = bpy.data.scenes.new("Virtual Conductor trial")
    copy = data = None
    try:
        # Blender has the copy's constraints and drivers point to the copy where they did to itself.
        copy = armature.copy()
        if copy.animation_data is not None:
            copy.animation_data.use_nla = False
            copy.animation_data.action = None
        if armature.data.pose_position == "REST":
            data = copy.data = armature.data.copy()
            data.pose_position = "POSE"
        for bone, name in without:
            constraint = copy.pose.bones[bone].constraints[name]
            _drop_drivers(copy, constraint.path_from_id())
            copy.pose.bones[bone].constraints.remove(constraint)
        scene.collection.objects.link(copy)
        _put_to_rest(copy)
        scene.frame_set(frame)
        # Creates the dependency graph.
        scene.view_layers[0].update()
        yield PosedCopy(scene, copy)
    finally:
        bpy.data.scenes.remove(scene)
        if copy is not None:
            bpy.data.objects.remove(copy)
        if data is not None:
            bpy.data.armatures.remove(data)


def _put_to_rest(copy: Any) -> None:
    """Take the transforms of all bones away: what is left over of a pose is none of the motion."""
    count = len(copy.pose.bones)
    for name, values in _AT_REST.items():
        copy.pose.bones.foreach_set(name, values * count)


def _drop_drivers(copy: Any, path: str) -> None:
    if copy.animation_data is None:
        return
    for curve in list(copy.animation_data.drivers):
        if curve.data_path.startswith(f"{path}."):
            copy.animation_data.drivers.remove(curve)
