"""Frames and music to an MP4: H.264 and AAC."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from backend.audio.decode import stream_audio
from retarget.atomic import atomic_path, write_error
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

AUDIO_RATE: Final = 48_000
_AUDIO_BITRATE: Final = 192_000
# Visually clean at a size people send by mail; veryfast keeps up with the frames on two cores.
_CRF: Final = "19"
_PRESET: Final = "veryfast"


def encode(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    *,
    fps: float,
    size: tuple[int, int],
    count: int,
    audio: Path | None = None,
    audio_start: float = 0.0,
    comment: str = "",
    progress: Progress = no_progress,
) -> None:
    """Write an MP4 that plays everywhere (yuv420p, BT.709, fast start), atomically.

    Parameters
    ----------
    frames : iterable of (H, W, 3) uint8 arrays
        RGB, taken one at a time.
    path : Path
        Where the video goes.
    fps : float
        Frames per second.
    size : (int, int)
        Width and height, both even.
    count : int
        How many frames there will be; the sound is cut to their length.
    audio : Path, optional
        File whose sound goes with them.
    audio_start : float
        Second of `audio` at which the video starts.
    comment : str
        Kept in the file; see `video_comment`.

    Raises
    ------
    ConductorError
        If the size is odd, the sound cannot be read, or the file cannot be written.
    """
    width, height = size
    if width % 2 or height % 2 or width < 16 or height < 16:
        raise ConductorError(
            f"A video of {width}x{height} is not possible; width and height must be even and at "
            "least 16."
        )
    rate = Fraction(fps).limit_denominator(1001)
    sound = iter(()) if audio is None else _sound(audio, audio_start, count / fps)
    with atomic_path(path) as temporary:
        try:
            container = av.open(str(temporary), "w", options={"movflags": "+faststart"})
        except OSError as error:
            raise write_error(error, path) from error
        try:
            with container:
                if comment:
                    container.metadata["comment"] = comment
                _write(container, frames, sound, rate, size, count, audio is not None, progress)
        except av.error.OSError as error:
            raise write_error(error, path) from error


def video_comment(path: Path) -> str:
    """The comment in a video file; empty if there is none, or no such video."""
    try:
        with av.open(str(path)) as container:
            return str(container.metadata.get("comment", ""))
    except (OSError, av.error.FFmpegError):
        return ""


def _write(
    container: Any,
    frames: Iterable[NDArray[np.uint8]],
    sound: Iterator[Any],
    rate: Fraction,
    size: tuple[int, int],
    count: int,
    has_sound: bool,
    progress: Progress,
) -> None:
    video = container.add_stream("libx264", rate=rate, options={"crf": _CRF, "preset": _PRESET})
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1  # limited
    voice = None
    if has_sound:
        voice = container.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
        voice.bit_rate = _AUDIO_BITRATE
    pending = next(sound, None)
    for index, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts, frame.time_base = index, 1 / rate
        container.mux(video.encode(frame))
        # Sound follows the pictures, so that players need not search the file for it.
        while voice is not None and pending is not None and pending.time <= (index + 1) / rate:
            container.mux(voice.encode(pending))
            pending = next(sound, None)
        progress((index + 1) / max(count, 1), "writing the video")
    while voice is not None and pending is not None:
        container.mux(voice.encode(pending))
        pending = next(sound, None)
    container.mux(video.encode(None))
    if voice is not None:
        container.mux(voice.encode(None))


def _sound(path: Path, start: float, duration: float) -> Iterator[Any]:
    """Stereo frames of [start, start + duration) seconds, time 0 at `start`."""
    at = 0
    for block in stream_audio(
        path, start=start, duration=duration, sample_rate=AUDIO_RATE, channels=2
    ):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout="stereo"
        )
        frame.sample_rate = AUDIO_RATE
        frame.pts, frame.time_base = at, Fraction(1, AUDIO_RATE)
        at += block.shape[1]
        yield frame
