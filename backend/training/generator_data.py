"""Stretches of conducted music for training the generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backend.conducting.learned.conditioning import encode_conditioning, latest_conditioning
from backend.corpus.dataset import MOTION_FPS, Clip, ConductingDataset
from backend.models.amcnet import MEL_FRAMES
from backend.models.kinematics import to_6d
from backend.style import Style
from backend.training.beat_data import augmented
from retarget import rotation
from retarget.errors import ConductorError


@dataclass(frozen=True)
class Performance:
    """A clip in memory.

    Parameters
    ----------
    mel : (N, 128) float16 array
        dB.
    poses : (T, POSE_DIM) float32 array
        What is conducted.
    conditioning : (T, C) float32 array
        What the generator is told.
    """

    mel: NDArray[np.float16]
    poses: NDArray[np.float32]
    conditioning: NDArray[np.float32]

    @property
    def frames(self) -> int:
        """Frames of motion that have music."""
        return min(len(self.poses), len(self.mel) // MEL_FRAMES)


@dataclass(frozen=True)
class MotionBatch:
    """A batch.

    Parameters
    ----------
    mel : (B, T · MEL_FRAMES, 128) tensor
    conditioning : (B, T, C) tensor
    poses : (B, T, POSE_DIM) tensor
    """

    mel: Tensor
    conditioning: Tensor
    poses: Tensor

    def to(self, device: torch.device) -> "MotionBatch":
        """On another device."""
        return MotionBatch(*(t.to(device) for t in (self.mel, self.conditioning, self.poses)))


def read_performances(corpus: Path, split: str, seconds: float) -> list[Performance]:
    """The clips of a split with motion on the skeleton and at least `seconds` long, in memory.

    Raises
    ------
    ConductorError
        If there are none.
    """
    found = []
    for clip in ConductingDataset(corpus, split).clips:
        if clip.has_beats and (clip.folder / "motion.npz").is_file():
            performance = _read(clip)
            if performance.frames >= seconds * MOTION_FPS:
                found.append(performance)
    if not found:
        raise ConductorError(
            f"{corpus} has no clips with motion and beats in '{split}'; render a corpus with "
            "motion there."
        )
    return found


def _read(clip: Clip) -> Performance:
    motion = clip.performance()
    six = to_6d(torch.from_numpy(rotation.to_matrix(motion.rotations))).flatten(1).numpy()
    poses = np.hstack([six, motion.root]).astype(np.float32)
    conditioning = encode_conditioning(
        clip.conducted(), Style(**motion.style), len(motion), latest_conditioning()
    )
    return Performance(np.array(clip.mel(), np.float16), poses, conditioning)


def sample_motion_batch(
    performances: Sequence[Performance], size: int, seconds: float, rng: np.random.Generator
) -> MotionBatch:
    """A batch of stretches, their sound varied."""
    frames = int(seconds * MOTION_FPS)
    mels: list[Tensor] = []
    conditioning: list[Tensor] = []
    poses: list[Tensor] = []
    for _ in range(size):
        one = performances[int(rng.integers(len(performances)))]
        at = int(rng.integers(0, one.frames - frames + 1))
        mel = one.mel[at * MEL_FRAMES : (at + frames) * MEL_FRAMES].astype(np.float32)
        mels.append(augmented(torch.from_numpy(mel), rng))
        conditioning.append(torch.from_numpy(one.conditioning[at : at + frames]))
        poses.append(torch.from_numpy(one.poses[at : at + frames]))
    return MotionBatch(torch.stack(mels), torch.stack(conditioning), torch.stack(poses))


def pose_statistics(performances: Sequence[Performance]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each number of a pose, the latter 0.001 or more."""
    poses = np.concatenate([one.poses for one in performances])
    std = np.maximum(poses.std(axis=0), 1e-3)
    return torch.from_numpy(poses.mean(axis=0)), torch.from_numpy(std)
