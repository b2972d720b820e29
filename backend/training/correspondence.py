"""What AMCNet has learned, on works that it has not learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from backend.models.amcnet import MEL_FRAMES, MOTION_RATE, AmcNet
from backend.training.amc_data import NEGATIVES, ConductedClip, amc_loss, sample_pairs, scaled
from retarget.progress import Progress, no_progress

_BATCH, _SEED = 12, 12345
_SCALES: Final = (0.5, 0.7, 1.4, 2.0)
_FARTHEST_S: Final = 1.0
# Conductors of the corpus lead by 0 to 0.2 s, which nobody can tell from a shift.
_SYNCHRONOUS_S: Final = 0.1


@dataclass(frozen=True)
class PairScores:
    """How well an AMCNet tells pairs apart.

    Parameters
    ----------
    accuracy : dict of str to float
        For each kind of `NEGATIVES`, the share of its pairs in which the right motion gets the
        better mean answer over the stretch; chance is 0.5.
    loss : float
        Eq. 1.
    """

    accuracy: dict[str, float]
    loss: float


@torch.inference_mode()
def score_pairs(
    network: AmcNet, clips: Sequence[ConductedClip], seconds: float, pairs: int = 120
) -> PairScores:
    """Scores on pairs of `seconds` drawn from clips, the same ones every time."""
    device = next(network.parameters()).device
    rng = np.random.default_rng(_SEED)
    hits: dict[str, list[bool]] = {kind: [] for kind in NEGATIVES}
    losses = []
    for _ in range(pairs // _BATCH):
        batch = sample_pairs(clips, _BATCH, seconds, rng, vary=False).to(device)
        right, wrong = network.compare(batch.mel, batch.joints, batch.other)
        losses.append(float(amc_loss(right, wrong)))
        better = right.sigmoid().mean(dim=1) > wrong.sigmoid().mean(dim=1)
        for kind, hit in zip(batch.kind.tolist(), better.tolist(), strict=True):
            hits[NEGATIVES[kind]].append(hit)
    accuracy = {kind: float(np.mean(values)) for kind, values in hits.items()}
    return PairScores(accuracy, float(np.mean(losses)))


@dataclass(frozen=True)
class Correspondence:
    """Figures of an AMCNet.

    Parameters
    ----------
    scale_change : float
        How far the motion features move when the motion is made 0.5 to 2 times as large, relative
        to how far they lie from their mean; 0 is scale-invariant.
    synchronous : float
        Share of stretches whose best answer over shifts of the motion, up to a second either way,
        lies within 0.1 s of no shift: conductors lead by 0 to 0.2 s as they like.
    best_shift_s : float
        Median of the best shifts' absolute values, seconds.
    """

    scale_change: float
    synchronous: float
    best_shift_s: float


@torch.inference_mode()
def measure_correspondence(
    network: AmcNet,
    clips: Sequence[ConductedClip],
    seconds: float,
    progress: Progress = no_progress,
) -> Correspondence:
    """Scale invariance of the motion encoder and synchrony of both, a stretch from each clip."""
    frames = int(seconds * MOTION_RATE)
    reach = int(_FARTHEST_S * MOTION_RATE)
    moved, spread, best = [], [], []
    for index, clip in enumerate(clips):
        progress(index / len(clips), "examining")
        at = (clip.frames - frames) // 2
        joints = clip.joints[at - reach : at + frames + reach]
        plain = _features(network, joints)
        spread.append(float((plain - plain.mean(dim=(0, 1))).norm(dim=2).mean()))
        for factor in _SCALES:
            change = _features(network, scaled(joints, factor)) - plain
            moved.append(float(change.norm(dim=2).mean()))
        mel = clip.mel[at * MEL_FRAMES : (at + frames) * MEL_FRAMES].astype(np.float32)
        music = network.music(torch.from_numpy(mel)[None])
        shifted = torch.cat([plain[:, i : i + frames] for i in range(2 * reach + 1)])
        answer = network.fuse(music.expand(len(shifted), -1, -1), shifted).sigmoid().mean(dim=1)
        best.append(abs(int(answer.argmax()) - reach))
    return Correspondence(
        scale_change=float(np.mean(moved) / np.mean(spread)),
        synchronous=float(np.mean(np.array(best) <= _SYNCHRONOUS_S * MOTION_RATE)),
        best_shift_s=float(np.median(best) / MOTION_RATE),
    )


def _features(network: AmcNet, joints: np.ndarray) -> Tensor:
    features: Tensor = network.motion(torch.from_numpy(np.asarray(joints, np.float32))[None])
    return features
