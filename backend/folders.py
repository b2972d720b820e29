"""Folders for results and for what nobody needs afterwards."""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from retarget.atomic import require_folder
from retarget.errors import ConductorError

_SCRATCH: Final = "virtual-conductor-scratch-"
_NEW_S: Final = 60.0


def check_outputs(*outputs: Path | None) -> None:
    """Check, before the work begins, that files can be written; None is none.

    Raises
    ------
    ConductorError
        If the folder of one is missing or may not be written to.
    """
    for output in outputs:
        if output is not None:
            require_folder(output)
            _try_to_write(output.parent)


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """A folder for results: made if it is missing, and gone again if nothing comes into it.

    Raises
    ------
    ConductorError
        If it is a file, cannot be created or written to, or the folder it is in is missing.
    """
    require_folder(folder)
    missing = not folder.exists()
    make_folder(folder)
    try:
        yield
    finally:
        if missing:
            with suppress(OSError):
                folder.rmdir()


def make_folder(folder: Path) -> None:
    """Create a folder in one that is there and try to write to it; raises as `output_folder`."""
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise ConductorError(f"{folder} is a file; give a folder for the results.") from None
    except OSError as error:
        raise _unwritable(folder, error) from error
    _try_to_write(folder)


def _try_to_write(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> ConductorError:
    return ConductorError(
        f"The folder {folder} cannot be written to ({error.strerror}); choose another."
    )


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Have a folder for this process alone, until it is done or dies.

    Raises
    ------
    ConductorError
        If another process has it.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConductorError(
                f"Another run is writing to {folder}; wait until it is done, or choose another "
                "folder."
            ) from None
        except OSError:
            # Some network disks have no locks: there it is the user who must see to it.
            pass
        yield
    finally:
        os.close(held)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone afterwards; what a killed process left is removed first."""
    _remove_abandoned(Path(tempfile.gettempdir()))
    # A grandchild that ends just now may still write; the next run removes what that leaves.
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with sole_use(folder):
            yield folder


def _remove_abandoned(place: Path) -> None:
    """Remove the scratch folders of this user that no process has."""
    for folder in place.glob(f"{_SCRATCH}*"):
        with suppress(OSError, ConductorError):
            status = folder.lstat()
            # A new one is not locked yet; one in use is.
            old = time.time() - status.st_mtime > _NEW_S
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and old:
                with sole_use(folder):
                    shutil.rmtree(folder)
