"""What a glTF file needs beside it. Knows nothing of Blender."""

import json
import struct
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from retarget.errors import ConductorError

GLTF: Final = (".glb", ".gltf", ".vrm")
"""Endings of glTF files; a VRM is a binary glTF file."""

_MAGIC: Final = b"glTF"
_HEADER: Final = struct.Struct("<4sIIII")


def files_beside(path: Path) -> tuple[Path, ...]:
    """Buffers and pictures that a glTF file names, whether they are there or not.

    Parameters
    ----------
    path : Path
        Any file; what is no glTF needs nothing that we can tell.

    Raises
    ------
    ConductorError
        If it is a glTF file by its ending and cannot be read as one.
    """
    if path.suffix.lower() not in GLTF:
        return ()
    try:
        content = json.loads(_json_of(path))
        named = [
            item["uri"]
            for kind in ("buffers", "images")
            for item in content.get(kind, ())
            if not item.get("uri", "data:").startswith("data:")
        ]
        return tuple(dict.fromkeys(path.parent / unquote(uri) for uri in named))
    except (ValueError, TypeError, AttributeError, KeyError, struct.error) as error:
        raise damaged(path) from error


def damaged(path: Path) -> ConductorError:
    """The fault of a file that is not what its ending says."""
    kind = path.suffix[1:].upper()
    return ConductorError(
        f"{path.name} is damaged or no {kind} file; export it anew or choose another."
    )


def _json_of(path: Path) -> Any:
    with path.open("rb") as file:
        start = file.read(_HEADER.size)
        if start[:4] != _MAGIC:
            return start + file.read()
        # The first chunk of a binary file is its JSON.
        return file.read(_HEADER.unpack(start)[3])
