"""The XML of a MusicXML file, plain or compressed, read as if from a stranger."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from retarget.errors import ConductorError

MOST_BYTES: Final = 128 << 20
"""Bytes of XML, unpacked; the finale of Beethoven's Ninth with all parts has 27 million."""

MOST_TAGS: Final = 6_000_000
"""Tags in the XML, opening and closing ones; the finale of Beethoven's Ninth has 1.3 million."""

_CONTAINER: Final = "META-INF/container.xml"
_SCORE: Final = re.compile(r"(?!__MACOSX/).*\.(xml|musicxml)", re.IGNORECASE)

_DAMAGE: Final = (
    *(ElementTree.ParseError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    # Encrypted, of unknown compression (also `NotImplementedError`), of an unknown encoding.
    *(RuntimeError, LookupError, ValueError, OverflowError, ZeroDivisionError, TypeError),
)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a damaged score raises while it is read into one sentence about `path`."""
    try:
        yield
    except _DAMAGE as error:
        raise ConductorError(
            f"{path.name} is not a MusicXML score, or it is damaged; export it again."
        ) from error


def unpack(path: Path, data: bytes) -> bytes:
    """The XML of a score file, plain or compressed; call it within `reading`.

    Raises
    ------
    ConductorError
        If it is encrypted, names no score, or is larger than the limits of this module.
    """
    xml = _read_archive(path, data) if data.startswith(b"PK") else data
    if len(xml) > MOST_BYTES:
        raise ConductorError(
            f"{path.name} holds more than {MOST_BYTES >> 20} MB of score; choose a shorter one."
        )
    if xml.count(b"<") > MOST_TAGS:
        raise ConductorError(
            f"{path.name} holds more than a million notes; choose a shorter score."
        )
    return xml


def _read_archive(path: Path, data: bytes) -> bytes:
    unnamed = f"{path.name} does not say which of its files is the score; export it again."
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if _CONTAINER not in archive.namelist():
            # Packed by hand.
            inside = [it for it in archive.namelist() if _SCORE.fullmatch(it)]
            if len(inside) == 1:
                return _entry(path, archive, inside[0])
            raise ConductorError(unnamed)
        container = ElementTree.fromstring(_entry(path, archive, _CONTAINER))
        for element in container.iter():
            if element.tag.rpartition("}")[2] == "rootfile":
                return _entry(path, archive, element.attrib["full-path"])
    raise ConductorError(unnamed)


def _entry(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.flag_bits & 1:
        raise ConductorError(f"{path.name} is encrypted; export it without a password.")
    with archive.open(info) as entry:
        return entry.read(MOST_BYTES + 1)
