"""Ogg files whose bytes depend on nothing but their sound.

Writers give each stream a number drawn at random, so that streams can be put together (RFC 3533).
"""

import mmap
from itertools import accumulate, repeat
from pathlib import Path
from typing import Final

_NUMBER: Final = b"\1\0\0\0"
# Where number and checksum of a page lie, and where its segments are counted and listed (RFC 3533,
# section 6); the longest page.
_SERIAL, _CHECKSUM = slice(14, 18), slice(22, 26)
_COUNT, _LENGTHS = 26, 27
_LONGEST: Final = 27 + 255 + 255 * 255
_POLYNOMIAL: Final = 0x04C11DB7


def settle_serial(path: Path) -> None:
    """Give the one stream of an Ogg file the number 1, in place.

    Parameters
    ----------
    path : Path
        An Ogg file that is whole.
    """
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        drawn = int.from_bytes(data[_SERIAL]) ^ int.from_bytes(_NUMBER)
        # Checksums are linear: that of a page changes by that of the change, which depends on how
        # many bytes follow alone.
        changes = list(accumulate(repeat(None, _LONGEST), _next_byte, initial=_after(drawn)))
        at = 0
        while at < len(data):
            segments = data[at + _COUNT]
            first = at + _LENGTHS + segments
            end = first + sum(data[at + _LENGTHS : first])
            page = memoryview(data)[at:end]
            checksum = int.from_bytes(page[_CHECKSUM], "little") ^ changes[end - at - _SERIAL.stop]
            page[_SERIAL] = _NUMBER
            page[_CHECKSUM] = checksum.to_bytes(4, "little")
            page.release()
            at = end


def _after(four_bytes: int) -> int:
    """The checksum of four bytes alone."""
    checksum = four_bytes
    for _ in range(4):
        checksum = _next_byte(checksum)
    return checksum


def _next_byte(checksum: int, _: None = None) -> int:
    """The checksum when a zero follows."""
    for _bit in range(8):
        carried = checksum >> 31
        checksum = (checksum << 1 & 0xFFFFFFFF) ^ (_POLYNOMIAL * carried)
    return checksum
