"""Stretches of the corpus for training the beat network, varied anew each time they are seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from backend.audio.features import TOP_DB, mel_spectrogram
from backend.audio.rates import FEATURE_RATE, N_MELS
from backend.corpus.dataset import ConductingDataset
from backend.corpus.made_tunes import made_tune
from backend.corpus.simple_tunes import Timbre, notes_of, sound_of, true_beats
from backend.grid.beat_grid import BeatGrid
from backend.grid.meter import parse_meter
from backend.models.beat_net import POOL, SLOW
from backend.models.layers import shifted
from backend.training.beat_targets import BeatTargets, targets_of
from backend.training.config import Count, TrainingConfig
from retarget.errors import ConductorError

_STRETCH: Final = (0.85, 1.18)
_SHIFT_BANDS: Final = 4
_TILT_DB: Final = 18.0
_CONTRAST: Final = (0.75, 1.15)
# A floor of noise, dB below the loudest, that hides what lies under it.
_FLOOR_DB: Final = (-80.0, -35.0)
_MASKED_BANDS: Final = 24
# Made tunes are played for about so long, and so many of them count as a work.
_TUNES_S: Final = 55.0
_TUNES_IN_WORK: Final = 4


@dataclass(frozen=True)
class BeatTrainingConfig(TrainingConfig):
    """Settings of what learns from annotated clips, beside those of every training.

    Parameters
    ----------
    tunes : int
        Simple tunes that are made and learned from beside the corpus.
    """

    tunes: Count = 0


@dataclass(frozen=True)
class AnnotatedClip:
    """A clip in memory: mel (N, 128) float16 in dB, its beats, and the work it is of."""

    mel: NDArray[np.float16]
    grid: BeatGrid
    work: str


def read_clips(data: str, splits: str) -> list[AnnotatedClip]:
    """Read the clips with beats of a corpus into memory.

    Parameters
    ----------
    data : str
        Folder of the corpus.
    splits : str
        A split, or several joined by a plus.

    Raises
    ------
    ConductorError
        If there are none.
    """
    clips = [
        clip
        for split in splits.split("+")
        for clip in ConductingDataset(Path(data), split).clips
        if clip.has_beats
    ]
    if not clips:
        raise ConductorError(
            f"{data} has no clips with beats in '{splits}'; render a corpus there first."
        )
    return [
        AnnotatedClip(
            np.asarray(c.mel(), np.float16), c.beats(), str(c.meta().get("work", c.folder))
        )
        for c in clips
    ]


def clips_to_learn(config: BeatTrainingConfig) -> list[AnnotatedClip]:
    """The clips of the corpus for training, and the simple tunes that are made beside them.

    Raises
    ------
    ConductorError
        If the corpus has no clips with beats.
    """
    return read_clips(config.data, config.train_split) + made_clips(config.tunes, config.seed)


def made_clips(count: int, seed: int) -> list[AnnotatedClip]:
    """Simple tunes made at random, played over and over for most of a minute."""
    clips = []
    timbres: tuple[Timbre, ...] = get_args(Timbre)
    for number in range(count):
        tune = made_tune(seed + number)
        whole = len(tune.chords) * parse_meter(tune.meter)[0] * 60.0 / tune.tempo
        times = max(round(_TUNES_S / whole), 1)
        timbre = timbres[number % len(timbres)]
        sound = sound_of(notes_of(tune, tune.tempo, times), timbre)
        grid = true_beats(tune, tune.tempo, times)
        mel = mel_spectrogram(sound).astype(np.float16)
        clips.append(AnnotatedClip(mel, grid, f"tunes {number // _TUNES_IN_WORK}"))
    return clips


def clip_weights(lengths: Sequence[float], works: Sequence[str]) -> NDArray[np.float64]:
    """How often each clip is to be drawn, (N,), sum 1.

    Long clips more often; but a work twice as long as another only √2 times, since its movements
    say the same things of meter and tempo.
    """
    weights = np.array(lengths, np.float64)
    work = np.unique(list(works), return_inverse=True)[1]
    weights = weights / np.sqrt(np.bincount(work, weights=weights)[work])
    return np.asarray(weights / weights.sum())


def sample_batch(
    clips: list[AnnotatedClip], size: int, seconds: float, rng: np.random.Generator
) -> tuple[Tensor, BeatTargets]:
    """A batch of varied stretches: mel (size, N, 128) and targets."""
    frames = int(seconds * FEATURE_RATE) // (POOL * SLOW) * POOL * SLOW
    mels, targets = [], []
    often = clip_weights([len(clip.mel) for clip in clips], [clip.work for clip in clips])
    for index in rng.choice(len(clips), size=size, p=often):
        mel, target = _crop(clips[index], frames, rng)
        mels.append(mel)
        targets.append(target)
    return torch.stack(mels), BeatTargets.stack(targets)


def _crop(clip: AnnotatedClip, frames: int, rng: np.random.Generator) -> tuple[Tensor, BeatTargets]:
    factor = float(np.exp(rng.uniform(*np.log(_STRETCH))))
    taken = round(frames / factor)
    first = int(rng.integers(0, max(len(clip.mel) - taken, 0) + 1))
    mel = torch.from_numpy(clip.mel[first : first + taken].astype(np.float32))
    heard = min(round(len(mel) * factor), frames)
    mel = interpolate(mel.T[None], size=heard, mode="linear", align_corners=False)[0].T
    mel = augmented(mel, rng)
    if heard < frames:
        mel = torch.cat([mel, torch.full((frames - heard, N_MELS), -TOP_DB)])
    start = first / FEATURE_RATE
    return mel, targets_of(clip.grid, start, factor, frames // POOL)


def augmented(mel: Tensor, rng: np.random.Generator) -> Tensor:
    """Another orchestra, another hall, another microphone: pitch, balance, range and noise."""
    mel = shifted(mel, int(rng.integers(-_SHIFT_BANDS, _SHIFT_BANDS + 1)))
    bands = torch.linspace(-1.0, 1.0, N_MELS)
    balance = rng.uniform(-_TILT_DB, _TILT_DB) / 2 * bands
    balance = balance + rng.uniform(-_TILT_DB, _TILT_DB) / 3 * (bands**2 - 0.33)
    mel = mel * rng.uniform(*_CONTRAST) + balance
    mel = mel - mel.max()
    low, high = _FLOOR_DB
    floor = low + (high - low) * float(rng.beta(1.0, 2.5))
    # Sums of powers, near enough: the louder of both, rounded at the corner.
    mel = torch.logaddexp(mel / 4.34, torch.tensor(floor / 4.34)) * 4.34
    if rng.random() < 0.5:
        width = int(rng.integers(4, _MASKED_BANDS))
        at = int(rng.integers(0, N_MELS - width))
        mel[:, at : at + width] = floor
    mel = mel - mel.max()
    return mel.clamp(-TOP_DB, 0.0)
