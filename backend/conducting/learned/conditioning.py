"""What the generator is told besides the music: place in beat and bar, and style."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.conducting.learned.grid_encoding import GRID_ENCODINGS
from backend.grid.beat_grid import BeatGrid
from backend.models.amcnet import MOTION_RATE
from backend.models.generator import ConditioningConfig
from backend.style import Style
from retarget.errors import ConductorError

STYLE_CONDITIONS: Final = (
    *("size", "sharpness", "articulation", "subdivision", "rebound", "plane_height"),
    *("expression", "left_hand", "sway", "weight", "lead"),
)
"""The style's values that a new generator is told, in this order. The face is none of them, for the
generator moves the body alone."""

# A lead is told in these units, as it was when the shipped weights were learned.
_LEAD_S: Final = 0.3


def latest_conditioning() -> ConditioningConfig:
    """What a generator that is trained now is told."""
    version = max(GRID_ENCODINGS)
    defaults = _told(Style())
    return ConditioningConfig(
        grid_encoding=version,
        grid_channels=GRID_ENCODINGS[version].channels,
        style=tuple((name, defaults[name]) for name in STYLE_CONDITIONS),
    )


def encode_conditioning(
    grid: BeatGrid, style: Style, count: int, config: ConditioningConfig
) -> NDArray[np.float32]:
    """What is told of frames at 30 Hz from the start of the music, (count, config.channels).

    The grid is read `style.lead` ahead of the sound. A value of the style that the generator has
    not learned is not told; for one that the style has no longer, its default is.

    Parameters
    ----------
    grid : BeatGrid
    style : Style
    count : int
        Frames.
    config : ConditioningConfig
        Of the generator.

    Raises
    ------
    ConductorError
        If the generator is of a later version of the program.
    """
    encoding = GRID_ENCODINGS.get(config.grid_encoding)
    if encoding is None or encoding.channels != config.grid_channels:
        raise ConductorError(
            "The generator is told the beats in a way that this version of the program does not "
            "know; install the version that it was trained with, or choose another."
        )
    at = np.arange(count) / MOTION_RATE + style.lead
    told = _told(style)
    styles = np.tile([told.get(name, default) for name, default in config.style], (count, 1))
    beats = encoding.encode(grid, at) if len(grid) else np.zeros((count, encoding.channels))
    return np.hstack([beats, styles]).astype(np.float32)


def _told(style: Style) -> dict[str, float]:
    return style.as_dict() | {"lead": style.lead / _LEAD_S}
