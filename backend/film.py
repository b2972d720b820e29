"""`Film`: the frames of a finished video, or of a folder of pictures, one at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError

_FRAME_NAME: Final = re.compile(r"^frame_\d{6}\.png$")
# The usual decoder of VP9 leaves alpha out.
_VP9_WITH_ALPHA: Final = "libvpx-vp9"


@dataclass(frozen=True)
class Film:
    """A video as `backend.video` and `backend.alpha_video` write it.

    Parameters
    ----------
    path : Path
        An .mp4, .mov or .webm file, or a folder of PNG files.
    size : (int, int)
        Width and height.
    count : int
        How many frames there are.
    fps : float, optional
        Frames per second; None for a folder.
    has_sound : bool
        Whether there is a sound track.
    """

    path: Path
    size: tuple[int, int]
    count: int
    fps: float | None
    has_sound: bool

    def frames(self, ground: tuple[int, int, int]) -> Iterator[NDArray[np.uint8]]:
        """All frames in order, (H, W, 3) RGB; `ground` is what lies behind transparent ones.

        Raises
        ------
        ConductorError
            If it is damaged.
        """
        try:
            if self.path.is_dir():
                for picture in _pictures(self.path):
                    yield _on_ground(_read_picture(picture), ground, premultiplied=False)
            elif self.path.suffix.lower() in (".mov", ".webm"):
                premultiplied = self.path.suffix.lower() == ".mov"
                for frame in self._decoded():
                    pixels = frame.to_ndarray(format="rgba", src_colorspace="ITU709")
                    yield _on_ground(pixels, ground, premultiplied=premultiplied)
            else:
                for frame in self._decoded():
                    yield frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
        except av.error.FFmpegError as error:
            raise _unreadable(self.path) from error

    def _decoded(self) -> Iterator[Any]:
        with av.open(str(self.path)) as container:
            stream = container.streams.video[0]
            if stream.codec_context.name != "vp9":
                yield from container.decode(stream)
                return
            decoder = av.CodecContext.create(_VP9_WITH_ALPHA, "r")
            for packet in container.demux(stream):
                yield from decoder.decode(packet if packet.size else None)


def open_film(path: Path) -> Film:
    """Look at a video, without decoding it.

    Raises
    ------
    ConductorError
        If it is missing or no video.
    """
    if path.is_dir():
        pictures = _pictures(path)
        if not pictures:
            raise ConductorError(f"{path} holds no frames; choose another folder.")
        height, width = _read_picture(pictures[0]).shape[:2]
        return Film(path, (width, height), len(pictures), None, False)
    if not path.is_file():
        raise ConductorError(f"The video {path} does not exist; check the path.")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise _unreadable(path)
            stream = container.streams.video[0]
            count = sum(packet.size > 0 for packet in container.demux(stream))
            rate: Fraction = stream.average_rate or Fraction(1)
            size = stream.codec_context.width, stream.codec_context.height
            return Film(path, size, count, float(rate), bool(container.streams.audio))
    except (OSError, av.error.FFmpegError) as error:
        raise _unreadable(path) from error


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _FRAME_NAME.match(path.name))


def _read_picture(path: Path) -> NDArray[np.uint8]:
    """A PNG file as (H, W, 4) RGBA."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise _unreadable(path)
    return np.asarray(pixels[..., [2, 1, 0, 3]], np.uint8)


def _on_ground(
    pixels: NDArray[np.uint8], ground: tuple[int, int, int], *, premultiplied: bool
) -> NDArray[np.uint8]:
    """RGBA (H, W, 4) over a colour, as RGB."""
    share = pixels[..., 3:].astype(np.float32) / np.float32(255.0)
    colours = pixels[..., :3].astype(np.float32)
    if not premultiplied:
        colours = colours * share
    mixed = colours + (np.float32(1.0) - share) * np.array(ground, np.float32)
    return np.asarray(np.rint(np.minimum(mixed, 255.0)), np.uint8)


def _unreadable(path: Path) -> ConductorError:
    return ConductorError(f"The video {path} cannot be read; make it anew.")
