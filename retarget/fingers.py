"""How digits turn: three turns a hand, as the motion has them, on every joint of a rig's fingers.

A finger's chord points as the motion's joint does, and its joints share the bend as real ones do.
Of several fingers that play one joint the one in the middle follows it; its neighbours curl less
and more towards the little finger, and fan out a little in an open hand only. The thumb goes where
the index finger lets it, and a right hand that closes holds the baton.
"""

from typing import Final

import numpy as np

from . import rotation, skeleton
from .bone_ends import DIGITS
from .fit import Fit
from .hands.curl import Curl
from .hands.grip import Baton, bulb_end, can_grip, fit_grip
from .hands.rest import ALONG, HandRest, hand_rest
from .hands.thumb import Thumb, thumb_poses
from .rotation import Array
from .t_pose import canonical_direction

Turns = dict[str, Array]
"""Bone to its rotations (T, 4) from the T-pose."""

# How much more than the one before it, from the index on, a finger curls: as a share, and always.
_EAGER: Final = 0.10
_ALWAYS: Final = 0.06
# From the first to the second of these curls that comes to nothing.
_STOPPED: Final = (1.4, 2.5)
# The little finger's way aside beside that from the ring to the index finger in an open hand; how
# far it leans to the ring finger in one that is curled, and the curl from which on it is, radians.
_FAN: Final = 0.55
_LEAN: Final = 0.05
_CURLED: Final = 1.1
# Fingers whose curls differ so much, radians, do not lie side by side.
_APART: Final = 0.6
# The baton is held from the first of these curls of the fingers on, wholly from the second.
_HOLDING: Final = (0.25, 0.75)
# How far the fingers open as the motion's do, and how far at most.
_OPENING: Final = 0.6
_MOST_OPENING: Final = 0.5


def digit_turns(fit: Fit, world: Array) -> Turns:
    """Where the bones of all digits turn, canonical axes.

    Parameters
    ----------
    fit : Fit
        The rig.
    world : (T, J, 4) array
        Rotations of the canonical joints.
    """
    turns: Turns = {}
    for side in ("L", "R"):
        if f"hand.{side}" not in fit.map.strands:
            continue
        rest = hand_rest(fit, side)
        hand = world[:, skeleton.INDEX[f"hand.{side}"]]
        joints = [f"{stem}.{side}" for stem in DIGITS] + (["baton"] if side == "R" else [])
        seen = {
            joint.split(".")[0]: rest.mirrored_turns(
                rotation.multiply(rotation.conjugate(hand), world[:, skeleton.INDEX[joint]])
            )
            for joint in joints
        }
        local = _free_hand(rest, seen)
        if side == "R" and can_grip(rest):
            local = _holding(fit, rest, seen, local)
        for bone, turn in local.items():
            turns[bone] = rotation.multiply(hand, rest.mirrored_turns(turn))
    return turns


def _free_hand(rest: HandRest, seen: Turns) -> Turns:
    turns: Turns = {}
    chords = {
        stem: rotation.rotate(seen[stem], canonical_direction(f"{stem}.L")) for stem in DIGITS
    }
    curls = {stem: rest.angles(chords[stem])[0] for stem in DIGITS}
    for stem, chains in rest.digits.items():
        for number, chain in enumerate(chains):
            if len(chain.bones) == 1:
                turns[chain.bones[0]] = seen[stem]
            elif stem == "thumb":
                poses = thumb_poses(rest, seen[stem], curls["index"])
                turns |= _by_bone(chain.bones, Thumb(chain).turns(poses))
            else:
                offset = number - len(chains) // 2
                chord, curl = chords[stem], curls[stem]
                if offset:
                    chord, curl = _neighbour(rest, chords, offset)
                turns |= _by_bone(chain.bones, Curl(rest, chain).pointing(curl, chord))
    return turns


def _neighbour(rest: HandRest, chords: Turns, offset: int) -> tuple[Array, Array]:
    """Chord (T, 3) and curl (T,) of a finger beside the one that plays the joint."""
    curl, aside = rest.angles(chords["fingers"])
    index_curl, index_aside = rest.angles(chords["index"])
    curled = np.clip(curl / _CURLED, 0.0, 1.0)
    if offset < 0:
        fan = 0.5 * np.clip(1.0 - np.abs(index_curl - curl) / _APART, 0.0, 1.0)
    else:
        fan = -_FAN * (1.0 - curled)
    aside = aside + fan * (index_aside - aside)
    if offset > 0:
        aside = aside - _LEAN * curled
    # The palm stops them all in a fist.
    ahead = offset * np.interp(curl, _STOPPED, [1.0, 0.0])
    curl = curl + ahead * (_EAGER * curl + _ALWAYS)
    return rest.direction(curl, aside), curl


def _holding(fit: Fit, rest: HandRest, seen: Turns, free: Turns) -> Turns:
    """The hand around the baton in as far as it is closed.

    Thumb and index finger follow the baton as it turns in the hand, the others give way.
    """
    curl, _ = rest.angles(_chord(seen, "fingers"))
    share = np.clip((curl - _HOLDING[0]) / (_HOLDING[1] - _HOLDING[0]), 0.0, 1.0)
    share = share**2 * (3.0 - 2.0 * share)
    if not share.any():
        return free
    lie = rotation.make_continuous(seen["baton"])
    lie = rotation.normalize((lie * share[:, None]).sum(axis=0))
    metre = fit.scale / rest.palm
    if "baton" in fit.map.strands:
        start = rest.place(fit, "baton")
    else:
        mirror = rest.mirrored(rest.hinge)
        start = rest.mirrored(bulb_end(rest.mirrored(ALONG), mirror, 1.0, metre))
    grip = fit_grip(rest, Baton(start, rotation.rotate(lie, ALONG), metre))
    along = rotation.rotate(seen["baton"], ALONG)
    turns = _by_bone(rest.digits["thumb"][0].bones, grip.thumb_turns(along))
    turns |= _by_bone(rest.digits["index"][0].bones, grip.index_turns(along))
    usual = float((curl * share).sum() / share.sum())
    opening = np.clip(_OPENING * (usual - curl), 0.0, _MOST_OPENING)
    for number, chain in enumerate(rest.digits.get("fingers", ())):
        turns |= _by_bone(chain.bones, grip.other_turns(number, opening))
    for chains in rest.digits.values():
        for chain in chains:
            turns |= _blended(chain.bones, free, turns, share)
    return turns


def _blended(bones: tuple[str, ...], a: Turns, b: Turns, share: Array) -> Turns:
    """From `a` to `b`, each bone against the one before it: a finger may close by half a turn."""
    turns: Turns = {}
    whole, before_a, before_b = (rotation.identity((len(share),)) for _ in range(3))
    for bone in bones:
        bend_a = rotation.multiply(rotation.conjugate(before_a), a[bone])
        bend_b = rotation.multiply(rotation.conjugate(before_b), b[bone])
        whole = rotation.multiply(whole, rotation.slerp(bend_a, bend_b, share))
        turns[bone] = whole
        before_a, before_b = a[bone], b[bone]
    return turns


def _chord(seen: Turns, stem: str) -> Array:
    """Where the motion's joint points, (T, 3)."""
    return rotation.rotate(seen[stem], canonical_direction(f"{stem}.L"))


def _by_bone(bones: tuple[str, ...], turns: Array) -> Turns:
    return {bone: turns[:, k] for k, bone in enumerate(bones)}
