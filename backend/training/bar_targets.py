"""Which states the pulses of a piece are in, and how wrong a bar network is about them."""

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from backend.beats.bar_states import (
    BARS,
    BREAK_OFF,
    FIRST,
    GO_ON,
    INNER,
    LAST,
    STATES,
    TURNS,
)
from backend.grid.beat_grid import BeatGrid
from retarget.rotation import Array

UNKNOWN: Final = -1
_TOLERANCE_S: Final = 0.07
_LONGEST_SPAN: Final = 3
_IMPOSSIBLE: Final = -1e4


def states_of(pulses: Array, grid: BeatGrid) -> NDArray[np.int64]:
    """The states that pulses are in, `UNKNOWN` where they do not fit the truth.

    Parameters
    ----------
    pulses : (P,) array
        Seconds, rising.
    grid : BeatGrid
        The truth. Where pulses lie on the downbeats at both ends of one to three bars, the pulses
        between them are in the kind of bar that has as many.
    """
    states = np.full(len(pulses), UNKNOWN)
    downbeats = np.flatnonzero(grid.numbers == 1)
    if len(pulses) < 2 or len(downbeats) < 2:
        return states
    times = grid.times[downbeats]
    nearest = np.abs(pulses[None] - times[:, None]).argmin(axis=1)
    hit = np.abs(pulses[nearest] - times) <= _TOLERANCE_S
    beats = grid.beats_in_bar[downbeats]
    whole = np.diff(downbeats) == beats[:-1]
    for i in range(len(downbeats) - 1):
        for span in range(1, min(_LONGEST_SPAN, len(downbeats) - 1 - i) + 1):
            inside = slice(i, i + span)
            if not whole[inside].all() or (beats[inside] != beats[i]).any():
                break
            if not (hit[i] and hit[i + span]):
                continue
            first, end = int(nearest[i]), int(nearest[i + span])
            kind = _KINDS.get((int(beats[i]), span, end - first))
            if kind is not None:
                states[first:end] = FIRST[kind] + np.arange(end - first)
                break
    return states


def _kinds() -> dict[tuple[int, int, int], int]:
    """Kinds of bars by beats in a bar, bars and pulses."""
    kinds = {}
    for kind, bar in enumerate(BARS):
        bars = int(bar.length / (bar.beats * bar.pulses_per_beat))
        kinds[bar.beats, bars, bar.length] = kind
    return kinds


_KINDS: Final = _kinds()


def bar_loss(scores: Tensor, states: Tensor) -> Tensor:
    """Nats per pulse that the true paths fall short of all paths together, mean of the batch.

    The negative log likelihood of a conditional random field (Lafferty, McCallum & Pereira, ICML
    2001) over the moves of `bar_states`, with unknown states summed over.

    Parameters
    ----------
    scores : (B, P, STATES) tensor
    states : (B, P) long tensor
        `UNKNOWN`, or the state.
    """
    wrong = ~one_hot(states.clamp_min(0), STATES).bool() & (states >= 0)[..., None]
    true = scores.masked_fill(wrong, _IMPOSSIBLE)
    every, right = _log_sums(torch.cat([scores, true])).chunk(2)
    return (every - right).mean() / scores.shape[1]


def _log_sums(scores: Tensor) -> Tensor:
    """Log of the sum over all paths, (B,): the forward algorithm."""
    device = scores.device
    first, last, inner = (torch.from_numpy(a).to(device) for a in (FIRST, LAST, INNER))
    turns = torch.from_numpy(np.exp(TURNS)).to(device, scores.dtype)
    total = scores[:, 0]
    for at in range(1, scores.shape[1]):
        top = total.amax(dim=1, keepdim=True)
        weight = (total - top).exp()
        moved = torch.empty_like(weight)
        moved = moved.index_copy(1, first, weight[:, last] @ turns)
        moved = moved.index_copy(1, inner, weight[:, inner - 1] * math.exp(GO_ON))
        moved = moved + weight.sum(dim=1, keepdim=True) * math.exp(BREAK_OFF)
        total = moved.log() + top + scores[:, at]
    return total.logsumexp(dim=1)
