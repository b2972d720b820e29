"""What is heard from pulse to pulse: the music and the beat network's opinion, in step with it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.audio.features import TOP_DB
from backend.audio.rates import N_MELS
from backend.beats.decode import Heard
from backend.models.bar_net import HINTS, RATIOS, SLOTS
from backend.models.beat_net import POOL, RATE, SLOW
from retarget.rotation import Array

# Sound of a beat may be heard a frame before it.
_EARLY_FRAMES: Final = 1
_LEAST: Final = 1e-3


@dataclass(frozen=True)
class PulseSound:
    """The music from pulse to pulse.

    Parameters
    ----------
    mel : (P · SLOTS, N_MELS) float16 array
        dB, mean over each of the equal parts of a pulse.
    hints : (P, HINTS) float32 array
        See `BarNet`.
    """

    mel: NDArray[np.float16]
    hints: NDArray[np.float32]


def pulse_sound(mel: NDArray, heard: Heard, pulses: Array) -> PulseSound:
    """The music and what is heard of it, from pulse to pulse.

    Parameters
    ----------
    mel : (N, N_MELS) array
        dB below the loudest bin, at 90 Hz.
    heard : Heard
        The beat network's answer.
    pulses : (P,) array
        Places in frames of the network, rising, P > 1.
    """
    edges = np.r_[pulses, 2.0 * pulses[-1] - pulses[-2]]
    slots = np.interp(np.arange(len(pulses) * SLOTS + 1) / SLOTS, np.arange(len(edges)), edges)
    return PulseSound(_means(mel, slots), _hints(heard, slots, np.diff(edges)))


def _means(mel: NDArray, slots: Array) -> NDArray[np.float16]:
    """Means of the frames from each place to the next; silence where there are none."""
    frames = np.round(slots * POOL + (POOL - 1) / 2).astype(int) - _EARLY_FRAMES
    frames = np.clip(frames, 0, len(mel))
    total = np.zeros((len(mel) + 1, N_MELS))
    np.cumsum(mel, axis=0, dtype=np.float64, out=total[1:])
    low, high = frames[:-1], np.maximum(frames[1:], np.minimum(frames[:-1] + 1, len(mel)))
    mean = (total[high] - total[low]) / np.maximum(high - low, 1)[:, None]
    return np.where((high > low)[:, None], mean, -TOP_DB).astype(np.float16)


def _hints(heard: Heard, slots: Array, length: Array) -> NDArray[np.float32]:
    count, last = len(length), len(heard.beat) - 1
    near = np.round(slots[:-1]).astype(int)[:, None] + np.arange(-1, 2)
    near = np.clip(near, 0, last)
    beat = _log_odds(heard.beat[near].max(axis=1)).reshape(count, SLOTS)
    downbeat = _log_odds(heard.downbeat[near].max(axis=1)).reshape(count, SLOTS)
    at = np.clip(np.round(slots[:-1:SLOTS] / SLOW).astype(int), 0, len(heard.meter) - 1)
    meter = np.log(np.maximum(heard.meter[at], _LEAST)) / 4.0
    scale = np.log(heard.tempi)
    step = (scale[-1] - scale[0]) / (len(scale) - 1)
    place = (np.log(60.0 * RATE / length)[:, None] + np.log(RATIOS) - scale[0]) / step
    beside = np.round(place).astype(int)[..., None] + np.arange(-1, 2)
    beside = np.clip(beside, 0, len(scale) - 1).reshape(count, -1)
    tempo = np.take_along_axis(heard.tempo[at], beside, axis=1).reshape(count, len(RATIOS), -1)
    tempo = np.log(np.maximum(tempo.max(axis=2), _LEAST)) / 4.0
    seconds = np.log(length / RATE)[:, None]
    hints = np.concatenate([beat, downbeat, meter, tempo, seconds], axis=1, dtype=np.float32)
    assert hints.shape[1] == HINTS
    return hints


def _log_odds(share: Array) -> Array:
    share = np.clip(share, _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(share / (1.0 - share)) / 3.0)
