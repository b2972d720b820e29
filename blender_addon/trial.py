"""Some frames of what is going to be keyed, tried on a copy of the armature."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation
from retarget.fit import Fit
from retarget.ik_controls import ControlPoses, solved_pose
from retarget.rig_pose import RigPose
from retarget.rotation import Array
from retarget.solve import Solution

from .posed_copy import PosedCopy, posed_copy

_EVENLY: Final = 12
_EXTREMES: Final = 12

Frames = NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """What is keyed, at some frames.

    Parameters
    ----------
    solution : Solution
        The mapped bones, S frames.
    left_out : frozenset of str
        Bones of the solution that get no keys.
    controls : ControlPoses
        Targets and poles, S frames.
    properties, influences : tuples of (bone, name, value)
        What is set for all frames.
    """

    solution: Solution
    left_out: frozenset[str]
    controls: ControlPoses
    properties: tuple[tuple[str, str, float], ...]
    influences: tuple[tuple[str, str, float], ...]

    @property
    def keyed(self) -> tuple[str, ...]:
        """The bones of the solution that are turned by keys."""
        taken = self.left_out | set(self.controls.bones)
        return tuple(bone for bone in self.solution.bones if bone not in taken)

    def prepare(self, copy: PosedCopy) -> None:
        """Set what holds for all frames."""
        copy.rest([*self.solution.bones, *self.controls.bones])
        copy.set_properties(self.properties)
        copy.set_influences(self.influences)

    def pose(self, copy: PosedCopy, frame: int) -> None:
        """Set one frame."""
        solution, controls = self.solution, self.controls
        rows = [solution.bones.index(bone) for bone in self.keyed]
        copy.turn(self.keyed, solution.rotations[frame, rows])
        copy.turn(controls.bones, controls.rotations[frame])
        copy.move(controls.bones, controls.locations[frame])
        if solution.root_bone in self.keyed:
            copy.move([solution.root_bone], solution.location[frame : frame + 1])

    def evaluate(
        self, armature: Any, bones: Sequence[str], without: Iterable[tuple[str, str]] = ()
    ) -> tuple[Array, Array]:
        """Orientations (S, N, 4) and heads (S, N, 3) of bones as Blender evaluates them.

        Parameters
        ----------
        armature : bpy.types.Object
            The rig; it is not changed.
        bones : sequence of str
            Which are read.
        without : pairs of bone and constraint
            Constraints that are taken away.
        """
        count = len(self.solution.location)
        turns = np.empty((count, len(bones), 4))
        heads = np.empty((count, len(bones), 3))
        with posed_copy(armature, without) as copy:
            self.prepare(copy)
            for frame in range(count):
                self.pose(copy, frame)
                turns[frame], heads[frame] = copy.matrices(bones)
        return turns, heads


def sample_frames(solution: Solution, bones: Iterable[str]) -> Frames:
    """Frames spread over a solution, and those where some bones are turned farthest."""
    count = len(solution.location)
    frames = set(np.linspace(0, count - 1, min(count, _EVENLY)).round().astype(int).tolist())
    extremes: list[int] = []
    for bone in bones:
        if bone in solution.bones:
            vectors = rotation.to_rotation_vector(solution.rotations[:, solution.bones.index(bone)])
            extremes += [*np.argmax(vectors, axis=0).tolist(), *np.argmin(vectors, axis=0).tolist()]
    # Those that are extreme for several bones first.
    often = sorted(set(extremes), key=lambda frame: (-extremes.count(frame), frame))
    return np.array(sorted(frames | set(often[:_EXTREMES])), dtype=np.int64)


def at_frames(solution: Solution, frames: Frames) -> Solution:
    """A solution at some of its frames."""
    return Solution(
        solution.bones,
        solution.rotations[frames],
        solution.root_bone,
        solution.location[frames],
    )


def expected(
    fit: Fit, solution: Solution, placed: dict[str, Array], bones: Sequence[str]
) -> tuple[Array, Array]:
    """The same as `Trial.evaluate` reads, as the solution has it, armature space.

    Parameters
    ----------
    fit : Fit
        The rig.
    solution : Solution
        S frames.
    placed : dict
        Bones that stand elsewhere than their parents have them, to where they are (S, 3),
        canonical axes.
    bones : sequence of str
        Which are asked for.
    """
    count = len(solution.location)
    pose = solved_pose(fit, solution)
    pose = RigPose(fit, pose.wanted, pose.places | placed)
    turns = np.empty((count, len(bones), 4))
    heads = np.empty((count, len(bones), 3))
    for i, bone in enumerate(bones):
        turns[:, i] = rotation.multiply(fit.axes, pose.rotation(bone))
        heads[:, i] = rotation.rotate(fit.axes, pose.position(bone))
    return turns, heads
