"""What can be made again, kept under a digest of what it was made from."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
import platformdirs
from numpy.typing import NDArray

from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.npz import FAULTS, load_npz

MAX_BYTES: Final = 1 << 30
"""Bytes of all entries together."""

# A disk with less room than this left is left to the results.
_LEFT_FREE: Final = 1 << 30
# A file that was begun longer ago belongs to a process that was killed, seconds.
_ABANDONED_S: Final = 3600.0

Arrays = Mapping[str, NDArray[Any]]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Form(Generic[Value]):
    """How a value is kept as arrays.

    Parameters
    ----------
    pack : callable
        Makes arrays of numbers or text of it.
    unpack : callable
        Makes it of them; raises one of `retarget.npz.FAULTS` where they are not right.
    """

    pack: Callable[[Value], Arrays]
    unpack: Callable[[Arrays], Value]


class CacheFolder:
    """A folder of entries, of which those unused for longest go when it is full.

    It is there to save time alone: what cannot be read is as if it were not there, and what cannot
    be written is not. Any number of processes may use it.

    Parameters
    ----------
    folder : Path
        Made, for its owner alone, when something is first kept.
    max_bytes : int
        Of all entries together; one of more than half of it is not kept.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes

    def kept(self, key: str, form: Form[Value], make: Callable[[], Value]) -> Value:
        """The value under a key, made if it is not there.

        Parameters
        ----------
        key : str
            Digest of everything that the value depends on.
        form : Form
        make : callable
        """
        path = self.folder / f"{key}.npz"
        with suppress(ConductorError, *FAULTS):
            value = form.unpack(load_npz(path, "kept file", {}))
            with suppress(OSError):
                os.utime(path)
            return value
        value = make()
        with suppress(ConductorError, OSError):
            self._write(path, form.pack(value))
        return value

    def _write(self, path: Path, arrays: Arrays) -> None:
        size = sum(array.nbytes for array in arrays.values())
        if size > self.max_bytes // 2:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < size + _LEFT_FREE:
            return
        self._make_room(size)
        with atomic_path(path) as temporary:
            np.savez(temporary, **arrays)

    def _make_room(self, size: int) -> None:
        """Remove the entries unused for longest, until another one of so many bytes fits."""
        entries = []
        for path in self.folder.iterdir():
            with suppress(OSError):
                status = path.stat()
                if not path.name.startswith("."):
                    entries.append((status.st_mtime, status.st_size, path))
                elif time.time() - status.st_mtime > _ABANDONED_S:
                    path.unlink()
        total = size + sum(one for _, one, _ in entries)
        for _, one, path in sorted(entries):
            if total <= self.max_bytes:
                return
            with suppress(OSError):
                path.unlink()
            total -= one


def user_cache() -> CacheFolder:
    """The user's own: `virtual-conductor` in the folder that the system has for such."""
    return CacheFolder(platformdirs.user_cache_path("virtual-conductor", appauthor=False) / "heard")
