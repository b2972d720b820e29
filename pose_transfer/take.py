"""`Take`: what moves a character, and the camera that sees it, frame by frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.character import Character
from retarget.rotation import Array

# Nothing is nearer to the camera than this.
_NEAR_M: Final = 0.05


@dataclass(frozen=True)
class Take:
    """What moves, T frames.

    Parameters
    ----------
    matrices : (T, B, 3, 4) float32 array
        Bind pose to world, of every bone of the character.
    baton : (T, 2, 3) array
        Where it is held, and its tip, world; NaN without a baton.
    view : (T, 4, 4) array
        World to camera space, as in `Guide`.
    projection : (T, 4, 4) array
        Camera to clip space, as in `Guide`.
    size : (int, int)
        Picture size the projection is for.
    """

    matrices: NDArray[np.float32]
    baton: NDArray
    view: Array
    projection: Array
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.matrices)

    def pixels_per_metre(self, character: Character) -> float:
        """Pixels of `size` per metre where the person stands, median of the frames."""
        middle = np.append(character.vertices.mean(axis=0), 1.0)
        bones = character.weight_bones[np.argmin(((character.vertices - middle[:3]) ** 2).sum(1))]
        world = self.matrices[:, bones[0]].astype(np.float64) @ middle
        clip = _apply(self.projection @ self.view, world)
        focal = 0.5 * self.size[1] * self.projection[:, 1, 1]
        return float(np.median(focal / np.maximum(clip[:, 3], _NEAR_M)))


def _apply(matrix: NDArray, points: NDArray) -> NDArray:
    """Points (…, 3) under (…, 4, 4) as homogeneous (…, 4)."""
    return np.einsum("...ij,...j->...i", matrix[..., :3], points) + matrix[..., 3]
