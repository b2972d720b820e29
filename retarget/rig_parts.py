"""Parts of a body that are told by where bones stand: trunk, head, digits and twist bones."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

import numpy as np

from .rig import Strand
from .rig_tree import RigTree
from .rotation import Array

# How high above the line of the shoulders skulls start, beside the way from hips to shoulders: 0.28
# in our own skeleton, 0.43 in MakeHuman's, where shoulders hang lower. A head ends at 0.7 and more.
_SKULL: Final = 0.5
# A bone so near to its parent, beside that way, carries the parent's face.
_NEAR: Final = 0.12
_NOT_HIGHER: Final = 0.05
# A row of bones is a finger's from the second on where the first starts nearer to the wrist than
# this part of the way to the second: that one is in the palm.
_PALM: Final = 0.45
# No finger has more bones that bend.
_PHALANGES: Final = 3
# A twist bone stands no farther from its limb than this part of the limb's length.
_BESIDE: Final = 0.1
# More bones than these do not hang from a twist bone beside a limb.
_FEW: Final = 6


def split_trunk(trunk: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The bones between hips and neck, from below, as (spine, chest).

    The chest gets half of them, rounded down, and one at least.
    """
    at = len(trunk) - max(1, len(trunk) // 2)
    return tuple(trunk[:at]), tuple(trunk[at:])


def find_head(
    tree: RigTree, chest: int, arms: Collection[int], up: Array, shoulders: Array, trunk: float
) -> list[int]:
    """The row of bones from below `chest` to the head; empty where there is none.

    Parameters
    ----------
    tree : RigTree
        The armature.
    chest : int
        The bone that the arms hang from.
    arms : collection of int
        The first bones of both arms; nothing below them is looked at.
    up : (3,) array
        From the hips to the shoulders, unit.
    shoulders : (3,) array
        The middle of the shoulders.
    trunk : float
        From the hips to the shoulders.
    """
    row = [child for child in tree.children[chest] if child not in arms]
    for bone in row:
        row += tree.children[bone]
        if len(row) > 5000:
            break
    if not row:
        return []
    away = tree.heads[row] - shoulders
    high = away @ up
    aside = np.linalg.norm(away - high[:, None] * up, axis=1)
    central = (aside < 0.35 * trunk + 0.3 * np.abs(high)) & (high > 0.04 * trunk)
    if not central.any():
        return []
    top = row[int(np.argmax(np.where(central, high - 0.5 * aside, -np.inf)))]
    path = tree.path(chest, top)
    heights = (tree.heads[path] - shoulders) @ up / trunk
    costs = []
    for place, bone in enumerate(path):
        height = heights[place]
        if height < 0.02:
            costs.append(np.inf)
            continue
        busy = _bears_face(tree, bone, up, trunk)
        face_below = place > 0 and _bears_face(tree, path[place - 1], up, trunk)
        # What stands before the head and no higher is its face or jaw.
        level = place > 0 and height - heights[place - 1] < _NOT_HIGHER
        off = float(np.log(height / _SKULL))
        cost = max(2.0 * off, -0.4 * off) - 0.5 * busy + 0.5 * face_below
        costs.append(cost + 0.6 * level)
    if not np.isfinite(costs).any():
        return []
    return path[: int(np.argmin(costs)) + 1]


def _bears_face(tree: RigTree, bone: int, up: Array, trunk: float) -> bool:
    """Whether a bone, or its child beside it, has three children or two side by side."""
    close = [
        child
        for child in tree.children[bone]
        if tree.lengths[child] < _NEAR * trunk
        and (tree.heads[child] - tree.heads[bone]) @ up < _NOT_HIGHER * trunk
    ]
    return any(
        len(tree.children[place]) >= 3 or _has_twins(tree, place, up) for place in (bone, *close)
    )


def _has_twins(tree: RigTree, bone: int, up: Array) -> bool:
    """Whether two of a bone's children stand side by side, as eyes do."""
    places = tree.heads[tree.children[bone]] - tree.heads[bone]
    if len(places) < 2:
        return False
    flat = places - (places @ up)[:, None] * up
    lengths = np.linalg.norm(places, axis=1)
    for i in range(min(len(places), 12)):
        for j in range(i):
            size = max(lengths[i], lengths[j])
            apart = float(np.linalg.norm(flat[i] - flat[j]))
            if abs(lengths[i] - lengths[j]) < 0.05 * size and apart > 0.2 * size:
                return True
    return False


def digit_rows(tree: RigTree, hand: int) -> list[list[int]]:
    """The rows of bones of a hand's digits, without those in the palm and behind the third.

    A row may start below bones that several digits share, as metacarpals do in some rigs.
    """
    rows: list[list[int]] = []
    for child in tree.children[hand]:
        for start in _digit_starts(tree, child):
            row = tree.longest(start)
            if tree.reach[start] > 0.0:
                rows.append(row)
    wrist = tree.heads[hand]
    if not rows:
        # A bone or two at the end of a hand hold something; three are fingers in one piece.
        leaves = [[child] for child in tree.children[hand] if _away(tree, child, wrist) > 1e-9]
        return leaves[:5] if len(leaves) >= 3 else []
    # Fingers are about as long; what is much longer is held, what is much shorter a helper.
    usual = sorted(tree.reach[row[0]] for row in rows)[len(rows) // 2]
    rows = [row for row in rows if 0.2 * usual < tree.reach[row[0]] < 4.0 * usual]
    return [_without_palm(tree, row, wrist) for row in rows]


def _digit_starts(tree: RigTree, bone: int) -> list[int]:
    """Where rows start below a bone of the palm that forks into several."""
    forks = [child for child in tree.children[bone] if tree.reach[child] > 0.0]
    if len(forks) >= 2 and len(tree.children[bone]) == len(forks):
        return [start for child in forks for start in _digit_starts(tree, child)]
    return [bone]


def _without_palm(tree: RigTree, row: list[int], wrist: Array) -> list[int]:
    away = [_away(tree, bone, wrist) for bone in row]
    # The last bone of four may be a tip, and the first of three a thumb's: both start far out.
    if len(row) > _PHALANGES and away[0] < _PALM * away[1]:
        row = row[1:]
    return row[:_PHALANGES]


def _away(tree: RigTree, bone: int, place: Array) -> float:
    return float(np.linalg.norm(tree.heads[bone] - place))


def order_digits(tree: RigTree, hand: int, rows: list[list[int]]) -> dict[str, list[list[int]]]:
    """Which digits a hand's rows of bones are: "thumb", "index" and "fingers", as far as it has.

    The thumb starts nearest to the wrist; the index finger is the one beside it.
    """
    if not rows:
        return {}
    if len(rows) == 1:
        return {"fingers": rows}
    wrist = tree.heads[hand]
    bases = np.array([tree.heads[row[0]] for row in rows]) - wrist
    tips = np.array([tree.heads[row[-1]] for row in rows]) - wrist
    along = np.median(tips, axis=0)
    along = along / max(float(np.linalg.norm(along)), 1e-12)
    thumb = int(np.argmin(bases @ along + 0.5 * (tips @ along)))
    others = [i for i in range(len(rows)) if i != thumb]
    found = {"thumb": [rows[thumb]]}
    if len(others) == 1:
        return found | {"fingers": [rows[others[0]]]}
    across = bases[others] - (bases[others] @ along)[:, None] * along
    line = across - across.mean(axis=0)
    axis = np.linalg.svd(line, full_matrices=False)[2][0]
    side = float((bases[thumb] - bases[others].mean(axis=0)) @ axis)
    if abs(side) < 1e-9:
        side = float((tips[thumb] - tips[others].mean(axis=0)) @ axis)
    ranks = line @ axis * (1.0 if side > 0.0 else -1.0)
    order = [others[i] for i in np.argsort(-ranks, kind="stable")][:4]
    return found | {"index": [rows[order[0]]], "fingers": [rows[i] for i in order[1:]]}


def stands_on(tree: RigTree, bone: int, start: int, end: int) -> bool:
    """Whether a bone stands on the way from one bone to another, but not at its end."""
    way = tree.heads[end] - tree.heads[start]
    length = float(np.linalg.norm(way))
    if length < 1e-12:
        return False
    off = tree.heads[bone] - tree.heads[start]
    share = float(off @ way) / length**2
    beside = float(np.linalg.norm(off - share * way))
    return -0.05 <= share <= 0.97 and beside <= _BESIDE * length


def twist_bones(
    tree: RigTree, start: int, end: int, is_twist: Callable[[str, str], bool] | None = None
) -> tuple[int, ...]:
    """The twist bones of a limb's bone, from the body outwards.

    They are the bones in the way from it to the next joint's, and bones beside that have nothing
    but other twist bones below.

    Parameters
    ----------
    tree : RigTree
        The armature.
    start, end : int
        The limb's bone and the next joint's, which hangs below it.
    is_twist : callable, optional
        Whether a bone's name is that of a twist bone of another; without, place alone tells.
    """
    names = tree.rig.bones

    def known(bone: int) -> bool:
        return is_twist is None or is_twist(names[bone], names[start])

    between = tree.path(start, end)[:-1]
    inside = [bone for bone in between if known(bone)]
    beside = []
    for parent in [start, *between]:
        row = [child for child in tree.children[parent] if child not in between and child != end]
        for bone in row:
            if known(bone) and stands_on(tree, bone, start, end) and len(tree.below(bone)) <= _FEW:
                beside.append(bone)
                row += tree.children[bone]
    way = tree.heads[end] - tree.heads[start]
    return tuple(
        sorted(inside + beside, key=lambda b: float((tree.heads[b] - tree.heads[start]) @ way))
    )


def limb_twists(
    tree: RigTree,
    strands: Mapping[str, tuple[Strand, ...]],
    is_twist: Callable[[str, str], bool] | None = None,
) -> dict[str, tuple[str, ...]]:
    """The twist bones of all limbs.

    Parameters
    ----------
    tree : RigTree
        The armature.
    strands : mapping
        Its map's strands.
    is_twist : callable, optional
        Whether a bone's name is that of a twist bone of another; without, place alone tells.
    """
    index = tree.rig.index
    mapped = {bone for rows in strands.values() for row in rows for bone in row}
    found = {}
    for stem, after in (
        ("upper_arm", "forearm"),
        ("forearm", "hand"),
        ("thigh", "shin"),
        ("shin", "foot"),
    ):
        for side in ("L", "R"):
            joint, end = f"{stem}.{side}", f"{after}.{side}"
            if joint not in strands or end not in strands:
                continue
            upper, lower = index[strands[joint][0][0]], index[strands[end][0][0]]
            if not tree.is_below(lower, upper):
                continue
            twists = tuple(
                tree.rig.bones[bone]
                for bone in twist_bones(tree, upper, lower, is_twist)
                if tree.rig.bones[bone] not in mapped
            )
            if twists:
                found[joint] = twists
    return found
