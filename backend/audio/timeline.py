"""Decoded frames at the times where they belong: gaps are silence, and what is early is put right.

Time 0 is what a player shows as 0: the first picture of a video, otherwise the first sample after
the codec's priming (encoder delay that mp3, m4a and opus files declare is dropped; a raw `.aac`
stream declares none, so its first sample counts, as in every player).
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from backend.audio.channels import Planes, to_planes
from backend.audio.container import RATES, header_duration
from backend.audio.lost_frames import LostFrames
from retarget.errors import ConductorError

# Their timestamps after a seek are exact; the others are decoded from the start, which is exact.
_EXACT_SEEK: Final = frozenset({"flac", "matroska", "mov", "ogg", "w64", "wav"})
# Codecs need this much before a point to sound right at it (mp3 bit reservoir, opus convergence).
_PREROLL_S: Final = 1.0
# Silence is put where a stream leaves out more than this, so that what follows stays in time.
_GAP_S: Final = 0.01
_LONGEST_GAP_S: Final = 30.0
# Samples of silence that are made at once, and of sound that are put together: frames are short,
# and each piece costs time.
_PIECE: Final = 1 << 15


def frames_in_time(
    container: Any, stream: Any, start: float, path: Path
) -> Iterator[tuple[int, Planes]]:
    """Rate and samples of a stream's blocks, without a gap, the first sample the one at `start`.

    Before second 0 there is silence.

    Raises
    ------
    ConductorError
        If nothing can be decoded, or nothing is left from `start` on.
    """
    return _in_time(_agreed(_frames_from(container, stream, start)), start, path)


def _in_time(
    frames: Iterator[tuple[float | None, Any]], start: float, path: Path
) -> Iterator[tuple[int, Planes]]:
    """Decoded blocks from `start` on: earlier samples dropped, gaps filled with silence."""
    now: float | None = None
    reached = False
    joined = _Joined()
    for time, frame in frames:
        rate, gap = frame.sample_rate, 0
        if now is None:
            now = time or 0.0
            names = to_planes(frame).names
            lead = round((now - start) * rate)
            for at in range(0, lead, _PIECE):
                silence = np.zeros((len(names), min(_PIECE, lead - at)), np.float32)
                yield rate, Planes(silence, names)
        elif time is not None and _GAP_S < time - now < _LONGEST_GAP_S:
            gap = round((time - now) * rate)
        count = gap + frame.samples
        skip = max(round((start - now) * rate), 0)
        now += count / rate
        if skip >= count:
            continue
        reached = True
        if gap or skip:
            yield from joined.taken()
            planes = to_planes(frame)
            samples = np.pad(planes.samples, ((0, 0), (gap, 0)))[:, skip:]
            yield rate, Planes(samples, planes.names)
        else:
            yield from joined.with_next(frame)
    yield from joined.taken()
    if now is None:
        raise ConductorError(
            f"{path.name} is not a sound or video file, or it is damaged; choose another."
        )
    if not reached:
        raise ConductorError(
            f"{path.name} is {now:.1f} seconds long, so nothing is left from second {start:g} on; "
            "start earlier."
        )


class _Joined:
    """Frames that follow each other, as one."""

    def __init__(self) -> None:
        self._fifo = av.AudioFifo()

    def with_next(self, frame: Any) -> Iterator[tuple[int, Planes]]:
        """Put one more at the end; gives them all where they are many, or the next is not alike."""
        # Its time is known already.
        frame.pts = None
        try:
            self._fifo.write(frame)
        except ValueError:
            yield from self.taken()
            self._fifo = av.AudioFifo()
            self._fifo.write(frame)
        if self._fifo.samples >= _PIECE:
            yield from self.taken()

    def taken(self) -> Iterator[tuple[int, Planes]]:
        """Rate and samples of what there is, if anything; nothing is left."""
        whole = self._fifo.read()
        if whole is not None:
            yield whole.sample_rate, to_planes(whole)


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
        origin = first[0] or 0.0
    formats = set(container.format.name.split(","))
    far = 2 * _PREROLL_S < start < (header_duration(container, stream) or 0.0)
    if far and formats & _EXACT_SEEK and first[0] is not None:
        offset = int((start + origin - _PREROLL_S) / stream.time_base)
        with suppress(av.error.FFmpegError):
            container.seek(offset, stream=stream)
            frames = _decoded(container, stream)
            sought = next(frames, None)
            if sought is not None and sought[0] is not None:
                if sought[0] - origin <= start:
                    first = sought
                else:
                    container.seek(0, stream=stream)
                    frames = _decoded(container, stream)
                    first = next(frames, first)
    for time, frame in chain((first,), frames):
        yield (None if time is None else time - origin), frame


def _decoded(container: Any, stream: Any) -> Iterator[tuple[float | None, Any]]:
    """Frames of a stream and their times; damaged packets are skipped, a broken end is the end."""
    packets = container.demux(stream)
    lost_frames = LostFrames(container, stream)
    late = 0.0
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        before = late
        late += lost_frames.seconds(packet)
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            continue
        for frame in frames:
            if frame.samples > 0 and RATES[0] <= frame.sample_rate <= RATES[1]:
                yield (None if frame.time is None else frame.time + before), frame


def _picture_start(container: Any) -> float | None:
    """Time of the first picture, or None if there is no moving picture (cover art is none)."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return float((stream.start_time or 0) * stream.time_base)
    return None
