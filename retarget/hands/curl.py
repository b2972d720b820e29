"""How the joints of a finger share its bend."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .. import rotation
from ..rotation import Array
from .rest import ALONG, Chain, HandRest

# Bend of the joints of a finger beside each other, how a stretched one is bent, and how far each
# bends at most, radians (ranges of Kapandji, The Physiology of the Joints, vol. 1).
_SHARES: Final = {3: (1.0, 1.2, 0.7), 2: (1.0, 1.1), 1: (1.0,)}
_STRETCHED: Final = {3: (-0.07, 0.11, 0.09), 2: (-0.05, 0.11), 1: (0.0,)}
_MOST: Final = {3: (1.55, 1.85, 1.15), 2: (1.55, 1.85), 1: (3.0,)}
# Bends beyond this share of the range come to its end ever more slowly.
_FREE: Final = 0.75
_EFFORTS: Final = np.linspace(-0.6, 4.0, 231)


@dataclass(frozen=True)
class Curl:
    """A finger that bends in the plane across the hand's hinge.

    Parameters
    ----------
    rest : HandRest
    chain : Chain
        The finger.
    """

    rest: HandRest
    chain: Chain

    def bends(self, effort: Array) -> Array:
        """Bend of each joint (..., N), radians, for an effort (...): 0 stretched, 1.4 a fist."""
        count = len(self.chain.bones)
        shares = np.array(_SHARES.get(count, (1.0,) * count))
        stretched = np.array(_STRETCHED.get(count, (0.0,) * count))
        most = np.array(_MOST.get(count, (1.5,) * count))
        bends = stretched + shares * effort[..., None]
        free = _FREE * most
        over = (bends - free) / (most - free)
        return np.where(over > 0.0, free + (most - free) * np.tanh(over), bends)

    def effort(self, chord: Array) -> Array:
        """The effort (...) at which the finger's chord points down by an angle (...)."""
        return np.interp(chord, self.chord(_EFFORTS), _EFFORTS)

    def chord(self, effort: Array) -> Array:
        """How far the line from knuckle to tip points down, radians, rising with effort (M,)."""
        down = np.cumsum(self.bends(effort), axis=-1)
        lengths = self.chain.lengths
        angle = np.arctan2((lengths * np.sin(down)).sum(-1), (lengths * np.cos(down)).sum(-1))
        return np.maximum.accumulate(np.unwrap(angle))

    def turns(self, bends: Array, aside: Array | None = None) -> Array:
        """Rotations (..., N, 4) from the T-pose, the finger straightened and then bent.

        Parameters
        ----------
        bends : (..., N) array
            Of the joints, radians.
        aside : (..., 4) array, optional
            What the whole finger is turned by afterwards.
        """
        down = rotation.from_axis_angle(self.rest.hinge, np.cumsum(bends, axis=-1))
        turns = rotation.multiply(down, self._straight())
        return turns if aside is None else rotation.multiply(aside[..., None, :], turns)

    def pointing(self, curl: Array, chord: Array) -> Array:
        """Rotations (..., N, 4) of a finger whose line from knuckle to tip is given.

        Parameters
        ----------
        curl : (...) array
            How far it points down, radians; beyond what the joints can the finger stays behind.
        chord : (..., 3) array
            The line.
        """
        ends = self.chord(_EFFORTS)[[0, -1]]
        beyond = curl - np.clip(curl, *ends)
        chord = rotation.rotate(rotation.from_axis_angle(self.rest.hinge, -beyond), chord)
        turns = self.turns(self.bends(self.effort(curl)))
        joints = self.chain.joints(turns)
        aside = rotation.between(joints[..., -1, :] - joints[..., 0, :], chord)
        return rotation.multiply(aside[..., None, :], turns)

    def _straight(self) -> Array:
        """Rotations (N, 4) that lay the bones, however they are modelled, along the hand."""
        return rotation.between(self.chain.spans, ALONG)
