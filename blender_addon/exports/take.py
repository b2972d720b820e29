"""The animation as evaluated: bones, face keys and objects in the world over time."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .bones import ExportBones

_PHASE: Final = "reading the animation"
_CLOCK: Final = ("fps", "fps_base", "frame_map_old", "frame_map_new")
# A sample that falls this little after the last frame is the last frame.
_FRAME_SLACK: Final = 1e-3
# Entries of matrices, metres and cosines, that differ by less are those of one pose.
_STILL: Final = 1e-5


@dataclass(frozen=True)
class Take:
    """What moves, at evenly spaced times; sample k is k / rate seconds after the first frame.

    Parameters
    ----------
    rate : float
        Samples a second.
    names : tuple of str, length B
        Of the bones.
    parents : (B,) int array
        Parents before their children; −1 for roots.
    rest : (B, 4, 4) array
        Bones at rest in the world, metres, without scale, their Y along the bone.
    lengths : (B,) array
        Of the bones at rest, metres.
    bones : (T, B, 4, 4) array
        The same bones as posed, with the scale they have beside their rest.
    objects : dict
        Name of an object to its matrices in the world, (T, 4, 4).
    keys : dict
        Name of an object with shape keys to their values, (T, K), the basis first.
    """

    rate: float
    names: tuple[str, ...]
    parents: NDArray[np.int64]
    rest: Array
    lengths: Array
    bones: NDArray[np.float32]
    objects: dict[str, Array]
    keys: dict[str, NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.bones)

    @property
    def moves(self) -> bool:
        """Whether any bone does."""
        return bool(np.ptp(self.bones, axis=0).max(initial=0.0) > _STILL)


def sample_frames(first: int, last: int, fps: float, rate: float) -> Array:
    """Scene frames, fractional, at which samples of a range are taken, (T,).

    Samples start on the first frame; the last is the last frame, or the first time after it.
    """
    if last < first:
        raise ConductorError("The scene's frame range is empty; set its start before its end.")
    count = int(np.ceil((last - first) / fps * rate - _FRAME_SLACK)) + 1
    frames: Array = first + np.arange(count) * (fps / rate)
    return np.minimum(frames, last)


def read_take(
    scene: Any,
    armature: Any,
    bones: ExportBones,
    frames: Array,
    rate: float,
    *,
    objects: Sequence[Any] = (),
    faces: Sequence[Any] = (),
    progress: Progress = no_progress,
) -> Take:
    """Evaluate constraints, drivers, NLA strips and edited keys at every sample.

    The scene is neither played nor changed: a scratch scene holds what moves alone, and meshes with
    their modifiers off, so that none of them is bent.

    Parameters
    ----------
    scene : bpy.types.Scene
        Its frame rate.
    armature : bpy.types.Object
        Whose bones.
    bones : ExportBones
        Which of them.
    frames : (T,) array
        From `sample_frames`.
    rate : float
        Samples a second.
    objects : sequence of bpy.types.Object
        Objects whose place is wanted.
    faces : sequence of bpy.types.Object
        Meshes whose shape keys' values are wanted.
    progress : Progress
        Hears [0, 1].

    Raises
    ------
    Cancelled
        If the progress callback asked to stop.
    """
    posed = np.empty((len(frames), len(bones.names), 4, 4), np.float32)
    worlds = np.empty((len(frames), 4, 4))
    places = {item.name: np.empty((len(frames), 4, 4)) for item in objects}
    values = {item.name: _empty_values(item, len(frames)) for item in faces}
    pose = np.empty((len(armature.pose.bones), 16), np.float32)
    order = [armature.pose.bones.find(name) for name in bones.names]
    with _scratch_scene(scene, [armature, *objects, *faces]) as scratch:
        depsgraph = scratch.view_layers[0].depsgraph
        for k, frame in enumerate(frames):
            progress(k / len(frames), _PHASE)
            whole = int(np.floor(frame))
            scratch.frame_set(whole, subframe=min(float(frame) - whole, 1.0 - 1e-6))
            evaluated = armature.evaluated_get(depsgraph)
            evaluated.pose.bones.foreach_get("matrix", pose.ravel())
            # Blender hands matrices over column by column.
            posed[k] = pose[order].reshape(-1, 4, 4).transpose(0, 2, 1)
            worlds[k] = evaluated.matrix_world
            for item in objects:
                places[item.name][k] = item.evaluated_get(depsgraph).matrix_world
            for item in faces:
                blocks = item.data.shape_keys.evaluated_get(depsgraph).key_blocks
                blocks.foreach_get("value", values[item.name][k])
    for item in faces:
        values[item.name][:, [block.mute for block in item.data.shape_keys.key_blocks]] = 0.0
    rest, scale = _rest_in_world(bones, worlds[0])
    for k, world in enumerate(worlds.astype(np.float32)):
        posed[k] = world @ posed[k]
    posed[:, :, :3, :3] /= scale[:, None, :].astype(np.float32)
    ends = bones.rig.tails[bones.chosen] - bones.rig.heads[bones.chosen]
    lengths = np.linalg.norm(ends @ worlds[0, :3, :3].T, axis=1)
    progress(1.0, _PHASE)
    return Take(rate, bones.names, bones.parents, rest, lengths, posed, places, values)


def _empty_values(item: Any, count: int) -> NDArray[np.float32]:
    return np.empty((count, len(item.data.shape_keys.key_blocks)), np.float32)


def _rest_in_world(bones: ExportBones, world: Array) -> tuple[Array, Array]:
    """Rest in the world (B, 4, 4) without the scale that it has there, and that, (B, 3)."""
    stood = world @ bones.rig.matrices[bones.chosen]
    scale = np.linalg.norm(stood[:, :3, :3], axis=1)
    stood[:, :3, :3] /= scale[:, None, :]
    return stood, scale


@contextmanager
def _scratch_scene(scene: Any, objects: list[Any]) -> Iterator[Any]:
    """A scene with these objects alone, to be seen and with no modifier on, for a while."""
    scratch = bpy.data.scenes.new("Virtual Conductor export")
    with ExitStack() as held:
        held.callback(bpy.data.scenes.remove, scratch)
        for name in _CLOCK:
            setattr(scratch.render, name, getattr(scene.render, name))
        for item in dict.fromkeys(objects):
            scratch.collection.objects.link(item)
            for thing in (item, *item.modifiers):
                name = "hide_viewport" if thing is item else "show_viewport"
                held.callback(setattr, thing, name, getattr(thing, name))
                setattr(thing, name, False)
        # Creates the dependency graph.
        scratch.view_layers[0].update()
        yield scratch
