"""Rendered frames as files: laid over what stands still, read at the video's size, kept."""

import shutil
import threading
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.folders import make_folder
from retarget.atomic import atomic_path
from retarget.errors import ConductorError

Pixels = NDArray[np.uint8]

_JPEG: Final = (cv2.IMWRITE_JPEG_QUALITY, 97)


class FrameFiles:
    """The folder that Blender renders the frames of a video into.

    Parameters
    ----------
    folder : Path
        Frames of an earlier try stay there if they show the same scene in the same way.
    stamp : str
        What they show.
    size : (int, int)
        Width and height of the video.
    """

    def __init__(self, folder: Path, stamp: str, size: tuple[int, int]) -> None:
        self.folder = folder
        self.plate = folder / "plate.png"
        self._size = size
        self._lock = threading.Lock()
        self._plate: tuple[Pixels, Pixels] | None = None
        note = folder / "stamp.txt"
        if not note.is_file() or note.read_text(encoding="utf-8") != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            make_folder(folder)
            note.write_text(stamp, encoding="utf-8")
        self._raw = folder / "raw"
        shutil.rmtree(self._raw, ignore_errors=True)
        # A part of the picture has its place in its name, which is looked for but once.
        self._parts = {int(part.name.split(".")[0]): part for part in folder.glob("*.*.*.jpg")}

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def has(self, number: int) -> bool:
        """Whether a frame is there."""
        return self._find(number) is not None

    def complete(self, number: int) -> None:
        """Lay what moves in a frame over what stands still, where Blender left it to us.

        Raises
        ------
        ConductorError
            If the frame cannot be read or written.
        """
        moving = next(self._raw.glob(f"{number:06d}.*.tif"), None)
        if moving is None:
            return
        patch = _laid_over(self._plates()[0], _read(moving), *_place(moving))
        part = self.folder / f"{moving.stem}.jpg"
        with atomic_path(part) as temporary:
            _, coded = cv2.imencode(".jpg", patch, _JPEG)
            temporary.write_bytes(coded.tobytes())
        moving.unlink()
        self._parts[number] = part

    def read(self, number: int) -> Pixels:
        """A frame at the video's size, (H, W, 3) RGB."""
        path = self._find(number)
        if path is None:
            raise ConductorError(f"Frame {number} in {self.folder} is gone; try again.")
        pixels = _read(path)
        if number in self._parts:
            left, top = _place(path)
            height, width = pixels.shape[:2]
            whole = self._plates()[1].copy()
            whole[top : top + height, left : left + width] = pixels
            pixels = whole[: self._size[1], : self._size[0]]
        elif pixels.shape[1::-1] != self._size:
            pixels = np.asarray(cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA))
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)

    def _find(self, number: int) -> Path | None:
        """A frame's own file, or that of the part of it in which something moves."""
        if number in self._parts:
            return self._parts[number]
        whole = (self.folder / f"{number:06d}.{ending}" for ending in ("jpg", "png"))
        return next((path for path in whole if path.is_file()), None)

    def _plates(self) -> tuple[Pixels, Pixels]:
        """What stands still as it is rendered, and reduced."""
        with self._lock:
            if self._plate is None:
                large = _read(self.plate)
                self._plate = large, _reduced(large)
            return self._plate


def _place(path: Path) -> tuple[int, int]:
    """Where a part of the picture has its upper left, pixels of the reduced picture."""
    _, left, top, _ = path.name.split(".")
    return int(left), int(top)


def _laid_over(still: Pixels, moving: Pixels, left: int, top: int) -> Pixels:
    """The part of the picture in which something moves, reduced, (H, W, 3).

    Parameters
    ----------
    still : (h, w, 3) array
        The whole picture without it, as large as rendered.
    moving : (h, w, 4) array
        What moves, with straight alpha, as large as rendered.
    left, top : int
        Where in the reduced picture.
    """
    x, y = left * 5 // 4, top * 5 // 4
    height, width = moving.shape[:2]
    patch = still[y : y + height, x : x + width].copy()
    alpha = np.ascontiguousarray(moving[..., 3])
    partly = (alpha > 0) & (alpha < 255)
    share = alpha[partly, None] / 255.0
    mixed = moving[partly, :3] * share + patch[partly] * (1.0 - share)
    cv2.copyTo(np.ascontiguousarray(moving[..., :3]), alpha, patch)
    patch[partly] = np.round(mixed).astype(np.uint8)
    return _reduced(patch)


def _reduced(pixels: Pixels) -> Pixels:
    """A picture `blender_addon.render.SUPERSAMPLING` times as large at the video's size."""
    height, width = pixels.shape[:2]
    size = (width * 4 // 5, height * 4 // 5)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _read(path: Path) -> Pixels:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ConductorError(f"The rendered frame {path} cannot be read; delete it and try again.")
    return np.asarray(pixels, np.uint8)
