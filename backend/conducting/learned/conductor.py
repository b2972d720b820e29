"""The learned conductor: what the generator makes of the music, as a Motion."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from backend.audio.analysis import Analysis
from backend.audio.features import TOP_DB
from backend.audio.threads import one_thread, side_by_side
from backend.conducting.learned.conditioning import encode_conditioning
from backend.conducting.learned.free_hand import rounded
from backend.conducting.rules.baton_hand import carry_baton, ease_left
from backend.conducting.rules.character import Character
from backend.conducting.rules.cues import CUE_DRAWS, find_cues
from backend.conducting.rules.dynamics import Dynamics
from backend.conducting.rules.left import LeftHand
from backend.conducting.rules.left_part import left_part, with_left
from backend.conducting.rules.legs import AHEAD_M, pelvis_over, planted_leg
from backend.conducting.rules.limits import clipped
from backend.conducting.rules.plan import make_plan
from backend.conducting.rules.stance import shift_m, weight_on_legs, with_weight
from backend.conducting.rules.strokes import make_strokes
from backend.grid.beat_grid import BeatGrid
from backend.models.amcnet import MEL_FRAMES, MOTION_RATE
from backend.models.checkpoint import or_else, shipped
from backend.models.generator import POSE_DIM, Generator, load_generator, split_pose
from backend.models.latent import sample_prior
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

_CHUNK_FRAMES: Final = 4096
_PHASE: Final = "conducting"


@one_thread()
def conduct_learned(
    grid: BeatGrid,
    analysis: Analysis,
    *,
    style: Style,
    seed: int,
    fps: float,
    checkpoint: Path | None = None,
    progress: Progress = no_progress,
) -> Motion:
    """Conduct the beats of a grid as the generator has learned to.

    The generator works at 30 Hz; other rates are read from cubic splines. Rotations outside the
    joints' limits are set to their ends, the left hand is softly rounded, and the weight goes from
    leg to leg as the teacher's does, on feet that never move.

    Parameters
    ----------
    grid : BeatGrid
        What is conducted.
    analysis : Analysis
        Features of the music.
    style : Style
    seed : int
        Of the latent: other seeds conduct otherwise.
    fps : float
        Frames per second.
    checkpoint : Path, optional
        Another generator than the one that comes with the program.
    progress : Progress
        Hears how far it is; may raise Cancelled.

    Raises
    ------
    ConductorError
        If the checkpoint is missing or damaged.
    """
    network = _network(checkpoint or shipped("generator"))
    kept = grid.excerpt(0.0, analysis.duration)
    count = max(1, round(analysis.duration * fps))
    # Frames at 30 Hz up to and past the last one that is asked for.
    inner = int(np.ceil((count - 1) / fps * MOTION_RATE)) + 1
    at = np.arange(count) / fps
    # Most of the network's work releases the interpreter's lock.
    with ThreadPoolExecutor(1) as beside:
        ruled = beside.submit(_by_rules, kept, analysis, style, seed, at)
        poses = generate(network, analysis.mel, kept, style, seed, inner, progress)
        weight, left = ruled.result()
    if fps != MOTION_RATE and inner > 1:
        # Imported here because at the usual rate nothing needs it.
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(np.arange(inner) / MOTION_RATE, poses, axis=0)
        poses = spline(at)
    local, root = _turns_of(poses)
    del poses
    root = _stand(local, root, weight, shift_m(weight, style), left, fps)
    progress(1.0, _PHASE)
    return Motion(
        fps=fps,
        rotations=rotation.make_continuous(local),
        root=root,
        beats=kept.times.copy(),
        beat_numbers=kept.numbers.copy(),
        style=style.as_dict(),
        source={"model": "learned", "seed": seed},
    )


@one_thread()
def generate(
    network: Generator,
    mel: NDArray,
    grid: BeatGrid,
    style: Style,
    seed: int,
    count: int,
    progress: Progress = no_progress,
) -> NDArray[np.float32]:
    """Poses (count, POSE_DIM) at 30 Hz, in chunks whose borders do not show.

    Parameters
    ----------
    network : Generator
        For use.
    mel : (N, 128) array
        dB at 90 Hz; silence follows it.
    grid, style, seed
        As for `conduct_learned`.
    count : int
        Frames.
    """
    config = network.config.conditioning
    conditioning = torch.from_numpy(encode_conditioning(grid, style, count, config))
    latent = sample_prior(count, torch.Generator().manual_seed(seed))
    context = network.config.context
    poses = np.empty((count, POSE_DIM), np.float32)

    def conduct(first: int) -> int:
        last = min(first + _CHUNK_FRAMES, count)
        low, high = max(first - context, 0), min(last + context, count)
        piece = np.asarray(mel[low * MEL_FRAMES : high * MEL_FRAMES], np.float32)
        short = (high - low) * MEL_FRAMES - len(piece)
        heard = pad(torch.from_numpy(piece), (0, 0, 0, short), value=-TOP_DB)
        made = network(heard[None], conditioning[None, low:high], latent[None, low:high])
        poses[first:last] = made[0, first - low : last - low].numpy()
        return last

    firsts = range(0, count, _CHUNK_FRAMES)
    side_by_side(conduct, firsts, lambda last: progress(last / count, _PHASE))
    return poses


def _by_rules(
    grid: BeatGrid, analysis: Analysis, style: Style, seed: int, at: Array
) -> tuple[Array, LeftHand]:
    """The weight on the legs (T,) and the left hand's part at the given seconds (T,)."""
    dynamics = Dynamics.of(analysis.loudness)
    plan = make_plan(grid, analysis.duration, dynamics, style)
    weight = weight_on_legs(plan, grid, dynamics, seed, at)
    strokes = make_strokes(plan, grid, dynamics, Character.of(analysis), style)
    cues = find_cues(plan, dynamics, np.random.default_rng([seed, CUE_DRAWS]))
    left, _ = left_part(plan, grid, dynamics, strokes, cues, style, seed, at)
    return weight, left


def _turns_of(poses: NDArray) -> tuple[Array, Array]:
    """Local rotations (T, J, 4) and places of the hips (T, 3) of poses (T, POSE_DIM).

    With a softly rounded left hand, and within the joints' limits.
    """
    count = len(poses)
    # Joint by joint in memory: what follows looks at one joint over all frames.
    local = np.empty((len(skeleton.NAMES), count, 4)).swapaxes(0, 1)
    root = np.empty((count, 3))

    def turn(first: int) -> None:
        piece = slice(first, first + _CHUNK_FRAMES)
        matrices, place = split_pose(torch.from_numpy(poses[piece]))
        turns = rounded(rotation.from_matrix(matrices.numpy()), "L")
        for joint, name in enumerate(skeleton.NAMES):
            local[piece, joint] = clipped(turns[:, joint], name)
        root[piece] = place.numpy()

    side_by_side(turn, range(0, count, _CHUNK_FRAMES))
    return local, root


@lru_cache(maxsize=2)
def _network(path: Path) -> Generator:
    with or_else("--model teacher"):
        return load_generator(path)


def _stand(
    local: Array, root: Array, weight: Array, aside: Array, left: LeftHand, fps: float
) -> Array:
    """Put a body on planted feet and give its left hand a part of its own.

    What the weight on the legs (T,) does to pelvis and trunk, and how far aside (T,) it takes them,
    goes by the rules of `backend.conducting.rules.stance`: the network stands still.

    Parameters
    ----------
    local : (T, J, 4) array
        Local rotations, which are changed in place.
    root : (T, 3) array
        Of the hips, as the network moves them.

    Returns
    -------
    (T, 3) array
        Of the hips, over the feet.
    """
    turn = {name: local[:, joint] for name, joint in skeleton.INDEX.items()}

    def put(turns: Mapping[str, Array]) -> None:
        for name, value in turns.items():
            turn[name][:] = value

    put(with_weight(turn, weight))
    # It moves about where the teacher's pelvis stands: the one it has learned of stood otherwise.
    x, y, z = (root - np.median(root, axis=0)).T
    root = pelvis_over(x + aside, y - AHEAD_M, -z, turn["hips"])

    def left_arm() -> dict[str, Array]:
        arm = with_left(local, root, left, aside)
        return arm | {"hand.L": ease_left(arm["hand.L"])}

    limbs: list[Callable[[], dict[str, Array]]] = [
        left_arm,
        lambda: {"hand.R": carry_baton(local, root, fps)},
        *(partial(planted_leg, side, root, turn["hips"]) for side in ("L", "R")),
    ]
    for turns in side_by_side(lambda limb: limb(), limbs):
        put(turns)
    return root
