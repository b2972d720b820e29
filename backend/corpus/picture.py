"""A picture of a clip: its mel spectrogram with the beats drawn in."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from backend.audio.rates import FEATURE_RATE
from backend.grid.beat_grid import BeatGrid
from retarget.atomic import atomic_path

_SECONDS: Final = 20.0
_SCALE: Final = 3
_DEEPEST_DB: Final = 80.0
_DOWNBEAT, _BEAT = (255, 255, 255), (190, 190, 190)


def draw_clip(clip: Path, picture: Path) -> None:
    """Draw the first 20 seconds of a clip's folder; downbeats are long lines with their time."""
    mel = np.load(clip / "mel.npy", allow_pickle=False)[: round(_SECONDS * FEATURE_RATE)]
    loud = np.clip(1.0 + mel.astype(np.float32).T[::-1] / _DEEPEST_DB, 0.0, 1.0)
    image = cv2.applyColorMap((255.0 * loud).astype(np.uint8), cv2.COLORMAP_INFERNO)
    image = np.repeat(image, _SCALE, axis=0)
    grid = BeatGrid.load(clip / "beats.txt")
    height = len(image)
    for time, number in zip(grid.times, grid.numbers, strict=True):
        x = round(time * FEATURE_RATE)
        if x >= image.shape[1]:
            break
        first = number == 1
        cv2.line(
            image, (x, 0), (x, height if first else height // 3), _DOWNBEAT if first else _BEAT
        )
        cv2.putText(
            image,
            str(number),
            (x + 3, 14),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.45,
            _DOWNBEAT,
            1,
            cv2.LINE_AA,
        )
    with atomic_path(picture) as temporary:
        cv2.imwrite(str(temporary), image)
