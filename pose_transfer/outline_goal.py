"""How far a place of the picture lies from the outline of a label, and whose outline that is."""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.rotation import Array

from .labels import BACKGROUND, TRUNK, PartLabels

# At the picture's edge the body goes on: an outline within so many pixels of it is none.
_EDGE_PX = 2
# Outlines are the person's own this near to where nothing else is, pixels.
_FREE_PX = 2


@dataclass(frozen=True)
class OutlineGoal:
    """Signed distance from a label's own outline.

    Parameters
    ----------
    mask : (H, W) bool array
        The label.
    rims : pair of _Rim
        The pixels along the outline outside and inside of the label, by the side one looks from.
    capture : float
        How far from the outline it is still a goal, pixels.
    """

    mask: NDArray[np.bool_]
    rims: tuple["_Rim", "_Rim"]
    capture: float

    @classmethod
    def around(cls, mask: NDArray[np.bool_], capture: float) -> Self:
        """The outline of the whole person."""
        whole = PartLabels(np.where(mask, TRUNK, BACKGROUND).astype(np.uint8))
        return cls.of(whole, TRUNK, capture)

    @classmethod
    def of(cls, labels: PartLabels, part: int, capture: float) -> Self:
        """The outline of one part."""
        mask = labels.mask(part)
        # Trunk and hands may lie before or behind; only the sky around the person is certain. An
        # arm that shows has its outline over the trunk too.
        others = {TRUNK: (BACKGROUND,)}.get(part, (BACKGROUND, TRUNK))
        free = labels.mask(*others)
        cross = np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.uint8)
        near_free = cv2.dilate(free.astype(np.uint8), cross, iterations=_FREE_PX) > 0
        # From within one looks at what is not the label, from outside at the label.
        return cls(mask, (_Rim.of(mask, near_free), _Rim.of(~mask, free)), capture)

    def at(self, pixels: NDArray[np.int64]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """What pixels (N, 2) of the picture, x and y, have to go.

        Returns
        -------
        distance : (N,) array
            Pixels; positive outside.
        toward : (N, 2) array
            The way to the nearest place on the outline.
        own : (N,) bool array
            Whether the nearest outline is the person's own, and within the picture.
        """
        inside = self.mask[pixels[:, 1], pixels[:, 0]]
        distance = np.full(len(pixels), np.inf)
        toward = np.zeros((len(pixels), 2))
        own = np.zeros(len(pixels), bool)
        for here, rim, sign in ((~inside, self.rims[0], 1.0), (inside, self.rims[1], -1.0)):
            if not here.any() or rim.tree is None:
                continue
            away, nearest = rim.tree.query(pixels[here])
            distance[here] = sign * (np.asarray(away) - 0.5)
            toward[here] = rim.tree.data[nearest] - pixels[here]
            own[here] = rim.own[nearest]
        return distance, toward, own


@dataclass(frozen=True)
class _Rim:
    """The pixels of a mask next to the rest: one of them is nearest to any pixel of the rest.

    `tree` holds their x and y, None where there are none; `own` (N,) says whether the person's own
    outline is there.
    """

    tree: cKDTree | None
    own: NDArray[np.bool_]

    @classmethod
    def of(cls, mask: NDArray[np.bool_], own: NDArray[np.bool_]) -> "_Rim":
        cross = np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.uint8)
        rows, columns = np.nonzero(mask & (cv2.dilate((~mask).astype(np.uint8), cross) > 0))
        if len(rows) == 0:
            return cls(None, np.zeros(0, bool))
        height, width = mask.shape
        within = (np.minimum(columns, width - 1 - columns) >= _EDGE_PX) & (
            np.minimum(rows, height - 1 - rows) >= _EDGE_PX
        )
        return cls(cKDTree(np.column_stack([columns, rows])), own[rows, columns] & within)
