"""How far a rig's pose is from a motion: what the matrix measures, and what it allows.

What is expected comes from the motion's joints in the world and from how the rig was built.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from matrix_rigs import Known

from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array

LIMITS: Final = {
    "arms": 2.0,
    "hands": 2.0,
    "roll": 10.0,
    "trunk": 3.0,
    "legs": 2.0,
    "soles": 3.0,
    "wrists": 0.01,
    "hips": 0.01,
    "feet": 0.002,
}
"""Most that is allowed: degrees, and in the last three metres on a body of 1.75 m.

`arms` is how upper arms and forearms point, `hands` how hands do, `roll` how these are turned about
their length, `trunk` how it rises and how hips, chest and head are turned, `legs` how thighs and
shins point, `soles` how feet do; `wrists` is where they are beside the hips, `hips` where these
are, `feet` how far the ankles slide.
"""

_LIMBS: Final = {
    "arms": (("upper_arm", "forearm"), ("forearm", "hand")),
    "legs": (("thigh", "shin"), ("shin", "foot")),
}
_DIGITS: Final = ("index", "middle", "ring", "pinky")


@dataclass(frozen=True)
class Played:
    """A rig's pose through T frames, canonical axes, metres of a body of 1.75 m.

    Parameters
    ----------
    known : Known
        The rig.
    motion : Motion
        What it plays.
    places : dict
        What is measured ("upper_arm.L", "index.R" …) to where its bone starts, (T, 3).
    turns : dict
        The same to how its bone is turned, (T, 4).
    """

    known: Known
    motion: Motion
    places: dict[str, Array]
    turns: dict[str, Array]


def seen_in_world(known: Known, motion: Motion, world: Array, posed: dict[str, Array]) -> Played:
    """What the world shows of an armature.

    Parameters
    ----------
    world : (4, 4) array
        The armature object's matrix.
    posed : dict
        What is measured to the matrices (T, 4, 4) of its bone in armature space.
    """
    size = float(np.cbrt(np.linalg.det(world[:3, :3])))
    stand = rotation.multiply(rotation.from_matrix(world[:3, :3] / size), known.stand)
    back = rotation.conjugate(stand)
    places, turns = {}, {}
    for name, matrices in posed.items():
        there = world @ matrices
        away = there[:, :3, 3] - world[:3, 3]
        places[name] = rotation.rotate(back, away) / (size * known.units)
        axes = there[:, :3, :3] / np.linalg.norm(there[:, :3, :3], axis=1, keepdims=True)
        turns[name] = rotation.multiply(back, rotation.from_matrix(axes))
    return Played(known, motion, places, turns)


def measure(played: Played) -> dict[str, float]:
    """Worst deviation over all frames and both sides, by what `LIMITS` names."""
    worst: dict[str, float] = {}
    for name, value in _deviations(played):
        worst[name] = max(worst.get(name, 0.0), value)
    return worst


def faults(measures: dict[str, float]) -> list[str]:
    """The measures that are over their limits."""
    return [name for name, value in measures.items() if not value <= LIMITS[name]]


def _deviations(played: Played) -> Iterator[tuple[str, float]]:
    positions, rotations = played.motion.world()
    want = {name: positions[:, i] for name, i in skeleton.INDEX.items()}
    turn = {name: rotations[:, i] for name, i in skeleton.INDEX.items()}
    places, known = played.places, played.known
    for side in "LR":
        for name, pairs in _LIMBS.items():
            for start, end in ((f"{a}.{side}", f"{b}.{side}") for a, b in pairs):
                if start in places and end in places:
                    way = want[end] - want[start]
                    yield name, _apart(places[end] - places[start], way)
        yield from _hand(played, side, turn[f"hand.{side}"])
        if f"foot.{side}" in places:
            yield from _foot(played, side, turn[f"foot.{side}"])
        if known.equal and "hips" in places:
            off = places[f"hand.{side}"] - places["hips"] - want[f"hand.{side}"] + want["hips"]
            yield "wrists", _longest(off)
    if "hips" not in places:
        return
    if known.equal:
        yield "trunk", _apart(places["head"] - places["hips"], want["head"] - want["hips"])
    for joint in ("hips", "chest", "head"):
        rest = known.t_pose.get(known.bones[joint])
        if rest is not None:
            wanted = rotation.multiply(turn[joint], rest)
            yield "trunk", _between(wanted, played.turns[joint])
    if known.equal and not known.lies:
        yield "hips", _longest(places["hips"] - want["hips"])


def _hand(played: Played, side: str, turn: Array) -> Iterator[tuple[str, float]]:
    """Where a hand points and how it is turned about its length: by its knuckles, else by its bone
    as it was in the T-pose."""
    hand = f"hand.{side}"
    along = rotation.rotate(turn, _rest_way(hand))
    knuckles = [played.places.get(f"{digit}.{side}") for digit in _DIGITS]
    index, middle, *_ = knuckles
    if index is None or middle is None or knuckles[2] is None:
        rest = played.known.t_pose.get(played.known.bones[hand])
        if rest is None:
            return
        moved = rotation.multiply(played.turns[hand], rotation.conjugate(rest))
        yield "hands", _apart(rotation.rotate(moved, _rest_way(hand)), along)
        # Palms face down in the T-pose.
        down = np.array([0.0, 0.0, -1.0])
        yield "roll", _apart(rotation.rotate(moved, down), rotation.rotate(turn, down))
        return
    own = rotation.rotate(played.turns[hand], [0.0, 1.0, 0.0])
    ours = own if played.known.hands_by_axis else middle - played.places[hand]
    yield "hands", _apart(ours, along)
    others = np.mean([place for place in knuckles[1:] if place is not None], axis=0)
    want = skeleton.REST[skeleton.INDEX[f"index.{side}"]]
    want = want - skeleton.REST[skeleton.INDEX[f"fingers.{side}"]]
    ours, theirs = (
        way - along * np.sum(way * along, axis=-1, keepdims=True)
        for way in (index - others, rotation.rotate(turn, want))
    )
    yield "roll", _apart(ours, theirs)


def _foot(played: Played, side: str, turn: Array) -> Iterator[tuple[str, float]]:
    ankle = played.places[f"foot.{side}"]
    yield "feet", _longest(ankle - ankle[0])
    toe = played.places.get(f"toe.{side}")
    if toe is not None:
        rest = played.known.toe * [1.0 if side == "L" else -1.0, 1.0, 1.0]
        yield "soles", _apart(toe - ankle, rotation.rotate(turn, rest))


def _rest_way(joint: str) -> Array:
    i = skeleton.INDEX[joint]
    return rotation.normalize(skeleton.TAILS[i] - skeleton.REST[i])


def _apart(a: Array, b: Array) -> float:
    """Most degrees between directions (T, 3)."""
    half = 0.5 * np.linalg.norm(rotation.normalize(a) - rotation.normalize(b), axis=-1)
    return float(np.degrees(2.0 * np.arcsin(np.clip(half, 0.0, 1.0))).max())


def _between(a: Array, b: Array) -> float:
    """Most degrees between rotations (T, 4)."""
    dots = np.clip(np.abs(np.sum(a * b, axis=-1)), 0.0, 1.0)
    return float(np.degrees(2.0 * np.arccos(dots)).max())


def _longest(ways: Array) -> float:
    return float(np.linalg.norm(ways, axis=-1).max())
