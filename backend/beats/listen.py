"""What the beat network hears in a piece of any length."""

from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from backend.audio.features import TOP_DB
from backend.audio.threads import one_thread, side_by_side
from backend.beats.decode import Heard
from backend.models.beat_net import (
    BAR_LENGTHS,
    FASTEST_BPM,
    POOL,
    SLOW,
    SLOWEST_BPM,
    TEMPI,
    BeatNet,
    BeatNetConfig,
    BeatOutput,
)
from backend.models.checkpoint import load_for_use, or_else
from backend.models.layers import shifted
from retarget.progress import Progress, no_progress

_CHUNK_FRAMES: Final = 16384
# The music is heard transposed by so many mel bands, and the answers are averaged.
_SHIFTS: Final = (-2, 0, 2)

_PHASE: Final = "finding the beats"


@one_thread()
def listen(network: BeatNet, mel: NDArray, progress: Progress = no_progress) -> Heard:
    """What the network says of a mel spectrogram (N, 128), in chunks whose borders do not show."""
    frames = -(-len(mel) // (POOL * SLOW)) * SLOW

    def hear(task: tuple[int, int]) -> BeatOutput:
        first, bands = task
        return _hear_chunk(network, mel, first, min(first + _CHUNK_FRAMES, frames), bands)

    firsts = range(0, frames, _CHUNK_FRAMES)
    tasks = [(first, bands) for first in firsts for bands in _SHIFTS]
    told = count(1)
    heard = side_by_side(hear, tasks, lambda _: progress(next(told) / len(tasks), _PHASE))
    tempi = np.geomspace(SLOWEST_BPM, FASTEST_BPM, TEMPI)
    if not heard:
        nothing = np.zeros(0)
        return Heard(nothing, nothing, np.zeros((0, len(BAR_LENGTHS))), np.zeros((0, TEMPI)), tempi)

    def mean(name: str) -> Tensor:
        """Over the shifts: logits of the whole piece, (T, …)."""
        shifts = [
            torch.cat([getattr(one, name)[0] for one in heard[i :: len(_SHIFTS)]])
            for i in range(len(_SHIFTS))
        ]
        return torch.stack(shifts).mean(0)

    return Heard(
        mean("beat").sigmoid().numpy(),
        mean("downbeat").sigmoid().numpy(),
        mean("meter").softmax(-1).numpy(),
        mean("tempo").softmax(-1).numpy(),
        tempi,
    )


def _hear_chunk(network: BeatNet, mel: NDArray, first: int, last: int, bands: int) -> BeatOutput:
    """Logits of the network's frames [first, last), of the music moved up by some bands."""
    context = network.config.context
    low = max(first - context, 0)
    high = min(last + context, -(-len(mel) // (POOL * SLOW)) * SLOW)
    piece = torch.from_numpy(np.asarray(mel[low * POOL : high * POOL], np.float32))
    piece = pad(piece, (0, 0, 0, (high - low) * POOL - len(piece)), value=-TOP_DB)
    output = network(shifted(piece, bands)[None])
    inner = slice(first - low, last - low)
    slow = slice((first - low) // SLOW, (last - low) // SLOW)
    # Copies: slices would keep the context's frames too.
    return BeatOutput(
        output.beat[:, inner].clone(),
        output.downbeat[:, inner].clone(),
        output.meter[:, slow].clone(),
        output.tempo[:, slow].clone(),
    )


@lru_cache(maxsize=2)
def load_beat_net(path: Path) -> BeatNet:
    """The network of a checkpoint, ready to listen.

    Raises
    ------
    ConductorError
        If it is missing, damaged or of another kind; says how to do without.
    """
    with or_else("--beats-model onset"):
        return load_for_use(path, "beats", lambda table: BeatNet(BeatNetConfig.of(table)))
