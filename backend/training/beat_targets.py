"""What the beat network is to answer for a stretch of music, and how wrong an answer is."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from backend.grid.beat_grid import BeatGrid
from backend.models.beat_net import (
    BAR_LENGTHS,
    FASTEST_BPM,
    RATE,
    SLOW,
    SLOWEST_BPM,
    TEMPI,
    BeatOutput,
    seconds_of,
)
from retarget.rotation import Array

IGNORED: Final = -1
_POSITIVE_BEAT: Final = 3.0
_POSITIVE_DOWNBEAT: Final = 6.0
# Target of the frames beside an event: it lies a little in them too.
_NEIGHBOUR: Final = 0.5
_TEMPO_STD: Final = 1.0
_WEIGHTS: Final = {"beat": 1.0, "downbeat": 1.0, "meter": 0.15, "tempo": 0.15}


@dataclass(frozen=True)
class BeatTargets:
    """Targets at the network's rate.

    Parameters
    ----------
    beat, downbeat : (..., T) float tensors
        1 at the frame nearest an event, a half beside it.
    meter : (..., T / SLOW) long tensor
        Place in `BAR_LENGTHS`; `IGNORED` where nothing is conducted.
    tempo : (..., T / SLOW) float tensor
        Place in the tempo scale, 0 to TEMPI − 1; `IGNORED` where nothing is conducted.
    """

    beat: Tensor
    downbeat: Tensor
    meter: Tensor
    tempo: Tensor

    @classmethod
    def stack(cls, targets: "list[BeatTargets]") -> "BeatTargets":
        """A batch."""
        return cls(*(torch.stack([getattr(t, n) for t in targets]) for n in _FIELDS))


_FIELDS: Final = ("beat", "downbeat", "meter", "tempo")


def targets_of(grid: BeatGrid, start: float, stretch: float, count: int) -> BeatTargets:
    """Targets of `count` frames that begin at `start` seconds of the music.

    Parameters
    ----------
    grid : BeatGrid
        The truth, in the time of the music.
    start : float
        Seconds.
    stretch : float
        How many times as long the music has been made.
    count : int
        Frames of the network, a multiple of `SLOW`.
    """
    times = (grid.times - start) * stretch
    at = seconds_of(np.arange(float(count)))
    slow = at.reshape(-1, SLOW).mean(axis=1)
    meter = np.full(len(slow), IGNORED, np.int64)
    tempo = np.full(len(slow), float(IGNORED), np.float32)
    if len(times) > 1:
        interval = np.diff(times)
        edges = np.r_[times, times[-1] + interval[-1]]
        beat = np.searchsorted(edges, slow, side="right") - 1
        inside = (beat >= 0) & (beat < len(times))
        classes = np.array([_bar_class(int(n)) for n in grid.beats_in_bar])
        meter[inside] = classes[beat[inside]]
        smooth = np.r_[interval, interval[-1]]
        bpm = 60.0 / np.interp(slow, times, smooth)
        tempo[inside] = tempo_place(bpm[inside])
    return BeatTargets(
        beat=torch.from_numpy(_events(times, at)),
        downbeat=torch.from_numpy(_events(times[grid.numbers == 1], at)),
        meter=torch.from_numpy(meter),
        tempo=torch.from_numpy(tempo),
    )


def tempo_place(bpm: Array) -> Array:
    """Where beats per minute lie on the scale of the tempo head, 0 to TEMPI − 1."""
    share = np.log(np.asarray(bpm) / SLOWEST_BPM) / np.log(FASTEST_BPM / SLOWEST_BPM)
    return np.clip(share * (TEMPI - 1), 0, TEMPI - 1)


def _bar_class(beats: int) -> int:
    return BAR_LENGTHS.index(beats) if beats in BAR_LENGTHS else IGNORED


def _events(times: Array, at: Array) -> np.ndarray:
    target = np.zeros(len(at), np.float32)
    frames = np.round((times - at[0]) * RATE).astype(int)
    frames = frames[(frames >= 0) & (frames < len(at))]
    for offset in (-1, 1):
        beside = frames + offset
        target[beside[(beside >= 0) & (beside < len(at))]] = _NEIGHBOUR
    target[frames] = 1.0
    return target


def beat_loss(output: BeatOutput, targets: BeatTargets) -> dict[str, Tensor]:
    """Loss of each task, and "total", their weighted sum."""
    losses = {
        "beat": _event_loss(output.beat, targets.beat, _POSITIVE_BEAT),
        "downbeat": _event_loss(output.downbeat, targets.downbeat, _POSITIVE_DOWNBEAT),
        "meter": cross_entropy(
            output.meter.flatten(0, -2), targets.meter.flatten(), ignore_index=IGNORED
        ),
        "tempo": _tempo_loss(output.tempo, targets.tempo),
    }
    losses["total"] = torch.stack([_WEIGHTS[n] * loss for n, loss in losses.items()]).sum()
    return losses


def _event_loss(logits: Tensor, target: Tensor, positive: float) -> Tensor:
    weight = torch.where(target > _NEIGHBOUR, positive, 1.0)
    return binary_cross_entropy_with_logits(logits, target, weight=weight)


def _tempo_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy against a bell around the true tempo."""
    known = target >= 0
    if not known.any():
        return logits.sum() * 0.0
    places = torch.arange(TEMPI, device=logits.device)
    bell = torch.exp(-0.5 * ((places - target[known][:, None]) / _TEMPO_STD) ** 2)
    bell = bell / bell.sum(dim=1, keepdim=True)
    return -(bell * logits[known].log_softmax(dim=1)).sum(dim=1).mean()
