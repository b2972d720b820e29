"""How well the rig families of `rigs/` fit an armature, by the names of its bones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from . import skeleton
from .rig import IkControl, RigMap, RigRest, Strand
from .rig_family import (
    Family,
    Rows,
    Slot,
    families,
    forearm_names,
    squashed_forearm_names,
    squashed_name,
    written_out,
)
from .rig_parts import split_trunk

# A joint whose bone is there but hangs from the wrong one.
_MISPLACED: Final = 0.5

Keys = Mapping[str, Sequence[str]]
"""What a name is looked up by, to the bones that have it."""


@dataclass(frozen=True)
class Match:
    """How well one family fits an armature.

    Parameters
    ----------
    map : RigMap
        The joints that were found.
    score : float
        Share of the required joints that are there and hang below the right joints, in [0, 1],
        plus a hundredth of the share of all joints, and as much for bones that only this family
        has: that tells families apart that share names.
    missing : tuple of str
        Bones of required joints that are not there.
    misplaced : tuple of str
        Bones of required joints that do not hang below the bone they should.
    whole : bool
        Whether every joint the family knows is there, the baton aside.
    """

    map: RigMap
    score: float
    missing: tuple[str, ...]
    misplaced: tuple[str, ...]
    whole: bool

    @property
    def complete(self) -> bool:
        """Whether every required joint is there and in its place."""
        return not self.missing and not self.misplaced


def exact_keys(rig: RigRest) -> dict[str, tuple[str, ...]]:
    """Bones by their names as written, and by what follows a namespace."""
    keys: dict[str, tuple[str, ...]] = dict(zip(rig.bones, zip(rig.bones), strict=True))
    # Most armatures have no namespace at all.
    spaced = [name for name in rig.bones if ":" in name] if ":" in "".join(rig.bones) else []
    for name in spaced:
        bare = name.rsplit(":", 1)[-1]
        keys[bare] = (*keys.get(bare, ()), name)
    return keys


def matches(rig: RigRest, keys: Keys, *, squashed: bool = False) -> list[Match]:
    """How well each family fits, in the order of the families' file names.

    Parameters
    ----------
    rig : RigRest
        The armature.
    keys : mapping
        What to look names up by: `exact_keys` or `rig_names.name_keys`.
    squashed : bool
        Whether names are looked up without case and separators.
    """
    found = []
    for key in families():
        arms = squashed_forearm_names(key) if squashed else forearm_names(key)
        if keys.keys().isdisjoint(arms):
            continue
        family = written_out(key)
        names = family.squashed if squashed else family.names
        there = sum(any(name in keys for name in row) for row in names)
        if 2 * there > len(names):
            found.append(_Finder(rig, family, keys, squashed).match())
    return found


class _Finder:
    """Looks the bones of one family up in an armature."""

    def __init__(self, rig: RigRest, family: Family, keys: Keys, squashed: bool) -> None:
        self._rig = rig
        self._family = family
        self._keys = keys
        self._squashed = squashed

    def match(self) -> Match:
        family = self._family
        parents = {
            bone: leader
            for names, leaders in family.follows
            if (bone := self._first(names)) and (leader := self._first(leaders))
        }
        best: Match | None = None
        bodies: list[Match] = []
        hips = [
            bone for row in family.joints["hips"] for slot in row for bone in self._candidates(slot)
        ]
        # Where several bones have the name of the hips, their bodies are tried one by one.
        for root in hips[:4] if hips else [""]:
            match = self._match(root, parents)
            if best is None or match.score > best.score + 1e-9:
                best = match
            if match.complete and all(_apart(match.map, other.map) for other in bodies):
                bodies.append(match)
        assert best is not None
        if len(bodies) < 2:
            return best
        doubt = (
            f"The armature '{self._rig.name}' holds {len(bodies)} bodies; the one with the bone "
            f"'{best.map.strands['hips'][0][0]}' is taken."
        )
        return replace(best, map=replace(best.map, doubts=(doubt,)))

    def _match(self, hips: str, parents: dict[str, str]) -> Match:
        family = self._family
        strands: dict[str, tuple[Strand, ...]] = {}
        for joint, rows in family.joints.items():
            found = ((hips,),) if joint == "hips" and hips else self._strands(rows, hips, parents)
            if found:
                strands[joint] = found
        if "chest" in strands and "spine" not in family.joints:
            spine, chest = split_trunk(list(strands["chest"][0]))
            strands["chest"] = (chest,)
            if spine:
                strands["spine"] = (spine,)
                strands = {joint: strands[joint] for joint in skeleton.NAMES if joint in strands}
        missing = tuple(
            family.joints[joint][0][0][0] for joint in family.required if joint not in strands
        )
        wrong = {joint for joint in strands if not _hangs_right(self._rig, strands, parents, joint)}
        misplaced = tuple(strands[joint][0][0] for joint in family.required if joint in wrong)
        good = len(family.required) - len(missing) - len(misplaced)
        score = good / len(family.required) + 0.01 * len(strands) / len(skeleton.NAMES)
        score += 0.01 * self._marked()
        rig_map = RigMap(
            family=family.key,
            label=family.label,
            strands=strands,
            parents=parents,
            properties=self._properties(family.properties),
            sure={joint: _MISPLACED if joint in wrong else 1.0 for joint in strands},
            ik=self._ik(),
        )
        whole = all(joint in strands or joint == "baton" for joint in family.joints)
        return Match(rig_map, score, missing, misplaced, whole)

    def _marked(self) -> float:
        """1 where the family's marks are all there, −1 where they are not, 0 without any."""
        marks = self._family.marks
        if not marks:
            return 0.0
        bones = self._rig.bones
        return 1.0 if all(any(m.fullmatch(bone) for bone in bones) for m in marks) else -1.0

    def _candidates(self, slot: Slot) -> list[str]:
        if self._squashed:
            return [bone for name in slot for bone in self._keys.get(squashed_name(name), ())]
        return [bone for name in slot for bone in self._keys.get(name, ())]

    def _first(self, slot: Slot) -> str:
        return next(iter(self._candidates(slot)), "")

    def _strands(self, rows: Rows, hips: str, parents: dict[str, str]) -> tuple[Strand, ...]:
        strands = []
        for row in rows:
            strand: list[str] = []
            for slot in row:
                bone = self._in_body(self._candidates(slot), hips, parents)
                if bone and bone not in strand:
                    strand.append(bone)
            if strand:
                strands.append(tuple(strand))
        return tuple(strands)

    def _in_body(self, bones: list[str], hips: str, parents: dict[str, str]) -> str:
        """The first of some bones that belongs to the body of these hips, if several are there."""
        if len(bones) < 2 or not hips:
            return bones[0] if bones else ""
        inside = (b for b in bones if _is_below(self._rig, parents, b, hips))
        return next(inside, bones[0])

    def _properties(
        self, wanted: tuple[tuple[Slot, str, float], ...]
    ) -> tuple[tuple[str, str, float], ...]:
        return tuple(
            (bone, name, value) for slot, name, value in wanted if (bone := self._first(slot))
        )

    def _ik(self) -> dict[str, IkControl]:
        return {
            joint: IkControl(
                target, (self._first(pole) or None) if pole else None, self._properties(properties)
            )
            for joint, slot, pole, properties in self._family.ik
            if (target := self._first(slot))
        }


def _apart(a: RigMap, b: RigMap) -> bool:
    return not set(a.bones) & set(b.bones)


def _is_below(rig: RigRest, parents: dict[str, str], bone: str, wanted: str) -> bool:
    for _ in rig.bones:
        if bone == wanted:
            return True
        parent = parents.get(bone)
        if parent is None:
            number = int(rig.parents[rig.index[bone]])
            if number < 0:
                return False
            parent = rig.bones[number]
        bone = parent
    return False


def _hangs_right(
    rig: RigRest, strands: dict[str, tuple[Strand, ...]], parents: dict[str, str], joint: str
) -> bool:
    """Whether the joint's bone lies below the bone of the nearest joint above it."""
    above = skeleton.joint_above(joint, strands)
    return above is None or _is_below(rig, parents, strands[joint][0][0], strands[above][0][-1])
