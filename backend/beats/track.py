"""Beats heard in the music.

librosa's tracker (Ellis 2007: strong onsets a beat apart, by dynamic programming) along a tempo
that may change: the best path through the local tempi, among those that are conducted. Its beats
are then carried on evenly through the whole sounding part, since a conductor beats every beat. The
dynamic programming is written out here because librosa's compiles for seconds at its first use.
"""

from functools import cache
from typing import Final

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.rates import FEATURE_RATE
from backend.beats.meter import find_bars, fit_bars
from backend.beats.span import sounding_parts
from backend.beats.viterbi import viterbi_path
from backend.grid.beat_grid import BeatGrid
from backend.grid.conducted import conducting_limits
from backend.grid.meter import parse_meter
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

# Slower beats than this are not looked for unless a tempo is given.
_SLOWEST_BPM: Final = 50.0
# Tempo prior: conducted beats lie around 120 a minute, mostly less than an octave from it.
_PRIOR_BPM: Final = 120.0
_PRIOR_OCTAVES: Final = 0.7
# A tempo that the user gave is meant, not guessed.
_GIVEN_OCTAVES: Final = 0.12
_PRIOR_WEIGHT: Final = 0.04
# Energy of onsets of 0.02 dB throughout a window: a held sound, whose ripple is no rhythm.
_STILL: Final = 0.02**2 * 450
# Clarity that noise reaches, and that of plain beats; the confidence runs from one to the other.
_NOISE_CLARITY, _PLAIN_CLARITY = 0.06, 0.46
_TEMPI_IN_OCTAVE: Final = 36
_TEMPO_HOP: Final = 45
"""Frames from one tempo estimate to the next, half a second."""
_TEMPO_WINDOW: Final = 450
# Beats ahead at which the onsets should come again, and what each counts.
_COMB: Final = ((1.0, 0.6), (2.0, 0.4))
_ONSET_BLUR: Final = 1.5
# Cost of a change of tempo by one step (1/36 octave, 2 %), and of a new tempo altogether.
_CHANGE_COST: Final = 0.1
_JUMP_COST: Final = 1.0
_TIGHTNESS: Final = 300.0
_FEWEST_FRAMES: Final = 32
# Measured on clicks: the onset envelope, blurred, peaks this long after the sound begins.
_ONSET_DELAY_S: Final = 0.0135
_PHASE: Final = "finding the beats"


def track_beats(
    analysis: Analysis,
    *,
    meter: str | None = None,
    tempo: float | None = None,
    progress: Progress = no_progress,
) -> BeatGrid:
    """Find the conducted beats, the meter and the downbeats.

    Parameters
    ----------
    analysis : Analysis
        Features of the piece.
    meter : str, optional
        The meter if it is known ("6/8"); otherwise 2, 3, 4 or 6 beats in a bar are found from
        the accents.
    tempo : float, optional
        About this many conducted beats a minute. Without it they lie between 50 and 150, by
        preference around 120.
    progress : Progress
        Told the share that is done; may raise `Cancelled`.

    Returns
    -------
    BeatGrid
        Over the whole sounding part; empty in silence. The confidence is low where onsets do not
        stand on the beats and where the meter is unclear.

    Raises
    ------
    ConductorError
        If `meter` is no meter.
    """
    written = None if meter is None else parse_meter(meter)
    progress(0.0, _PHASE)
    parts = sounding_parts(analysis)
    if not parts:
        return BeatGrid.empty()
    bpm, clarity = _tempo_path(analysis.onset, tempo, progress)
    times = _tracked(analysis.onset, bpm)
    times = _carried_on(times, 60.0 / bpm, (parts[0][0], parts[-1][1]))
    progress(0.7, _PHASE)
    bars = find_bars(analysis, times) if written is None else fit_bars(analysis, times, written)
    sure = np.clip((clarity - _NOISE_CLARITY) / (_PLAIN_CLARITY - _NOISE_CLARITY), 0.0, 1.0)
    frames = np.clip((bars.times * FEATURE_RATE).round().astype(int), 0, len(sure) - 1)
    progress(1.0, _PHASE)
    return BeatGrid(
        bars.times,
        bars.numbers,
        np.full(len(bars.times), bars.beats, dtype=np.int64),
        (bars.meter,) * len(bars.times),
        sure[frames] * (0.6 + 0.4 * bars.confidence),
    )


def _tempo_path(
    onset: NDArray[np.float32], given: float | None, progress: Progress
) -> tuple[Array, Array]:
    """Conducted tempo in each frame, beats a minute, and how clearly it is heard, in [0, 1]."""
    centre = given or _PRIOR_BPM
    width = _GIVEN_OCTAVES if given else _PRIOR_OCTAVES
    low, high = _SLOWEST_BPM, conducting_limits().fastest
    if given:
        low, high = centre / 1.5, centre * 1.5
    tempi = np.geomspace(low, high, int(np.log2(high / low) * _TEMPI_IN_OCTAVE) + 2)
    clarity = _clarity(onset, tempi, progress)
    path = _best_path(clarity - _PRIOR_WEIGHT * (np.log2(tempi / centre) / width) ** 2)
    places = np.minimum(np.arange(len(onset)) / _TEMPO_HOP, len(path) - 1)
    rows = np.arange(len(path))
    bpm = np.exp(np.interp(places, rows, np.log(tempi[path])))
    return bpm, np.interp(places, rows, np.clip(clarity[rows, path], 0.0, 1.0))


def _clarity(onset: NDArray[np.float32], tempi: Array, progress: Progress) -> Array:
    """How well each tempo fits around each half second: (M, len(tempi)), 1 is a perfect pulse.

    Autocorrelation of the onsets in windows of 5 s, one and two beats ahead.
    """
    half = _TEMPO_WINDOW // 2
    smooth = scipy.ndimage.gaussian_filter1d(onset.astype(np.float64), _ONSET_BLUR)
    padded = np.pad(smooth, (half, half + _TEMPO_HOP))
    window, fading = _window()
    lags = FEATURE_RATE * 60.0 / tempi
    starts = range(0, len(padded) - _TEMPO_WINDOW, _TEMPO_HOP)
    clarity = np.zeros((len(starts), len(tempi)))
    for i, start in enumerate(starts):
        frame = padded[start : start + _TEMPO_WINDOW]
        frame = (frame - np.average(frame, weights=window)) * window
        lagged = np.fft.irfft(np.abs(np.fft.rfft(frame, n=2 * _TEMPO_WINDOW)) ** 2)
        lagged = lagged[: _TEMPO_WINDOW // 2] / (lagged[0] + _STILL) / fading
        for beats, weight in _COMB:
            inside = lags * beats < len(lagged) - 1
            heard = np.interp(lags * beats, np.arange(len(lagged)), lagged)
            clarity[i] += weight * np.where(inside, heard, clarity[i])
        if i % 64 == 0:
            progress(0.6 * i / len(starts), _PHASE)
    return clarity


@cache
def _window() -> tuple[Array, Array]:
    """The tempo window, and how its autocorrelation falls off with the lag."""
    window = np.hanning(_TEMPO_WINDOW + 1)[:-1]
    lagged = np.fft.irfft(np.abs(np.fft.rfft(window, n=2 * _TEMPO_WINDOW)) ** 2)
    return window, lagged[: _TEMPO_WINDOW // 2] / lagged[0]


def _best_path(score: Array) -> NDArray[np.int64]:
    """The path through (M, K) scores with the highest sum less its changes' cost."""
    places = np.arange(score.shape[1])
    cost = np.minimum(_CHANGE_COST * np.abs(places[:, None] - places), _JUMP_COST)
    return viterbi_path(score, -cost)


def _tracked(onset: NDArray[np.float32], bpm: Array) -> Array:
    """Beats along a changing tempo by dynamic programming, seconds, refined between the frames.

    Ellis 2007, "Beat tracking by dynamic programming", eqs. 2 to 5, as in `librosa.beat`.
    """
    if len(onset) < _FEWEST_FRAMES or not onset.any():
        return np.zeros(0)
    smooth = scipy.ndimage.gaussian_filter1d(onset.astype(np.float64), _ONSET_BLUR)
    # Ellis's Gaussian has the height 1, not the area 1.
    local = smooth * (_ONSET_BLUR * np.sqrt(2.0 * np.pi)) / float(onset.std())
    period = 60.0 * FEATURE_RATE / bpm
    nearest = np.maximum((0.5 * period).round().astype(int), 1)
    farthest = (2.0 * period).round().astype(int)
    log_period = np.log(period)
    # Distances fall as predecessors run forward, so that slices need no reversal.
    log_distance = np.log(np.arange(int(farthest.max()), 0, -1))
    last = len(log_distance)
    total = local.copy()
    back = np.full(len(onset), -1, dtype=np.int64)
    for i in range(int(nearest[0]), len(onset)):
        far, near = min(int(farthest[i]), i), int(nearest[i])
        if near > far:
            continue
        off = log_distance[last - far : last - near + 1] - log_period[i]
        scores = total[i - far : i - near + 1] - _TIGHTNESS * off * off
        best = int(scores.argmax())
        if scores[best] > 0.0:
            back[i] = i - far + best
            total[i] += scores[best]
    tail = max(len(onset) - int(period[-1]), 0)
    frames = [tail + int(total[tail:].argmax())]
    while back[frames[-1]] >= 0:
        frames.append(int(back[frames[-1]]))
    return _refined(smooth, np.array(frames[::-1])) / FEATURE_RATE - _ONSET_DELAY_S


def _refined(smooth: Array, frames: NDArray[np.int64]) -> Array:
    """Frames moved to the vertex of the parabola through their neighbours, where they are peaks."""
    frames = frames[(frames > 0) & (frames < len(smooth) - 1)]
    before, at, after = smooth[frames - 1], smooth[frames], smooth[frames + 1]
    curve = before - 2.0 * at + after
    peak = (at >= before) & (at >= after) & (curve < 0.0)
    shift = np.where(peak, 0.5 * (before - after) / np.where(peak, curve, -1.0), 0.0)
    return frames + np.clip(shift, -0.5, 0.5)


def _carried_on(times: Array, period: Array, span: tuple[float, float]) -> Array:
    """Beats without holes from the first sound to the last; `period` is seconds in each frame."""

    def local_period(time: float) -> float:
        return float(period[min(max(int(time * FEATURE_RATE), 0), len(period) - 1)])

    start, end = span
    inside = times[(times >= start - 0.1) & (times <= end + 0.1) & (times >= 0.0)]
    if len(inside) == 0:
        inside = np.array([start])
    beats = [float(inside[0])]
    while (earlier := beats[0] - local_period(beats[0])) >= max(start - 0.1, 0.0):
        beats.insert(0, earlier)
    for time in inside[1:]:
        missing = round((time - beats[-1]) / local_period(beats[-1])) - 1
        if missing > 0:
            beats.extend(np.linspace(beats[-1], time, missing + 2)[1:-1].tolist())
        beats.append(float(time))
    while (later := beats[-1] + local_period(beats[-1])) <= end:
        beats.append(later)
    return np.array(beats)
