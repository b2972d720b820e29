"""How a motion is put on a rig: which bones turn by keys, which limbs follow a target instead, and
which constraints and properties are set for that."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.carrier import ancestors
from retarget.errors import ConductorError
from retarget.fit import Fit
from retarget.ik_chains import IkChain, chain_end, pole_place, target_turn
from retarget.ik_controls import ControlPoses, control_poses, ik_controls, solved_pose
from retarget.progress import Progress, no_progress
from retarget.rig import IkControl
from retarget.rotation import Array
from retarget.solve import Solution, solve
from retarget.typical_poses import typical_poses

from .constraints import Override, Pair, find_overrides, listed, suspects, told
from .followers import Follower, find_followers, find_straying
from .ik_bake import Aims, Misses, PlacedControl, led_limbs, measure, set_right
from .ik_limbs import LIMB_JOINTS, IkConstraint, family_controls, find_ik
from .outputs import Output
from .posed_copy import PosedCopy, posed_copy
from .switches import switch_to
from .task import FixableError
from .trial import Trial, at_frames, expected, sample_frames

MUTE_OPERATOR: Final = "virtual_conductor.mute_constraints"
"""Operator that has overriding constraints muted."""

_LIMB_WORDS: Final = {
    "hand.L": "the left arm",
    "hand.R": "the right arm",
    "foot.L": "the left leg",
    "foot.R": "the right leg",
}
# What is said where it cannot be helped: metres of a body of 1.75 m, radians.
_WRIST_M: Final = 0.01
_BEND: Final = np.radians(5.0)
_HAND_TURN: Final = np.radians(2.0)

Setting = tuple[str, str, float]
"""A bone, the name of a property or constraint of it, and the value."""


@dataclass(frozen=True)
class OutputPlan:
    """What is keyed on a rig beside, and instead of, the turns of its mapped bones.

    Parameters
    ----------
    left_out : frozenset of str
        Bones of the solution that get no keys of their own, because a target leads their limb or
        they are targets themselves.
    controls : dict
        Limb ("hand.L" … "foot.R", or the last bone of another chain) to the target and pole that
        are keyed; see `control_curves`.
    properties : tuple of (bone, property, value)
        Custom properties of pose bones that get one key.
    influences : tuple of (bone, constraint, value)
        Constraints of pose bones whose influence gets one key, held.
    warnings : tuple of str
        What the user should know of it, in sentences.
    problems : tuple of str
        Constraints that would take bones away from the motion, in sentences; where there are any
        nothing is to be written.
    chains : dict
        Those of the controls that lead mapped bones themselves, which keep their keys: inverse
        kinematics starts from them.
    by_evaluation : bool
        Whether the controls have to be set right by what Blender makes of them.
    can_mute : bool
        Whether the Action could mute any of the problems.
    """

    left_out: frozenset[str]
    controls: dict[str, IkControl]
    properties: tuple[Setting, ...]
    influences: tuple[Setting, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    chains: dict[str, IkChain] = field(default_factory=dict)
    by_evaluation: bool = False
    can_mute: bool = False

    def require_no_problems(self) -> None:
        """Make sure that no constraint takes bones away from the motion.

        Raises
        ------
        ConductorError
            With those that do; a `FixableError` if the Action can mute any of them.
        """
        if self.can_mute:
            raise FixableError(" ".join(self.problems), MUTE_OPERATOR, "Mute in the Action")
        if self.problems:
            raise ConductorError(" ".join(self.problems))


def plan_output(
    armature: Any,
    fit: Fit,
    *,
    output: Output = "auto",
    mute: bool = False,
    solution: Solution | None = None,
) -> OutputPlan:
    """Decide how a motion is put on a rig; nothing of the scene is changed.

    What constraints do is found out on a copy of the armature that takes some of the poses.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig.
    fit : Fit
        Of this armature.
    output : {"auto", "fk", "ik"}
        Whether limbs are keyed bone by bone or by the targets and poles of their inverse
        kinematics. By itself a limb that inverse kinematics leads without a switch is keyed so,
        another one bone by bone.
    mute : bool
        Whether constraints that would take bones away from the motion are muted in the Action;
        otherwise they are problems.
    solution : Solution, optional
        What is going to be keyed, for judging constraints by it; some typical poses of conducting
        are taken where it is not known yet.
    """
    if solution is None:
        solution = solve(fit, typical_poses())
    followers = find_followers(armature, fit, solution.bones)
    if output != "ik" and not followers and not _any_constraints(armature, fit):
        loose = _loose_hands(armature, fit, ())
        return OutputPlan(frozenset(), {}, _there(armature, fit.map.properties), (), loose)
    draft = _Draft(armature, fit)
    with posed_copy(armature) as copy:
        copy.rest(solution.bones)
        draft.set_properties(copy, fit.map.properties)
        constraints = find_ik(armature, fit, copy)
        if output == "fk":
            draft.switch_off(copy, constraints)
        else:
            draft.add_chains(copy, constraints, switch_on=output == "ik")
        if output == "ik":
            draft.add_families(copy)
        suspected = suspects(armature, fit, copy, draft.keyed(solution))
    samples = at_frames(solution, sample_frames(solution, suspected))
    draft.try_limbs(samples)
    draft.try_constraints(samples, suspected, mute)
    draft.try_followers(samples, followers, mute)
    plan = draft.plan()
    loose = _loose_hands(armature, fit, plan.left_out)
    return replace(plan, warnings=(*plan.warnings, *loose))


def control_curves(
    armature: Any,
    plan: OutputPlan,
    fit: Fit,
    solution: Solution,
    progress: Progress = no_progress,
) -> ControlPoses:
    """Animation of the plan's targets and poles that puts hands and feet where a solution has them.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig; it is not changed.
    plan : OutputPlan
        Of this rig.
    fit : Fit
        Of this rig.
    solution : Solution
        Of this rig: T frames.
    progress : Progress
        Hears [0, 1].

    Returns
    -------
    ControlPoses
        In the bones' own rest axes, as `Solution` has them; without bones where the plan has no
        controls.
    """
    if not plan.controls:
        count = len(solution.location)
        return ControlPoses((), np.empty((count, 0, 3)), np.empty((count, 0, 4)))
    trial = _trial(fit, plan, solution)
    if not plan.by_evaluation:
        return trial.controls
    return set_right(armature, fit, trial, _aims(armature, fit, plan, solution), progress)


def _any_constraints(armature: Any, fit: Fit) -> bool:
    """Whether anything but the mechanism of a family may move the mapped bones."""
    mapped = {*fit.map.bones, *(twist.bone for twist in fit.twists)}
    if any(armature.pose.bones[bone].constraints for bone in mapped):
        return True
    return any(
        parent.constraints
        for bone in mapped - set(fit.map.parents)
        for parent in armature.pose.bones[bone].parent_recursive
    )


class _Draft:
    """A plan in the making."""

    def __init__(self, armature: Any, fit: Fit) -> None:
        self._armature, self._fit = armature, fit
        self._properties: dict[tuple[str, str], float] = {}
        self._influences: dict[tuple[str, str], float] = {}
        self._left_out: set[str] = set()
        self._controls: dict[str, IkControl] = {}
        self._chains: dict[str, IkChain] = {}
        self._leading: dict[str, Pair] = {}
        self._warnings: list[str] = []
        self._problems: tuple[str, ...] = ()
        self._by_evaluation = False
        self._can_mute = False

    def plan(self) -> OutputPlan:
        """What was found so far."""
        return OutputPlan(
            frozenset(self._left_out),
            dict(self._controls),
            tuple((*key, value) for key, value in self._properties.items()),
            tuple((*key, value) for key, value in self._influences.items()),
            tuple(self._warnings),
            self._problems,
            dict(self._chains),
            self._by_evaluation,
            self._can_mute,
        )

    def keyed(self, solution: Solution) -> list[str]:
        """The bones that are turned by keys."""
        return [bone for bone in solution.bones if bone not in self._left_out]

    def set_properties(self, copy: PosedCopy, values: tuple[Setting, ...]) -> None:
        """Custom properties to key; those that are not there are left out."""
        values = _there(self._armature, values)
        self._properties |= {(bone, name): value for bone, name, value in values}
        copy.set_properties(values)

    def switch_off(self, copy: PosedCopy, constraints: tuple[IkConstraint, ...]) -> None:
        """Key limbs bone by bone that inverse kinematics leads."""
        off = [
            f"'{each.name}' on '{each.bone}'"
            for each in constraints
            if each.influence > 0.0 and self._set_influence(copy, (each.bone, each.name), 0.0)
        ]
        if off:
            self._warnings.append(
                f"Inverse kinematics is switched off in the Action ({listed(off)}), so that all "
                "limbs are keyed bone by bone."
            )

    def add_chains(
        self, copy: PosedCopy, constraints: tuple[IkConstraint, ...], *, switch_on: bool
    ) -> None:
        """Key the targets of chains of mapped bones; of those too that have to be switched on."""
        for each in constraints:
            targets = {control.target for control in self._controls.values()}
            if each.chain is None or each.chain.target in targets:
                continue
            if each.influence <= 0.0 and not (
                switch_on
                and not _leads_already(constraints, each)
                and self._set_influence(copy, (each.bone, each.name), 1.0)
            ):
                continue
            limb = _limb_of(self._fit, each.chain)
            self._chains[limb] = each.chain
            self._controls[limb] = IkControl(each.chain.target, each.chain.pole)
            self._leading[limb] = (each.bone, each.name)
            if each.chain.target in self._fit.map.bones:
                self._left_out.add(each.chain.target)

    def add_families(self, copy: PosedCopy) -> None:
        """Key the controls of a family that has both, where no chain of mapped bones is led."""
        for joint, control in family_controls(self._armature, self._fit).items():
            if joint not in self._controls:
                self._controls[joint] = control
                self._left_out |= _limb_bones(self._fit, joint)
                self.set_properties(copy, control.properties)
        missing = [
            _LIMB_WORDS[joint]
            for joint in _LIMB_WORDS
            if joint in self._fit.map.strands and joint not in self._controls
        ]
        if missing:
            self._warnings.append(
                f"'{self._armature.name}' has no inverse kinematics to key for "
                f"{' and '.join(missing)}; what lacks it is keyed bone by bone."
            )

    def try_limbs(self, samples: Solution) -> None:
        """Look whether the limbs go where their targets should lead them."""
        plan = self.plan()
        if not plan.controls:
            return
        aims = _aims(self._armature, self._fit, plan, samples)
        trial = _trial(self._fit, plan, samples)
        misses = measure(self._armature, self._fit, trial, aims)
        if all(miss.fine for miss in misses.values()):
            return
        controls = set_right(self._armature, self._fit, trial, aims)
        better = measure(self._armature, self._fit, replace(trial, controls=controls), aims)
        self._by_evaluation = sum(map(_badness, better.values())) < 0.5 * sum(
            map(_badness, misses.values())
        )
        last = better if self._by_evaluation else misses
        for limb in aims.limbs:
            if sentence := _miss(limb.joint, last[limb.joint]):
                self._warnings.append(sentence)

    def try_constraints(
        self, samples: Solution, suspected: dict[str, list[Pair]], mute: bool
    ) -> None:
        """Look which constraints take bones away from their keys, and mute them or tell of them."""
        plan = self.plan()
        trial = _trial(self._fit, plan, samples)
        if plan.by_evaluation:
            aims = _aims(self._armature, self._fit, plan, samples)
            controls = set_right(self._armature, self._fit, trial, aims)
            trial = replace(trial, controls=controls)
        found = find_overrides(
            self._armature,
            self._fit,
            trial,
            expected(self._fit, samples, _targets_placed(self._fit, plan, samples), samples.bones),
            samples.bones,
            suspected,
            self._leading.values(),
        )
        self._mute_or_tell(found, mute)

    def try_followers(self, samples: Solution, followers: tuple[Follower, ...], mute: bool) -> None:
        """Look whether what shows the keyed bones follows them, and switch it to them or tell."""
        plan = self.plan()
        kept = tuple(each for each in followers if each.leader not in plan.left_out)
        if plan.problems or not kept:
            return
        straying = find_straying(self._armature, _trial(self._fit, plan, samples), kept)
        if straying.properties:
            with posed_copy(self._armature) as copy:
                self.set_properties(copy, straying.properties)
            names = listed([f"'{name}' of '{bone}'" for bone, name, _ in straying.properties])
            self._warnings.append(
                f"The rig is switched to the bones that are keyed, in the Action: {names}."
            )
        self._mute_or_tell(straying.overrides, mute)

    def _mute_or_tell(self, found: tuple[Override, ...], mute: bool) -> None:
        """Mute constraints in the Action if that is wanted and can be, else tell of them."""
        if not found:
            return
        with posed_copy(self._armature) as copy:
            copy.set_properties(self.plan().properties)
            switches = {
                each: switch_to(self._armature, copy, each.bone, each.name, 0.0) for each in found
            }
            can = [each for each, switch in switches.items() if switch is not None]
            if mute:
                for each in can:
                    self._set_influence(copy, (each.bone, each.name), 0.0)
                    self._drop_chain((each.bone, each.name))
        if mute and can:
            names = listed([f"'{each.name}' on '{each.bone}'" for each in can])
            self._warnings.append(f"Muted in the Action: {names}.")
        cannot = [each for each in found if each not in can]
        self._can_mute = bool(can) and not mute
        self._problems = (
            *told([] if mute else can, driven=False),
            *told(cannot, driven=True),
        )

    def _set_influence(self, copy: PosedCopy, pair: Pair, value: float) -> bool:
        """Whether a constraint can be brought to an influence of 0 or 1 by keys."""
        switch = switch_to(self._armature, copy, *pair, value)
        if switch is None:
            return False
        if switch:
            self.set_properties(copy, switch)
        else:
            self._influences[pair] = value
            copy.set_influences([(*pair, value)])
        return True

    def _drop_chain(self, pair: Pair) -> None:
        for limb in [limb for limb, leading in self._leading.items() if leading == pair]:
            chain = self._chains.pop(limb)
            del self._controls[limb], self._leading[limb]
            self._left_out.discard(chain.target)


def _there(armature: Any, properties: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """Those of some custom properties that the armature has."""
    pose = armature.pose.bones
    return tuple(each for each in properties if each[0] in pose and each[1] in pose[each[0]])


def _loose_hands(armature: Any, fit: Fit, led: Collection[str]) -> tuple[str, ...]:
    """What is to be said of hands that neither hang from their arms nor are led to where these
    end."""
    told = []
    for side in "LR":
        rows = [fit.map.strands.get(f"{stem}.{side}") for stem in ("forearm", "hand")]
        if None in rows:
            continue
        arm, hand = (row[0][0] for row in rows if row is not None)
        free = hand not in led and not armature.pose.bones[hand].constraints
        if free and arm not in ancestors(fit.rig, fit.map, hand):
            told.append(
                f"The bone '{hand}' neither hangs from '{arm}' nor is led there, so it stays "
                "behind; make that its parent."
            )
    return tuple(told)


def _leads_already(constraints: tuple[IkConstraint, ...], one: IkConstraint) -> bool:
    """Whether another constraint that is on leads the same bones."""
    return any(
        other != one and other.influence > 0.0 and set(other.moved) & set(one.moved)
        for other in constraints
    )


def _limb_of(fit: Fit, chain: IkChain) -> str:
    """ "hand.L", say, of a chain that ends in a forearm or hand; else its last bone."""
    last = chain.bones[-1]
    for joint in _LIMB_WORDS:
        stem, _, side = joint.partition(".")
        for part in (f"{LIMB_JOINTS[stem][-1]}.{side}", joint):
            if any(last in strand for strand in fit.map.strands.get(part, ())):
                return joint
    return last


def _limb_bones(fit: Fit, joint: str) -> set[str]:
    stem, _, side = joint.partition(".")
    limb = (*(f"{part}.{side}" for part in LIMB_JOINTS[stem]), joint)
    return {bone for part in limb for strand in fit.map.strands[part] for bone in strand}


def _family(plan: OutputPlan) -> dict[str, IkControl]:
    return {limb: one for limb, one in plan.controls.items() if limb not in plan.chains}


def _trial(fit: Fit, plan: OutputPlan, solution: Solution) -> Trial:
    """A solution with targets and poles by geometry alone."""
    of_family = ik_controls(replace(fit, map=replace(fit.map, ik=_family(plan))), solution)
    of_chains = control_poses(fit, solved_pose(fit, solution), *_placed(fit, plan, solution))
    count = len(solution.location)
    controls = ControlPoses(
        of_family.bones + of_chains.bones,
        np.concatenate(
            [each.locations.reshape(count, -1, 3) for each in (of_family, of_chains)], axis=1
        ),
        np.concatenate(
            [each.rotations.reshape(count, -1, 4) for each in (of_family, of_chains)], axis=1
        ),
    )
    return Trial(solution, plan.left_out, controls, plan.properties, plan.influences)


def _placed(
    fit: Fit, plan: OutputPlan, solution: Solution
) -> tuple[dict[str, Array], dict[str, Array]]:
    """How the targets of chains are turned (T, 4), and where they and the poles are (T, 3),
    canonical axes."""
    pose = solved_pose(fit, solution)
    count = len(solution.location)
    turns: dict[str, Array] = {}
    places: dict[str, Array] = {}
    for chain in plan.chains.values():
        turns[chain.target] = np.broadcast_to(target_turn(fit, pose, chain), (count, 4))
        places[chain.target] = np.broadcast_to(chain_end(fit, pose, chain), (count, 3))
        if chain.pole is not None:
            places[chain.pole] = np.broadcast_to(pole_place(fit, pose, chain), (count, 3))
    return turns, places


def _aims(armature: Any, fit: Fit, plan: OutputPlan, solution: Solution) -> Aims:
    turns, places = _placed(fit, plan, solution)
    placed = {
        bone: PlacedControl(
            rotation.rotate(fit.axes, place),
            rotation.multiply(fit.axes, turns[bone]) if bone in turns else None,
        )
        for bone, place in places.items()
    }
    return Aims(led_limbs(armature, fit, _family(plan)), placed)


def _targets_placed(fit: Fit, plan: OutputPlan, solution: Solution) -> dict[str, Array]:
    """Mapped bones that are targets, to where they go, canonical axes."""
    _, places = _placed(fit, plan, solution)
    return {bone: place for bone, place in places.items() if bone in fit.map.bones}


def _badness(miss: Misses) -> float:
    return miss.shift_m / _WRIST_M + miss.bend / _BEND + miss.turn / _HAND_TURN


def _miss(joint: str, miss: Misses) -> str | None:
    """What is left to say of a limb that does not quite go where it should."""
    words = []
    if miss.shift_m > _WRIST_M:
        words.append(f"its end is up to {100.0 * miss.shift_m:.0f} cm off")
    if miss.bend > _BEND:
        words.append(f"its bend up to {np.degrees(miss.bend):.0f}°")
    if miss.turn > _HAND_TURN:
        words.append(f"it is turned up to {np.degrees(miss.turn):.0f}° off")
    if not words:
        return None
    return (
        f"The rig's inverse kinematics does not bring {_LIMB_WORDS.get(joint, joint)} quite where "
        f"it should be: {', '.join(words)}; forward kinematics (FK) does."
    )
