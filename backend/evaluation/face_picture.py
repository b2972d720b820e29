"""What the face does at both ends of the style value `face`, in lanes over the time."""

import dataclasses
from typing import Any, Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from backend.conducting.rules import conduct
from backend.conducting.rules.face import add_face
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget.motion import Motion
from retarget.rotation import Array

_FPS: Final = 60.0
_BEAT_S: Final = 0.75
_FIRST_S: Final = 2.0
_BARS: Final = 5
# The music is soft, grows over the third bar and is loud.
_SOFT, _LOUD = 0.25, 0.95
_LANES: Final = {
    "brows up": ("browInnerUp", "browOuterUpLeft"),
    "brows drawn": ("browDownLeft", "browDownRight"),
    "lids closed": ("eyeBlinkLeft", "eyeBlinkRight"),
    "eyes narrow": ("eyeSquintLeft", "eyeSquintRight"),
    "looks down": ("eyeLookDownLeft", "eyeLookDownRight"),
    "looks aside": ("eyeLookOutLeft", "eyeLookOutRight"),
    "mouth open": ("jawOpen",),
}
_SHAPE, _BEAT = "#1f4e79", "#c00000"


def draw_face() -> Any:
    """The figure; a lane is as high as its actions go at most, which is 1."""
    figure, axes = plt.subplots(
        1, 2, figsize=(6.4, 4.0), sharex=True, sharey=True, layout="constrained"
    )
    for axis, value in zip(axes, (0.0, 1.0), strict=True):
        motion, beats = _perform(dataclasses.replace(Style(), face=value))
        _draw_lanes(axis, motion, beats)
        axis.set_title(f"face = {value:g}", fontsize=10)
    axes[0].set_yticks(np.arange(len(_LANES)), list(_LANES))
    axes[0].invert_yaxis()
    figure.suptitle("face: an upbeat, two soft bars, one that grows, two loud ones", fontsize=11)
    return figure


def _perform(style: Style) -> tuple[Motion, Array]:
    """The motion with its face, and the beats of the music, seconds."""
    count = 4 * _BARS
    times = _FIRST_S + np.arange(count) * _BEAT_S
    grid = BeatGrid(
        times, np.arange(count) % 4 + 1, np.full(count, 4), ("4/4",) * count, np.ones(count)
    )
    duration = float(times[-1]) + _BEAT_S
    bars = (np.arange(int(duration * 90)) / 90.0 - _FIRST_S) / (4.0 * _BEAT_S)
    loudness = np.where(bars < 0.0, 0.0, np.interp(bars, [2.0, 3.0], [_SOFT, _LOUD]))
    motion = conduct(grid, duration=duration, loudness=loudness, style=style, seed=1, fps=_FPS)
    return add_face(motion, grid, duration=duration, loudness=loudness, style=style, seed=1), times


def _draw_lanes(axis: Any, motion: Motion, beats: Array) -> None:
    for lane, names in enumerate(_LANES.values()):
        values = np.max([motion.face[:, motion.face_names.index(name)] for name in names], axis=0)
        axis.fill_between(motion.times, lane + 0.4, lane + 0.4 - 0.8 * values, color=_SHAPE, lw=0)
        axis.axhline(lane + 0.4, color="#cccccc", linewidth=0.6, zorder=0)
    for number, time in enumerate(beats):
        is_first = number % 4 == 0
        axis.axvline(time, color=_BEAT, linewidth=0.6 if is_first else 0.2, zorder=0)
    axis.tick_params(labelsize=8)
    axis.set_xlim(_FIRST_S - 1.5, motion.duration)
    axis.set_xlabel("seconds; bars begin at the red lines", fontsize=7)
