"""A guide in which the arms beat time, filmed from the front."""

import numpy as np

from retarget import rotation, skeleton
from retarget.camera import Camera
from retarget.guide import Guide
from retarget.motion import forward_kinematics

FPS = 24.0
BEATS = [[0.5, 4], [1.0, 1], [1.5, 2], [2.0, 3], [2.5, 4], [3.0, 1], [3.5, 2]]


def beating(frames: int = 100, size: tuple[int, int] = (640, 360), drift: float = 0.0) -> Guide:
    """Both forearms swing up and down, bent at the elbow; `drift` metres the camera moves aside."""
    rotations = rotation.identity((frames, len(skeleton.NAMES)))
    seconds = np.arange(frames) / FPS
    for side, out in (("L", 1.0), ("R", -1.0)):
        hang = rotation.from_axis_angle(np.array([0.0, out, 0.0]), np.full(frames, 1.0))
        bent = -out * (1.2 + 0.5 * np.sin(2.0 * np.pi * seconds + 0.7 * out))
        rotations[:, skeleton.INDEX[f"upper_arm.{side}"]] = hang
        rotations[:, skeleton.INDEX[f"forearm.{side}"]] = rotation.from_axis_angle(
            np.array([0.3, 0.0, 0.95]) / np.hypot(0.3, 0.95), bent
        )
    positions, turns = forward_kinematics(rotations, np.tile(skeleton.REST[0], (frames, 1)))
    cameras = [
        Camera(
            0.9 * size[1],
            np.array([size[0] / 2 - 0.5, size[1] / 2 - 0.5]),
            size,
            np.array([x, -2.2, 1.3]),
        )
        for x in np.linspace(0.0, drift, frames)
    ]
    return Guide(
        fps=FPS,
        size=size,
        positions=positions,
        rotations=turns,
        rest=skeleton.REST.copy(),
        view=np.array([camera.view for camera in cameras]),
        projection=np.array([camera.projection for camera in cameras]),
    )
