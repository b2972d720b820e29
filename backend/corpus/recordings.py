"""Tempo curves of real recordings, from tables of note onsets aligned to a score.

The tables (as of OpenScore Orchestra, `<score>_alignment.csv`) are made automatically: they have
plateaus and slips, and some recordings of another movement among them. So they give tempo curves,
bar by bar and smoothed, and never the truth.
"""

import csv
from pathlib import Path
from typing import Final

import numpy as np
import scipy.ndimage

from backend.score.movement import Movement
from retarget.rotation import Array

_SUFFIX: Final = "_alignment.csv"
_SLIP: Final = 1.35
"""A bar off its neighbours by more than this factor is a slip."""

_MOST_SLIPS: Final = 0.12
_MOST_OFF: Final = 1.6
"""A recording off the written tempo by more than this factor is of something else."""

_FARTHEST: Final = 1.8
"""A bar that differs from its mark by this factor more than the others do is no tempo."""

_MOST_WILD: Final = 0.05


def recorded_tempos(score: Path, folder: Path | None, movement: Movement) -> list[Array]:
    """Quarter notes a minute in each bar (K,), for every usable recording of a movement.

    Parameters
    ----------
    score : Path
        Its file; the table has its name.
    folder : Path or None
        Where the tables are; beside the score if None.
    movement : Movement
        The repeats of the table must be the ones that are played.
    """
    table = (folder or score.parent) / f"{score.stem}{_SUFFIX}"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in (rows[0] if rows else {}) if name.endswith("_tstamp")]
    try:
        quarters = np.array([float(row["qstamp"]) for row in rows])
        times = np.array([[float(row[name] or "nan") for name in columns] for row in rows])
    except (KeyError, ValueError):
        return []
    last_bar = float(movement.starts[-1] - movement.starts[-2])
    if len(rows) < 8 or abs(movement.length - quarters[-1]) > max(last_bar, 1.0):
        return []
    written = movement.written_qpm(movement.starts[:-1])
    curves = [_bar_tempo(quarters, column, movement) for column in times.T]
    fitted = [_fitted(curve, written) for curve in curves if curve is not None]
    return [curve for curve in fitted if curve is not None]


def _bar_tempo(quarters: Array, times: Array, movement: Movement) -> Array | None:
    """Bar by bar, slips replaced by what their neighbours do; None if there are too many."""
    sound = np.isfinite(times)
    if sound.sum() < 8:
        return None
    steady = np.maximum.accumulate(times[sound])
    seconds = np.diff(np.interp(movement.starts, quarters[sound], steady))
    qpm = 60.0 * np.diff(movement.starts) / np.maximum(seconds, 1e-3)
    # The last bars are held and their end is not in the table.
    qpm[-1] = qpm[-2] if len(qpm) > 1 else qpm[-1]
    around = scipy.ndimage.median_filter(qpm, size=min(9, len(qpm)), mode="nearest")
    slips = np.abs(np.log(qpm / around)) > np.log(_SLIP)
    if slips.mean() > _MOST_SLIPS:
        return None
    qpm[slips] = around[slips]
    return np.asarray(scipy.ndimage.median_filter(qpm, size=3, mode="nearest"))


def _fitted(qpm: Array, written: Array) -> Array | None:
    """A curve of this music, its few wild bars held back; None if its tempo is another's."""
    ratio = np.log(qpm / written)
    usual = float(np.median(ratio))
    away = ratio - usual
    wild = np.abs(away) > np.log(_FARTHEST)
    if abs(usual) > np.log(_MOST_OFF) or wild.mean() > _MOST_WILD:
        return None
    return np.asarray(written * np.exp(usual + np.where(wild, 0.0, away)))
