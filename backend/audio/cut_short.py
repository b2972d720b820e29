"""Whether a sound file ends before its time, as far as its own format tells."""

from pathlib import Path
from typing import Final

_TAIL_BYTES: Final = 1 << 17
_OGG_PAGE: Final = b"OggS"
_OGG_LAST_PAGE: Final = 0x04
# A size that writers of streams put where they do not know it.
_UNKNOWN: Final = (0, 0xFFFFFFFF)


def ends_early(path: Path) -> bool:
    """True if a WAV file holds fewer bytes than its header says, or an Ogg file lacks its end.

    RIFF: the size of the file's chunk in bytes 4 to 8. Ogg (RFC 3533): the flag of the last page
    of a stream. Other formats are not judged here.
    """
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, 2)
        if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            promised = int.from_bytes(head[4:8], "little")
            return promised not in _UNKNOWN and promised + 8 > size + 1
        if head[:4] == _OGG_PAGE:
            file.seek(max(size - _TAIL_BYTES, 0))
            tail = file.read()
            at = tail.rfind(_OGG_PAGE)
            return at >= 0 and at + 5 < len(tail) and not tail[at + 5] & _OGG_LAST_PAGE
    return False
