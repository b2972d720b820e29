"""A map by what bones are called, whoever named them: the words of `rig_words.toml`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from . import skeleton
from .rig import RigMap, RigRest
from .rig_names import BoneName, read_names, word_table
from .rig_parts import digit_rows, find_head, order_digits, split_trunk
from .rig_tree import RigTree
from .rotation import Array

# How sure a joint is whose bone a name tells, and one that is told by its place among named ones.
_SURE: Final = 0.9
_SURE_BY_PLACE: Final = 0.7
# How far hands and feet start beyond wrists and ankles that have bones of their own, beside the
# limb's lower part: nearer they are in one place, farther that bone is in the middle of the limb.
_BEYOND: Final = (0.1, 0.8)
# How far a hand or foot that hangs loose is from elbow or knee, beside the limb's upper part.
_LOOSE: Final = (0.6, 1.6)
_DIGITS_OF_A_HAND: Final = 5
_ARM: Final = ("clavicle", "upper_arm", "forearm", "hand")
_LEG: Final = ("thigh", "shin", "foot")


@dataclass(frozen=True)
class _Limb:
    """Joint stems and their bones by number, from the body outwards."""

    bones: dict[str, int]
    kind: int


def map_by_names(
    rig: RigRest, names: Sequence[BoneName] | None = None, *, sparse: bool = False
) -> RigMap | None:
    """The map that names tell, None where they do not tell both arms, hips and head.

    Parameters
    ----------
    rig : RigRest
        The armature.
    names : sequence of BoneName, optional
        What `read_names` says of its bones.
    sparse : bool
        Whether limbs of one bone will do, as block figures have them.
    """
    names = read_names(rig.bones) if names is None else names
    tree = RigTree(rig)
    needed = (("upper_arm",), ("thigh",)) if sparse else (_ARM[1:3], _LEG[:2])
    arms = {side: _limb(tree, names, side, "arms", _ARM, needed[0]) for side in "LR"}
    if arms["L"] is None or arms["R"] is None:
        return None
    legs = {side: _limb(tree, names, side, "legs", _LEG, needed[1]) for side in "LR"}
    found: dict[str, list[list[int]]] = {}
    for side in "LR":
        for limb in (arms[side], legs[side]):
            for stem, bone in (limb.bones if limb else {}).items():
                found[f"{stem}.{side}"] = [[bone]]
    trunk = _trunk(tree, names, found)
    if trunk is None:
        return None
    found |= trunk
    placed = set()
    for side in "LR":
        hand = found.get(f"hand.{side}")
        if hand is None:
            continue
        digits, by_place = _digits(tree, names, hand[0][0], side)
        for stem, rows in digits.items():
            found[f"{stem}.{side}"] = rows
            if by_place:
                placed.add(f"{stem}.{side}")
    strands = {
        joint: tuple(tuple(rig.bones[bone] for bone in row) for row in found[joint])
        for joint in skeleton.NAMES
        if joint in found
    }
    named = _named_joints(names, found)
    sure = {
        joint: _SURE if joint in named and joint not in placed else _SURE_BY_PLACE
        for joint in strands
    }
    return RigMap("names", "rig with plain names", strands, sure=sure)


def _limb(
    tree: RigTree,
    names: Sequence[BoneName],
    side: str,
    table: str,
    stems: tuple[str, ...],
    needed: tuple[str, ...],
) -> _Limb | None:
    """The bones of one limb, by the way of naming that finds most of them in a row."""
    mine = [(i, name) for i, name in enumerate(names) if name.side == side and name.kind >= 0]
    best: _Limb | None = None
    for scheme in word_table()[table]:
        for kind in sorted({name.kind for _, name in mine}):
            limb = _row(tree, mine, scheme, stems, kind)
            if limb is None or not all(stem in limb.bones for stem in needed):
                continue
            if best is None or len(limb.bones) > len(best.bones):
                best = limb
    return best


def _row(
    tree: RigTree,
    mine: list[tuple[int, BoneName]],
    scheme: dict[str, list[str]],
    stems: tuple[str, ...],
    kind: int,
) -> _Limb | None:
    options = {
        stem: _called(mine, scheme.get(stem, []), kind) for stem in stems if scheme.get(stem)
    }
    outer = [stem for stem in stems if options.get(stem)]
    if not outer:
        return None
    best: dict[str, int] = {}
    # From the end of the limb to the trunk: each bone must hang below the next.
    for last in list(reversed(outer))[:2]:
        for end in options[last][:6]:
            bones = _upwards(tree, options, outer[: outer.index(last)], {last: end})
            if last != stems[-1]:
                _add_loose_end(tree, options.get(stems[-1], []), stems, bones)
            if len(bones) > len(best):
                best = bones
    inner = next((stem for stem in reversed(stems[:-1]) if stem in best), None)
    if stems[-1] in best and inner is not None:
        best[stems[-1]] = _first_end(tree, options[stems[-1]], best[inner], best[stems[-1]])
    return _Limb({stem: best[stem] for stem in stems if stem in best}, kind) if best else None


def _upwards(
    tree: RigTree, options: dict[str, list[int]], stems: list[str], bones: dict[str, int]
) -> dict[str, int]:
    """The row's bones with those of the joints above, each of which the next hangs below."""
    below = next(iter(bones.values()))
    for stem in reversed(stems):
        above = [b for b in options[stem] if b != below and tree.is_below(below, b)]
        if above:
            bones[stem] = below = above[0]
    return bones


def _add_loose_end(
    tree: RigTree, options: list[int], stems: tuple[str, ...], bones: dict[str, int]
) -> None:
    """Add a hand or foot that does not hang from its limb, as targets of inverse kinematics do
    not, where it stands as far from elbow or knee as these are from shoulder or hip."""
    upper, lower = (bones.get(stem) for stem in stems[-3:-1])
    if upper is None or lower is None:
        return
    usual = float(np.linalg.norm(tree.heads[lower] - tree.heads[upper]))
    for bone in options:
        away = float(np.linalg.norm(tree.heads[bone] - tree.heads[lower]))
        if not tree.is_below(bone, upper) and _LOOSE[0] * usual < away < _LOOSE[1] * usual:
            bones[stems[-1]] = bone
            return


def _first_end(tree: RigTree, options: list[int], inner: int, end: int) -> int:
    """The wrist or ankle of a limb: where both "ankle" and "foot" are there, one at the end of the
    other, the one that the limb ends at."""
    for bone in tree.path(inner, end)[:-1]:
        lower, beyond = (
            float(np.linalg.norm(tree.heads[b] - tree.heads[a]))
            for a, b in ((inner, bone), (bone, end))
        )
        if bone in options and _BEYOND[0] * lower < beyond < _BEYOND[1] * lower:
            return bone
    return end


def _called(mine: list[tuple[int, BoneName]], words: list[str], kind: int) -> list[int]:
    """The bones with one of these names, the first names first; low numbers first."""
    wanted = [frozenset(name.split()) for name in words]
    found = []
    for rank, want in enumerate(wanted):
        found += [
            (rank, name.number, i) for i, name in mine if name.words == want and name.kind == kind
        ]
    return [i for _, _, i in sorted(found)]


def _trunk(
    tree: RigTree, names: Sequence[BoneName], limbs: dict[str, list[list[int]]]
) -> dict[str, list[list[int]]] | None:
    """Hips, spine, chest, neck and head by names and by what the limbs hang from."""
    shoulders = [limbs[f"upper_arm.{side}"][0][0] for side in "LR"]
    chest = tree.common(*shoulders)
    if chest < 0:
        return None
    thighs = [limbs[f"thigh.{side}"][0][0] for side in "LR" if f"thigh.{side}" in limbs]
    middle = [(i, name) for i, name in enumerate(names) if not name.side and name.kind >= 0]
    carriers = [bone for bone in tree.above(chest) if all(tree.is_below(t, bone) for t in thighs)]
    table = word_table()["joints"]
    called = [b for kind in range(3) for b in _called(middle, table["hips"], kind)]
    hips = next((bone for bone in called if bone in carriers and bone != chest), None)
    if hips is None and thighs:
        # Where arms and legs hang from one bone, it is the whole trunk.
        hips = carriers[0] if carriers else None
    if hips is None:
        return None
    trunk = tree.path(hips, chest)
    middle_of_shoulders = tree.heads[shoulders].mean(axis=0)
    way = middle_of_shoulders - tree.heads[hips]
    length = float(np.linalg.norm(way))
    if length < 1e-9:
        return None
    above = _head(tree, middle, chest, shoulders, way / length, middle_of_shoulders, length)
    if not above:
        return None
    found = {"hips": [[hips]], "head": [[above[-1]]]}
    spine, upper = split_trunk([str(bone) for bone in trunk]) if trunk else ((), ())
    if upper:
        found["chest"] = [[int(bone) for bone in upper]]
    if spine:
        found["spine"] = [[int(bone) for bone in spine]]
    if above[:-1]:
        found["neck"] = [above[:-1]]
    return found


def _head(
    tree: RigTree,
    middle: list[tuple[int, BoneName]],
    chest: int,
    shoulders: list[int],
    up: Array,
    at: Array,
    trunk: float,
) -> list[int]:
    """The row of bones from below the chest to the one called head, or the one on top."""
    table = word_table()["joints"]
    arms = [tree.path(chest, shoulder)[0] for shoulder in shoulders]
    called = [b for kind in range(3) for b in _called(middle, table["head"], kind)]
    for bone in called:
        if tree.is_below(bone, chest) and not any(tree.is_below(bone, arm) for arm in arms):
            row = tree.path(chest, bone)
            necks = {b for kind in range(3) for b in _called(middle, table["neck"], kind)}
            first = next((k for k, b in enumerate(row) if b in necks), None)
            return row if first is None else row[first:]
    return find_head(tree, chest, arms, up, at, trunk)


def _digits(
    tree: RigTree, names: Sequence[BoneName], hand: int, side: str
) -> tuple[dict[str, list[list[int]]], bool]:
    """The rows of a hand's digits, and whether their places told which is which."""
    rows = digit_rows(tree, hand)
    words = {
        digit: [frozenset(name.split()) for name in names_]
        for digit, names_ in word_table()["digits"].items()
    }
    by_digit: dict[str, list[int]] = {}
    unnamed: list[list[int]] = []
    for row in rows:
        if any(names[bone].kind < 0 for bone in row[:1]) and len(row) < 2:
            continue
        said = [
            digit
            for bone in row
            for digit, wanted in words.items()
            if any(want <= names[bone].words for want in wanted)
        ]
        if said:
            by_digit.setdefault(said[0], row)
        elif names[row[0]].kind >= 0:
            unnamed.append(row)
    found: dict[str, list[list[int]]] = {
        digit: [by_digit[digit]] for digit in ("thumb", "index") if digit in by_digit
    }
    others = [by_digit[d] for d in ("middle", "ring", "pinky") if d in by_digit]
    if others:
        found["fingers"] = others
    if len(by_digit) >= 2 or (by_digit and len(rows) == 1):
        if not unnamed or len(by_digit) + len(unnamed) > _DIGITS_OF_A_HAND:
            return found, False
        # Short forms of some names: where places agree with the others they tell these too.
        placed = order_digits(tree, hand, [*by_digit.values(), *unnamed])
        agree = all(row in placed.get(joint, ()) for joint, rows_ in found.items() for row in rows_)
        return (placed, True) if agree else (found, False)
    rows = [row for row in rows if names[row[0]].kind >= 0]
    return order_digits(tree, hand, rows), True


def _named_joints(names: Sequence[BoneName], found: dict[str, list[list[int]]]) -> set[str]:
    """The joints whose bone's own name tells them, limbs among them."""
    table = word_table()["joints"]
    words = {joint: {frozenset(name.split()) for name in names_} for joint, names_ in table.items()}
    return {
        joint
        for joint, rows in found.items()
        if "." in joint or joint not in words or names[rows[0][0]].words in words[joint]
    }
