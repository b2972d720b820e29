"""Pairs of music and motion that belong together, and motions that do not, for training AMCNet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backend.corpus.dataset import ConductingDataset
from backend.models.amcnet import MEL_FRAMES, MOTION_RATE
from backend.training.beat_data import augmented
from retarget.errors import ConductorError

NEGATIVES: Final = ("easy", "hard", "super-hard")
"""Motion of another work; of the same piece 10 s or more away; of half a second to 5 s away."""

_HARD_S: Final = 10.0
_SUPER_HARD_S: Final = (0.5, 5.0)
_SCALE: Final = (0.5, 2.0)


@dataclass(frozen=True)
class ConductedClip:
    """A clip in memory: mel (N, 128) float16 in dB, joints (T, 13, 2) float32, and its work."""

    mel: NDArray[np.float16]
    joints: NDArray[np.float32]
    work: str

    @property
    def frames(self) -> int:
        """Frames of motion that have music."""
        return min(len(self.joints), len(self.mel) // MEL_FRAMES)


@dataclass(frozen=True)
class Pairs:
    """A batch.

    Parameters
    ----------
    mel : (B, T · MEL_FRAMES, 128) tensor
    joints : (B, T, 13, 2) tensor
        What conducts that music.
    other : (B, T, 13, 2) tensor
        What does not.
    kind : (B,) long tensor
        Why not, a place in `NEGATIVES`.
    """

    mel: Tensor
    joints: Tensor
    other: Tensor
    kind: Tensor

    def to(self, device: torch.device) -> "Pairs":
        """On another device."""
        return Pairs(*(t.to(device) for t in (self.mel, self.joints, self.other, self.kind)))


def conducted_clips(corpus: Path, split: str, seconds: float) -> list[ConductedClip]:
    """The clips of a split that pairs of `seconds` can be drawn from, in memory.

    Raises
    ------
    ConductorError
        If there are none, or all are of one work.
    """
    found = []
    for clip in ConductingDataset(corpus, split).clips:
        if clip.has_motion:
            work = str(clip.meta().get("work", clip.folder))
            joints = np.array(clip.motion(), np.float32)
            conducted = ConductedClip(np.array(clip.mel(), np.float16), joints, work)
            # Wherever a stretch lies, another 10 s away has room.
            if conducted.frames >= (2.0 * seconds + _HARD_S) * MOTION_RATE:
                found.append(conducted)
    if len({clip.work for clip in found}) < 2:
        raise ConductorError(
            f"{corpus} lacks clips with motion of two works in '{split}', each long enough for "
            f"stretches of {seconds:g} s; render a corpus with motion there, or set shorter "
            "'seconds'."
        )
    return found


def sample_pairs(
    clips: Sequence[ConductedClip],
    size: int,
    seconds: float,
    rng: np.random.Generator,
    *,
    vary: bool = True,
) -> Pairs:
    """A batch of pairs, a third with each kind of negative.

    Parameters
    ----------
    clips : sequence of ConductedClip
        Of two works or more.
    size : int
        Pairs.
    seconds : float
        Length of a stretch.
    rng : numpy Generator
    vary : bool
        Sound changed and motion scaled at random, as in training.
    """
    frames = int(seconds * MOTION_RATE)
    mels: list[Tensor] = []
    joints: list[Tensor] = []
    others: list[Tensor] = []
    kinds = rng.permutation(np.arange(size) % len(NEGATIVES))
    for kind in kinds:
        clip = clips[int(rng.integers(len(clips)))]
        at = int(rng.integers(0, clip.frames - frames + 1))
        first = at * MEL_FRAMES
        mel = torch.from_numpy(clip.mel[first : first + frames * MEL_FRAMES].astype(np.float32))
        mels.append(augmented(mel, rng) if vary else mel)
        source, elsewhere = _negative(NEGATIVES[kind], clips, clip, at, frames, rng)
        for found, motion, start in ((joints, clip, at), (others, source, elsewhere)):
            stretch = motion.joints[start : start + frames]
            scale = float(np.exp(rng.uniform(*np.log(_SCALE)))) if vary else 1.0
            found.append(torch.from_numpy(scaled(stretch, scale)))
    return Pairs(
        torch.stack(mels), torch.stack(joints), torch.stack(others), torch.from_numpy(kinds)
    )


def scaled(joints: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Motion `factor` times as large around its mean pose."""
    mean = joints.mean(axis=0, keepdims=True)
    return np.asarray(mean + factor * (joints - mean), np.float32)


def _negative(
    kind: str,
    clips: Sequence[ConductedClip],
    clip: ConductedClip,
    at: int,
    frames: int,
    rng: np.random.Generator,
) -> tuple[ConductedClip, int]:
    """A clip and the frame in it at which a motion begins that does not conduct this music."""
    if kind == "easy":
        strangers = [other for other in clips if other.work != clip.work]
        other = strangers[int(rng.integers(len(strangers)))]
        return other, int(rng.integers(0, other.frames - frames + 1))
    last = clip.frames - frames
    starts = np.arange(last + 1)
    away = np.abs(starts - at) / MOTION_RATE
    if kind == "hard":
        starts = starts[away >= _HARD_S]
    else:
        starts = starts[(away >= _SUPER_HARD_S[0]) & (away <= _SUPER_HARD_S[1])]
    return clip, int(rng.choice(starts))


def amc_loss(right: Tensor, wrong: Tensor) -> Tensor:
    """Eq. 1 of the paper, from the logits (B, T) of pairs that belong together and do not."""
    return ((right.sigmoid() - 1.0) ** 2).mean() + (wrong.sigmoid() ** 2).mean()
