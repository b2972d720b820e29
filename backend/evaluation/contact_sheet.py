"""Pictures side by side on one sheet, to be looked at."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError

_GAP: Final = 4
_LABEL: Final = 18
_PAPER, _INK = 245, 20


def contact_sheet(
    frames: Sequence[NDArray[np.uint8]],
    columns: int,
    labels: Sequence[str] = (),
    *,
    side: int = 200,
) -> NDArray[np.uint8]:
    """Pictures in rows from the top left, each with a line of text above it.

    Parameters
    ----------
    frames : sequence of (H, W, 3) uint8 arrays
        RGB, of any sizes.
    columns : int
        How many stand in a row, at least 1.
    labels : sequence of str
        One for each picture, or none at all; ASCII.
    side : int
        Width and height of the place for one picture, pixels; pictures are made to fit.

    Returns
    -------
    (H, W, 3) uint8 array

    Raises
    ------
    ConductorError
        If there are no pictures, no columns, or not as many labels as pictures.
    """
    if not frames or columns < 1 or (labels and len(labels) != len(frames)):
        raise ConductorError(
            "A contact sheet needs pictures, at least one column, and a label for each picture or "
            "for none."
        )
    sizes = [_fitted(frame, side) for frame in frames]
    # Places no wider and no higher than the pictures need.
    wide, high = max(w for w, _ in sizes), max(h for _, h in sizes)
    step_x, step_y = wide + _GAP, high + _GAP + (_LABEL if labels else 0)
    rows = -(-len(frames) // columns)
    sheet = np.full(
        (rows * step_y + _GAP, min(columns, len(frames)) * step_x + _GAP, 3), _PAPER, np.uint8
    )
    for i, (frame, size) in enumerate(zip(frames, sizes, strict=True)):
        row, column = divmod(i, columns)
        x, y = _GAP + column * step_x, _GAP + row * step_y
        if labels:
            box = sheet[y : y + _LABEL, x : x + wide]
            cv2.putText(
                box, labels[i], (1, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (_INK,) * 3, 1, cv2.LINE_AA
            )
            y += _LABEL
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        sheet[y : y + size[1], x : x + size[0]] = small
    return sheet


def _fitted(frame: NDArray, side: int) -> tuple[int, int]:
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))
