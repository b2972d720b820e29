"""One row of the queue's table: a job, read without trust, for a disk may have spoilt it."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES: Final = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)

COLUMNS: Final = "id, kind, params, files, names, state, attempts, error, warnings, results"
"""What `job_of` reads, in this order."""

_DAMAGED_CODES: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED_CODES: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_FORBIDDEN_CODES: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)

# It names the job's folder too: nothing that leads out of the folder of folders.
_ID: Final = re.compile(r"[0-9a-z]{1,32}")

DAMAGED: Final = "The queue's entry of this job is damaged; start the work again."


@dataclass(frozen=True)
class Job:
    """One row of the queue.

    Parameters
    ----------
    id, kind, state : str
        Its name (hexadecimal), its kind, and one of queued, running, done, failed, cancelled.
    params : dict
        Checked parameters.
    files, names : dict
        Upload field to file name in the job's folder, and to the user's own file name.
    attempts : int
        How often it was started.
    error : str, optional
        The sentence of a failed job.
    warnings : tuple of str
        What the user should know of the results.
    results : dict
        Result file to its size in bytes, the main one first.
    """

    id: str
    kind: str
    params: dict[str, Any]
    files: dict[str, str]
    names: dict[str, str]
    state: str = QUEUED
    attempts: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()
    results: dict[str, int] = field(default_factory=dict)


def is_id(value: object) -> bool:
    """Whether this can be a job's id, and the name of its folder."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def job_of(row: Sequence[Any]) -> Job:
    """The job of a row that begins with `COLUMNS`; a failed one if the row cannot be read."""
    job_id, kind, params, files, names, state, attempts, error, warnings, results = row[:10]
    try:
        if state not in STATES or not isinstance(attempts, int) or not isinstance(kind, str):
            raise ValueError("no such state")
        return Job(
            id=job_id,
            kind=kind,
            params=_values(params),
            files=_texts(files),
            names=_texts(names),
            state=state,
            attempts=attempts,
            error=None if error is None else str(error),
            warnings=_sentences(warnings),
            results=_sizes(results),
        )
    except (ValueError, TypeError, RecursionError):
        return Job(str(job_id), str(kind), {}, {}, {}, state=FAILED, error=DAMAGED)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is spoilt, so that trying again is of no use."""
    return _code(error) in _DAMAGED_CODES


def queue_fault(error: sqlite3.Error, database: Path | str = "of the server") -> str:
    """The sentence for a queue that cannot be used: what is wrong, and what to do."""
    reason = f"The queue {database} cannot be used ({error});"
    if is_damage(error):
        return f"{reason} the file is damaged: move it away and start again."
    if _code(error) in _LOCKED_CODES:
        return f"{reason} another program has it open: close that one."
    if _code(error) in _FORBIDDEN_CODES:
        return f"{reason} see to it that you may write it."
    return f"{reason} free some disk space."


def _texts(content: str) -> dict[str, str]:
    """A JSON object of texts; raises `ValueError` if it is anything else."""
    value = json.loads(content)
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("not an object of texts")
    return value


def _sizes(content: str) -> dict[str, int]:
    """A JSON object of whole numbers; raises `ValueError` if it is anything else."""
    value = json.loads(content)
    if not isinstance(value, dict) or not all(type(size) is int for size in value.values()):
        raise ValueError("not an object of numbers")
    return value


def _values(content: str) -> dict[str, Any]:
    """A JSON object; raises `ValueError` if it is anything else."""
    value = json.loads(content)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _sentences(content: str) -> tuple[str, ...]:
    """A JSON list of texts; raises `ValueError` if it is anything else."""
    value = json.loads(content)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError("not a list of texts")
    return tuple(value)


def _code(error: sqlite3.Error) -> int:
    # The low byte is the kind; what is above it tells more of the same.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
