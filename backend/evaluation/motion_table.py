"""The table of `evaluate motion`: the learned conductor beside the teacher and beside floors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.beats.hear import hear_beats
from backend.conducting.learned.conductor import conduct_learned
from backend.conducting.rules import conduct_taught
from backend.corpus.dataset import MOTION_FPS, Clip
from backend.evaluation.motion import (
    bodily,
    diversity,
    frechet_distance,
    legible,
    on_the_beat,
    rhythm_density_error,
    strength_contour_error,
)
from backend.grid.beat_grid import BeatGrid
from backend.models.amcnet import AmcNet
from backend.style import Style, presets
from retarget import rotation
from retarget.motion import Motion
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

MEASURES: Final = (
    "beat F",
    "beat F, best lag",
    "lag s",
    "random F",
    "vertical",
    "bars read",
    "RDE",
    "SCE",
    "sync error",
    "FGD",
    "speed",
    "jerk",
    "limits",
    "bones m",
    "feet m",
)
_DIVERSITY_SEEDS: Final = 3
_DIVERSITY_CLIPS: Final = 6


@dataclass(frozen=True)
class MotionRow:
    """Figures of one way to conduct: mean of each of `MEASURES` over the clips."""

    conductor: str
    values: dict[str, float]


@dataclass(frozen=True)
class Example:
    """One piece, conducted in every way: times (B,) and numbers (B,) of its beats, and motions."""

    times: Array
    numbers: NDArray[np.int64]
    motions: dict[str, Motion]


@dataclass(frozen=True)
class MotionTable:
    """The figures, and the first piece to look at."""

    rows: list[MotionRow]
    example: Example


@dataclass(frozen=True)
class Diversity:
    """Mean distance of joints, metres, over seeds and over styles of the same music."""

    conductor: str
    seeds: float
    styles: float


@dataclass(frozen=True)
class _Piece:
    """A clip, and how it is conducted truly: by the teacher, with its exact beats."""

    analysis: Analysis
    grid: BeatGrid
    style: Style
    true: Motion
    heard: BeatGrid


def evaluate_motion(
    clips: Sequence[Clip],
    checkpoint: Path | None,
    amcnet: AmcNet,
    progress: Progress = no_progress,
) -> MotionTable:
    """Conduct every clip in every way.

    Parameters
    ----------
    clips : sequence of Clip
        Two or more, with beats and motion on the skeleton, of works nothing was learned from.
    checkpoint : Path or None
        The generator; the one that comes with the program if None.
    amcnet : AmcNet
        Its motion encoder compares motions; one that was trained on other data than the generator
        judges fairly.
    """
    pieces = []
    for index, clip in enumerate(clips):
        progress(0.5 * index / len(clips), "listening")
        pieces.append(_piece(clip))
    mean = _mean_motion([piece.true for piece in pieces])
    ways: dict[str, Callable[[int], Motion]] = {
        "learned, true beats": lambda i: _learned(pieces[i], pieces[i].grid, checkpoint),
        "learned, heard beats": lambda i: _learned(pieces[i], pieces[i].heard, checkpoint),
        "teacher, true beats": lambda i: _taught(pieces[i], pieces[i].grid),
        "teacher, heard beats": lambda i: _taught(pieces[i], pieces[i].heard),
        "another piece": lambda i: _fitted(pieces[i - 1].true, len(pieces[i].true)),
        "mean motion": lambda i: _fitted(mean, len(pieces[i].true)),
        "constant pose": lambda i: _still(pieces[i].true),
    }
    rows = []
    shown: dict[str, Motion] = {}
    for number, (name, way) in enumerate(ways.items()):
        scores, real, made = [], [], []
        for i, piece in enumerate(pieces):
            progress(0.5 + 0.5 * (number + i / len(pieces)) / len(ways), "conducting")
            motion = way(i)
            shown.setdefault(name, motion)
            features = [_features(amcnet, m.joints_2d()) for m in (piece.true, motion)]
            scores.append(_scores(motion, piece, features))
            real.append(features[0])
            made.append(features[1])
        values = {key: float(np.mean([score[key] for score in scores])) for key in scores[0]}
        values["FGD"] = frechet_distance(np.concatenate(real), np.concatenate(made))
        rows.append(MotionRow(name, {key: values[key] for key in MEASURES}))
    grid, lead = pieces[0].grid, pieces[0].style.lead
    return MotionTable(rows, Example(grid.times - lead, grid.numbers, shown))


def evaluate_diversity(
    clips: Sequence[Clip], checkpoint: Path | None, progress: Progress = no_progress
) -> list[Diversity]:
    """How far seeds and styles move the joints, of the learned conductor and the teacher."""
    styles = list(presets().values())
    found: dict[str, list[tuple[float, float]]] = {"learned": [], "teacher": []}
    chosen = clips[:_DIVERSITY_CLIPS]
    for index, clip in enumerate(chosen):
        progress(index / len(chosen), "comparing seeds and styles")
        piece = _piece(clip)
        for name, values in found.items():

            def made(style: Style, seed: int, name: str = name, piece: _Piece = piece) -> Motion:
                one = replace(piece, style=style)
                if name == "learned":
                    return _learned(one, one.grid, checkpoint, seed)
                return _taught(one, one.grid, seed)

            over_seeds = diversity([made(piece.style, seed) for seed in range(_DIVERSITY_SEEDS)])
            values.append((over_seeds, diversity([made(style, 0) for style in styles])))
    return [
        Diversity(name, *(float(np.mean(column)) for column in zip(*values, strict=True)))
        for name, values in found.items()
    ]


def _piece(clip: Clip) -> _Piece:
    analysis, true = clip.analysis(), clip.performance()
    style = Style(**true.style)
    return _Piece(analysis, clip.beats(), style, true, hear_beats(analysis).grid)


def _scores(motion: Motion, piece: _Piece, features: list[Array]) -> dict[str, float]:
    # A lead is meant: the low points are to come that much before the sound.
    beats = piece.grid.times - piece.style.lead
    beat = on_the_beat(motion, beats)
    read = legible(motion, beats, piece.grid.numbers, beat.lag)
    body = bodily(motion)
    true, made = (m.joints_2d() for m in (piece.true, motion))
    return {
        "beat F": beat.f,
        "beat F, best lag": beat.best_f,
        "lag s": beat.lag,
        "random F": beat.random_f,
        "vertical": read.vertical,
        "bars read": read.bars,
        "RDE": rhythm_density_error(true, made),
        "SCE": strength_contour_error(true, made),
        "sync error": float(np.abs(features[0] - features[1]).mean()),
        "speed": body.speed,
        "jerk": body.jerk,
        "limits": body.limits,
        "bones m": body.bones,
        "feet m": body.feet,
    }


def _learned(piece: _Piece, grid: BeatGrid, checkpoint: Path | None, seed: int = 1) -> Motion:
    motion = conduct_learned(
        grid, piece.analysis, style=piece.style, seed=seed, fps=MOTION_FPS, checkpoint=checkpoint
    )
    return _fitted(motion, len(piece.true))


def _taught(piece: _Piece, grid: BeatGrid, seed: int = 1) -> Motion:
    motion = conduct_taught(grid, piece.analysis, style=piece.style, seed=seed, fps=MOTION_FPS)
    return _fitted(motion, len(piece.true))


def _fitted(motion: Motion, count: int) -> Motion:
    """As many frames, the motion begun again where it is too short."""
    at = np.arange(count) % len(motion)
    return replace(motion, rotations=motion.rotations[at], root=motion.root[at])


def _still(motion: Motion) -> Motion:
    rotations = np.repeat(motion.rotations[:1], len(motion), axis=0)
    return replace(motion, rotations=rotations, root=np.repeat(motion.root[:1], len(motion), 0))


def _mean_motion(motions: list[Motion]) -> Motion:
    """The mean of motions, frame by frame."""
    count = min(len(motion) for motion in motions)
    first = motions[0].rotations[:count]
    # Quaternions on the same side as the first's, added and made unit.
    total = np.zeros_like(first)
    for motion in motions:
        one = motion.rotations[:count]
        total += np.where(np.sum(one * first, axis=-1, keepdims=True) < 0.0, -one, one)
    root = np.mean([motion.root[:count] for motion in motions], axis=0)
    return replace(motions[0], rotations=rotation.normalize(total), root=root)


@torch.inference_mode()
def _features(amcnet: AmcNet, joints: Array) -> Array:
    features = amcnet.motion(torch.from_numpy(joints.astype(np.float32))[None])
    return np.asarray(features[0].numpy(), np.float64)
