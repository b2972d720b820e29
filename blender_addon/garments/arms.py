"""The arms of the bind pose, halfway between hanging and conducting, so that no pose is far away.

Garments modelled here stand in this pose, not in the T-pose: sleeves are shaped bent, and skinning
has half as far to go to any pose of a conductor.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from retarget import rotation, skeleton
from retarget.rotation import Array

from ..stage.noise import smoothstep
from .figure import Weights, arm, trunk_weights
from .sdf import ellipsoid, intersect, mirrored, union
from .surface import Surface

_LOWERED, _FORWARD, _FLEXED = np.radians((40.0, 18.0, 58.0))
_Z: Final = np.array([0.0, 0.0, 1.0])
_Y: Final = np.array([0.0, 1.0, 0.0])

UPPER_TURN: Final[Array] = rotation.multiply(
    rotation.from_axis_angle(_Z, np.array(-_FORWARD)),
    rotation.from_axis_angle(_Y, np.array(_LOWERED)),
)
"""Left upper arm from the T-pose to the bind pose, world axes."""
BENT: Final[Array] = rotation.from_axis_angle(_Z, np.array(-_FLEXED))
"""Left forearm as the upper arm sees it."""
FOREARM_TURN: Final[Array] = rotation.multiply(UPPER_TURN, BENT)
"""Left forearm and hand, world axes."""

_SHOULDER: Final[Array] = skeleton.REST[skeleton.INDEX["upper_arm.L"]]
_SHOULDER_BALL: Final = (0.176, 0.002, 1.398)
_ELBOW_REST: Final[Array] = skeleton.REST[skeleton.INDEX["forearm.L"]]
ELBOW: Final[Array] = _SHOULDER + rotation.rotate(UPPER_TURN, _ELBOW_REST - _SHOULDER)

Ease = Callable[[Array], Array]
"""Points of one arm segment, left and in the T-pose, to metres off the shirt."""


def mirror_turn(turn: Array) -> Array:
    """The same rotation on the other side of x = 0."""
    return turn * np.array([1.0, 1.0, -1.0, -1.0])


def to_upper(p: Array) -> Array:
    """Points, folded onto the left side, in the T-pose as the upper arm sees them."""
    away = mirrored(p) - _SHOULDER
    return _SHOULDER + rotation.rotate(rotation.conjugate(UPPER_TURN), away)


def to_forearm(p: Array) -> Array:
    """Points, folded onto the left side, in the T-pose as the forearm sees them."""
    away = mirrored(p) - ELBOW
    return _ELBOW_REST + rotation.rotate(rotation.conjugate(FOREARM_TURN), away)


def with_forearm(points: Array) -> Array:
    """Points at either forearm or hand in the T-pose, brought to the bind pose."""
    left = mirrored(points)
    posed = ELBOW + rotation.rotate(FOREARM_TURN, left - _ELBOW_REST)
    return posed * np.where(points[:, :1] < 0.0, (-1.0, 1.0, 1.0), (1.0, 1.0, 1.0))


def surface_with_forearm(surface: Surface) -> Surface:
    """A surface at the forearms or hands in the T-pose, brought to the bind pose."""
    tips = with_forearm(surface.vertices + 0.01 * surface.normals)
    vertices = with_forearm(surface.vertices)
    return Surface(vertices, surface.faces, surface.materials, (tips - vertices) * 100.0)


def sleeve(
    p: Array,
    upper_ease: Ease,
    forearm_ease: Ease,
    elbow_radius: float,
    shoulder: tuple[float, float, float],
) -> Array:
    """Both sleeves as a field: two tubes, a ball between them, and one of radii `shoulder`."""
    u, f = to_upper(p), to_forearm(p)
    above = intersect(arm(u, upper_ease(u)), u[:, 0] - _ELBOW_REST[0] - 0.004, 0.012)
    # A tube turned about the shoulder would stick out on top of it.
    above = intersect(above, 0.195 - u[:, 0], 0.015)
    above = union(above, ellipsoid(mirrored(p), _SHOULDER_BALL, shoulder), 0.022)
    below = intersect(arm(f, forearm_ease(f)), _ELBOW_REST[0] - 0.004 - f[:, 0], 0.012)
    ball = ellipsoid(u, (_ELBOW_REST[0], 0.004, 1.419), (elbow_radius,) * 3)
    return union(union(above, ball, 0.02), below, 0.018)


def garment_weights(p: Array, on_sleeve: Array) -> Weights:
    """Shares of the bones in points of a garment with sleeves.

    `on_sleeve` (N,) is 1 on the sleeves, 0 on the trunk and soft in the armpit.
    """
    x, z = np.abs(p[:, 0]), p[:, 2]
    along = to_upper(p)[:, 0]
    beyond = 0.5 * (along + to_forearm(p)[:, 0]) - _ELBOW_REST[0]
    arms = on_sleeve * smoothstep(along, 0.125, 0.255)
    forearm = smoothstep(beyond, -0.055, 0.055)
    clavicle = smoothstep(x, 0.05, 0.15) * smoothstep(z, 1.30, 1.43)
    # The law of the stage's trunk along its middle line, where it knows neither arm nor clavicle.
    trunk = trunk_weights(p * np.array([0.0, 1.0, 1.0]))
    shares = {
        bone: trunk[bone] * (1.0 - clavicle) * (1.0 - arms)
        for bone in ("hips", "spine", "chest", "neck")
    }
    left = p[:, 0] >= 0.0
    for side, here in (("L", left), ("R", ~left)):
        shares[f"clavicle.{side}"] = clavicle * (1.0 - arms) * here
        shares[f"upper_arm.{side}"] = arms * (1.0 - forearm) * here
        shares[f"forearm.{side}"] = arms * forearm * here
    return shares
