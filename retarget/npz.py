"""NumPy archives: written with the same bytes for the same content, read as if from a stranger."""

import json
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import ConductorError

MAX_BYTES: Final = 640 << 20
"""Most bytes an archive may hold once it is unpacked: six hours of motion at 30 frames a second."""

MAX_TEXT_BYTES: Final = 4 << 20
"""Most bytes of text in one array."""

# Kinds of NumPy types that a kind of the layout admits.
_ADMITTED: Final = {"i": "iu", "f": "fiu", "U": "U"}
FAULTS: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, OverflowError, MemoryError),
    *(RuntimeError, NotImplementedError, SyntaxError, tokenize.TokenError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What reading a damaged array raises, besides our own: the zip directory, its compression and
encryption, and the array's header, which is parsed as Python."""


def save_npz(path: Path, arrays: dict[str, NDArray[Any]], *, compress: bool = True) -> None:
    """Write an `.npz` whose bytes depend on its content alone (fixed dates).

    Parameters
    ----------
    path : Path
    arrays : dict of str to array
        By name.
    compress : bool
        False stores the arrays as they are, which takes a twentieth of the time.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as entry:
                np.lib.format.write_array(  # type: ignore[no-untyped-call]  # NumPy 1.26 leaves it bare
                    entry, np.asarray(array, order="C"), allow_pickle=False
                )


def load_npz(
    path: str | os.PathLike[str], kind: str, layout: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Read an `.npz` without pickle, and without trust: sizes are checked before memory is taken.

    Parameters
    ----------
    path : path
        File to read.
    kind : str
        What the user calls such a file, for messages ("motion file").
    layout : mapping of str to str
        Arrays that must be there: "i" (whole numbers), "f" (numbers) or "U" (text), and the number
        of axes: {"rotations": "f3"}.

    Returns
    -------
    dict of str to array
        All arrays of the file, numbers or text; values may be NaN or infinite.

    Raises
    ------
    ConductorError
        If it is missing, unreadable, too large, or an array is not there or of another kind.
    """
    name = Path(path).name
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise ConductorError(
                    f"{name} holds more than {MAX_BYTES >> 20} MB, too much for a {kind}; choose "
                    "another file."
                )
            arrays = {
                entry.filename.removesuffix(".npy"): _read(archive, entry) for entry in entries
            }
    except FileNotFoundError as error:
        raise ConductorError(f"{path} does not exist; check the path.") from error
    except FAULTS as error:
        raise ConductorError(f"{name} is not a {kind}, or it is damaged; make it again.") from error
    missing = [key for key in layout if key not in arrays]
    if missing:
        raise ConductorError(
            f"{name} is not a {kind} ({', '.join(missing)} missing); choose another file."
        )
    for key, form in layout.items():
        if arrays[key].dtype.kind not in _ADMITTED[form[0]] or arrays[key].ndim != int(form[1:]):
            raise ConductorError(f"{name} is damaged ({key}); make it again.")
    return arrays


def read_json(arrays: Mapping[str, NDArray[Any]], key: str) -> dict[str, Any]:
    """The JSON object in a text array; empty if it is not there or is none."""
    try:
        value = json.loads(str(arrays[key]))
    except (KeyError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One array, if its header agrees with the length of its data."""
    with archive.open(entry) as file:
        shape, dtype = _header(file)
        length = entry.file_size - file.tell()
    if dtype.kind not in "iufbU" or dtype.itemsize == 0:
        raise ValueError("no numbers and no text")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != length:
        raise ValueError("the header does not fit the data")
    if dtype.kind == "U" and length > MAX_TEXT_BYTES:
        raise ValueError("too much text")
    with archive.open(entry) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)  # type: ignore[no-untyped-call]
    if dtype.kind == "U":
        array.tolist()  # Raises for what are no characters.
    return array


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array that begins here."""
    version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)  # type: ignore[no-untyped-call]
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)  # type: ignore[no-untyped-call]
    else:
        raise ValueError("an unknown version")
    return shape, dtype
