"""Folders for results and for what nobody needs afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from retarget.errors import ConductorError


@contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """A folder for results: made if it is missing, and gone again if nothing comes into it.

    Raises
    ------
    ConductorError
        If it is a file, or cannot be created or written to.
    """
    missing = list(takewhile(lambda place: not place.exists(), (folder, *folder.parents)))
    make_folder(folder)
    try:
        yield
    finally:
        with suppress(OSError):
            for place in missing:
                place.rmdir()


def make_folder(folder: Path) -> None:
    """Create a folder and try to write to it; raises as `output_folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError:
        raise ConductorError(f"{folder} is a file; give a folder for the results.") from None
    except OSError as error:
        raise ConductorError(
            f"The folder {folder} cannot be written to ({error.strerror}); choose another."
        ) from error


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as folder:
        yield Path(folder)
