"""Frames and music to a video file: an MP4 of H.264 and AAC, or any other `Format`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from backend.audio.decode import stream_audio
from backend.yuv import yuv_frame
from retarget.atomic import atomic_path, write_error
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

AUDIO_RATE: Final = 48_000
_SMALLEST: Final = 16


@dataclass(frozen=True)
class Footage:
    """Frames and the sound that goes with them.

    Parameters
    ----------
    frames : iterable of (H, W, 3) or (H, W, 4) uint8 arrays
        RGB, or RGBA with straight alpha, taken one at a time.
    fps : float
        Frames per second.
    size : (int, int)
        Width and height, both even.
    count : int
        How many frames there will be; the sound is cut to their length.
    audio : Path, optional
        File whose sound goes with them.
    audio_start : float
        Second of `audio` at which the frames start; below 0 they start before it.
    audio_track : int, optional
        Which of its sound tracks, from 1 on; its default track if not given.
    comment : str
        Kept in the file; see `video_comment`.
    """

    frames: Iterable[NDArray[np.uint8]]
    fps: float
    size: tuple[int, int]
    count: int
    audio: Path | None = None
    audio_start: float = 0.0
    audio_track: int | None = None
    comment: str = ""


@dataclass(frozen=True)
class Format:
    """How pictures and sound become a file.

    Parameters
    ----------
    video, audio : str
        FFmpeg's names of the encoders.
    pixels : str
        Pixel format of the coded pictures.
    options : dict of str to str
        Of the video encoder.
    audio_bitrate : int
        Bits per second.
    flags : dict of str to str
        Of the container.
    alpha : bool
        Whether frames come as RGBA, else RGB.
    premultiplied : bool
        Whether colours are stored times alpha.
    """

    video: str
    audio: str
    pixels: str
    options: dict[str, str]
    audio_bitrate: int = 192_000
    flags: dict[str, str] = field(default_factory=dict)
    alpha: bool = False
    premultiplied: bool = False


# Visually clean at a size people send by mail; veryfast keeps up with the frames on two cores.
_MP4: Final = Format(
    "libx264",
    "aac",
    "yuv420p",
    {"crf": "19", "preset": "veryfast"},
    flags={"movflags": "+faststart"},
)


def encode(footage: Footage, path: Path, progress: Progress = no_progress) -> None:
    """Write RGB frames as an MP4 that plays everywhere (yuv420p, BT.709, fast start), atomically.

    Raises
    ------
    ConductorError
        If the size is odd, the sound cannot be read, or the file cannot be written.
    """
    write_video(footage, path, _MP4, progress)


def write_video(footage: Footage, path: Path, kind: Format, progress: Progress) -> None:
    """Write a video file of any `Format`, atomically; errors as in `encode`."""
    check_even(footage.size)
    rate = Fraction(footage.fps).limit_denominator(1001)
    with atomic_path(path) as temporary:
        try:
            container = av.open(str(temporary), "w", options=kind.flags)
        except OSError as error:
            raise write_error(error, path) from error
        try:
            with container:
                if footage.comment:
                    container.metadata["comment"] = footage.comment
                video = _video_stream(container, kind, rate, footage.size)
                voice = _audio_stream(container, kind) if footage.audio is not None else None
                pictures = (_picture(pixels, kind) for pixels in footage.frames)
                sound = _sound(footage)
                _mux(container, video, voice, pictures, sound, rate, footage.count, progress)
        except av.error.OSError as error:
            raise write_error(error, path) from error


def check_even(size: tuple[int, int]) -> None:
    """Refuse sizes that chroma at half resolution cannot have.

    Raises
    ------
    ConductorError
        If width or height is odd or under 16.
    """
    width, height = size
    if width % 2 or height % 2 or min(size) < _SMALLEST:
        raise ConductorError(
            f"A video of {width}x{height} is not possible; width and height must be even and at "
            f"least {_SMALLEST}."
        )


def video_comment(path: Path) -> str:
    """The comment in a video file; empty if there is none, or no such video."""
    try:
        with av.open(str(path)) as container:
            # Matroska and WebM shout.
            return next((v for k, v in container.metadata.items() if k.lower() == "comment"), "")
    except (OSError, av.error.FFmpegError):
        return ""


def is_whole(path: Path) -> bool:
    """Whether the boxes of an MP4 file (ISO/IEC 14496-12, 4.2) end where the file does."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            at = 0
            while at < size:
                file.seek(at)
                head = file.read(16)
                length = int.from_bytes(head[:4], "big")
                # A length of 1 stands for 64 bits after the kind.
                length = int.from_bytes(head[8:16], "big") if length == 1 else length
                if length < 8:
                    return False
                at += length
    except OSError:
        return False
    return size > 0 and at == size


def _video_stream(container: Any, kind: Format, rate: Fraction, size: tuple[int, int]) -> Any:
    video = container.add_stream(kind.video, rate=rate, options=kind.options)
    video.width, video.height = size
    video.pix_fmt = kind.pixels
    context = video.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1  # limited
    return video


def _audio_stream(container: Any, kind: Format) -> Any:
    voice = container.add_stream(kind.audio, rate=AUDIO_RATE, layout="stereo")
    voice.bit_rate = kind.audio_bitrate
    return voice


def _picture(pixels: NDArray[np.uint8], kind: Format) -> Any:
    if kind.pixels == "yuv420p":
        return yuv_frame(pixels)
    if kind.premultiplied:
        alpha = pixels[..., 3:].astype(np.uint16)
        colours = (pixels[..., :3] * alpha + 127) // 255
        pixels = np.concatenate([colours.astype(np.uint8), pixels[..., 3:]], axis=-1)
    given = "rgba" if kind.alpha else "rgb24"
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=given)
    return frame.reformat(format=kind.pixels, dst_colorspace="ITU709", dst_color_range="MPEG")


def _mux(
    container: Any,
    video: Any,
    voice: Any | None,
    pictures: Iterable[Any],
    sound: Iterator[Any],
    rate: Fraction,
    count: int,
    progress: Progress,
) -> None:
    pending = next(sound, None)
    for index, frame in enumerate(pictures):
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


def _sound(footage: Footage) -> Iterator[Any]:
    """Stereo frames of the footage's sound, time 0 at its first picture."""
    if footage.audio is None:
        return
    at = 0
    for block in stream_audio(
        footage.audio,
        start=footage.audio_start,
        duration=footage.count / footage.fps,
        sample_rate=AUDIO_RATE,
        channels=2,
        track=footage.audio_track,
    ):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout="stereo"
        )
        frame.sample_rate = AUDIO_RATE
        frame.pts, frame.time_base = at, Fraction(1, AUDIO_RATE)
        at += block.shape[1]
        yield frame
