"""A job's folder on disk: what lies in it, and how things are removed whatever goes on in them.

A worker that outlives its server may still write below the names it was given, so a folder is
never emptied under its own name: it is first renamed, in one step, and then removed.
"""

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Final

UPLOADS: Final = "in"
"""Folder of the uploads within a job's folder."""

# No job's id begins so, nor the name of anything in a job's folder.
_SET_ASIDE: Final = ".gone-"


def results_name(attempt: int) -> str:
    """Folder of what one start of a job makes, within the job's folder."""
    return f"result-{attempt}"


def scratch_name(attempt: int) -> str:
    """Folder of one start's temporary files: it goes with the job."""
    return f"tmp-{attempt}"


def task_name(attempt: int) -> str:
    """File that tells one start's worker what to do."""
    return f"task-{attempt}.json"


def set_aside(path: Path) -> Path | None:
    """Take a file or folder away from its name in one step.

    Returns
    -------
    Path or None
        Where it is now, to be given to `discard`; None if there was nothing.
    """
    aside = path.with_name(f"{_SET_ASIDE}{secrets.token_hex(8)}")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return None
    except OSError:
        # A disk that is full to the last block may have no room for a name.
        return path
    return aside


def discard(path: Path | None) -> None:
    """Remove what was set aside, as far as the disk lets us."""
    if path is None:
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def remove(path: Path) -> None:
    """Remove a file or folder that others may still write into."""
    discard(set_aside(path))


def keep_only(folder: Path, name: str) -> None:
    """Remove everything in a folder but one entry; a folder that is not there stays so."""
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.name != name:
                remove(entry)


def remove_set_aside(folder: Path) -> None:
    """Remove what was set aside in a folder by a process that died before it was gone."""
    for entry in folder.glob(f"{_SET_ASIDE}*"):
        discard(entry)
