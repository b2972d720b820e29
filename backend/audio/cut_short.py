"""Whether a sound file ends before its time, as far as its own format tells."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

_TAIL_BYTES: Final = 1 << 17
_OGG_PAGE: Final = b"OggS"
_OGG_LAST_PAGE: Final = 0x04
# A size that writers of streams put where they do not know it.
_UNKNOWN: Final = (0, 0xFFFFFFFF)
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"
# An ID3 tag, its pictures too, comes before the first frame of an mp3.
_ID3: Final = b"ID3"
_XING_WITHIN: Final = 64
_XING_FRAMES, _XING_BYTES = 0x01, 0x02


def ends_early(path: Path) -> bool:
    """True if a file holds fewer bytes than its own header says, or lacks its end.

    WAV and AVI: the size of the RIFF chunk. Ogg (RFC 3533): the flag of the last page of a stream.
    MP4, MOV and M4A (ISO 14496-12): the size of each box. Matroska and WebM (RFC 8794): the size of
    the segment. MP3: the bytes that the Xing header counts. Other formats are not judged here.
    """
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, 2)
        return _reader(head)(file, head, size)


def _reader(head: bytes) -> Callable[[BinaryIO, bytes, int], bool]:
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI "):
        return _riff
    if head[:4] == _OGG_PAGE:
        return _ogg
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _boxes
    if head[:4] == _EBML:
        return _matroska
    if head[:3] == _ID3 or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return _mp3
    return lambda _file, _head, _size: False


def _riff(_file: BinaryIO, head: bytes, size: int) -> bool:
    promised = int.from_bytes(head[4:8], "little")
    return promised not in _UNKNOWN and promised + 8 > size + 1


def _ogg(file: BinaryIO, _head: bytes, size: int) -> bool:
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = file.read()
    at = tail.rfind(_OGG_PAGE)
    return at >= 0 and at + 5 < len(tail) and not tail[at + 5] & _OGG_LAST_PAGE


def _boxes(file: BinaryIO, _head: bytes, size: int) -> bool:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:], "big")
        if length < 8:
            # 0 means up to the end of the file; anything else is no box.
            return False
        at += length
    return at > size


def _matroska(file: BinaryIO, _head: bytes, size: int) -> bool:
    file.seek(0)
    start = file.read(_TAIL_BYTES)
    at = start.find(_SEGMENT)
    if at < 0 or at + 5 > len(start) or not start[at + 4]:
        return False
    width = 9 - start[at + 4].bit_length()
    value = int.from_bytes(start[at + 4 : at + 4 + width], "big") & ((1 << 7 * width) - 1)
    return value != (1 << 7 * width) - 1 and at + 4 + width + value > size


def _mp3(file: BinaryIO, head: bytes, size: int) -> bool:
    _, counted = xing_counts(file, head)
    # Some writers count the tag too, others do not: what both would miss is missing.
    return counted > size


def xing_counts(file: BinaryIO, head: bytes) -> tuple[int, int]:
    """Frames and bytes that the Xing header of an mp3 file counts; 0 where it does not.

    Parameters
    ----------
    head : bytes
        The first 10 or more of the file.
    """
    first = 0
    if head[:3] == _ID3:
        # Seven bits a byte (ID3v2.3, 3.1).
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte & 0x7F
        first = 10 + length
    file.seek(first)
    frame = file.read(_XING_WITHIN)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0:
        return 0, 0
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    numbers = [int.from_bytes(frame[i : i + 4], "big") for i in (at + 8, at + 12)]
    frames = numbers.pop(0) if flags & _XING_FRAMES else 0
    return frames, numbers[0] if flags & _XING_BYTES else 0
