"""How many frames of an mp3 file a damaged stretch of it has swallowed.

FFmpeg takes all bytes from the last good frame to the next one for a single frame, so that what
follows would come early.
"""

from collections import deque
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import av

from backend.audio.container import open_sound
from backend.audio.cut_short import xing_counts

# Of layer III (ISO 11172-3, 13818-3), kbit/s by the index in the header: MPEG 1, then 2 and 2.5.
_KBITS: Final = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES: Final = (44_100, 48_000, 32_000)
_MPEG_1, _MPEG_2, _MPEG_2_5 = 3, 2, 0
_LAYER_3: Final = 1
# What stands between frames without being one: tags, also of files that were joined.
_TAGS: Final = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")
# They stand after a frame, or, where a file was cut, in the place of its end.
_LONGEST_FRAME: Final = 1441
# Where the header does not count frames, lost ones are as long as this many before on average.
_NEIGHBOURS: Final = 100
# More than this times their mean, or less than its inverse, no lost frames are long on average.
_PLAUSIBLE: Final = 2.5


class LostFrames:
    """Counts the frames that the packets of a sound stream have lost.

    Parameters
    ----------
    container, stream : PyAV container and sound stream
        Only of an mp3 file it can be told; in others nothing is lost.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        codec = stream.codec_context.name
        self.counts = container.format.name == "mp3" and codec in ("mp3", "mp3float")
        self._path = Path(container.name.removeprefix("file:"))
        self._sizes: deque[int] = deque(maxlen=_NEIGHBOURS)
        self._before = b""
        self._counted: float | None = None

    def seconds(self, packet: Any) -> float:
        """Seconds that are lost between a packet and the next one; packets come in their order."""
        if not self.counts or not packet.size or packet.duration is None:
            return 0.0
        before, data = self._before, bytes(packet)
        self._before = data
        if is_frame(data):
            self._sizes.append(len(data))
            return 0.0
        if not self._sizes or _is_tag(before, data):
            return 0.0
        frames = round(len(data) / self._lost_size())
        return max(frames - 1, 0) * float(packet.duration * packet.time_base)

    def _lost_size(self) -> float:
        """Bytes of a lost frame on average."""
        near = sum(self._sizes) / len(self._sizes)
        if self._counted is None:
            self._counted = _counted_size(self._path)
        return self._counted if near / _PLAUSIBLE < self._counted < near * _PLAUSIBLE else near


def _counted_size(path: Path) -> float:
    """Bytes of a lost frame by what the header counts, or 0 if it does not or the end is cut."""
    with path.open("rb") as file:
        frames, size = xing_counts(file, file.read(12))
    if not frames or size > path.stat().st_size:
        return 0.0
    bad = pending = 0
    before = b""
    with open_sound(path) as (container, stream), suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            data = bytes(packet)
            if is_frame(data):
                # What follows the last frame is not one.
                frames, bad, pending = frames - 1, bad + pending, 0
            elif not _is_tag(before, data):
                pending += len(data)
            before = data
    return bad / frames if frames > 0 else 0.0


def _is_tag(before: bytes, packet: bytes) -> bool:
    near = before[-_LONGEST_FRAME:] + packet[:_LONGEST_FRAME]
    return any(tag in near for tag in _TAGS)


def is_frame(packet: bytes) -> bool:
    """Whether a packet is a frame of layer III and nothing more."""
    return frame_length(packet) == len(packet) > 0


def frame_length(data: bytes) -> int:
    """Bytes of the frame of layer III whose header begins `data`; 0 if it is no such header."""
    return _length_by_header(data[:4])


# A file repeats a few headers in thousands of frames.
@lru_cache(maxsize=1024)
def _length_by_header(data: bytes) -> int:
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:
        return 0
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bits, rate, padding = data[2] >> 4, data[2] >> 2 & 3, data[2] >> 1 & 1
    if version not in (_MPEG_1, _MPEG_2, _MPEG_2_5) or layer != _LAYER_3:
        return 0
    if not 0 < bits < 15 or rate == 3:
        return 0
    first = version == _MPEG_1
    kbits = _KBITS[0 if first else 1][bits - 1]
    hertz = _RATES[rate] // {_MPEG_1: 1, _MPEG_2: 2, _MPEG_2_5: 4}[version]
    return (144 if first else 72) * 1000 * kbits // hertz + padding
