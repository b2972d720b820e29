"""A limb strip between two joints: where each pixel of a frame lies in the photo.

The strip follows its bone: along the bone it is compressed or stretched by foreshortening, across
it keeps its width. Around each joint its rotation passes over into its neighbour's, so that two
strips that share a joint show the same cloth there and a bend opens no gap.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget.rotation import Array

# The passage from one bone's rotation to the next, in limb radii on each side of the joint. Less
# folds the cloth over at a right angle.
_PASSAGE: Final = 1.8
# Bones folded back this far onto each other share no cloth any more, radians.
_BEND_FULL, _BEND_NONE = np.radians(110.0), np.radians(165.0)


@dataclass(frozen=True)
class Strip:
    """A limb in the photo: joint, next joint, half widths there (pixels)."""

    head: Array
    tail: Array
    head_radius: float
    tail_radius: float

    @property
    def length(self) -> float:
        """Distance between the joints in pixels."""
        return float(np.linalg.norm(self.tail - self.head))

    @property
    def angle(self) -> float:
        """Direction in the picture, radians."""
        x, y = self.tail - self.head
        return float(np.arctan2(y, x))


@dataclass(frozen=True)
class StripPose:
    """The same limb in a frame.

    Parameters
    ----------
    head, tail : (2,) arrays
        The joints.
    head_width, tail_width : float
        Enlargement across the limb at each joint.
    head_bend, tail_bend : float
        Rotation of this strip against the one before, and of the next one against this, radians
        in (−π, π].
    """

    head: Array
    tail: Array
    head_width: float
    tail_width: float
    head_bend: float
    tail_bend: float


def turned(strip: Strip, head: Array, tail: Array, fallback: float) -> float:
    """Rotation of a strip from the photo to a frame, radians; `fallback` where it has no length."""
    x, y = tail - head
    if x * x + y * y < 1e-6:
        return fallback
    return float(np.arctan2(y, x)) - strip.angle


def bend_between(before: float, after: float) -> float:
    """Rotation from one strip to the next, radians in [−π, π)."""
    return float((after - before + np.pi) % (2.0 * np.pi) - np.pi)


def shared_bend(before: float, after: float) -> float:
    """The part of the rotation between two strips that the cloth at their joint follows."""
    bend = bend_between(before, after)
    fade = np.clip((_BEND_NONE - abs(bend)) / (_BEND_NONE - _BEND_FULL), 0.0, 1.0)
    return float(bend * fade * fade * (3.0 - 2.0 * fade))


def source_points(points: Array, strip: Strip, pose: StripPose) -> Array:
    """Which points of the photo are seen at points (..., 2) of a frame."""
    along_target, length = _axis(pose.head, pose.tail, strip)
    along_source = (strip.tail - strip.head) / strip.length
    offset = points - pose.head
    t = offset @ along_target
    across = offset @ _normal(along_target)
    s = _along(t, length, strip.length, pose.head_width, pose.tail_width)
    share = np.clip(t / max(length, 1e-6), 0.0, 1.0)
    across = across / (pose.head_width + share * (pose.tail_width - pose.head_width))
    source = strip.head + s[..., None] * along_source + across[..., None] * _normal(along_source)
    reach = 0.5 * strip.length
    head_reach = min(_PASSAGE * strip.head_radius, reach)
    tail_reach = min(_PASSAGE * strip.tail_radius, reach)
    from_head = np.hypot(s, across)
    from_tail = np.hypot(s - strip.length, across)
    # Measured along the line that halves the bend, both strips of a joint turn alike.
    at_head = _halving(s, across, -pose.head_bend)
    at_tail = _halving(s - strip.length, across, pose.tail_bend)
    before = (1.0 - _step(at_head, head_reach)) * _near(from_head, strip.head_radius)
    past = _step(at_tail, tail_reach) * _near(from_tail, strip.tail_radius)
    source = _rotate_about(source, strip.head, pose.head_bend * before)
    return _rotate_about(source, strip.tail, -pose.tail_bend * past)


def _halving(along: Array, across: Array, bend: float) -> Array:
    """Distance from a joint along the direction half way between its two bones."""
    return along * np.cos(bend / 2) + across * np.sin(bend / 2)


def _near(distance: Array, radius: float) -> Array:
    """1 at a joint, 0 beside it: turned from there, a limb would be seen twice or not at all."""
    u = np.clip((1.2 * radius - distance) / (0.5 * radius), 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)


def _axis(head: Array, tail: Array, strip: Strip) -> tuple[Array, float]:
    vector = tail - head
    length = float(np.linalg.norm(vector))
    if length < 1e-3:
        return (strip.tail - strip.head) / strip.length, 0.0
    return vector / length, length


def _normal(direction: Array) -> Array:
    return np.array([-direction[1], direction[0]])


def _along(
    t: Array, length: float, source_length: float, head_width: float, tail_width: float
) -> Array:
    """Position along the photo's limb: unscaled beyond the joints, cubic between them."""
    before = t / head_width
    after = source_length + (t - length) / tail_width
    if length < 1e-3:
        return np.where(t < 0.0, before, after)
    # Slopes of a monotone cubic may be at most three times the secant (Fritsch & Carlson 1980).
    steepest = 3.0 * source_length / length
    m0 = min(1.0 / head_width, steepest) * length
    m1 = min(1.0 / tail_width, steepest) * length
    u = np.clip(t / length, 0.0, 1.0)
    u2, u3 = u * u, u * u * u
    between = (u3 - 2.0 * u2 + u) * m0 + (3.0 * u2 - 2.0 * u3) * source_length + (u3 - u2) * m1
    return np.where(t < 0.0, before, np.where(t > length, after, between))


def _step(s: Array, reach: float) -> Array:
    """Smooth step over [−reach, reach]."""
    u = np.clip(0.5 + 0.5 * s / reach, 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)


def _rotate_about(points: Array, pivot: Array, angle: Array) -> Array:
    offset = points - pivot
    c, s = np.cos(angle), np.sin(angle)
    x = c * offset[..., 0] - s * offset[..., 1]
    y = s * offset[..., 0] + c * offset[..., 1]
    return np.stack([x, y], axis=-1) + pivot
