"""Beats, bars and meter as the trained networks hear them, at the level that is conducted.

The beat network and a search for the steadiest pulses come first; the bar network then weighs
which of the pulses are conducted, in bars of how many beats. What it says of a minute together
decides that (`backend.beats.reading`), and a second search finds where these bars begin.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from backend.audio.analysis import Analysis
from backend.audio.threads import one_thread
from backend.beats.accents import downbeat_weights, pulse_sound
from backend.beats.bar_states import (
    BARS,
    FIRST,
    PULSES_PER_BEAT,
    STATES,
    beats_on,
    best_path,
    only,
)
from backend.beats.decode import Heard, decode_beats
from backend.beats.listen import listen, load_beat_net
from backend.beats.meter import is_ternary
from backend.beats.pulses import pulse_features
from backend.beats.reading import Reading, read_bars
from backend.beats.rival import HeardBeats, find_rivals
from backend.beats.span import sounding_parts, without_pauses
from backend.grid.beat_grid import BeatGrid
from backend.grid.conducted import conducted_rates, conducting_limits
from backend.grid.meter import parse_meter
from backend.models.bar_net import BarNet, BarNetConfig
from backend.models.beat_net import BAR_LENGTHS, RATE, seconds_of
from backend.models.checkpoint import load_for_use, or_else, shipped
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part
from retarget.rotation import Array

# A tempo that the user gave is meant, not guessed.
_GIVEN_OCTAVES: Final = 0.12
_PHASE: Final = "finding the beats"
# A beat counts as sounding that lies this much before the sound.
_EARLY_S: Final = 0.12
# Nats by which music rather begins with a whole bar than with each other beat, after silence and
# where it sounds from the first moment on, so that it may have begun before.
_BEGINS, _MAY_BEGIN = 2.5, 0.5
_SILENT_S: Final = 0.1
# Nats per pulse for every octave that the tempo lies beside those in which a given meter is
# conducted in so many beats; and over how many pulses, either way, it is taken.
_OFF_LEVEL: Final = 3.0
_TEMPO_REACH: Final = 8
# The fastest of them may be exceeded by this factor: near a limit more beats are better than fewer.
_HURRY: Final = 1.1
# Nats per pulse that bars lose whose written beats are halved: of half notes that is common, of
# shorter ones it is not.
_HALVED: Final = 0.3
# How likely a meter is that the user says, before the music is heard.
_TRUST: Final = 0.8
# Beats in the bars of which the ear knows enough to contradict; nobody says 7/8 by mistake.
_COMMON: Final = (2, 3, 4, 6, 8, 9, 12)
# How a bar of so many conducted beats is written, where its beats fall into two and into three.
_WRITTEN: Final = {
    1: ("2/4", "3/8"),
    2: ("2/4", "6/8"),
    3: ("3/4", "9/8"),
    4: ("4/4", "12/8"),
    5: ("5/4", "5/4"),
    6: ("6/8", "6/8"),
    7: ("7/4", "7/4"),
    8: ("4/4", "4/4"),
    9: ("9/8", "9/8"),
    12: ("12/8", "12/8"),
}


def hear_beats(
    analysis: Analysis,
    *,
    meter: str | None = None,
    tempo: float | None = None,
    beat_net: Path | None = None,
    bar_net: Path | None = None,
    progress: Progress = no_progress,
) -> HeardBeats:
    """Find the conducted beats, the meter and the downbeats with the trained networks.

    Parameters
    ----------
    analysis : Analysis
        Features of the piece.
    meter : str, optional
        The meter if it is known ("6/8"); in how many it is conducted still follows the tempo.
    tempo : float, optional
        About this many conducted beats a minute.
    beat_net, bar_net : Path, optional
        Other checkpoints than those that come with the program.
    progress : Progress
        Told the share that is done; may raise `Cancelled`.

    Returns
    -------
    HeardBeats
        No beats in silence, and none where the music pauses.

    Raises
    ------
    ConductorError
        If `meter` is no meter, or a checkpoint is missing or damaged.
    """
    figures = None if meter is None else parse_meter(meter)
    hears = load_beat_net(beat_net or shipped("beats"))
    weighs = load_bar_net(bar_net or shipped("bars"))
    parts = sounding_parts(analysis)
    if not parts:
        return HeardBeats(BeatGrid.empty())
    whole = without_pauses(analysis, parts)
    sounding = whole.analysis
    heard = listen(hears, sounding.mel, part(progress, 0.0, 0.5, _PHASE))
    prior = None if tempo is None else _given(tempo, heard.tempi)
    pulses = decode_beats(heard, tempo_prior=prior, progress=part(progress, 0.5, 0.9, _PHASE))
    if len(pulses) < 2:
        return HeardBeats(BeatGrid.empty())
    sound = pulse_sound(sounding, pulses)
    scores = weigh_bars(weighs, pulse_features(heard, pulses, sound))
    reading = read_bars(heard, pulses, scores, sound, _told(figures, tempo, pulses))
    scores = only(reading.kinds[:, None] == np.arange(len(BARS)), scores)
    scores[:, FIRST] += downbeat_weights(sound)[:, None]
    path = best_path(scores + _beginning(parts, whole.seconds(seconds_of(pulses))))
    found = beats_on(pulses, path)
    times = whole.seconds(seconds_of(found.times))
    keep = np.zeros(len(times), bool)
    for start, end in parts:
        keep |= (times > start - _EARLY_S) & (times < end)
    keep &= (times >= 0.0) & (np.diff(times, prepend=-1.0) > 0.0)
    if not keep.any():
        return HeardBeats(BeatGrid.empty())
    times, in_bar = times[keep], found.beats_in_bar[keep]
    sure = _surety(reading)
    ternary, sounds_like = is_ternary(analysis, times), None
    if figures is None:
        meters = tuple(_WRITTEN[int(n)][ternary] for n in in_bar)
    else:
        meters = (str(meter),) * len(times)
        fits = _sounds_as(figures)
        likeliest = int(reading.by_ear.mean(axis=0).argmax())
        if figures[0] in _COMMON:
            sure *= _credible(reading.by_ear, fits)
        if figures[0] in _COMMON and not fits[likeliest]:
            sounds_like = _WRITTEN[BARS[likeliest].beats][ternary]
    progress(1.0, _PHASE)
    confidence = np.clip(_clarity(heard, found.times[keep]) * sure[found.pulses[keep]], 0.0, 1.0)
    grid = BeatGrid(times, found.numbers[keep], in_bar, meters, confidence)
    return HeardBeats(grid, find_rivals(reading.shares, path, grid.tempo), sounds_like)


@one_thread()
def weigh_bars(network: BarNet, features: NDArray[np.float32]) -> Array:
    """Log weights of the states at each pulse, (P, STATES), of its features (P, PULSE_FEATURES)."""
    answers = network(torch.from_numpy(features)[None])
    return np.asarray(answers.mean(0)[0].numpy(), np.float64)


@lru_cache(maxsize=2)
def load_bar_net(path: Path) -> BarNet:
    """The bar network of a checkpoint.

    Raises
    ------
    ConductorError
        If it is missing, damaged or of another kind; says how to do without.
    """
    with or_else("--beats-model onset"):
        return load_for_use(path, "bars", _bar_net)


def _bar_net(table: dict[str, object]) -> BarNet:
    config = BarNetConfig.of(table)
    if config.states != STATES:
        raise ConductorError("The bar network knows other bars than this version of the program.")
    return BarNet(config)


def _clarity(heard: Heard, places: Array) -> Array:
    """How clearly a beat is heard at each place, in [0, 1]."""
    near = np.round(places).astype(int)[:, None] + np.arange(-1, 2)
    return np.asarray(heard.beat[np.clip(near, 0, len(heard.beat) - 1)].max(axis=1))


def _beginning(parts: list[tuple[float, float]], pulses: Array) -> Array:
    """Log weights of the states by where in a bar music begins, (P, STATES)."""
    weights = np.zeros((len(pulses), STATES))
    start = parts[0][0] if parts else 0.0
    first = min(int(np.searchsorted(pulses, start - _EARLY_S)), len(pulses) - 1)
    weights[first, FIRST] = _BEGINS if start > _SILENT_S else _MAY_BEGIN
    return weights


def _surety(reading: Reading) -> Array:
    """The mean of how likely the beats of a reading are and how likely its bars, (P,)."""
    same = PULSES_PER_BEAT[reading.kinds][:, None] == PULSES_PER_BEAT
    beats = (reading.shares * same).sum(axis=1)
    bars = reading.shares[np.arange(len(reading.kinds)), reading.kinds]
    return np.asarray(0.5 * (beats + bars))


def _credible(by_ear: Array, fits: NDArray[np.bool_]) -> Array:
    """How likely it is at each pulse that the user is right about the meter, (P,).

    Parameters
    ----------
    by_ear : (P, len(BARS)) array
        How likely each kind of bar is by ear alone.
    fits : (len(BARS),) bool array
        Which sound as the meter does.
    """
    right = _TRUST * (by_ear * fits).sum(axis=1)
    wrong = (1.0 - _TRUST) * (by_ear * ~fits).sum(axis=1)
    return np.asarray(right / (right + wrong))


def _sounds_as(meter: tuple[int, int]) -> NDArray[np.bool_]:
    """Which kinds of bars cannot be told from those of a meter by ear, (len(BARS),).

    Those in which it is conducted at some tempo, and those of twice or half as many beats.
    """
    told = _told_rates(meter)
    near = {double for count in told if count > 1 for double in (2 * count, count / 2)} - {1}
    return np.array([bar.beats in told or bar.beats in near for bar in BARS])


def _told(figures: tuple[int, int] | None, tempo: float | None, pulses: Array) -> Array | None:
    """Log weights of the kinds of bars by what the user said, (P, len(BARS)); None if nothing."""
    if figures is None and tempo is None:
        return None
    told = np.zeros((len(pulses), len(BARS)))
    if tempo is not None:
        told[:, PULSES_PER_BEAT != 1.0] = -np.inf
    if figures is not None:
        told += suit_meter(figures, pulses)
    return told


def _given(tempo: float, tempi: Array) -> Array:
    """Log weights of tempi around one that was asked for."""
    off = np.log2(tempi / tempo) / _GIVEN_OCTAVES
    return np.maximum(-0.5 * off**2, -30.0)


def suit_meter(meter: tuple[int, int], pulses: Array) -> Array:
    """How well the kinds of bars suit a given meter at the tempo of each pulse.

    Parameters
    ----------
    meter : (int, int)
        Its figures.
    pulses : (P,) array
        Places in frames of the beat network, rising, P > 1.

    Returns
    -------
    (P, len(BARS)) array
        Log weights: −∞ where the meter is never conducted in so many beats, less than 0 where it is
        not at this tempo.
    """
    rates = _told_rates(meter)
    length = np.diff(pulses, append=2.0 * pulses[-1] - pulses[-2]) / RATE
    length = median_filter(length, size=2 * _TEMPO_REACH + 1, mode="nearest")
    weights = np.full((len(pulses), len(BARS)), -np.inf)
    for kind, bar in enumerate(BARS):
        if bar.beats in rates:
            slowest, fastest = rates[bar.beats]
            fastest *= _HURRY
            if bar.beats == 1:
                fastest = min(fastest, conducting_limits().bars_in_one * meter[0])
            written = 60.0 / (length * float(bar.pulses_per_beat)) * meter[0] / bar.beats
            beside = np.clip(written, slowest, fastest)
            weights[:, kind] = -_OFF_LEVEL * np.abs(np.log2(written / beside))
            if bar.beats > meter[0] and meter[1] > 2:
                weights[:, kind] -= _HALVED
    return weights


def _told_rates(meter: tuple[int, int]) -> dict[int, tuple[float, float]]:
    """As `conducted_rates`, of the numbers of beats that can be heard as such a bar."""
    # Pulses are alike, and so are the beats that they make.
    rates = {
        count: rate
        for count, rate in conducted_rates(meter).items()
        if meter[0] % count == 0 or count % meter[0] == 0
    }
    if any(bar.beats in rates for bar in BARS):
        return rates
    nearest = min(BAR_LENGTHS, key=lambda count: abs(count - meter[0]))
    return {nearest: (0.0, np.inf)}
