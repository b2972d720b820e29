"""Beats, bars and meter as the trained network hears them, at the level that is conducted."""

from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from backend.audio.analysis import Analysis
from backend.audio.features import TOP_DB
from backend.beats.conducted import conducted_groups
from backend.beats.decode import Heard, decode_bars, decode_beats
from backend.beats.grid import BeatGrid, parse_meter
from backend.beats.meter import is_ternary
from backend.beats.span import sounding_parts
from backend.models.beat_net import (
    BAR_LENGTHS,
    FASTEST_BPM,
    POOL,
    RATE,
    SLOW,
    SLOWEST_BPM,
    TEMPI,
    BeatNet,
    BeatNetConfig,
    BeatOutput,
)
from backend.models.checkpoint import load_for_use, shipped
from backend.models.layers import shifted
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part
from retarget.rotation import Array

_CHUNK_FRAMES: Final = 16384
# The music is heard as it is and transposed by so many mel bands, and the answers are averaged.
_SHIFTS: Final = (-2, 0, 2)
# A tempo that the user gave is meant, not guessed.
_GIVEN_OCTAVES: Final = 0.12
_PHASE: Final = "finding the beats"
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
    checkpoint: Path | None = None,
    progress: Progress = no_progress,
) -> BeatGrid:
    """Find the conducted beats, the meter and the downbeats with the trained network.

    Parameters
    ----------
    analysis : Analysis
        Features of the piece.
    meter : str, optional
        The meter if it is known ("6/8"); the conducted level still follows the music.
    tempo : float, optional
        About this many conducted beats a minute.
    checkpoint : Path, optional
        Another network than the one that comes with the program.
    progress : Progress
        Told the share that is done; may raise `Cancelled`.

    Returns
    -------
    BeatGrid
        Empty in silence; without beats where the music pauses.

    Raises
    ------
    ConductorError
        If `meter` is no meter, or the checkpoint is missing or damaged.
    """
    numerator = None if meter is None else parse_meter(meter)[0]
    network = load_network(checkpoint or shipped("beats"))
    heard = listen(network, analysis.mel, part(progress, 0.0, 0.5, _PHASE))
    prior = None if tempo is None else _given(tempo, heard.tempi)
    frames = decode_beats(heard, tempo_prior=prior, progress=part(progress, 0.5, 0.95, _PHASE))
    times = (frames * POOL + (POOL - 1) / 2) / (RATE * POOL)
    keep = np.zeros(len(times), bool)
    for start, end in sounding_parts(analysis):
        keep |= (times > start - 0.12) & (times < end)
    keep &= times >= 0.0
    allowed = BAR_LENGTHS if numerator is None else _levels(numerator)
    numbers, in_bar, sure = decode_bars(heard, frames, allowed)
    near = np.clip(np.round(frames[keep]).astype(int), 0, max(len(heard.beat) - 1, 0))
    clear = np.max([heard.beat[np.clip(near + d, 0, len(heard.beat) - 1)] for d in (-1, 0, 1)], 0)
    progress(1.0, _PHASE)
    if meter is not None:
        meters = (meter,) * int(keep.sum())
    else:
        ternary = is_ternary(analysis, times[keep])
        meters = tuple(_WRITTEN[int(n)][ternary] for n in in_bar[keep])
    return BeatGrid(
        times[keep],
        numbers[keep],
        in_bar[keep],
        meters,
        np.clip(clear * (0.5 + 0.5 * sure[keep]), 0.0, 1.0),
    )


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
def load_network(path: Path) -> BeatNet:
    """The network of a checkpoint, ready to listen.

    Raises
    ------
    ConductorError
        If it is missing, damaged or of another kind; says how to do without.
    """
    try:
        return load_for_use(path, "beats", lambda table: BeatNet(BeatNetConfig.of(table)))
    except ConductorError as error:
        raise ConductorError(f"{error} Or use --beats-model librosa, which needs none.") from error


def _given(tempo: float, tempi: Array) -> Array:
    """Log weights of tempi around one that was asked for."""
    off = np.log2(tempi / tempo) / _GIVEN_OCTAVES
    return np.maximum(-0.5 * off**2, -30.0)


def _levels(numerator: int) -> tuple[int, ...]:
    """Conducted beats that bars with this upper figure may have."""
    counts = {len(conducted_groups(numerator, rate)) for rate in range(10, 600, 5)}
    nearest = min(BAR_LENGTHS, key=lambda count: abs(count - numerator))
    return tuple(sorted(counts & set(BAR_LENGTHS))) or (nearest,)
