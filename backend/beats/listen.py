"""What the beat network hears in a piece of any length."""

from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from backend.audio.features import TOP_DB
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
from retarget.rotation import Array

_CHUNK_FRAMES: Final = 16384
# The music is heard transposed by so many mel bands, and the answers are averaged.
_SHIFTS: Final = (-2, 0, 2)

_PHASE: Final = "finding the beats"


@torch.inference_mode()
def listen(network: BeatNet, mel: NDArray, progress: Progress = no_progress) -> Heard:
    """What the network says of a mel spectrogram (N, 128), in chunks whose borders do not show."""
    frames = -(-len(mel) // (POOL * SLOW)) * SLOW
    context = network.config.context
    parts: list[tuple[Array, ...]] = []
    for first in range(0, frames, _CHUNK_FRAMES):
        last = min(first + _CHUNK_FRAMES, frames)
        low, high = max(first - context, 0), min(last + context, frames)
        piece = torch.from_numpy(np.asarray(mel[low * POOL : high * POOL], np.float32))
        piece = pad(piece, (0, 0, 0, (high - low) * POOL - len(piece)), value=-TOP_DB)
        heard = [network(shifted(piece, bands)[None]) for bands in _SHIFTS]
        output = BeatOutput(
            *(
                torch.stack([getattr(one, f.name) for one in heard]).mean(0)
                for f in fields(heard[0])
            )
        )
        inner = slice(first - low, last - low)
        slow = slice((first - low) // SLOW, (last - low) // SLOW)
        parts.append(
            (
                output.beat[0, inner].sigmoid().numpy(),
                output.downbeat[0, inner].sigmoid().numpy(),
                output.meter[0, slow].softmax(-1).numpy(),
                output.tempo[0, slow].softmax(-1).numpy(),
            )
        )
        progress(last / frames, _PHASE)
    tempi = np.geomspace(SLOWEST_BPM, FASTEST_BPM, TEMPI)
    if not parts:
        nothing = np.zeros(0)
        return Heard(nothing, nothing, np.zeros((0, len(BAR_LENGTHS))), np.zeros((0, TEMPI)), tempi)
    beat, downbeat, meter, tempo = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Heard(beat, downbeat, meter, tempo, tempi)


@lru_cache(maxsize=2)
def load_beat_net(path: Path) -> BeatNet:
    """The network of a checkpoint, ready to listen.

    Raises
    ------
    ConductorError
        If it is missing, damaged or of another kind; says how to do without.
    """
    with or_else("--beats-model librosa"):
        return load_for_use(path, "beats", lambda table: BeatNet(BeatNetConfig.of(table)))
