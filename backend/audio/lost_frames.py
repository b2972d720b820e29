"""How many frames of an mp3 file a damaged stretch of it has swallowed.

FFmpeg takes all bytes from the last good frame to the next one for a single frame, so that what
follows would come early.
"""

from collections import deque
from typing import Any, Final

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
# A frame of varying bit rate is as long as this many before it on average.
_NEIGHBOURS: Final = 100


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
        self._sizes: deque[int] = deque(maxlen=_NEIGHBOURS)

    def seconds(self, packet: Any) -> float:
        """Seconds that are lost between a packet and the next one; packets come in their order."""
        if not self.counts or not packet.size or packet.duration is None:
            return 0.0
        data = bytes(packet)
        if (length := frame_length(data)) == len(data):
            self._sizes.append(length)
            return 0.0
        if not self._sizes or data.startswith(_TAGS):
            return 0.0
        # A header in the middle of other bytes is none.
        frames = round(len(data) * len(self._sizes) / sum(self._sizes))
        return max(frames - 1, 0) * float(packet.duration * packet.time_base)


def frame_length(data: bytes) -> int:
    """Bytes of the frame of layer III whose header begins `data`; 0 if it is no such header."""
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
