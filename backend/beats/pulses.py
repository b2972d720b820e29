"""What the beat network says of each pulse, whatever the tempo."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.beats.accents import PulseSound
from backend.beats.decode import Heard
from backend.models.bar_net import PULSE_FEATURES, RATIOS, SLOTS
from backend.models.beat_net import RATE, SLOW
from retarget.rotation import Array

_LEAST: Final = 1e-3


def pulse_features(heard: Heard, pulses: Array, sound: PulseSound) -> NDArray[np.float32]:
    """What is heard from pulse to pulse, (P, PULSE_FEATURES), as `BarNet` takes it.

    Parameters
    ----------
    heard : Heard
        The beat network's answer.
    pulses : (P,) array
        Places in its frames, rising, P > 1.
    sound : PulseSound
        Harmony, bass and accents at the pulses.
    """
    edges = np.r_[pulses, 2.0 * pulses[-1] - pulses[-2]]
    count, last = len(pulses), len(heard.beat) - 1
    slots = np.interp(np.arange(count * SLOTS) / SLOTS, np.arange(count + 1), edges)
    near = np.clip(np.round(slots).astype(int)[:, None] + np.arange(-1, 2), 0, last)
    beat = _log_odds(heard.beat[near].max(axis=1)).reshape(count, SLOTS)
    downbeat = _log_odds(heard.downbeat[near].max(axis=1)).reshape(count, SLOTS)
    at = np.clip(np.round(pulses / SLOW).astype(int), 0, len(heard.meter) - 1)
    meter = np.log(np.maximum(heard.meter[at], _LEAST)) / 4.0
    scale = np.log(heard.tempi)
    step = (scale[-1] - scale[0]) / (len(scale) - 1)
    length = np.diff(edges) / RATE
    place = (np.log(60.0 / length)[:, None] + np.log(RATIOS) - scale[0]) / step
    beside = np.round(place).astype(int)[..., None] + np.arange(-1, 2)
    beside = np.clip(beside, 0, len(scale) - 1).reshape(count, -1)
    tempo = np.take_along_axis(heard.tempo[at], beside, axis=1).reshape(count, len(RATIOS), -1)
    tempo = np.log(np.maximum(tempo.max(axis=2), _LEAST)) / 4.0
    columns = [beat, downbeat, meter, tempo, sound.standing_out(), np.log(length)[:, None]]
    table: NDArray[np.float32] = np.concatenate(columns, axis=1, dtype=np.float32)
    assert table.shape[1] == PULSE_FEATURES
    return table


def _log_odds(share: Array) -> Array:
    share = np.clip(share, _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(share / (1.0 - share)) / 3.0)
