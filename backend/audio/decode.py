"""Any sound or video file to samples, through FFmpeg's libraries (PyAV), a block at a time.

Time 0 is what a player shows as 0: the first picture of a video, otherwise the first sample after
the codec's priming (encoder delay that mp3, m4a and opus files declare is dropped; a raw `.aac`
stream declares none, so its first sample counts, as in every player).
"""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import soxr

from backend.audio.channels import Planes, Samples, downmix, to_planes
from backend.audio.cut_short import ends_early
from backend.audio.rates import SAMPLE_RATE
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

# FFmpeg's own messages mean nothing to a user; every fault becomes a sentence of ours.
av.logging.set_level(None)

# Demuxers that hold sound themselves. Playlists (hls, concat, dash …) are left out: they open other
# files than the one that was given.
_FORMATS: Final = (
    "aac ac3 aiff amr ape asf au avi caf dts dv eac3 flac flv matroska,webm "
    "mov,mp4,m4a,3gp,3g2,mj2 mp3 mpc mpc8 mpeg mpegts nut ogg rm tak tta w64 wav wv"
)
# Their timestamps after a seek are exact; the others are decoded from the start, which is exact.
_EXACT_SEEK: Final = frozenset({"flac", "matroska", "mov", "ogg", "w64", "wav"})
# Their headers count the samples; the length of other formats is a guess from the bit rate, may be
# that of the picture, or counts only where the file was cut (`ends_early`).
_COUNTED: Final = frozenset({"aiff", "ape", "caf", "flac", "tak", "tta", "w64", "wav", "wv"})
# Codecs need this much before a point to sound right at it (mp3 bit reservoir, opus convergence).
_PREROLL_S: Final = 1.0
# Silence is put where a stream leaves out more than this, so that what follows stays in time.
_GAP_S: Final = 0.01
_LONGEST_GAP_S: Final = 30.0
# A mono mix quieter than the first is looked at again; one that lost more than the second of its
# loudest side has channels of opposite sign (RMS, full scale 1).
_FAINT: Final = 0.01
_CANCELLED: Final = 0.1
_REPORT_EVERY_S: Final = 5.0
# Rates of sound, Hz: half a telephone's, and four times what studios use.
_RATES: Final = (2_000, 768_000)
# Longest stretch that is held in memory at once, hours.
_LONGEST_H: Final = 4
# Samples that are mixed and resampled at once.
_JOINED: Final = 1 << 15
_CUT_SHORT_S: Final = 1.0


@dataclass(frozen=True)
class AudioInfo:
    """What a file says of its sound.

    Parameters
    ----------
    duration : float
        Seconds, as the file's header tells; a file that was cut short holds less.
    sample_rate : int
        Hz.
    channels : int
        Number of channels.
    """

    duration: float
    sample_rate: int
    channels: int


def probe(path: str | Path, track: int | None = None) -> AudioInfo:
    """Length, rate and channels of a file's sound; `track` as in `load_audio`.

    Raises
    ------
    ConductorError
        If it is missing, not readable, or holds no sound.
    """
    path = Path(path)
    with _open(path, track) as (container, stream):
        seconds = _header_duration(container, stream)
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if seconds is None:
        blocks = stream_audio(path, sample_rate=SAMPLE_RATE, track=track)
        seconds = sum(block.shape[1] for block in blocks) / SAMPLE_RATE
    return AudioInfo(seconds, rate, channels)


def load_audio(
    path: str | Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    sample_rate: int = SAMPLE_RATE,
    track: int | None = None,
    progress: Progress = no_progress,
) -> Samples:
    """The sound of a file as mono samples.

    Memory is that of the result; a damaged or truncated file gives what can be read of it. Where
    left and right cancel each other, the louder of them is the result.

    Parameters
    ----------
    path : path
        Sound or video file.
    start : float
        Seconds to leave out at the beginning.
    duration : float, optional
        Seconds to read; up to the end by default, and never past it.
    sample_rate : int
        Rate of the result, Hz.
    track : int, optional
        Which of several sound tracks, from 1 on; the file's default track if not given.
    progress : Progress
        Told the share that is read; may raise `Cancelled`.

    Returns
    -------
    (N,) float32 array
        Full scale is ±1.

    Raises
    ------
    ConductorError
        If the file is missing, not readable, without sound or such a track, or ends before `start`.
    """
    path = Path(path)
    stretch = _Stretch(path, start, duration, sample_rate, track)
    samples = _gathered(stretch, 1, progress)[0]
    if (faint := _rms(samples)) < _FAINT:
        sides = _gathered(stretch, 2, lambda _, phase: progress(1.0, phase))
        levels = [_rms(side) for side in sides]
        if faint < _CANCELLED * max(levels):
            samples = sides[int(np.argmax(levels))].copy()
    progress(1.0, "reading the music")
    return samples


@dataclass(frozen=True)
class _Stretch:
    """What `load_audio` was asked for."""

    path: Path
    start: float
    duration: float | None
    sample_rate: int
    track: int | None


def _gathered(stretch: _Stretch, channels: int, progress: Progress) -> Samples:
    """All samples (channels, N) of a stretch."""
    start, duration, sample_rate = stretch.start, stretch.duration, stretch.sample_rate
    expected = 0.0
    with _open(stretch.path, stretch.track) as (container, stream):
        expected = max((_header_duration(container, stream) or 0.0) - start, 0.0)
    if duration is not None:
        expected = min(expected, duration) if expected else duration
    # A header may promise anything; it sets the first guess only.
    size = min(int(expected * sample_rate) + 1, 2 * 3600 * sample_rate)
    samples = np.empty((size, channels), np.float32)
    count = 0
    reported = 0.0
    progress(0.0, "reading the music")
    for block in stream_audio(
        stretch.path,
        start=start,
        duration=duration,
        sample_rate=sample_rate,
        channels=channels,
        track=stretch.track,
    ):
        end = count + block.shape[1]
        if end > len(samples):
            samples.resize((max(end, len(samples) * 5 // 4), channels), refcheck=False)
        samples[count:end] = block.T
        count = end
        if count > _LONGEST_H * 3600 * sample_rate:
            raise ConductorError(
                f"{stretch.path.name} lasts more than {_LONGEST_H} hours; give the stretch to "
                "conduct with --start and --duration."
            )
        if count / sample_rate - reported >= _REPORT_EVERY_S:
            reported = count / sample_rate
            progress(min(reported / expected, 1.0) if expected else 0.0, "reading the music")
    samples.resize((count, channels), refcheck=False)
    return samples.T


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2, dtype=np.float64))) if len(samples) else 0.0


def seconds_missing(
    path: str | Path,
    read: float,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
) -> float:
    """How much less than its header promises a file gave; 0 if it is whole.

    A header is believed where it counts samples, or where the file itself is shorter than it says;
    other lengths are guesses that whole files miss.

    Parameters
    ----------
    path : path
        The file.
    read : float
        Seconds that `load_audio` returned for this `start`, `duration` and `track`.
    """
    path = Path(path)
    with _open(path, track) as (container, stream):
        believed = container.format.name in _COUNTED or ends_early(path)
        promised = (_header_duration(container, stream) or 0.0) if believed else 0.0
    promised = max(promised - start, 0.0)
    if duration is not None:
        promised = min(promised, duration)
    missing = promised - read
    return missing if missing > _CUT_SHORT_S else 0.0


def stream_audio(
    path: str | Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    sample_rate: int = SAMPLE_RATE,
    channels: int = 1,
    track: int | None = None,
) -> Iterator[Samples]:
    """Blocks (channels, n) of a file's sound, mixed to one or two channels and resampled.

    The first sample is the one at `start` seconds, within half a sample of the file's own rate;
    before second 0 there is silence.

    Raises
    ------
    ConductorError
        As `load_audio`.
    """
    path = Path(path)
    left = None if duration is None else round(duration * sample_rate)
    given = 0
    with _open(path, track) as (container, stream):
        resampler: soxr.ResampleStream | None = None
        rate = 0
        frames = _frames_from(container, stream, start)
        for native_rate, planes in _joined(_in_time(_agreed(frames), start, path)):
            mixed = downmix(planes, channels)
            if native_rate != rate:
                if resampler is not None:
                    yield _resampled(resampler, np.zeros((0, channels), np.float32), last=True)
                rate = native_rate
                resampler = soxr.ResampleStream(rate, sample_rate, channels, dtype="float32")
            assert resampler is not None
            block = _resampled(resampler, mixed, last=False)
            if left is not None:
                block = block[:, : left - given]
            given += block.shape[1]
            if block.shape[1]:
                yield block
            if left is not None and given >= left:
                return
        if resampler is not None:
            tail = _resampled(resampler, np.zeros((0, channels), np.float32), last=True)
            yield tail if left is None else tail[:, : left - given]


def _joined(pieces: Iterator[tuple[int, Planes]]) -> Iterator[tuple[int, Planes]]:
    """The same sound in longer pieces, since each costs time; finite samples alone."""
    held: list[Samples] = []
    names: tuple[str, ...] = ()
    rate = count = 0

    def join() -> Planes:
        samples = held[0] if len(held) == 1 else np.concatenate(held, axis=1)
        # A float file may hold NaN or infinity; one such sample would spoil everything after it.
        if not np.isfinite(samples.sum()):
            samples = np.nan_to_num(samples, posinf=1.0, neginf=-1.0)
        return Planes(samples, names)

    for next_rate, planes in pieces:
        if held and (next_rate != rate or planes.names != names or count >= _JOINED):
            yield rate, join()
            held, count = [], 0
        rate, names = next_rate, planes.names
        held.append(planes.samples)
        count += planes.samples.shape[1]
    if held:
        yield rate, join()


def _resampled(stream: soxr.ResampleStream, samples: Samples, *, last: bool) -> Samples:
    return (
        np.asarray(stream.resample_chunk(samples, last=last), np.float32)
        .reshape(-1, samples.shape[1])
        .T
    )


def _in_time(
    frames: Iterator[tuple[float | None, Any]], start: float, path: Path
) -> Iterator[tuple[int, Planes]]:
    """Decoded blocks from `start` on: earlier samples dropped, gaps filled with silence."""
    now: float | None = None
    reached = False
    for time, frame in frames:
        rate = frame.sample_rate
        planes = to_planes(frame)
        if now is None:
            now = time or 0.0
            lead = round((now - start) * rate)
            for at in range(0, lead, _JOINED):
                silence = np.zeros((len(planes.names), min(_JOINED, lead - at)), np.float32)
                yield rate, Planes(silence, planes.names)
        elif time is not None and _GAP_S < time - now < _LONGEST_GAP_S:
            gap = round((time - now) * rate)
            planes = Planes(np.pad(planes.samples, ((0, 0), (gap, 0))), planes.names)
        count = planes.samples.shape[1]
        skip = min(max(round((start - now) * rate), 0), count)
        now += count / rate
        if skip < count:
            reached = True
            yield rate, Planes(planes.samples[:, skip:], planes.names)
    if now is None:
        raise ConductorError(
            f"{path.name} is not a sound or video file, or it is damaged; choose another."
        )
    if not reached:
        raise ConductorError(
            f"{path.name} is {now:.1f} seconds long, so nothing is left from second {start:g} on; "
            "start earlier."
        )


def _agreed(
    frames: Iterator[tuple[float | None, Any]],
) -> Iterator[tuple[float | None, Any]]:
    """The same frames, at times that agree with the frame after.

    FFmpeg stamps the Vorbis frame of a block switch late by a part of its length, and the next
    one right again. A frame that would end after the next begins has its time from that one.
    """
    held: tuple[float | None, Any] | None = None
    for time, frame in frames:
        if held is not None:
            before, earlier = held
            length = earlier.samples / earlier.sample_rate
            if before is not None and time is not None and 0.0 < before + length - time < length:
                before = time - length
            yield before, earlier
        held = time, frame
    if held is not None:
        yield held


def _frames_from(container: Any, stream: Any, start: float) -> Iterator[tuple[float | None, Any]]:
    """Decoded frames with their time in seconds from time 0, from `start` or earlier on."""
    origin = _picture_start(container)
    frames = _decoded(container, stream)
    first = next(frames, None)
    if first is None:
        return
    if origin is None:
        origin = first.time or 0.0
    formats = set(container.format.name.split(","))
    far = 2 * _PREROLL_S < start < (_header_duration(container, stream) or 0.0)
    if far and formats & _EXACT_SEEK and first.time is not None:
        offset = int((start + origin - _PREROLL_S) / stream.time_base)
        with suppress(av.error.FFmpegError):
            container.seek(offset, stream=stream)
            frames = _decoded(container, stream)
            sought = next(frames, None)
            if sought is not None and sought.time is not None:
                if sought.time - origin <= start:
                    first = sought
                else:
                    container.seek(0, stream=stream)
                    frames = _decoded(container, stream)
                    first = next(frames, first)
    yield (None if first.time is None else first.time - origin), first
    for frame in frames:
        yield (None if frame.time is None else frame.time - origin), frame


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames of a stream; damaged packets are skipped, and a broken end is the end."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            continue
        for frame in frames:
            if frame.samples > 0 and _RATES[0] <= frame.sample_rate <= _RATES[1]:
                yield frame


def _picture_start(container: Any) -> float | None:
    """Time of the first picture, or None if there is no moving picture (cover art is none)."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return float((stream.start_time or 0) * stream.time_base)
    return None


def _header_duration(container: Any, stream: Any) -> float | None:
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


@contextmanager
def _open(path: Path, track: int | None = None) -> Iterator[tuple[Any, Any]]:
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
        if rate and not _RATES[0] <= rate <= _RATES[1]:
            raise ConductorError(
                f"The sound of {path.name} has {rate:,} samples a second, which is no sound that "
                "can be conducted; convert it to 44,100."
            )
        yield container, stream


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
