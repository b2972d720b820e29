"""Targets and poles set right by what Blender makes of them.

Where a rig's own mechanics stand between the controls and the limb, or the controls hang from
something that constraints move, only evaluation tells where the limb goes.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from retarget import rotation
from retarget.fit import Fit
from retarget.ik_controls import ControlPoses
from retarget.progress import Progress, no_progress
from retarget.rig import IkControl
from retarget.rotation import Array

from .ik_limbs import LIMB_JOINTS, chain_bones, shown_bones
from .posed_copy import posed_copy
from .trial import Trial, expected

_PASSES: Final = 3
# A limb that is bent by less, as a share of its length, does not say where it bends to.
_BENT: Final = 0.04
# What is let pass: shares of a body's metre, radians.
_FINE_M: Final = 0.002
_FINE_BEND: Final = np.radians(2.5)
_FINE_TURN: Final = np.radians(0.5)


@dataclass(frozen=True)
class LedLimb:
    """A limb and the controls that lead it.

    Parameters
    ----------
    joint : str
        "hand.L", say.
    target : str
        The bone that the end goes to.
    pole : str, optional
        The bone that it bends to.
    start, middle, end : pairs of str
        Bones at its start, its bend and its end: the control that plays the joint, and the bone
        that shows where it is; the end's may be missing.
    """

    joint: str
    target: str
    pole: str | None
    start: tuple[str, str]
    middle: tuple[str, str]
    end: tuple[str, str]


@dataclass(frozen=True)
class Misses:
    """How far limbs are from where they should be, the worst of some frames.

    Parameters
    ----------
    shift_m : float
        Of the wrists and ankles, metres of a body of 1.75 m.
    bend : float
        Of the upper arms' and thighs' directions, radians.
    turn : float
        Of hands and feet that turn with their targets, radians.
    """

    shift_m: float = 0.0
    bend: float = 0.0
    turn: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether nothing needs to be set right."""
        return self.shift_m < _FINE_M and self.bend < _FINE_BEND and self.turn < _FINE_TURN


@dataclass(frozen=True)
class PlacedControl:
    """A control whose place is known: where it goes, armature space.

    Parameters
    ----------
    heads : (S, 3) array
        Armature units.
    turns : (S, 4) array, optional
        How it is turned; a pole does not turn.
    """

    heads: Array
    turns: Array | None


@dataclass(frozen=True)
class Aims:
    """What controls are to bring about: limbs that they lead, and places of their own."""

    limbs: tuple[LedLimb, ...]
    placed: dict[str, PlacedControl]


def led_limbs(armature: Any, fit: Fit, controls: dict[str, IkControl]) -> tuple[LedLimb, ...]:
    """The limbs of a family's controls whose place can be read from the evaluated armature."""
    ends = {bone for joint in controls for bone in _joint_bones(fit, joint)}
    shown = shown_bones(armature, ends)
    found: list[LedLimb] = []
    for joint, control in controls.items():
        names = _joint_bones(fit, joint)
        if all(bone in shown for bone in names):
            start, middle, end = ((bone, shown[bone]) for bone in names)
            found.append(LedLimb(joint, control.target, control.pole, start, middle, end))
        elif (solved := _solved_chain(armature, control)) is not None:
            start, middle = ((bone, one) for bone, one in zip(names, solved, strict=False))
            end = (names[2], "")
            found.append(LedLimb(joint, control.target, control.pole, start, middle, end))
    return tuple(found)


def _joint_bones(fit: Fit, joint: str) -> tuple[str, ...]:
    stem, _, side = joint.partition(".")
    limb = (*(f"{part}.{side}" for part in LIMB_JOINTS[stem]), joint)
    return tuple(fit.map.strands[part][0][0] for part in limb if part in fit.map.strands)


def _solved_chain(armature: Any, control: IkControl) -> tuple[str, str] | None:
    """First and last bone of the chain that a control's pole bends."""
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            if constraint.type == "IK" and control.pole == constraint.pole_subtarget:
                chain = chain_bones(bone, constraint)
                if len(chain) > 1:
                    return chain[0], chain[-1]
    return None


def measure(armature: Any, fit: Fit, trial: Trial, aims: Aims) -> dict[str, Misses]:
    """How far limbs and controls miss in a trial, by joint and bone."""
    bake = _Bake(fit, trial, aims)
    return bake.misses(*trial.evaluate(armature, bake.read), slice(None))


def set_right(
    armature: Any,
    fit: Fit,
    trial: Trial,
    aims: Aims,
    progress: Progress = no_progress,
) -> ControlPoses:
    """The controls of a trial, moved and turned until the limbs are where they should be.

    Parameters
    ----------
    armature : bpy.types.Object
        The rig; it is not changed.
    fit : Fit
        Of this armature.
    trial : Trial
        S frames.
    aims : Aims
        What the controls are to bring about.
    progress : Progress
        Hears [0, 1].
    """
    bake = _Bake(fit, trial, aims)
    controls = trial.controls
    count = len(controls.locations)
    locations, rotations = controls.locations.copy(), controls.rotations.copy()
    rows = {bone: i for i, bone in enumerate(controls.bones)}
    with posed_copy(armature) as copy:
        trial.prepare(copy)
        for frame in range(count):
            progress(frame / count, "leading the hands")
            trial.pose(copy, frame)
            for _ in range(_PASSES):
                turns, heads = copy.matrices(bake.read)
                now = bake.misses(turns[None], heads[None], slice(frame, frame + 1))
                if all(miss.fine for miss in now.values()):
                    break
                for bone, (turn, head) in bake.better(turns, heads, frame).items():
                    i, k = rows[bone], bake.read.index(bone)
                    above = rotation.multiply(turns[k], rotation.conjugate(rotations[frame, i]))
                    back = rotation.conjugate(above)
                    basis = rotation.multiply(back, turn)
                    moved = head - heads[k]
                    if bone not in fit.rig.level:
                        moved = rotation.rotate(back, moved)
                    locations[frame, i] += moved
                    rotations[frame, i] = rotation.normalize(basis)
                copy.turn(controls.bones, rotations[frame])
                copy.move(controls.bones, locations[frame])
    return replace(
        controls,
        locations=locations,
        rotations=np.stack(
            [rotation.make_continuous(rotations[:, i]) for i in range(rotations.shape[1])], axis=1
        ),
    )


class _Bake:
    """What is wanted of the limbs, and what they are read by."""

    def __init__(self, fit: Fit, trial: Trial, aims: Aims) -> None:
        self._limbs, self._placed = aims.limbs, aims.placed
        self._metre = fit.scale
        pairs = dict.fromkeys(
            pair for limb in aims.limbs for pair in (limb.start, limb.middle, limb.end)
        )
        names = [own for own, _ in pairs]
        turns, heads = expected(fit, trial.solution, {}, names)
        self._turns: dict[str, Array] = {}
        self._heads: dict[str, Array] = {}
        for i, (own, shown) in enumerate(pairs):
            # A bone that shows a control may rest turned or aside of it.
            a, b = fit.rig.index[own], fit.rig.index[shown or own]
            back = rotation.conjugate(fit.rest_rotations[a])
            offset = rotation.multiply(back, fit.rest_rotations[b])
            away = rotation.rotate(back, fit.rig.heads[b] - fit.rig.heads[a])
            self._turns[shown or own] = rotation.multiply(turns[:, i], offset)
            self._heads[shown or own] = heads[:, i] + rotation.rotate(turns[:, i], away)
        shown_names = [shown for _, shown in pairs if shown]
        controls = [bone for limb in aims.limbs for bone in (limb.target, limb.pole) if bone]
        self.read = tuple(dict.fromkeys([*shown_names, *controls, *aims.placed]))

    def misses(self, turns: Array, heads: Array, at: slice) -> dict[str, Misses]:
        """By joint, of what was read at some of the frames."""
        found: dict[str, Misses] = {}
        for limb in self._limbs:
            shift = turn = 0.0
            start, middle = (self._row(pair[1]) for pair in (limb.start, limb.middle))
            if limb.end[1]:
                end = self._row(limb.end[1])
                off = heads[:, end] - self._heads[limb.end[1]][at]
                shift = float(np.linalg.norm(off, axis=-1).max()) / self._metre
                turn = float(_angle(turns[:, end], self._turns[limb.end[1]][at]).max())
            ours = heads[:, middle] - heads[:, start]
            theirs = self._heads[limb.middle[1]][at] - self._heads[limb.start[1]][at]
            bend = float(_between(ours, theirs).max()) if limb.pole else 0.0
            found[limb.joint] = Misses(shift, bend, turn)
        for bone, placed in self._placed.items():
            i = self._row(bone)
            off = np.linalg.norm(heads[:, i] - placed.heads[at], axis=-1).max()
            turn = 0.0
            if placed.turns is not None:
                turn = float(_angle(turns[:, i], placed.turns[at]).max())
            found[bone] = Misses(float(off) / self._metre, 0.0, turn)
        return found

    def better(self, turns: Array, heads: Array, frame: int) -> dict[str, tuple[Array, Array]]:
        """Control to the orientation (4,) and place (3,) that bring its limb nearer, armature
        space, by where it is and where the limb is."""
        found: dict[str, tuple[Array, Array]] = {}
        for limb in self._limbs:
            k = self._row(limb.target)
            turn, head = turns[k], heads[k]
            if limb.end[1]:
                end = self._row(limb.end[1])
                wanted = self._turns[limb.end[1]][frame]
                miss = rotation.multiply(wanted, rotation.conjugate(turns[end]))
                turn = rotation.multiply(miss, turn)
                head = head + self._heads[limb.end[1]][frame] - heads[end]
            found.setdefault(limb.target, (turn, head))
            if limb.pole is None:
                continue
            pole = self._row(limb.pole)
            about = self._swing(limb, heads, frame)
            start = heads[self._row(limb.start[1])]
            place = start + rotation.rotate(about, heads[pole] - start)
            found.setdefault(limb.pole, (turns[pole], place))
        for bone, placed in self._placed.items():
            now = turns[self._row(bone)]
            wanted = now if placed.turns is None else placed.turns[frame]
            found.setdefault(bone, (wanted, placed.heads[frame]))
        return found

    def _swing(self, limb: LedLimb, heads: Array, frame: int) -> Array:
        """The turn (4,) about the line from start to end that brings the bend to its place."""
        names = (limb.start[1], limb.middle[1])
        start, middle = (self._heads[name][frame] for name in names)
        end = self._heads[limb.end[1] or limb.end[0]][frame]
        along = rotation.normalize(end - start)
        want = _off(middle - start, along)
        have = _off(heads[self._row(names[1])] - heads[self._row(names[0])], along)
        least = _BENT * float(np.linalg.norm(middle - start) + np.linalg.norm(end - middle))
        if min(np.linalg.norm(want), np.linalg.norm(have)) < least:
            return rotation.identity(())
        angle = np.arctan2(np.cross(have, want) @ along, have @ want)
        return rotation.from_axis_angle(along, np.asarray(angle))

    def _row(self, bone: str) -> int:
        return self.read.index(bone)


def _off(way: Array, along: Array) -> Array:
    return np.asarray(way - along * (way @ along))


def _angle(a: Array, b: Array) -> Array:
    turn = rotation.multiply(rotation.conjugate(a), b)
    return np.asarray(
        2.0 * np.arctan2(np.linalg.norm(turn[..., 1:], axis=-1), np.abs(turn[..., 0]))
    )


def _between(a: Array, b: Array) -> Array:
    a, b = rotation.normalize(a), rotation.normalize(b)
    return np.asarray(2.0 * np.arcsin(np.clip(0.5 * np.linalg.norm(a - b, axis=-1), 0.0, 1.0)))
