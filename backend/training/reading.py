"""Fitting of the weights by which a piece's level and meter are read (`backend.beats.reading`)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from backend.audio.analysis import Analysis
from backend.audio.features import analyse, analysis_from_mel
from backend.beats.accents import pulse_sound
from backend.beats.bar_states import BARS
from backend.beats.decode import decode_beats
from backend.beats.hear import load_bar_net, weigh_bars
from backend.beats.listen import listen, load_beat_net
from backend.beats.pulses import pulse_features
from backend.beats.reading import FEATURES, features, limits_of
from backend.corpus.simple_tunes import Timbre, notes_of, simple_tunes, sound_of, true_beats
from backend.grid.beat_grid import BeatGrid
from backend.models.beat_net import RATE, seconds_of
from backend.models.checkpoint import shipped
from backend.training.beat_data import AnnotatedClip
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

# Seconds of the stretches of each clip that are learned from; short music has to be read too.
_LENGTHS_S: Final = (4.0, 8.0, 15.0, 30.0, 60.0, np.inf)
_FEWEST_PULSES, _FEWEST_BEATS = 4, 3
# How fast and in which timbre the simple tunes are played, and how often over.
_TAKES: Final[tuple[tuple[float, Timbre], ...]] = (
    (1.0, "struck"),
    (1.0, "blown"),
    (0.85, "blown"),
    (1.18, "struck"),
)
_TIMES: Final = 2
# How much a take counts beside a work: what anybody can count must be heard.
_TUNES_WEIGH: Final = 0.5
_SAME_TEMPO: Final = 0.08
# Strength of the normal prior around 0, in works.
_SHRINKAGE: Final = 1.0
_PLACES: Final = 4


@dataclass(frozen=True)
class Example:
    """A stretch of known bars.

    Parameters
    ----------
    values : (len(BARS), len(FEATURES)) array
        What speaks for each kind of bar.
    limits : (len(BARS),) array
        Log weights by what a conductor does.
    right : (len(BARS),) bool array
        The kinds that are right: mostly one.
    work : str
    weight : float
        How much the work counts beside others.
    """

    values: Array
    limits: Array
    right: NDArray[np.bool_]
    work: str
    weight: float = 1.0


@dataclass(frozen=True)
class Music:
    """Music of known beats, the work it is of, and how much that counts."""

    analysis: Analysis
    grid: BeatGrid
    work: str
    weight: float = 1.0


def music_of(clips: Sequence[AnnotatedClip]) -> Iterator[Music]:
    """Clips of works that the networks have not learned from: of others they are too sure.

    After them come the simple tunes that are not held out, at several tempi, each as a work of its
    own.
    """
    for clip in clips:
        yield Music(analysis_from_mel(clip.mel), clip.grid, clip.work)
    for tune in simple_tunes():
        for faster, timbre in () if tune.held_out else _TAKES:
            tempo = tune.tempo * faster
            sound = sound_of(notes_of(tune, tempo, _TIMES), timbre)
            work = f"{tune.title}, {timbre}, {tempo:.0f}"
            yield Music(analyse(sound), true_beats(tune, tempo, _TIMES), work, _TUNES_WEIGH)


def read_examples(
    music: Iterable[Music],
    beat_net: Path | None = None,
    bar_net: Path | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> list[Example]:
    """Hear music, whole and in stretches of a few seconds, and note what is right.

    Parameters
    ----------
    music
    beat_net, bar_net : Path, optional
        Other checkpoints than those that come with the program.
    seed : int
        For where the stretches begin.
    progress : Progress
        Told of each piece, but not how many follow.
    """
    hears = load_beat_net(beat_net or shipped("beats"))
    weighs = load_bar_net(bar_net or shipped("bars"))
    rng = np.random.default_rng(seed)
    examples = []
    for piece in music:
        progress(0.0, f"hearing {piece.work}")
        heard = listen(hears, piece.analysis.mel)
        pulses = decode_beats(heard)
        if len(pulses) < _FEWEST_PULSES:
            continue
        sound = pulse_sound(piece.analysis, pulses)
        scores = weigh_bars(weighs, pulse_features(heard, pulses, sound))
        for part in _parts(pulses, rng):
            right = _right(pulses[part], piece.grid)
            if right.any():
                values = features(heard, pulses[part], scores[part], sound.part(part))
                examples.append(
                    Example(values, limits_of(pulses[part]), right, piece.work, piece.weight)
                )
    return examples


def _parts(pulses: Array, rng: np.random.Generator) -> Iterator[slice]:
    """Stretches of all lengths, each somewhere in the piece."""
    for length in _LENGTHS_S:
        begin = pulses[0] + rng.random() * max(pulses[-1] - pulses[0] - length * RATE, 0.0)
        edges = np.searchsorted(pulses, [begin - 1e-6, begin + length * RATE])
        if edges[1] - edges[0] >= _FEWEST_PULSES:
            yield slice(int(edges[0]), int(edges[1]))


def fit_reading(examples: Sequence[Example]) -> Array:
    """The most likely weights, (len(FEATURES),), drawn towards 0; works count by their weight.

    Raises
    ------
    ConductorError
        If there is nothing to learn from.
    """
    if not examples:
        raise ConductorError("These clips have no bars to learn from; choose others.")
    often = Counter(example.work for example in examples)

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = 0.5 * _SHRINKAGE * float(weights @ weights), _SHRINKAGE * weights
        for example in examples:
            logits = example.values @ weights + example.limits
            every, right = logsumexp(logits), logsumexp(logits[example.right])
            if not np.isfinite(right):
                continue
            share = np.exp(logits - every)
            true = np.where(example.right, np.exp(logits - right), 0.0)
            weight = example.weight / often[example.work]
            total += weight * (every - right)
            slope = slope + weight * (share - true) @ example.values
        return total, slope

    # What is far from usual is never likelier for it.
    bounds = [(None, 0.0 if "squared" in name else None) for name in FEATURES]
    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, bounds=bounds, method="L-BFGS-B")
    return np.asarray(found.x)


def save_reading(weights: Array, path: Path) -> None:
    """Write weights as a table that `backend.beats.reading` reads."""
    lines = [
        "# Weights, in nats, by which level and meter are read (backend/beats/reading.py);",
        "# written by `virtual-conductor train reading`.",
        "",
        "[weights]",
        *(
            f'"{name}" = {round(float(weight), _PLACES) + 0.0}'
            for name, weight in zip(FEATURES, weights, strict=True)
        ),
    ]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _right(pulses: Array, truth: BeatGrid) -> NDArray[np.bool_]:
    """The kinds of bars that have the true tempo and most of the true beats in a bar."""
    first, last = seconds_of(pulses[[0, -1]])
    inside = (truth.times >= first - 0.3) & (truth.times <= last + 0.3)
    if inside.sum() < _FEWEST_BEATS:
        return np.zeros(len(BARS), np.bool_)
    beat = float(np.median(np.diff(truth.times[inside])))
    beats = int(np.bincount(truth.beats_in_bar[inside]).argmax())
    pulse = float(np.median(np.diff(pulses))) / RATE
    return np.array(
        [
            bar.beats == beats
            and abs(float(bar.pulses_per_beat) * pulse / beat - 1.0) < _SAME_TEMPO
            for bar in BARS
        ]
    )
