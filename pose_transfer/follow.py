"""Following a person through a video: the take in which their character does what they do."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from retarget.body.kinematics import bone_matrices
from retarget.body.model import INDEX
from retarget.rotation import Array

from .fit import BodyFit, follow_body, posed
from .landmarks import Landmarks
from .staging import Take

# Landmarks of one picture tremble; this is less than any gesture, frames.
_SMOOTH: Final = 0.7


def follow(first: BodyFit, landmarks: Sequence[Landmarks | None], fps: float = 30.0) -> Take:
    """The take of a character whose person is seen in a video.

    Parameters
    ----------
    first : BodyFit
        The fit behind the character, to the video's first frame.
    landmarks : sequence of Landmarks or None
        Of every frame, the first one's included; None keeps the pose of the one before.
    fps : float
        Frames per second; slow videos are smoothed less.

    Returns
    -------
    Take
        Seen by the photo's camera, without a baton.
    """
    fits = [first]
    for found in landmarks[1:]:
        fits.append(fits[-1] if found is None else follow_body(found, fits[-1]))
    unknowns = np.array([fit.unknowns for fit in fits])
    smooth = gaussian_filter1d(unknowns, _SMOOTH * fps / 30.0, axis=0, mode="nearest")
    # The photo itself stays what it is.
    smooth[0] = unknowns[0]
    matrices = np.stack([_matrices(first, theta) for theta in smooth])
    camera, shape = first.camera, (len(fits), 1, 1)
    return Take(
        matrices=matrices.astype(np.float32),
        baton=np.full((len(fits), 2, 3), np.nan),
        view=np.tile(camera.view, shape),
        projection=np.tile(camera.projection, shape),
        size=camera.size,
    )


def _matrices(first: BodyFit, unknowns: Array) -> Array:
    """Bind-to-world matrices (B + 1, 3, 4): those of the body, and the baton's, the hand's."""
    positions, rotations = posed(first, unknowns)
    linear = rotations @ np.swapaxes(first.rotations, 1, 2)
    matrices = bone_matrices(linear, first.positions, positions)
    return np.concatenate([matrices, matrices[INDEX["hand.R"]][None]])
