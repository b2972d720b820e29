"""From what the beat network hears to beats.

The most likely path through tempo and place in the beat (the state space of Krebs, Böck & Widmer,
"An Efficient State-Space Model for Joint Tempo and Meter Tracking", ISMIR 2015: one state per frame
of a beat, tempo changes at beats only). An exact Viterbi search; work and memory grow linearly with
the music.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.models.beat_net import RATE, SLOW
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

_SLOWEST_BPM, _FASTEST_BPM = 32.0, 225.0
_INTERVALS_IN_OCTAVE: Final = 18
# Change of tempo from beat to beat: exp(−λ·|ratio − 1|), λ as in the ISMIR 2015 paper, but looser,
# for rubato.
_STEADINESS: Final = 45.0
# Log odds of a beat in a frame of which nothing is known; what is heard counts against them, so
# that unclear music speaks neither for more beats nor for fewer.
_BASE_ODDS: Final = 0.0
# Each beat hears the tempo anew, and each frame of it: the truth lies between, so that the weight
# grows with the root of the beat's length. This weight is that of a beat of two thirds of a second.
_TEMPO_WEIGHT: Final = 1.0
_TEMPO_LENGTH_S: Final = 2.0 / 3.0
_LEAST: Final = 1e-4
# Beats are moved to the peak of the activation within this many frames.
_PEAK_REACH: Final = 2


@dataclass(frozen=True)
class Heard:
    """Probabilities at the network's rate, (T, ...), or at its slow rate, (T / SLOW, ...).

    Parameters
    ----------
    beat, downbeat : (T,) arrays
        That an event lies in this frame.
    meter : (T / SLOW, len(BAR_LENGTHS)) array
        Of each bar length.
    tempo : (T / SLOW, M) array
        Of each tempo of `tempi`.
    tempi : (M,) array
        Beats per minute, rising.
    """

    beat: Array
    downbeat: Array
    meter: Array
    tempo: Array
    tempi: Array


def decode_beats(
    heard: Heard, *, tempo_prior: Array | None = None, progress: Progress = no_progress
) -> Array:
    """The most likely beats.

    Parameters
    ----------
    heard : Heard
        What the network says.
    tempo_prior : (M,) array, optional
        Log weights of the tempi, added for each beat.

    Returns
    -------
    (B,) array
        Places in frames of the network, rising, refined between the frames.
    """
    count = len(heard.beat)
    if count == 0:
        return np.zeros(0)
    lengths = _intervals()
    turn = -_STEADINESS * np.abs(lengths[None, :] / lengths[:, None] - 1.0)
    turn -= np.log(np.exp(turn).sum(axis=1, keepdims=True))
    activation = np.clip(heard.beat, _LEAST, 1.0 - _LEAST)
    # A path is as good as its beats are better than none: what lies between them is the same for
    # all paths.
    odds = np.log(activation / (1.0 - activation)) - _BASE_ODDS
    enter = odds[:, None] + _tempo_scores(heard, lengths, tempo_prior)
    # score[t, k]: of the best path with a beat in frame t - longest that lasts lengths[k]. Before
    # the music a beat of any length is under way.
    longest, shortest = int(lengths[-1]), int(lengths[0])
    score = np.empty((longest + count, len(lengths)))
    score[:longest] = enter[0] - odds[0] - np.log(lengths)
    columns, frames = np.arange(len(lengths)), np.arange(shortest)
    # Places, in rows of `score` one after the other, of beats that end within the first frames.
    ending = (longest + frames - lengths[:, None]) * len(lengths) + columns[:, None]
    through = np.empty((len(lengths), shortest, len(lengths)))
    # Within the shortest beat no frame depends on another: they are searched together.
    for begin in range(0, count, shortest):
        here = slice(begin, min(begin + shortest, count))
        before = score.ravel()[ending + begin * len(lengths)]
        np.add(before[:, :, None], turn[:, None, :], out=through)
        # The best one is all that counts here; which it was is asked again along the way back.
        reached = through.max(axis=0)[: here.stop - begin]
        np.add(reached, enter[here], out=score[longest + begin : longest + here.stop])
        if begin // shortest % 512 == 0:
            progress(begin / count, "finding the beats")
    return _at_peaks(heard.beat, _trace(score, turn, lengths))


def _intervals() -> NDArray[np.int64]:
    """Beat lengths in frames, about evenly spaced in log tempo, shortest first."""
    shortest, longest = 60.0 * RATE / _FASTEST_BPM, 60.0 * RATE / _SLOWEST_BPM
    steps = int(np.log2(longest / shortest) * _INTERVALS_IN_OCTAVE) + 1
    return np.unique(np.round(np.geomspace(shortest, longest, steps)).astype(np.int64))


def _tempo_scores(heard: Heard, lengths: NDArray[np.int64], prior: Array | None) -> Array:
    """How well each beat length suits each frame, (T, L): weighted log probability and prior."""
    at = np.interp(np.log(60.0 * RATE / lengths), np.log(heard.tempi), np.arange(len(heard.tempi)))
    low = np.minimum(at.astype(int), len(heard.tempi) - 2)
    share = at - low

    def read(logs: Array) -> Array:
        return (1.0 - share) * logs[..., low] + share * logs[..., low + 1]

    weight = _TEMPO_WEIGHT * np.sqrt(lengths / (_TEMPO_LENGTH_S * RATE))
    scores = weight * read(np.log(np.maximum(heard.tempo, 1e-4)))
    if prior is not None:
        scores = scores + read(prior)
    return np.repeat(scores, SLOW, axis=0)[: len(heard.beat)]


def _trace(score: Array, turn: Array, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Frames at which beats begin on the best path; its last beat lasts beyond the end."""
    longest, columns = int(lengths[-1]), np.arange(len(lengths))
    count = len(score) - longest
    open_end = np.arange(count)[:, None] + lengths >= count
    best = int(np.where(open_end, score[longest:], -np.inf).argmax())
    frame, length = divmod(best, score.shape[1])
    frames = []
    while frame >= 0:
        frames.append(frame)
        before = score[longest + frame - lengths, columns]
        length = int((before + turn[:, length]).argmax())
        frame -= int(lengths[length])
    return np.array(frames[::-1], dtype=np.int64)


def _at_peaks(activation: Array, frames: NDArray[np.int64]) -> Array:
    """Beats moved to the centre of the activation around them."""
    reach = np.arange(-_PEAK_REACH, _PEAK_REACH + 1)
    around = np.clip(frames[:, None] + reach, 0, len(activation) - 1)
    weight = activation[around] ** 2 + 1e-6
    return frames + (weight * reach).sum(axis=1) / weight.sum(axis=1)
