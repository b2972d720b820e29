"""A body by the shape of its skeleton, where names say nothing.

Two pairs of like limbs that hang from two bones, with a trunk between them and a head above the
upper pair: those are arms and legs. Bones beside that (twist, IK targets, hair, skirts, tails,
wings, weapons, faces) are left alone. Only heads and parents are looked at, never tails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from . import skeleton
from .rig import RigMap, RigRest, Strand
from .rig_facing import facing
from .rig_limbs import Limb, Pair, find_pairs
from .rig_parts import digit_rows, find_head, limb_twists, order_digits, split_trunk
from .rig_tree import RigTree
from .rotation import Array

# How sure shape alone is of trunk and limbs, and of digits.
_SURE: Final = 0.75
_SURE_OF_DIGITS: Final = 0.6
# A body must come to this much, of which its limbs give some 5 and its build the rest.
_LEAST: Final = 3.5
# Another body counts as one from this part of the best's score on.
_SECOND: Final = 0.85
# Legs of an animal stand side by side, across its trunk: cosines of 37 and 57 degrees.
_PARALLEL: Final = 0.8
_ACROSS: Final = 0.55
# How much a name's side says beside the way the body faces.
_NAMED: Final = 2.0


FOUR_LEGS: Final = "it stands on four legs"
"""What is found where an animal is."""


@dataclass(frozen=True)
class Body:
    """Arms, legs, trunk and head of a skeleton, bones by number.

    Parameters
    ----------
    arms : Pair
        Both arms.
    legs : Pair, optional
        Both legs, where there are any.
    hips : int
        The bone that carries all.
    trunk : list of int
        From above the hips to the bone that the arms hang from.
    head : list of int
        From above the trunk to the head.
    up : (3,) array
        From hips to shoulders, unit.
    score : float
        How much this looks like a body.
    """

    arms: Pair
    legs: Pair | None
    hips: int
    trunk: list[int]
    head: list[int]
    up: Array
    score: float


def map_by_structure(
    rig: RigRest, named_sides: Mapping[str, str] | None = None
) -> tuple[RigMap | None, str]:
    """The map that the skeleton's shape tells.

    Parameters
    ----------
    rig : RigRest
        The armature.
    named_sides : mapping, optional
        Bone to "L" or "R" where its name tells the side.

    Returns
    -------
    map : RigMap or None
        None where no body can be told.
    found : str
        What was found, for a message; "" with a map.
    """
    tree = RigTree(rig)
    pairs = find_pairs(tree)
    bodies = _bodies(tree, pairs)
    if not bodies:
        return None, _what_was_found(tree, pairs)
    body = bodies[0]
    if four_legged(tree, body):
        return None, FOUR_LEGS
    doubts = []
    if any(_apart(tree, body, other) for other in bodies[1:] if _is_second(body, other)):
        doubts.append(
            f"The armature '{rig.name}' holds two bodies; the one with the bone "
            f"'{rig.bones[body.hips]}' is taken."
        )
    return _as_map(tree, body, named_sides or {}, doubts), ""


def _bodies(tree: RigTree, pairs: list[Pair]) -> list[Body]:
    """Bodies that the pairs of limbs make, the best first."""
    found = []
    for arms, legs in product(pairs[:24], pairs[:24]):
        body = None if arms is legs else _body(tree, arms, legs)
        if body is not None:
            found.append(body)
    if not found:
        found = [body for arms in pairs[:24] if (body := _body(tree, arms, None)) is not None]
    return sorted((b for b in found if b.score >= _LEAST), key=lambda body: -body.score)


def _body(tree: RigTree, arms: Pair, legs: Pair | None) -> Body | None:
    shoulders = _middle(tree, arms)
    if legs is None:
        return _legless(tree, arms, shoulders)
    if arms.at == legs.at or _overlap(tree, arms, legs):
        return None
    hips = tree.common(arms.at, legs.at)
    score = 0.0
    if hips < 0:
        # Legs that are roots of their own.
        if legs.at >= 0:
            return None
        hips = tree.above(arms.at)[-1]
        score -= 0.5
    elif hips == legs.at:
        score += 1.0
    elif hips == arms.at:
        return None
    trunk = tree.path(hips, arms.at)
    if not trunk:
        return None
    way = shoulders - _middle(tree, legs)
    length = float(np.linalg.norm(way))
    if length < 0.1 * legs.length:
        return None
    up = way / length
    score += arms.score + legs.score
    score -= 2.0 * _outside(np.log(length / legs.length), np.log(0.35), np.log(1.5))
    score -= 2.0 * _outside(np.log(arms.length / legs.length), np.log(0.45), np.log(1.4))
    fingers = min(limb.digits for limb in arms.limbs)
    toes = min(limb.digits for limb in legs.limbs)
    score += 0.5 * float(np.clip(fingers - toes, -2, 2))
    down = [tree.heads[limb.end] - tree.heads[limb.upper] for limb in legs.limbs]
    score -= 0.5 * float(np.mean([d @ up / max(np.linalg.norm(d), 1e-12) for d in down]))
    # Skirts hang from hips too, but nothing there is as long as the legs.
    score += min(legs.length / length, 2.2)
    head = find_head(tree, arms.at, [limb.row[0] for limb in arms.limbs], up, shoulders, length)
    if not head:
        return None
    score += 1.0
    if hips == legs.at:
        hips = _lowest_hips(tree, hips, _middle(tree, legs), length)
    trunk, neck = _without_neck(tree, tree.path(hips, arms.at), shoulders, up, length)
    return Body(arms, legs, hips, trunk, [*neck, *head], up, score)


def _lowest_hips(tree: RigTree, hips: int, thighs: Array, trunk: float) -> int:
    """The bone above where the legs hang from the spine, so that the bone above is the hips."""

    def away(bone: int) -> float:
        return float(np.linalg.norm(tree.heads[bone] - thighs))

    if away(hips) < 0.15 * trunk:
        return hips
    nearest = min(tree.above(hips)[:4], key=away)
    return nearest if away(nearest) < min(0.15 * trunk, 0.8 * away(hips)) else hips


def _without_neck(
    tree: RigTree, trunk: list[int], shoulders: Array, up: Array, length: float
) -> tuple[list[int], list[int]]:
    """The trunk, and the bones at its top where arms hang from the neck."""
    count = len(trunk)
    while count > 1 and (tree.heads[trunk[count - 1]] - shoulders) @ up > -0.03 * length:
        count -= 1
    return trunk[:count], trunk[count:]


def _legless(tree: RigTree, arms: Pair, shoulders: Array) -> Body | None:
    """A bust: two arms on a trunk that ends below."""
    above = tree.above(arms.at)
    if len(above) < 2:
        return None
    # A root far below is no part of the trunk.
    hips = next(
        (
            bone
            for bone in above[1:]
            if tree.parents[bone] < 0 or tree.lengths[bone] > 0.8 * arms.length
        ),
        above[-1],
    )
    way = shoulders - tree.heads[hips]
    length = float(np.linalg.norm(way))
    if not 0.3 * arms.length < length < 2.5 * arms.length:
        return None
    up = way / length
    head = find_head(tree, arms.at, [limb.row[0] for limb in arms.limbs], up, shoulders, length)
    span = np.ptp(tree.heads, axis=0)
    if not head or arms.length < 0.12 * float(np.linalg.norm(span)):
        return None
    fingers = min(limb.digits for limb in arms.limbs)
    score = arms.score + 1.0 + 0.25 * fingers
    return Body(arms, None, hips, tree.path(hips, arms.at), head, up, score)


def _outside(value: float, low: float, high: float) -> float:
    return float(max(0.0, low - value, value - high))


def _middle(tree: RigTree, pair: Pair) -> Array:
    return np.mean([tree.heads[limb.upper] for limb in pair.limbs], axis=0)


def _overlap(tree: RigTree, a: Pair, b: Pair) -> bool:
    """Whether one pair hangs from the other's limbs, or shares them."""
    for one, other in ((a, b), (b, a)):
        firsts = [limb.row[0] for limb in one.limbs]
        if any(tree.is_below(other.at, first) for first in firsts):
            return True
    return bool({x.row[0] for x in a.limbs} & {x.row[0] for x in b.limbs})


def _is_second(body: Body, other: Body) -> bool:
    return other.score >= _SECOND * body.score


def _apart(tree: RigTree, body: Body, other: Body) -> bool:
    """Whether two bodies have no bone in common."""
    mine = {body.hips, *body.trunk}
    theirs = {other.hips, *other.trunk}
    limbs = {limb.upper for limb in body.arms.limbs}
    if mine & theirs or limbs & {limb.upper for limb in other.arms.limbs}:
        return False
    below = tree.is_below(other.hips, body.hips) or tree.is_below(body.hips, other.hips)
    return not below


def four_legged(tree: RigTree, body: Body) -> bool:
    """Whether both pairs of limbs are an animal's legs; see `on_all_fours`."""
    if body.legs is None:
        return False
    ways = [
        np.array([tree.heads[limb.end] - tree.heads[limb.upper] for limb in pair.limbs])
        for pair in (body.arms, body.legs)
    ]
    fingers, toes = (min(limb.digits for limb in pair.limbs) for pair in (body.arms, body.legs))
    trunk = tree.heads[body.trunk[-1]] - tree.heads[body.hips]
    return (fingers < 3 or abs(fingers - toes) <= 1) and on_all_fours(ways[0], ways[1], trunk)


def on_all_fours(arms: Array, legs: Array, trunk: Array) -> bool:
    """Whether both pairs of limbs point the same way, across the trunk.

    Parameters
    ----------
    arms, legs : (2, 3) arrays
        From shoulders to wrists and from hips to ankles.
    trunk : (3,) array
        From the hips to the bone that the arms hang from.
    """
    fore, hind, along = (
        way / max(float(np.linalg.norm(way)), 1e-12)
        for way in (arms.sum(axis=0), legs.sum(axis=0), trunk)
    )
    across = max(abs(fore @ along), abs(hind @ along))
    return bool(fore @ hind > _PARALLEL and across < _ACROSS)


def _as_map(tree: RigTree, body: Body, named_sides: Mapping[str, str], doubts: list[str]) -> RigMap:
    bones = tree.rig.bones
    first, second = body.arms.limbs
    left = tree.heads[first.upper] - tree.heads[second.upper]
    if body.legs is not None:
        one, other = body.legs.limbs
        across = tree.heads[one.upper] - tree.heads[other.upper]
        legs = (one, other) if across @ left >= 0.0 else (other, one)
        apart = tree.heads[legs[0].upper] - tree.heads[legs[1].upper]
        left = left / np.linalg.norm(left) + apart / max(float(np.linalg.norm(apart)), 1e-12)
    left = left - body.up * (left @ body.up)
    left = left / max(float(np.linalg.norm(left)), 1e-12)
    pairs: dict[str, tuple[Limb, Limb]] = {"arm": (first, second)}
    if body.legs is not None:
        pairs["leg"] = legs
    joints = _joints(tree, body, pairs, ("L", "R"))
    sure_of_sides = facing(tree, {joint: row[0][0] for joint, row in joints.items()}, left, body.up)
    said = _named_sides(bones, pairs, named_sides)
    if abs(said) > 0.0:
        sure_of_sides = (sure_of_sides + _NAMED * said) / (1.0 + _NAMED)
    if sure_of_sides < 0.0:
        joints = _joints(tree, body, pairs, ("R", "L"))
    if abs(sure_of_sides) < 0.2:
        doubts.append(
            f"The skeleton of '{tree.rig.name}' hardly tells its left from its right; "
            "look whether they are exchanged."
        )
    strands = {
        joint: tuple(tuple(bones[bone] for bone in row) for row in joints[joint])
        for joint in skeleton.NAMES
        if joint in joints
    }
    return RigMap(
        family="structure",
        label="skeleton of its own kind",
        strands=strands,
        sure=_sure(strands, min(1.0, 0.5 + abs(sure_of_sides))),
        twists=limb_twists(tree, strands),
        doubts=tuple(doubts),
    )


def _joints(
    tree: RigTree,
    body: Body,
    pairs: Mapping[str, tuple[Limb, Limb]],
    sides: tuple[str, str],
) -> dict[str, list[list[int]]]:
    """Canonical joint to its rows of bones."""
    spine, chest = split_trunk([str(bone) for bone in body.trunk])
    found: dict[str, list[list[int]]] = {"hips": [[body.hips]]}
    for joint, row in (("spine", spine), ("chest", chest)):
        if row:
            found[joint] = [[int(bone) for bone in row]]
    found["head"] = [[body.head[-1]]]
    if body.head[:-1]:
        found["neck"] = [body.head[:-1]]
    for limbs, stems in ((pairs["arm"], ("upper_arm", "forearm", "hand")),) + (
        ((pairs["leg"], ("thigh", "shin", "foot")),) if "leg" in pairs else ()
    ):
        for limb, side in zip(limbs, sides, strict=True):
            for stem, bone in zip(stems, (limb.upper, limb.lower, limb.end), strict=True):
                found[f"{stem}.{side}"] = [[bone]]
            if stems[0] == "upper_arm":
                if limb.row[0] != limb.upper:
                    found[f"clavicle.{side}"] = [[limb.row[0]]]
                digits = order_digits(tree, limb.end, digit_rows(tree, limb.end))
                for stem, rows in digits.items():
                    found[f"{stem}.{side}"] = rows
    return found


def _named_sides(
    bones: tuple[str, ...],
    pairs: Mapping[str, tuple[Limb, Limb]],
    named: Mapping[str, str],
) -> float:
    """How much the names say that the pairs' first limbs are the left ones, in [−1, 1]."""
    votes = [
        (1.0 if side == "L" else -1.0) * (1.0 if place == 0 else -1.0)
        for limbs in pairs.values()
        for place, limb in enumerate(limbs)
        for bone in (limb.upper, limb.lower, limb.end)
        if (side := named.get(bones[bone], ""))
    ]
    return float(np.mean(votes)) if votes else 0.0


def _sure(strands: Mapping[str, tuple[Strand, ...]], of_sides: float) -> dict[str, float]:
    sure = {}
    for joint in strands:
        stem, _, side = joint.partition(".")
        base = _SURE_OF_DIGITS if stem in ("thumb", "index", "fingers") else _SURE
        sure[joint] = round(base * (of_sides if side else 1.0), 3)
    return sure


def _what_was_found(tree: RigTree, pairs: list[Pair]) -> str:
    count = len(tree.parents)
    if count == 0:
        return "it has no bones"
    among = "in its one bone" if count == 1 else f"among its {count} bones"
    if not pairs:
        return f"{among} there are no two limbs alike"
    return f"{among} there are like limbs, but no trunk and head for two arms"
