"""Constraints that would take bones away from the keys of a motion."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.fit import Fit
from retarget.rotation import Array

from .ik_limbs import chain_bones
from .posed_copy import PosedCopy
from .trial import Trial

# What a constraint may turn or move a bone by before it counts: radians, metres of a body of 1.75.
_TURN: Final = np.radians(2.0)
_SHIFT_M: Final = 0.01
# So many single constraints are looked at before all that are suspected are named.
_MOST_TRIALS: Final = 24
_CHAINS: Final = ("IK", "SPLINE_IK")
_NAMED: Final = 3
_ROUNDS: Final = 4

_IF_NOT: Final = (
    "Have the Action mute what is in the way (Mute Constraints in the panel, --mute-constraints on "
    "the command), or remove it."
)
_IF_DRIVEN: Final = (
    "A driver sets its influence, so the Action cannot mute it; switch it off there, or remove it."
)

Pair = tuple[str, str]
"""A bone and the name of a constraint of it."""


@dataclass(frozen=True)
class Override:
    """A constraint that takes mapped bones away from their keys.

    Parameters
    ----------
    bone, name : str
        Whose it is and what it is called.
    moved : tuple of str
        The mapped bones that it takes along.
    object : str
        Name of the object that it follows, if that is not the armature itself.
    """

    bone: str
    name: str
    moved: tuple[str, ...]
    object: str = ""

    @property
    def sentence(self) -> str:
        """What it would do."""
        moved = listed(self.moved)
        follows = f", which follows '{self.object}'," if self.object else ""
        return (
            f"The constraint '{self.name}' on '{self.bone}'{follows} would take {moved} away from "
            "the motion."
        )


def suspects(
    armature: Any, fit: Fit, trial: PosedCopy, bones: Iterable[str]
) -> dict[str, list[Pair]]:
    """Keyed bones to the constraints, as pairs, that are active and may turn them.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig.
    fit : Fit
        Of this armature.
    trial : PosedCopy
        With all properties set as they will be.
    bones : iterable of str
        The keyed bones.
    """
    evaluated = trial.evaluated().pose.bones
    active: dict[str, list[Pair]] = {}
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            now = evaluated[bone.name].constraints[constraint.name]
            if now.mute or now.influence <= 0.0 or not constraint.is_valid:
                continue
            chain = constraint.type in _CHAINS
            moved = chain_bones(bone, constraint) if chain else (bone.name,)
            for each in moved:
                active.setdefault(each, []).append((bone.name, constraint.name))
    mapped = {*fit.map.bones, *(twist.bone for twist in fit.twists)}
    found: dict[str, list[Pair]] = {}
    for name in bones:
        pairs = list(active.get(name, ()))
        # Mechanism bones between the controls of a family have their constraints for a purpose.
        if name not in fit.map.parents:
            for parent in armature.pose.bones[name].parent_recursive:
                if parent.name in mapped:
                    break
                pairs += active.get(parent.name, ())
        if pairs:
            found[name] = list(dict.fromkeys(pairs))
    return found


def find_overrides(
    armature: Any,
    fit: Fit,
    trial: Trial,
    wanted: tuple[Array, Array],
    bones: Sequence[str],
    suspected: dict[str, list[Pair]],
    leading: Collection[Pair] = (),
) -> tuple[Override, ...]:
    """The constraints that take bones away from what is wanted, as evaluation tells.

    Every one that is named was taken away from a copy of the armature, and the bones then went
    where they should.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig; it is not changed.
    fit : Fit
        Of this armature.
    trial : Trial
        What is going to be keyed, S frames.
    wanted : (S, N, 4) and (S, N, 3) arrays
        Orientations and heads of the bones, armature space.
    bones : sequence of str
        The bones of `wanted`.
    suspected : dict
        See `suspects`.
    leading : pairs of bone and constraint
        Those whose targets are keyed: they are suspected only where no other explains it.
    """
    if not suspected:
        return ()
    look = _Look(armature, fit, trial, wanted, bones)
    removed: dict[Pair, set[str]] = {}
    off = look.off(())
    # A constraint that is taken away may uncover another one, a limit say.
    for _ in range(_ROUNDS):
        new = [
            pair
            for bone in bones
            for pair in suspected.get(bone, ())
            if bone in off and pair not in removed
        ]
        new = [pair for pair in new if pair not in leading] or new
        if not new:
            break
        for pair in new:
            removed[pair] = {bone for bone in off if pair in suspected.get(bone, ())}
        off = look.off(removed)
    # Those that change nothing are innocent: bones that are off without them too have other causes.
    explained = {pair: moved - off for pair, moved in removed.items()}
    guilty = {pair: moved for pair, moved in explained.items() if moved}
    shared = [
        pair
        for pair, moved in guilty.items()
        if any(other != pair and moved & guilty[other] for other in guilty)
    ]
    alone = dict(guilty)
    for pair in shared[:_MOST_TRIALS]:
        alone[pair] = guilty[pair] & look.off([other for other in guilty if other != pair])
    lost = set().union(*guilty.values()) - set().union(*alone.values()) if guilty else set()
    # Those that do it only together are all named.
    guilty = {pair: alone[pair] | (moved & lost) for pair, moved in guilty.items()}
    return tuple(
        Override(*pair, tuple(b for b in bones if b in moved), _foreign(armature, pair))
        for pair, moved in guilty.items()
        if moved
    )


class _Look:
    """Which bones are off without some constraints."""

    def __init__(
        self,
        armature: Any,
        fit: Fit,
        trial: Trial,
        wanted: tuple[Array, Array],
        bones: Sequence[str],
    ) -> None:
        self._armature, self._trial = armature, trial
        self._shift = _SHIFT_M * fit.scale
        self._bones = tuple(bones)
        keyed = set(trial.keyed)
        above = {bone: _leader(fit, bone, self._bones) for bone in self._bones}
        # What hangs from bones that get no keys goes with them, wherever they are.
        self._judged = [b for b in self._bones if b in keyed and above[b] not in trial.left_out]
        self._above = [self._bones.index(leader) if leader else -1 for leader in above.values()]
        self._wanted = self._local(*wanted)

    def off(self, without: Iterable[Pair]) -> set[str]:
        turns, heads = self._local(*self._trial.evaluate(self._armature, self._bones, without))
        angle = _angles(turns, self._wanted[0]).max(axis=0)
        shift = np.linalg.norm(heads - self._wanted[1], axis=-1).max(axis=0)
        return {
            bone
            for i, bone in enumerate(self._bones)
            if bone in self._judged and (angle[i] > _TURN or shift[i] > self._shift)
        }

    def _local(self, turns: Array, heads: Array) -> tuple[Array, Array]:
        """As seen from the keyed bones above."""
        local_turns, local_heads = turns.copy(), heads.copy()
        for i, k in enumerate(self._above):
            if k >= 0:
                back = rotation.conjugate(turns[:, k])
                local_turns[:, i] = rotation.multiply(back, turns[:, i])
                local_heads[:, i] = rotation.rotate(back, heads[:, i] - heads[:, k])
        return local_turns, local_heads


def _leader(fit: Fit, bone: str, bones: Sequence[str]) -> str | None:
    """The nearest of some bones that a bone moves with."""
    row = fit.follows(bone)
    while row >= 0 and fit.rig.bones[row] not in bones:
        row = fit.follows(fit.rig.bones[row])
    return fit.rig.bones[row] if row >= 0 else None


def _angles(a: Array, b: Array) -> Array:
    """Angles between rotations (..., 4), radians."""
    turn = rotation.multiply(rotation.conjugate(a), b)
    size = np.linalg.norm(turn[..., 1:], axis=-1)
    return np.asarray(2.0 * np.arctan2(size, np.abs(turn[..., 0])))


def _foreign(armature: Any, pair: Pair) -> str:
    """Name of the object that a constraint follows, if that is not the armature."""
    bone, name = pair
    target = getattr(armature.pose.bones[bone].constraints[name], "target", None)
    return target.name if target not in (None, armature) else ""


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and 4 more"."""
    if len(names) > _NAMED:
        return f"{', '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def told(overrides: Sequence[Override], *, driven: bool) -> tuple[str, ...]:
    """Sentences on constraints that override, the first few by name.

    Parameters
    ----------
    overrides : sequence of Override
        Those that are not muted.
    driven : bool
        Whether they cannot be muted, because drivers set their influence.
    """
    remedy = _IF_DRIVEN if driven else _IF_NOT
    named, more = overrides[:_NAMED], overrides[_NAMED:]
    sentences = [each.sentence for each in named]
    if more:
        bones = tuple(dict.fromkeys(each.bone for each in more))
        constraints = "One more constraint" if len(more) == 1 else f"{len(more)} more constraints"
        sentences.append(f"{constraints} would do so too, on {listed(bones)}.")
    return (*sentences, remedy) if sentences else ()
