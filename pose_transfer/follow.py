"""Following a person through a video: the take in which their character does what they do."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from retarget.body.kinematics import bone_matrices
from retarget.body.model import INDEX
from retarget.rotation import Array

from .align import Aligner
from .drawing import Painter
from .fit import BodyFit, posed
from .landmarks import Landmarks
from .sitting import Sitting
from .take import Take
from .track import Tracker

# Each time the drawn person is laid over the real one and moved; at last at every pixel.
_ROUNDS: Final = (False, False, True)
# Poses tremble; over so short a time, seconds, a parabola describes any gesture.
_SMOOTH_S: Final = 0.17


def follow(
    sitting: Sitting,
    frames: Sequence[NDArray[np.uint8]],
    landmarks: Sequence[Landmarks | None],
    fps: float = 30.0,
) -> Take:
    """The take of a character whose person is seen in a video.

    In each frame the pose is first found from the landmarks; then the character is drawn in it, and
    where optical flow finds its surface in the frame the bones are moved to.

    Parameters
    ----------
    sitting : Sitting
        Of the first frame.
    frames : sequence of (H, W, 3) uint8 arrays
        The video, in the size of the sitting's photo.
    landmarks : sequence of Landmarks or None
        Of every frame but the first, whose are the sitting's; None where nobody was found.
    fps : float
        Frames per second.

    Returns
    -------
    Take
        Seen by the photo's camera, without a baton.
    """
    first, character = sitting.fit, sitting.character
    tracker = Tracker(first, sitting.landmarks, fps)
    backdrop = sitting.photo.rgb if character.backdrop is None else character.backdrop
    between = _between(tracker, landmarks)
    poses = [first.unknowns]
    with (
        Painter(character, character.camera.size, backdrop=backdrop) as painter,
        Aligner(first, character, tracker.across) as aligner,
    ):
        for i, (frame, found) in enumerate(zip(frames[1:], landmarks[1:], strict=True), 1):
            before = between.get(i, poses[-1])
            pose = tracker.find(found, before)
            for fine in _ROUNDS:
                take = take_of(first, pose[None])
                sights = aligner.look(take.matrices[0], painter.draw(take, 0), frame, fine)
                pose = tracker.find(found, before, start=pose, sights=sights)
            poses.append(pose)
    return take_of(first, _smoothed(np.array(poses), fps))


def take_of(first: BodyFit, unknowns: Array) -> Take:
    """The take of poses (T, N) of a fitted body, seen by the photo's camera."""
    positions, rotations = posed(first, unknowns)
    linear = rotations @ np.swapaxes(first.rotations, 1, 2)
    matrices = bone_matrices(linear, first.positions, positions)
    # The baton, which comes after the body's bones, goes with the hand.
    matrices = np.concatenate([matrices, matrices[:, [INDEX["hand.R"]]]], axis=1)
    camera, shape = first.camera, (len(unknowns), 1, 1)
    return Take(
        matrices=matrices.astype(np.float32),
        baton=np.full((len(unknowns), 2, 3), np.nan),
        view=np.tile(camera.view, shape),
        projection=np.tile(camera.projection, shape),
        size=camera.size,
    )


def _between(tracker: Tracker, landmarks: Sequence[Landmarks | None]) -> dict[int, Array]:
    """Poses of the frames without landmarks, from those before and after."""
    missing = [i for i, found in enumerate(landmarks) if i > 0 and found is None]
    if not missing:
        return {}
    poses, known = [tracker.first.unknowns], [0]
    for i, found in enumerate(landmarks[1:], 1):
        if found is not None:
            poses.append(tracker.find(found, poses[-1]))
            known.append(i)
    columns = np.array(poses).T
    return {i: np.array([np.interp(i, known, column) for column in columns]) for i in missing}


def _smoothed(poses: Array, fps: float) -> Array:
    """Poses without tremble; the first one, which is the photo, stays."""
    window = 2 * int(_SMOOTH_S * fps / 2.0) + 1
    if window < 5 or len(poses) < window:
        return poses
    smooth = savgol_filter(poses, window, 2, axis=0, mode="nearest")
    smooth[0] = poses[0]
    return np.asarray(smooth)
