"""Which bones of an armature are exported, and which bone each of them then hangs on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rig import RigMap, RigRest

# A deforming bone that starts where a control starts, as seen from the size of the rig, and points
# the same way, is moved by it.
_SAME_PLACE: Final = 1e-3
_SAME_WAY_COSINE: Final = np.cos(np.radians(5.0))


@dataclass(frozen=True)
class ExportBones:
    """The bones of an export, parents before their children.

    Parameters
    ----------
    rig : RigRest
        The whole armature.
    chosen : (B,) int array
        Which of its bones.
    parents : (B,) int array
        Index among `chosen` of each one's parent, −1 for roots.
    stands_for : (all bones,) int array
        Index among `chosen` of the bone that moves as each bone of the rig does: itself, a
        deforming bone in its place, or that of the nearest ancestor with one; −1 for none.
    """

    rig: RigRest
    chosen: NDArray[np.int64]
    parents: NDArray[np.int64]
    stands_for: NDArray[np.int64]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Their names in the armature."""
        return tuple(self.rig.bones[i] for i in self.chosen)

    def of(self, bone: str) -> int:
        """Index of the exported bone that moves as a bone of the rig does; −1 for none."""
        return int(self.stands_for[self.rig.index[bone]]) if bone in self.rig.index else -1


def below(parents: NDArray[np.int64], root: int) -> NDArray[np.int64]:
    """A bone and all that hang on it, it first; parents stand before their children."""
    inside = np.zeros(len(parents), bool)
    inside[root] = True
    for i, parent in enumerate(parents):
        inside[i] |= parent >= 0 and inside[parent]
    return np.flatnonzero(inside)


def choose_bones(rig: RigRest, deform: NDArray[np.bool_], rig_map: RigMap | None) -> ExportBones:
    """The bones that deform; where most mapped bones have no such part in it, those too.

    Controls and mechanism are left out: a generated Rigify rig gives 160 of its 706 bones. What
    hung on one of them hangs on the deforming bone in its place, or on what that hangs on.

    Parameters
    ----------
    rig : RigRest
        The armature, B bones.
    deform : (B,) bool array
        Bones that meshes may follow.
    rig_map : RigMap, optional
        Which of them play joints, of a rig that is known.
    """
    mapped = [rig.index[bone] for bone in rig_map.bones] if rig_map is not None else []
    keep = deform.copy()
    twins = _twins(rig, keep)
    if 2 * sum(twins[i] >= 0 for i in mapped) < len(mapped) or not keep.any():
        keep[mapped] = True
        keep |= not keep.any()
        twins = _twins(rig, keep)
    chosen = np.flatnonzero(keep)
    place = np.full(len(rig.bones), -1)
    place[chosen] = np.arange(len(chosen))
    stands_for = np.full(len(rig.bones), -1)
    parents = np.full(len(chosen), -1)
    # A twin may come later in the rig than what hangs on the bone it stands for.
    for bone in range(len(rig.bones)):
        if twins[bone] >= 0:
            stands_for[bone] = place[twins[bone]]
        elif rig.parents[bone] >= 0:
            stands_for[bone] = stands_for[rig.parents[bone]]
    for i, bone in enumerate(chosen):
        parents[i] = _parent(rig, bone, i, stands_for)
    return _sorted(rig, chosen, _without_circles(parents), stands_for)


def hips_of(bones: ExportBones, rig_map: RigMap | None) -> int:
    """Index among the exported bones of the hips: what both legs and the head hang on.

    Of a rig that is not known, the root on which most bones hang.
    """
    if rig_map is not None:
        ends = [
            bones.of(rig_map.strands[joint][0][0])
            for joint in ("thigh.L", "thigh.R", "head", "chest", "upper_arm.L", "upper_arm.R")
            if joint in rig_map.strands
        ]
        shared = set.intersection(*(set(_ancestors(bones, end)) for end in ends if end >= 0))
        if shared:
            # Parents stand before their children.
            return max(shared)
    roots = np.flatnonzero(bones.parents < 0)
    return int(max(roots, key=lambda root: len(below(bones.parents, root))))


def _ancestors(bones: ExportBones, bone: int) -> list[int]:
    """A bone and what it hangs on."""
    found = []
    while bone >= 0:
        found.append(bone)
        bone = int(bones.parents[bone])
    return found


def _twins(rig: RigRest, keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each bone itself if it is kept, else a kept bone in its place, else −1."""
    heads, ways = rig.heads, rig.matrices[:, :3, 1]
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    near = _SAME_PLACE * max(float(np.ptp(heads, axis=0).max()), 1e-9)
    kept = np.flatnonzero(keep)
    found = np.full(len(rig.bones), -1)
    for bone in range(len(rig.bones)):
        apart = np.linalg.norm(heads[kept] - heads[bone], axis=1)
        fits = (apart <= near) & (ways[kept] @ ways[bone] >= _SAME_WAY_COSINE)
        if fits.any():
            found[bone] = kept[np.argmax(fits)]
    found[kept] = kept
    return found


def _parent(rig: RigRest, bone: int, own: int, stands_for: NDArray[np.int64]) -> int:
    above = int(rig.parents[bone])
    while above >= 0 and stands_for[above] == own:
        above = int(rig.parents[above])
    return int(stands_for[above]) if above >= 0 else -1


def _without_circles(parents: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two bones that would hang on each other both become roots of what hangs on them."""
    parents = parents.copy()
    for bone in range(len(parents)):
        seen = {bone}
        above = int(parents[bone])
        while above >= 0:
            if above in seen:
                parents[bone] = -1
                break
            seen.add(above)
            above = int(parents[above])
    return parents


def _sorted(
    rig: RigRest,
    chosen: NDArray[np.int64],
    parents: NDArray[np.int64],
    stands_for: NDArray[np.int64],
) -> ExportBones:
    """The same with parents before their children."""
    depth = np.zeros(len(parents), int)
    for bone in range(len(parents)):
        above = int(parents[bone])
        while above >= 0:
            depth[bone] += 1
            above = int(parents[above])
    order = np.argsort(depth, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))

    def moved(indices: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(indices >= 0, place[indices], -1)

    return ExportBones(rig, chosen[order], moved(parents[order]), moved(stands_for))
