"""Opening a sound or video file: what is no such file is said in one sentence."""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import av

from retarget.errors import ConductorError

# FFmpeg's own messages mean nothing to a user; every fault becomes a sentence of ours.
av.logging.set_level(None)

RATES: Final = (2_000, 768_000)
"""Rates of sound, Hz: half a telephone's, and four times what studios use."""

# Demuxers that hold sound themselves. Playlists (hls, concat, dash …) are left out: they open other
# files than the one that was given.
_FORMATS: Final = (
    "aac ac3 aiff amr ape asf au avi caf dts dv eac3 flac flv matroska,webm "
    "mov,mp4,m4a,3gp,3g2,mj2 mp3 mpc mpc8 mpeg mpegts nut ogg rm tak tta w64 wav wv"
)


@contextmanager
def open_sound(path: Path, track: int | None = None) -> Iterator[tuple[Any, Any]]:
    """The open container and its chosen sound stream; faults become sentences."""
    _check_file(path)
    try:
        container = av.open(
            # The prefix keeps a name such as "concat:a" from being read as a protocol.
            f"file:{path}",
            options={"format_whitelist": _FORMATS.replace(" ", ","), "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError) as error:
        raise ConductorError(
            f"{path.name} is not a sound or video file, or it is damaged; choose another."
        ) from error
    with container:
        stream = _chosen(container, track, path)
        if stream.codec_context is None:
            raise ConductorError(
                f"The sound of {path.name} is in a format that cannot be decoded; convert it to "
                "wav or mp3."
            )
        rate = stream.codec_context.sample_rate
        # A stream may leave its rate to its frames.
        if rate and not RATES[0] <= rate <= RATES[1]:
            raise ConductorError(
                f"The sound of {path.name} has {rate:,} samples a second, which is no sound that "
                "can be conducted; convert it to 44,100."
            )
        yield container, stream


def header_duration(container: Any, stream: Any) -> float | None:
    """Seconds of a stream as its header or its container's tells, or None."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return float(container.duration / av.time_base)
    return None


def _chosen(container: Any, track: int | None, path: Path) -> Any:
    """A sound stream: that number of them, or the default as the file marks it, or the first."""
    streams = container.streams.audio
    if not streams:
        raise ConductorError(f"{path.name} holds no sound; choose another file.")
    if track is None:
        marked = (s for s in streams if s.disposition & av.stream.Disposition.default)
        return next(marked, streams[0])
    if not 1 <= track <= len(streams):
        raise ConductorError(
            f"{path.name} has no sound track {track}; choose one from 1 to {len(streams)}."
        )
    return streams[track - 1]


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ConductorError(f"{path} is a folder; choose a sound or video file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise ConductorError(f"{path} is not an ordinary file; choose a sound or video file.")
        if status.st_size == 0:
            raise ConductorError(f"{path.name} is empty; choose another file.")
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConductorError(f"{path} does not exist; check the path.") from error
    except PermissionError as error:
        raise ConductorError(f"There is no permission to read {path}; choose another.") from error
    except OSError as error:
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "unknown")
        raise ConductorError(f"{path} cannot be read ({reason}); choose another.") from error
