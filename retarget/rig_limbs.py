"""Arms and legs by shape alone: pairs of like limbs that hang from one bone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .rig_tree import RigTree

# Limbs shorter than this part of the armature's longest row are none.
_SHORTEST: Final = 0.08
# Bones with more children than this are looked through at their longest children only.
_MOST: Final = 24
# How far the lengths of both sides' limbs may differ: the logarithm of their ratio.
_ALIKE: Final = 0.15
# The upper part of a limb beside the lower one, as a logarithm: grown arms 0.11, legs 0.02.
_USUAL_RATIO: Final = 0.06
# Rows of bones are looked along so far.
_LONGEST_ROW: Final = 14


@dataclass(frozen=True)
class Limb:
    """One arm or leg.

    Parameters
    ----------
    row : tuple of int
        Its bones from the trunk outwards, up to the wrist or ankle.
    upper, lower, end : int
        The bones of upper arm, forearm and hand, or thigh, shin and foot.
    lengths : (float, float)
        Of the upper and the lower part.
    digits : int
        Rows of bones at its end.
    score : float
        How much it looks like a limb.
    """

    row: tuple[int, ...]
    upper: int
    lower: int
    end: int
    lengths: tuple[float, float]
    digits: int
    score: float

    @property
    def length(self) -> float:
        """Of both parts."""
        return self.lengths[0] + self.lengths[1]


@dataclass(frozen=True)
class Pair:
    """Two like limbs that hang from the same bone.

    Parameters
    ----------
    at : int
        That bone, −1 for two roots.
    limbs : (Limb, Limb)
        In no order of sides.
    score : float
        How much they look like a body's.
    """

    at: int
    limbs: tuple[Limb, Limb]
    score: float

    @property
    def length(self) -> float:
        """Of a limb, the mean of both."""
        return 0.5 * (self.limbs[0].length + self.limbs[1].length)


def find_pairs(tree: RigTree) -> list[Pair]:
    """All pairs of limbs, those that look most like limbs first."""
    size = max(
        (tree.reach[root] for root in tree.children[-1]),
        default=0.0,
    )
    least = _SHORTEST * size
    if least <= 0.0:
        return []
    pairs = []
    for at in range(-1, len(tree.parents)):
        row = [child for child in tree.children[at] if tree.reach[child] >= least]
        if len(row) < 2:
            continue
        if len(row) > _MOST:
            # Long strands of hair and cloth have more bones than a limb.
            strands = {bone: len(tree.longest(bone)) > _LONGEST_ROW for bone in row}
            row = sorted(row, key=lambda bone: (strands[bone], -tree.reach[bone]))[:_MOST]
        limbs = [limb for bone in row if (limb := find_limb(tree, at, bone)) is not None]
        pairs += [
            pair
            for i, limb in enumerate(limbs)
            for other in limbs[i + 1 :]
            if (pair := _pair(tree, at, limb, other)) is not None
        ]
    return sorted(pairs, key=lambda pair: -pair.score)[:60]


def find_limb(tree: RigTree, at: int, first: int) -> Limb | None:
    """The limb that starts with the bone `first` below `at`, if it is one."""
    best: Limb | None = None
    rows = {tuple(tree.longest(first)[:_LONGEST_ROW]), tuple(tree.fullest(first)[:_LONGEST_ROW])}
    for row in sorted(rows):
        limb = _best_split(tree, at, row)
        if limb is not None and (best is None or limb.score > best.score):
            best = limb
    return best


def _best_split(tree: RigTree, at: int, row: tuple[int, ...]) -> Limb | None:
    """The row's bones of shoulder, elbow and wrist, so that the parts are those of a limb."""
    places = tree.heads[list(row)]
    steps = np.array([tree.lengths[bone] for bone in row])
    steps[0] = 0.0
    arcs = np.cumsum(steps)
    rests = [_usual_reach(tree, bone) for bone in row]
    digits = [_count_digits(tree, bone) for bone in row]
    best: tuple[float, int, int, int] | None = None
    for i in range(min(4, len(row) - 2)):
        offset = tree.lengths[row[i]] if i == 0 and at >= 0 else 0.0
        offset += arcs[i]
        for j in range(i + 1, len(row) - 1):
            upper = arcs[j] - arcs[i]
            if upper <= 0.0:
                continue
            bent = 1.0 - float(np.linalg.norm(places[j] - places[i])) / upper
            for k in range(j + 1, len(row)):
                lower = arcs[k] - arcs[j]
                whole = upper + lower
                if lower <= 0.0:
                    continue
                ratio = np.log(upper / lower) - _USUAL_RATIO
                score = 2.0 - 4.0 * ratio**2
                # Between its joints a limb is straight, however the foot or hand turns off it.
                bends = bent + 1.0 - float(np.linalg.norm(places[k] - places[j])) / lower
                score -= 7.0 * max(0.0, bends - 0.02)
                score -= 5.0 * min(max(0.0, rests[k] / whole - 0.55), 0.25)
                score -= 2.0 * max(0.0, offset / whole - 0.5)
                score -= 0.25 * (k - i - 2) + 0.12 * i
                score += 0.25 * min(digits[k], 5) - 0.2 * (digits[i] + digits[j] > 0)
                if best is None or score > best[0]:
                    best = (score, i, j, k)
    if best is None or best[0] < 0.0:
        return None
    score, i, j, k = best
    return Limb(
        row=row[: k + 1],
        upper=row[i],
        lower=row[j],
        end=row[k],
        lengths=(float(arcs[j] - arcs[i]), float(arcs[k] - arcs[j])),
        digits=digits[k],
        score=float(score),
    )


def _usual_reach(tree: RigTree, bone: int) -> float:
    """How far the rows below a bone reach, one that is longer than all others aside: a weapon."""
    reaches = sorted(tree.reach[child] + tree.lengths[child] for child in tree.children[bone])
    return reaches[len(reaches) // 2] if reaches else 0.0


def _count_digits(tree: RigTree, bone: int) -> int:
    """How many rows of two bones and more start at a bone, if they are about as long."""
    reaches = sorted(
        (tree.reach[child] for child in tree.children[bone] if tree.reach[child] > 0.0),
        reverse=True,
    )
    if len(reaches) < 2:
        return 0
    return sum(reach > 0.3 * reaches[len(reaches) // 2] for reach in reaches)


def _pair(tree: RigTree, at: int, a: Limb, b: Limb) -> Pair | None:
    for mine, other in zip(a.lengths, b.lengths, strict=True):
        if abs(np.log(mine / other)) > _ALIKE:
            return None
    if len(a.row) != len(b.row) and abs(np.log(a.length / b.length)) > 0.5 * _ALIKE:
        return None
    if at >= 0:
        starts = [tree.heads[limb.upper] - tree.heads[at] for limb in (a, b)]
        far = [float(np.linalg.norm(start)) for start in starts]
        if abs(far[0] - far[1]) > 0.3 * max(far) + 0.05 * a.length:
            return None
    apart = float(np.linalg.norm(tree.heads[a.upper] - tree.heads[b.upper]))
    if apart < 0.02 * a.length:
        return None
    return Pair(at, (a, b), 0.5 * (a.score + b.score) + min(apart / a.length, 0.6))
