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
from retarget.progress import Progress, no_progress

# Frames that are heard at once: from moment to moment as many as stay in a core's cache, at a
# distance so many that their context, which is heard twice, is little beside them.
_LOCAL_FRAMES: Final = 2048
_WIDE_FRAMES: Final = 16384
_PHASE: Final = "finding the beats"


@one_thread()
def listen(network: BeatNet, mel: NDArray, progress: Progress = no_progress) -> Heard:
    """What the network says of a mel spectrogram (N, 128), in chunks whose borders do not show."""
    frames = -(-len(mel) // (POOL * SLOW)) * SLOW
    tempi = np.geomspace(SLOWEST_BPM, FASTEST_BPM, TEMPI)
    if frames == 0:
        nothing = np.zeros(0)
        return Heard(nothing, nothing, np.zeros((0, len(BAR_LENGTHS))), np.zeros((0, TEMPI)), tempi)
    local = torch.empty(1, network.config.channels, frames)

    def hear_local(first: int) -> int:
        last = min(first + _LOCAL_FRAMES, frames)
        low, high = _around(first, last, network.config.local_context, frames)
        piece = torch.from_numpy(np.asarray(mel[low * POOL : high * POOL], np.float32))
        piece = pad(piece, (0, 0, 0, (high - low) * POOL - len(piece)), value=-TOP_DB)
        answer = network.local_features(piece[None])
        local[..., first:last] = answer[..., first - low : last - low]
        return last

    def hear_wide(first: int) -> BeatOutput:
        last = min(first + _WIDE_FRAMES, frames)
        low, high = _around(first, last, network.config.context, frames)
        answer = network.predict(local[..., low:high])
        inner = slice(first - low, last - low)
        slow = slice((first - low) // SLOW, (last - low) // SLOW)
        # Copies: slices would keep the context's frames too.
        return BeatOutput(
            answer.beat[0, inner].clone(),
            answer.downbeat[0, inner].clone(),
            answer.meter[0, slow].clone(),
            answer.tempo[0, slow].clone(),
        )

    def report(last: int) -> None:
        progress(0.5 * last / frames, _PHASE)

    side_by_side(hear_local, range(0, frames, _LOCAL_FRAMES), report)
    firsts, told = range(0, frames, _WIDE_FRAMES), count(1)
    heard = side_by_side(
        hear_wide, firsts, lambda _: progress(0.5 + 0.5 * next(told) / len(firsts), _PHASE)
    )

    def whole(name: str) -> Tensor:
        """Logits of the whole piece, (T, …)."""
        return torch.cat([getattr(one, name) for one in heard])

    return Heard(
        whole("beat").sigmoid().numpy(),
        whole("downbeat").sigmoid().numpy(),
        whole("meter").softmax(-1).numpy(),
        whole("tempo").softmax(-1).numpy(),
        tempi,
    )


def _around(first: int, last: int, context: int, frames: int) -> tuple[int, int]:
    """The frames [first, last) with their context, as far as there is any."""
    return max(first - context, 0), min(last + context, frames)


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
