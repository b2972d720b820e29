"""Any sound or video file to samples, through FFmpeg's libraries (PyAV), a block at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import soxr

from backend.audio.channels import Balance, Planes, Samples, downmix
from backend.audio.container import header_duration, open_sound
from backend.audio.growing import Growing
from backend.audio.rates import SAMPLE_RATE
from backend.audio.timeline import frames_in_time
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part

Result = TypeVar("Result")

_PHASE: Final = "reading the music"
_REPORT_EVERY_S: Final = 5.0
# Longest stretch that is held in memory at once, hours.
_LONGEST_H: Final = 4


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
    with open_sound(path, track) as (container, stream):
        seconds = header_duration(container, stream)
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
    return from_mono(
        path,
        _joined_blocks,
        start=start,
        duration=duration,
        sample_rate=sample_rate,
        track=track,
        progress=progress,
    )


def from_mono(
    path: str | Path,
    take: Callable[[Iterator[Samples]], Result],
    *,
    start: float = 0.0,
    duration: float | None = None,
    sample_rate: int = SAMPLE_RATE,
    track: int | None = None,
    progress: Progress = no_progress,
) -> Result:
    """What is made of the mono samples of a file while they are read; see `load_audio`.

    Parameters
    ----------
    take : callable
        Makes the result of all blocks (n,) of samples. It is called again, with the louder side,
        where left and right turn out to cancel each other.
    """
    path = Path(path)
    reader = _Reader(path, start, duration, sample_rate, track)
    balance = Balance()
    result = take(block[0] for block in reader.blocks(1, progress, balance))
    if balance.cancels:
        side = 0 if balance.left >= balance.right else 1
        read = part(progress, 1.0, 1.0)
        result = take(block[side] for block in reader.blocks(2, read))
    progress(1.0, _PHASE)
    return result


def _joined_blocks(blocks: Iterator[Samples]) -> Samples:
    """All samples (N,) of blocks."""
    samples = Growing()
    for block in blocks:
        samples.add(block)
    return samples.array()


@dataclass(frozen=True)
class _Reader:
    """Reads the stretch that `load_audio` was asked for."""

    path: Path
    start: float
    duration: float | None
    sample_rate: int
    track: int | None

    def blocks(
        self, channels: int, progress: Progress, balance: Balance | None = None
    ) -> Iterator[Samples]:
        """Blocks (channels, n) of samples; says how far it is, and refuses endless files."""
        with open_sound(self.path, self.track) as (container, stream):
            expected = max((header_duration(container, stream) or 0.0) - self.start, 0.0)
        if self.duration is not None:
            expected = min(expected, self.duration) if expected else self.duration
        seconds = reported = 0.0
        progress(0.0, _PHASE)
        for block in stream_audio(
            self.path,
            start=self.start,
            duration=self.duration,
            sample_rate=self.sample_rate,
            channels=channels,
            track=self.track,
            balance=balance,
        ):
            seconds += block.shape[1] / self.sample_rate
            if seconds > _LONGEST_H * 3600:
                raise ConductorError(
                    f"{self.path.name} lasts more than {_LONGEST_H} hours; give the stretch to "
                    "conduct with --start and --duration."
                )
            if seconds - reported >= _REPORT_EVERY_S:
                reported = seconds
                progress(min(seconds / expected, 1.0) if expected else 0.0, _PHASE)
            yield block


def stream_audio(
    path: str | Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    sample_rate: int = SAMPLE_RATE,
    channels: int = 1,
    track: int | None = None,
    balance: Balance | None = None,
) -> Iterator[Samples]:
    """Blocks (channels, n) of a file's sound, mixed to one or two channels and resampled.

    The first sample is the one at `start` seconds, within half a sample of the file's own rate;
    before second 0 there is silence. `balance` is told of all that is mixed.

    Raises
    ------
    ConductorError
        As `load_audio`.
    """
    path = Path(path)
    left = None if duration is None else round(duration * sample_rate)
    given = 0
    with open_sound(path, track) as (container, stream):
        resampler: soxr.ResampleStream | None = None
        rate = 0
        # Not on a thread of its own, which would wait for Python's lock several times a packet.
        for native_rate, planes in frames_in_time(container, stream, start, path):
            planes = _finite(planes)
            if balance is not None:
                balance.add(planes)
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


def _finite(planes: Planes) -> Planes:
    """The same sound; a float file may hold NaN or infinity, which would spoil all that follows."""
    if np.isfinite(planes.samples.sum()):
        return planes
    return Planes(np.nan_to_num(planes.samples, posinf=1.0, neginf=-1.0), planes.names)


def _resampled(stream: soxr.ResampleStream, samples: Samples, *, last: bool) -> Samples:
    return (
        np.asarray(stream.resample_chunk(samples, last=last), np.float32)
        .reshape(-1, samples.shape[1])
        .T
    )
