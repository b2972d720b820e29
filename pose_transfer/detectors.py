"""MediaPipe's models, each built when it is first asked for."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

Image = NDArray[np.uint8]

_MIN_SCORE: Final = 0.5
_MIN_FAINT_SCORE: Final = 0.3
# Hands are looked for in crops that hold one for certain, so a weak first sign is followed up; what
# comes of it is judged against the pose.
_MIN_PALM_SCORE: Final = 0.3


class Detectors:
    """The models of one run; `open_detectors` makes and closes them.

    Only models that lie in MediaPipe's wheel are used: nothing is downloaded.
    """

    def __init__(self, stack: ExitStack) -> None:
        # Importing MediaPipe takes seconds; commands that need no photo go without it.
        with _without_plots():
            import mediapipe

        self._solutions: Any = mediapipe.solutions
        self._stack = stack

    @cached_property
    def distant_face(self) -> Any:
        """Finds faces from about a twentieth of the picture's side upwards."""
        return self._open(
            self._solutions.face_detection.FaceDetection(
                model_selection=1, min_detection_confidence=_MIN_SCORE
            )
        )

    @cached_property
    def close_face(self) -> Any:
        """Finds faces that take up much of the picture."""
        return self._open(
            self._solutions.face_detection.FaceDetection(
                model_selection=0, min_detection_confidence=_MIN_SCORE
            )
        )

    @cached_property
    def face_mesh(self) -> Any:
        """478 points of one face, irises included."""
        return self._open(
            self._solutions.face_mesh.FaceMesh(
                static_image_mode=True,
                max_num_faces=1,
                refine_landmarks=True,
                min_detection_confidence=_MIN_SCORE,
            )
        )

    @cached_property
    def pose(self) -> Any:
        """33 points of one person and where in the picture the person is."""
        return self._open_pose(_MIN_SCORE)

    @cached_property
    def faint_pose(self) -> Any:
        """The same for people whose face is not seen: sees more of them, and more who are none."""
        return self._open_pose(_MIN_FAINT_SCORE)

    @cached_property
    def hands(self) -> Any:
        """21 points of each of up to two hands."""
        return self._open(
            self._solutions.hands.Hands(
                static_image_mode=True,
                max_num_hands=2,
                model_complexity=1,
                min_detection_confidence=_MIN_PALM_SCORE,
            )
        )

    @cached_property
    def selfie(self) -> Any:
        """Where in the picture people are."""
        return self._open(self._solutions.selfie_segmentation.SelfieSegmentation(model_selection=0))

    def _open_pose(self, least_score: float) -> Any:
        return self._open(
            self._solutions.pose.Pose(
                static_image_mode=True,
                model_complexity=1,
                enable_segmentation=True,
                min_detection_confidence=least_score,
            )
        )

    def _open(self, model: Any) -> Any:
        return self._stack.enter_context(model)


@contextmanager
def open_detectors() -> Iterator[Detectors]:
    """The models, for as long as the block runs; what they log is kept off the terminal."""
    with _without_native_logs(), ExitStack() as stack:
        yield Detectors(stack)


@contextmanager
def _without_native_logs() -> Iterator[None]:
    """MediaPipe's libraries log to the descriptor itself, whatever their log level is set to."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _without_plots() -> Iterator[None]:
    """MediaPipe imports Matplotlib, most of its own import, for plots nobody asks for.

    In the block it gets stand-ins, which import the real one when something of it is first used.
    """
    if "matplotlib" in sys.modules:
        yield
        return
    top, pyplot = _Later("matplotlib"), _Later("matplotlib.pyplot")
    top.pyplot = pyplot
    sys.modules |= {module.__name__: module for module in (top, pyplot)}
    try:
        yield
    finally:
        _Later.make_way()


class _Later(ModuleType):
    """A stand-in for a module that is imported at its first use."""

    pyplot: ModuleType

    @staticmethod
    def make_way() -> None:
        """Leave the names to the modules themselves."""
        for name, module in list(sys.modules.items()):
            if isinstance(module, _Later):
                del sys.modules[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.make_way()
        return getattr(import_module(self.__name__), name)


@dataclass(frozen=True)
class Crop:
    """A square part of a photo, scaled, perhaps turned or mirrored; `cut` makes it.

    Parameters
    ----------
    image : (S, S, 3) uint8 array
    axes : (2, 2) array
        Photo pixels along the crop's whole width and height, one column each.
    corner : (2,) array
        Pixel position of the crop's first corner.
    """

    image: Image
    axes: Array
    corner: Array

    @classmethod
    def cut(
        cls,
        rgb: Image,
        centre: Array,
        reach: float,
        side: int,
        *,
        turn: float = 0.0,
        mirrored: bool = False,
    ) -> Self:
        """The square `reach` pixels to each side of `centre`, scaled to `side` pixels.

        Beyond the photo its edge goes on. Turned by a positive angle (radians), what points to the
        upper right in the photo points upwards in the crop.
        """
        # Reducing by more than two takes every other pixel; a blur first keeps them all in it.
        finer = side / (2.0 * reach)
        across, down = (
            np.array([np.cos(turn), np.sin(turn)]),
            np.array([-np.sin(turn), np.cos(turn)]),
        )
        axes = np.stack([-across if mirrored else across, down], axis=1) * 2.0 * reach
        corner = np.asarray(centre, np.float64) - axes.sum(axis=1) / 2.0
        corners = corner + np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) @ axes.T
        limits = np.array(rgb.shape[1::-1])
        first = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, limits - 1)
        last = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, first + 1, limits)
        part = np.ascontiguousarray(rgb[first[1] : last[1], first[0] : last[0]])
        if finer < 1.0:
            part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.35 / finer), np.uint8)
        # From a pixel of the crop to a pixel of the part; middles of pixels lie at half shares.
        matrix = np.column_stack([axes / side, corner + axes.sum(axis=1) * 0.5 / side - first])
        image = cv2.warpAffine(
            part,
            matrix,
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cls(np.asarray(image, np.uint8), axes, corner)

    def to_photo(self, landmarks: Any) -> Array:
        """MediaPipe landmarks of the crop as (N, 3): x, y and depth in the photo's pixels."""
        points = np.array([[mark.x, mark.y, mark.z] for mark in landmarks])
        flat = points[:, :2] @ self.axes.T + self.corner
        return np.column_stack([flat, points[:, 2] * np.linalg.norm(self.axes[:, 0])])

    def paste(self, values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        """A picture of the crop (S, S) in its place in the photo of this size; 0 around it."""
        back = np.linalg.inv(self.axes) * len(values)
        matrix = np.column_stack([back, -back @ self.corner - 0.5])
        pasted = cv2.warpAffine(
            np.ascontiguousarray(values),
            matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        return np.asarray(pasted, np.float32)
