"""Watching a person through a video: landmarks of every frame."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from retarget.progress import Progress, no_progress

from .detectors import Detectors, Image, open_detectors
from .face_landmarks import find_face_mesh
from .face_mesh import COUNT, face_width
from .hand_landmarks import find_hands
from .landmarks import Landmarks
from .persons import Face, find_faces
from .pose_landmarks import POINTS, find_pose

# From one frame to the next a face moves less than this, in its width.
_STRAY: Final = 1.5


def watch(
    frames: Sequence[Image], first: Landmarks, progress: Progress = no_progress
) -> list[Landmarks | None]:
    """Find the person of the first frame in all others.

    What would be a reason not to work with a photo (a face turned away, a second person who walks
    in) is none here: each frame gives what can be seen in it.

    Parameters
    ----------
    frames : sequence of (H, W, 3) uint8 arrays
    first : Landmarks
        Of the first frame.
    progress : Progress
        Hears [0, 1].

    Returns
    -------
    list of Landmarks or None
        One for each frame, the first one's among them; None where nobody was made out.
    """
    seen: list[Landmarks | None] = [first]
    before = _face(first)
    with open_detectors() as detectors:
        for i, rgb in enumerate(frames[1:], 1):
            progress(i / len(frames), "watching")
            found = _look(detectors, rgb, before)
            seen.append(found)
            if found is not None:
                before = _face(found)
    return seen


def _look(detectors: Detectors, rgb: Image, before: Face) -> Landmarks | None:
    faces = find_faces(detectors, rgb)
    near = [face for face in faces if _apart(face, before) < _STRAY * before.width]
    face = min(near, key=lambda candidate: _apart(candidate, before), default=before)
    others = [other for other in faces if other is not face]
    mesh = find_face_mesh(detectors, rgb, face)
    pose = find_pose(detectors, rgb, face, others)
    if pose is None:
        return None
    return Landmarks(
        points=dict(zip(POINTS, pose.points, strict=True)),
        visibility={key: float(v) for key, v in zip(POINTS, pose.visibility, strict=True)},
        world=dict(zip(POINTS, pose.world, strict=True)),
        hands=find_hands(detectors, rgb, pose, face.width),
        face=mesh,
    )


def _face(landmarks: Landmarks) -> Face:
    if landmarks.face is not None:
        middle = np.asarray(landmarks.face[:COUNT, :2].mean(axis=0))
        return Face(middle, face_width(landmarks.face))
    ears = landmarks.points["ear.L"] - landmarks.points["ear.R"]
    return Face(landmarks.points["nose"], float(np.linalg.norm(ears)))


def _apart(face: Face, other: Face) -> float:
    return float(np.linalg.norm(face.centre - other.centre))
