"""How well beats, downbeats and meter are found, against works with exact beats.

Measures of the field as mir_eval implements them: F-measure within ±70 ms and the continuity
measures CMLc, CMLt, AMLc, AMLt (Davies, Degara & Plumbley, "Evaluation methods for musical audio
beat tracking algorithms", 2009). No leading seconds are left out.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import librosa
import mir_eval
import numpy as np

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE, HOP, SAMPLE_RATE
from backend.corpus.dataset import Clip
from backend.grid.beat_grid import BeatGrid
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

MEASURES: Final = ("F", "downbeat F", "meter", "octave", "CMLc", "CMLt", "AMLc", "AMLt")
WORKS_ALIKE: Final = "all, works alike"
# A median tempo within this share of the true one is at the level that is conducted.
_SAME_TEMPO: Final = 0.08
Tracker = Callable[[Analysis, str | None], BeatGrid | Array]
"""From the music, and its meter where that is told; times alone from who hears no bars."""


@dataclass(frozen=True)
class BeatRow:
    """Figures of one tracker over one group of clips.

    Parameters
    ----------
    tracker, group : str
        Who, and on what ("all", "4 in a bar", "4/4", "orchestra", "FluidR3_GM.sf2", …).
    clips : int
        How many clips.
    values : dict of str to float
        Mean of each of `MEASURES` over the clips, in [0, 1]; NaN for what a tracker does not tell.
        "octave" is the share of the clips whose median tempo is right within 8 %; where works count
        alike, of the works of whose clips the median is.
    """

    tracker: str
    group: str
    clips: int
    values: dict[str, float]


def librosa_beats(analysis: Analysis) -> Array:
    """Beats as `librosa.beat.beat_track` finds them with its defaults, seconds.

    A corpus keeps no sound, but all that is heard of it there: the median over the mel bands of how
    much each rises.
    """
    rate: dict[str, Any] = {"sr": SAMPLE_RATE, "hop_length": HOP}
    mel = np.asarray(analysis.mel, np.float32).T
    rises = librosa.onset.onset_strength(S=mel, aggregate=np.median, **rate)
    _, times = librosa.beat.beat_track(onset_envelope=rises, units="time", **rate)
    return np.asarray(times, np.float64)


def score_beats(found: BeatGrid | Array, truth: BeatGrid) -> dict[str, float]:
    """The measures of one clip.

    "meter" is the share of true beats at which the number of beats in the bar is right.
    """
    bars = found if isinstance(found, BeatGrid) else None
    times = found.times if isinstance(found, BeatGrid) else found
    cmlc, cmlt, amlc, amlt = mir_eval.beat.continuity(truth.times, times)
    downbeat_f = math.nan
    if bars is not None:
        downbeat_f = float(mir_eval.beat.f_measure(truth.downbeats, bars.downbeats))
    return {
        "F": float(mir_eval.beat.f_measure(truth.times, times)),
        "downbeat F": downbeat_f,
        "meter": math.nan if bars is None else _meter_share(bars, truth),
        "octave": float(_is_same_tempo(_tempo_ratio(times, truth.times))),
        "CMLc": float(cmlc),
        "CMLt": float(cmlt),
        "AMLc": float(amlc),
        "AMLt": float(amlt),
    }


def evaluate_beats(
    clips: Sequence[Clip],
    trackers: dict[str, Tracker],
    progress: Progress = no_progress,
    *,
    told: bool = False,
    tables: Sequence[str] = (),
) -> list[BeatRow]:
    """Run trackers over clips.

    Parameters
    ----------
    clips, trackers
    tables : sequence of str
        Names of other programs whose beats lie in each clip's folder, as `beats_NAME.txt`.
    told : bool
        Tell the trackers the meter that is written over most of a clip's beats.

    Returns
    -------
    list of BeatRow
        For all clips, each bar length, meter, kind of ensemble and soundfont, and the mean of the
        works' means: a symphony has more clips than a quartet, but its movements say the same of
        a tracker.
    """
    names = (*trackers, *tables)
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    ratios: dict[str, list[float]] = {name: [] for name in names}
    groups: list[tuple[str, ...]] = []
    works: list[str] = []
    for index, clip in enumerate(clips):
        progress(index / max(len(clips), 1), "evaluating")
        truth, analysis = clip.beats(), clip.analysis()
        groups.append(_groups(clip, truth))
        works.append(str(clip.meta().get("work", clip.folder)))
        meter = _commonest(truth.meters) if told else None
        heard = {name: track(analysis, meter) for name, track in trackers.items()}
        heard |= {name: BeatGrid.load(clip.folder / f"beats_{name}.txt") for name in tables}
        for name, found in heard.items():
            scores[name].append(score_beats(found, truth))
            times = found.times if isinstance(found, BeatGrid) else found
            ratios[name].append(_tempo_ratio(times, truth.times))
    rows = [_works_alike(name, scores[name], ratios[name], works) for name in names if clips]
    for group in dict.fromkeys(group for counted in groups for group in counted):
        members = [i for i, counted in enumerate(groups) if group in counted]
        for name in names:
            values = {m: float(np.mean([scores[name][i][m] for i in members])) for m in MEASURES}
            rows.append(BeatRow(name, group, len(members), values))
    order = ("all", WORKS_ALIKE)
    return sorted(rows, key=lambda row: (row.group not in order, row.group))


def _groups(clip: Clip, truth: BeatGrid) -> tuple[str, ...]:
    """What a clip is counted under, most of its beats deciding."""
    meter, soundfont = _commonest(truth.meters), clip.meta().get("soundfont")
    bar = int(np.bincount(truth.beats_in_bar).argmax()) if len(truth) else 0
    names = ("all", f"{bar} in a bar", meter, clip.kind, soundfont)
    return tuple(str(name) for name in names if name is not None)


def _commonest(meters: Sequence[str]) -> str | None:
    return Counter(meters).most_common(1)[0][0] if meters else None


def _works_alike(
    tracker: str, scores: list[dict[str, float]], ratios: list[float], works: list[str]
) -> BeatRow:
    work = np.unique(works, return_inverse=True)[1]
    count = np.bincount(work)
    values = {
        m: float((np.bincount(work, weights=[s[m] for s in scores]) / count).mean())
        for m in MEASURES
    }
    medians = [np.median(np.array(ratios)[work == index]) for index in range(len(count))]
    values["octave"] = float(np.mean([_is_same_tempo(float(ratio)) for ratio in medians]))
    return BeatRow(tracker, WORKS_ALIKE, len(scores), values)


def _tempo_ratio(found: Array, truth: Array) -> float:
    """The median tempo that was found to the true one; 0 without beats."""
    if len(found) < 2 or len(truth) < 2:
        return 0.0
    return float(np.median(np.diff(truth)) / np.median(np.diff(found)))


def _is_same_tempo(ratio: float) -> bool:
    return abs(ratio - 1.0) <= _SAME_TEMPO


def _meter_share(found: BeatGrid, truth: BeatGrid) -> float:
    if len(found) == 0 or len(truth) == 0:
        return 0.0
    at = np.searchsorted(found.times, truth.times + 0.5 / FEATURE_RATE, side="right") - 1
    return float(np.mean(found.beats_in_bar[np.maximum(at, 0)] == truth.beats_in_bar))
