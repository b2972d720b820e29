"""Faces that a take never shows: they look away in all of it, or lie below the picture.

Of bones alone, so that every frame counts and none is skinned: where the camera and the picture's
lower edge lie, seen from each bone, says which of the faces that hang on it can be seen.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .surface import Surface
from .take import Take

# Faces that follow an arm by more than this turn too freely to be worth the question.
_ARM_SHARE: Final = 0.02
_ARM: Final = ("upper_arm", "forearm", "hand", "thumb", "index", "middle", "ring", "pinky", "baton")
# Sine of the angle by which a face must look away, because several bones may bend it.
_AWAY: Final = 0.3
# Below the picture, as a share of its height: what an outline takes.
_BELOW: Final = 0.02
# Frames looked at together.
_STRETCH: Final = 256


def shown_faces(
    surface: Surface,
    places: NDArray,
    weight_bones: NDArray,
    weights: NDArray,
    bones: tuple[str, ...],
    take: Take,
    to_picture: Array,
) -> NDArray[np.bool_]:
    """Faces (F,) of a surface that a take may show.

    Parameters
    ----------
    surface : Surface
        N drawn vertices.
    places : (N, 3) array
        Bind pose, metres.
    weight_bones, weights : (N, K) arrays
        As in `Character`; bones beyond `bones` count as an arm's.
    bones : tuple of str
        Names of the take's bones.
    take : Take
        All that is to be drawn.
    to_picture : (4, 4) array
        The take's clip space to the picture's, whose row 0 is at −1.
    """
    shown = np.ones(surface.corners.shape[1], bool)
    if not (np.abs(take.projection[:, 3, 2]) > 0.0).all():
        return shown
    arm = np.array([name.split(".")[0] in _ARM for name in bones] + [True])
    free = (weights * arm[np.minimum(weight_bones, len(bones))]).sum(axis=1) > _ARM_SHARE
    asked = np.flatnonzero(~free[surface.corners].any(axis=0))
    if not len(asked):
        return shown
    corners = surface.corners[:, asked]
    shares = np.zeros((len(places), len(bones)), bool)
    rows, columns = np.nonzero((weights > 0.0) & (weight_bones < len(bones)))
    shares[rows, weight_bones[rows, columns]] = True
    a, b, c = (places[column].astype(np.float64) for column in corners)
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    plane = np.column_stack([normal, -(normal * a).sum(axis=1)])
    away = asked < surface.closed
    used = shares[corners].any(axis=0)
    below = np.ones(len(places), bool)
    for bone in np.flatnonzero(used.any(axis=0)):
        own, hung = np.flatnonzero(used[:, bone]), np.flatnonzero(shares[:, bone])
        points = np.column_stack([places[hung], np.ones(len(hung))])
        middle = points[:, :3].mean(axis=0)
        for camera, edge in _seen_from(take, to_picture, bone):
            far = np.linalg.norm(camera - middle, axis=1, keepdims=True)
            eye = np.concatenate([camera, np.ones_like(far)], axis=1) / far
            away[own] &= (plane[own].astype(np.float32) @ _rows(eye)).max(axis=1) < -_AWAY
            below[hung] &= (points.astype(np.float32) @ _rows(edge)).max(axis=1) < 0.0
    shown[asked] = ~(away | below[corners].all(axis=0))
    return shown


def _rows(vectors: Array) -> NDArray[np.float32]:
    return np.ascontiguousarray(vectors.T, dtype=np.float32)


def _seen_from(take: Take, to_picture: Array, bone: int) -> Iterator[tuple[Array, Array]]:
    """The camera (S, 3) and the picture's lower edge (S, 4), as planes, in a bone's bind space."""
    down = np.array([0.0, -1.0, 0.0, 1.0 + 2.0 * _BELOW]) @ to_picture
    for start in range(0, len(take), _STRETCH):
        part = np.s_[start : start + _STRETCH]
        moved = np.zeros((len(take.matrices[part]), 4, 4))
        moved[:, :3] = take.matrices[part, bone]
        moved[:, 3, 3] = 1.0
        to_camera = take.view[part] @ moved
        yield (
            np.linalg.inv(to_camera)[:, :3, 3],
            down @ (take.projection[part] @ to_camera),
        )
