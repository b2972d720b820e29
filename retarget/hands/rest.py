"""`HandRest`: the digits of a rig's hand in the T-pose, as a left hand of unit length.

Everything is told in the frame of the hand: x from the wrist to the knuckles, −y towards the thumb,
z out of the back of the hand. A right hand is its mirror image. Lengths are in palms, the way from
the wrist to the middle of the knuckles.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .. import rotation
from ..fit import Fit
from ..rotation import Array

ALONG: Final = np.array([1.0, 0.0, 0.0])
"""From the wrist to the knuckles."""

_MIRROR: Final = np.array([-1.0, 1.0, 1.0])
_MIRROR_TURN: Final = np.array([1.0, 1.0, -1.0, -1.0])
# The bone that stands in for a canonical hand where a rig has no knuckles to measure it by, metres.
_PALM_M: Final = 0.09


@dataclass(frozen=True)
class Chain:
    """The bones of a digit in a row.

    Parameters
    ----------
    bones : tuple of str
        From the knuckle to the tip.
    base : (3,) array
        Where the first one starts.
    spans : (N, 3) array
        From the head of each to the next one's, of the last to its tail.
    """

    bones: tuple[str, ...]
    base: Array
    spans: Array

    @property
    def lengths(self) -> Array:
        """Of the bones, (N,)."""
        return np.linalg.norm(self.spans, axis=-1)

    def joints(self, turns: Array) -> Array:
        """Ends of the bones (..., N + 1, 3), the knuckle first, for turns (..., N, 4)."""
        steps = np.cumsum(rotation.rotate(turns, self.spans), axis=-2)
        base = np.broadcast_to(self.base, (*steps.shape[:-2], 1, 3))
        return np.concatenate([base, self.base + steps], axis=-2)


@dataclass(frozen=True)
class HandRest:
    """A hand in the T-pose.

    Parameters
    ----------
    side : str
        "L" or "R".
    palm : float
        From the wrist to the middle of the knuckles, armature units.
    digits : dict
        "thumb", "index" and "fingers", those that the rig has, to their chains.
    hinge : (3,) array
        The line of the knuckles, from the index finger on: what fingers bend about; unit.
    """

    side: str
    palm: float
    digits: dict[str, tuple[Chain, ...]]
    hinge: Array

    @property
    def back(self) -> Array:
        """Out of the back of the hand, (3,), across its length and the hinge."""
        return np.cross(ALONG, self.hinge)

    def angles(self, direction: Array) -> tuple[Array, Array]:
        """How far directions (..., 3) point down, and aside to the little finger, radians (...)."""
        down = np.arctan2(-direction @ self.back, direction @ ALONG)
        return down, np.arcsin(np.clip(direction @ self.hinge, -1.0, 1.0))

    def direction(self, down: Array, aside: Array) -> Array:
        """Unit vectors (..., 3) that point so far down and aside (...); undoes `angles`."""
        ahead = np.stack([np.cos(down), -np.sin(down)], axis=-1) @ np.stack([ALONG, self.back])
        return np.cos(aside)[..., None] * ahead + np.sin(aside)[..., None] * self.hinge

    def place(self, fit: Fit, joint: str) -> Array:
        """Where a joint that moves with the hand starts, (3,)."""
        hand = fit.map.strands[f"hand.{self.side}"][0][0]
        away = fit.head(joint) - fit.head(f"hand.{self.side}")
        return self.mirrored(rotation.rotate(_from_rest(fit, hand), away)) / self.palm

    def mirrored(self, points: Array) -> Array:
        """Points or directions (..., 3) from the rig's hand to the left hand, or back."""
        return points * _MIRROR if self.side == "R" else points

    def mirrored_turns(self, turns: Array) -> Array:
        """The same for rotations (..., 4)."""
        return turns * _MIRROR_TURN if self.side == "R" else turns


def hand_rest(fit: Fit, side: str) -> HandRest:
    """Measure one hand of a rig.

    Parameters
    ----------
    fit : Fit
        The rig; it has a bone for this hand.
    side : str
        "L" or "R".
    """
    hand = f"hand.{side}"
    wrist = fit.head(hand)
    turn = _from_rest(fit, fit.map.strands[hand][0][0])
    sign = _MIRROR if side == "R" else np.ones(3)
    chains: dict[str, list[tuple[tuple[str, ...], Array, Array]]] = {}
    for stem in ("thumb", "index", "fingers"):
        for strand in fit.map.strands.get(f"{stem}.{side}", ()):
            rows = [fit.rig.index[bone] for bone in strand]
            heads = fit.rig.heads[rows]
            ends = np.vstack([heads[1:], fit.rig.tails[rows[-1:]]])
            turns = np.array([_from_rest(fit, bone) for bone in strand])
            spans = rotation.rotate(turns, ends - heads)
            base = rotation.rotate(turn, heads[0] - wrist)
            chains.setdefault(stem, []).append((strand, base * sign, spans * sign))
    knuckles = [base for stem in ("index", "fingers") for _, base, _ in chains.get(stem, [])]
    palm = fit.scale * _PALM_M
    if knuckles:
        palm = float(np.linalg.norm(np.mean(knuckles, axis=0)))
    return HandRest(
        side=side,
        palm=palm,
        digits={
            stem: tuple(Chain(strand, base / palm, spans / palm) for strand, base, spans in rows)
            for stem, rows in chains.items()
        },
        hinge=_hinge(knuckles),
    )


def _from_rest(fit: Fit, bone: str) -> Array:
    """Rotation (4,) of a mapped bone from the rig's rest pose to the T-pose."""
    rest = fit.rest_rotations[fit.rig.index[bone]]
    return rotation.multiply(fit.aligned[bone], rotation.conjugate(rest))


def _hinge(knuckles: list[Array]) -> Array:
    level = np.array([0.0, 1.0, 0.0])
    if len(knuckles) < 2:
        return level
    line = (knuckles[-1] - knuckles[0]) * [0.0, 1.0, 1.0]
    return rotation.normalize(line) if np.linalg.norm(line) > 1e-6 else level
