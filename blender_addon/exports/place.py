"""Several files that belong together brought to their place: all of them or none."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from retarget.atomic import atomic_path, write_error


def place_together(folder: Path, files: Sequence[Path], target: Path) -> list[Path]:
    """Copy files into another folder, over what has their names there.

    Parameters
    ----------
    folder : Path
        Where they are.
    files : sequence of Path
        Relative to it; the first comes last, since it names the others.
    target : Path
        Where they go.

    Returns
    -------
    list of Path
        Where they are then.

    Raises
    ------
    ConductorError
        If one cannot be written; then everything is as it was.
    """
    placed = [target / file for file in files]
    with ExitStack() as held:
        for file, path in zip(files, placed, strict=True):
            if path.parent != target and not path.parent.exists():
                _make(path.parent)
                # Goes well only while nothing has come into it.
                held.callback(_remove_empty, path.parent)
            shutil.copyfile(folder / file, held.enter_context(atomic_path(path)))
    return placed


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise write_error(error, folder) from error


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
