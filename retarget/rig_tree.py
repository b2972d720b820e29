"""`RigTree`: an armature as a tree of joints, by heads and parents alone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .rig import RigRest
from .rotation import Array


@dataclass(frozen=True)
class RigTree:
    """Who hangs below whom, and how far the bones reach. Bones are numbers, −1 is above the roots.

    Parameters
    ----------
    rig : RigRest
        The armature; a parent always stands before its children.
    """

    rig: RigRest

    @cached_property
    def parents(self) -> list[int]:
        """Each bone's parent."""
        return [*self.rig.parents.tolist()]

    @cached_property
    def heads(self) -> Array:
        """Where each bone starts, (B, 3)."""
        return np.ascontiguousarray(self.rig.heads, dtype=np.float64)

    @cached_property
    def children(self) -> list[list[int]]:
        """Each bone's children; the last list holds the roots, so that −1 finds it."""
        lists: list[list[int]] = [[] for _ in range(len(self.parents) + 1)]
        for bone, parent in enumerate(self.parents):
            lists[parent].append(bone)
        return lists

    @cached_property
    def lengths(self) -> list[float]:
        """From each bone's parent to the bone, 0 for roots."""
        ups = np.array([max(parent, 0) for parent in self.parents], dtype=np.int64)
        away = np.linalg.norm(self.heads - self.heads[ups], axis=1) if len(ups) else np.zeros(0)
        away[[parent < 0 for parent in self.parents]] = 0.0
        return [float(length) for length in away]

    @cached_property
    def reach(self) -> list[float]:
        """How long the longest row of bones below each bone is."""
        reach = [0.0] * len(self.parents)
        for bone in range(len(self.parents) - 1, -1, -1):
            parent = self.parents[bone]
            if parent >= 0:
                reach[parent] = max(reach[parent], reach[bone] + self.lengths[bone])
        return reach

    @cached_property
    def sizes(self) -> list[int]:
        """How many bones hang below each bone, itself among them."""
        sizes = [1] * len(self.parents)
        for bone in range(len(self.parents) - 1, -1, -1):
            if self.parents[bone] >= 0:
                sizes[self.parents[bone]] += sizes[bone]
        return sizes

    def above(self, bone: int) -> list[int]:
        """The bone and all bones above it, up to its root."""
        row = []
        while bone >= 0:
            row.append(bone)
            bone = self.parents[bone]
        return row

    def below(self, bone: int) -> list[int]:
        """The bone and all bones below it; a parent before its children."""
        row = [bone] if bone >= 0 else list(self.children[-1])
        for other in row:
            row += self.children[other]
        return row

    def is_below(self, bone: int, other: int) -> bool:
        """Whether a bone hangs below another, or is the same."""
        while bone > other:
            bone = self.parents[bone]
        return bone == other

    def common(self, a: int, b: int) -> int:
        """The lowest bone that both hang below, −1 where they have different roots."""
        while a != b:
            if a > b:
                a = self.parents[a]
            else:
                b = self.parents[b]
        return a

    def path(self, upper: int, lower: int) -> list[int]:
        """The bones from below `upper` down to `lower`."""
        row = []
        while lower not in (upper, -1):
            row.append(lower)
            lower = self.parents[lower]
        return row[::-1]

    def longest(self, bone: int) -> list[int]:
        """The row of bones from `bone` on that reaches farthest."""
        row = [bone]
        while self.children[row[-1]]:
            row.append(max(self.children[row[-1]], key=lambda b: self.reach[b] + self.lengths[b]))
        return row

    def fullest(self, bone: int) -> list[int]:
        """The row of bones from `bone` on that follows the child with most bones below it."""
        row = [bone]
        while self.children[row[-1]]:
            row.append(max(self.children[row[-1]], key=lambda b: (self.sizes[b], self.reach[b])))
        return row
