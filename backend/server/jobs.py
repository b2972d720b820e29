"""The queue on disk: one row per job in SQLite, one folder per job beside it."""

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from backend.server.rows import (
    DAMAGED,
    is_id,
    queue_fault,
    sentences,
    sizes,
    texts,
    values,
)
from retarget.errors import ConductorError

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
_STATES: Final = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)

UPLOADS: Final = "in"
"""Folder of the uploads within a job's folder."""

SCRATCH: Final = "tmp"
"""Folder of the worker's temporary files within a job's folder: it goes with the job."""

MAX_QUEUED: Final = 100
"""Jobs that may wait."""

MAX_ATTEMPTS: Final = 2
"""A job whose server died under it is run once more, then failed."""

KEEP_S: Final = 7 * 24 * 3600.0
"""Finished jobs are kept this long."""

KEEP_BYTES: Final = 10_000_000_000
"""Results of finished jobs may fill this much; then the oldest go."""

_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    params TEXT NOT NULL,
    files TEXT NOT NULL,
    names TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    warnings TEXT NOT NULL DEFAULT '[]',
    results TEXT NOT NULL DEFAULT '{}',
    created REAL NOT NULL,
    finished REAL
);
"""
_COLUMNS: Final = "id, kind, params, files, names, state, attempts, error, warnings, results"


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


class Jobs:
    """The queue. Every method may be called from any thread.

    Parameters
    ----------
    database : Path
        The SQLite file, made if it is not there.
    folder : Path
        Where the jobs' folders are.

    Raises
    ------
    ConductorError
        If the file is damaged or was written by a newer version.
    """

    def __init__(self, database: Path, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            # What was answered with 201 is on the disk, also if the power fails.
            self._db.execute("PRAGMA synchronous = FULL")
            (fault,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
            if fault != "ok":
                raise ConductorError(
                    f"The queue {database} is damaged ({fault}); move it away and start again."
                )
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._db.executescript(
                    f"BEGIN; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
                )
        except sqlite3.Error as error:
            raise ConductorError(queue_fault(error, database)) from error
        if version > _SCHEMA_VERSION:
            raise ConductorError(
                f"The queue {database} was made by a newer version; update Virtual Conductor."
            )

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def folder(self, job_id: str) -> Path:
        """The job's own folder; only for ids this queue gave out."""
        return self._folder / job_id

    def results_folder(self, job: Job) -> Path:
        """Where the job's last start writes: a worker that outlives its server cannot mix in."""
        return self.folder(job.id) / _results_name(job.attempts)

    def add(self, job: Job, limit: int = MAX_QUEUED) -> bool:
        """Put a job whose folder is complete at the end of the queue; False if `limit` wait."""
        return self._change(
            "INSERT INTO jobs (id, kind, params, files, names, state, created) "
            "SELECT ?, ?, ?, ?, ?, ?, ? "
            "WHERE (SELECT count(*) FROM jobs WHERE state = ?) < ?",
            job.id,
            job.kind,
            json.dumps(job.params),
            json.dumps(job.files),
            json.dumps(job.names),
            QUEUED,
            time.time(),
            QUEUED,
            limit,
        )

    def count(self, *states: str) -> int:
        """How many jobs are in these states."""
        marks = ", ".join("?" * len(states))
        rows = self._rows(f"SELECT count(*) FROM jobs WHERE state IN ({marks})", *states)
        return int(rows[0][0])

    def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        found = self._read("WHERE id = ?", job_id)
        return found[0] if found else None

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        return self._read("ORDER BY number DESC")

    def in_state(self, *states: str) -> list[Job]:
        """The jobs in these states, the oldest first."""
        marks = ", ".join("?" * len(states))
        found = self._read(f"WHERE state IN ({marks}) ORDER BY number", *states)
        # A row that was spoilt since the start reads as failed, whatever it was.
        return [job for job in found if job.state in states]

    def start(self, job_id: str) -> Job | None:
        """Mark a queued job as running; None if it is no longer queued."""
        changed = self._change(
            "UPDATE jobs SET state = ?, attempts = attempts + 1 WHERE id = ? AND state = ?",
            RUNNING,
            job_id,
            QUEUED,
        )
        return self.get(job_id) if changed else None

    def put_back(self, job_id: str) -> None:
        """Queue a running job again as if it had not been started."""
        self._change(
            "UPDATE jobs SET state = ?, attempts = attempts - 1 WHERE id = ? AND state = ?",
            QUEUED,
            job_id,
            RUNNING,
        )

    def cancel_queued(self, job_id: str) -> bool:
        """Cancel a job that has not begun; False if it is in another state."""
        changed = self._change(
            "UPDATE jobs SET state = ?, finished = ? WHERE id = ? AND state = ?",
            CANCELLED,
            time.time(),
            job_id,
            QUEUED,
        )
        if changed:
            shutil.rmtree(self.folder(job_id), ignore_errors=True)
        return changed

    def finish(
        self,
        job: Job,
        state: str,
        *,
        error: str | None = None,
        warnings: Iterable[str] = (),
        results: dict[str, int] | None = None,
    ) -> None:
        """Record the end of a running job and remove what is no longer needed.

        The files of a job that is not done go first: they may be what filled the disk.
        """
        folder = self.folder(job.id)
        if state != DONE:
            shutil.rmtree(folder, ignore_errors=True)
        self._change(
            "UPDATE jobs SET state = ?, error = ?, warnings = ?, results = ?, finished = ? "
            "WHERE id = ?",
            state,
            error,
            json.dumps(list(warnings)),
            json.dumps(results or {}),
            time.time(),
            job.id,
        )
        if state == DONE:
            for stale in (
                UPLOADS,
                SCRATCH,
                *(_results_name(attempt) for attempt in range(1, job.attempts)),
            ):
                shutil.rmtree(folder / stale, ignore_errors=True)

    def delete(self, job_id: str) -> None:
        """Forget a job that is not running, and its files."""
        self._change("DELETE FROM jobs WHERE id = ?", job_id)
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def recover(self) -> None:
        """Set right what a server that died has left: running jobs, half uploads, spoilt rows."""
        self._repair()
        for job in self.in_state(RUNNING):
            if job.attempts < MAX_ATTEMPTS:
                self._change("UPDATE jobs SET state = ? WHERE id = ?", QUEUED, job.id)
            else:
                self.finish(
                    job,
                    FAILED,
                    error="The server ended twice during this job, perhaps for lack of memory; "
                    "close other programs or take a shorter stretch, and start it again.",
                )
        known = {job.id for job in self.all()}
        for folder in self._folder.iterdir():
            # What was not made here is not removed here.
            if is_id(folder.name) and folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, *, keep_s: float = KEEP_S, keep_bytes: int = KEEP_BYTES) -> None:
        """Remove finished jobs that are old, and the oldest while their results are too large.

        The newest finished job always stays.
        """
        rows = self._rows(
            f"SELECT {_COLUMNS}, finished FROM jobs WHERE finished IS NOT NULL "
            "ORDER BY finished DESC, number DESC"
        )
        total = 0
        for position, row in enumerate(rows):
            job = _job(row)
            finished = row[-1] if isinstance(row[-1], float | int) else 0.0
            total += sum(job.results.values())
            if position and (finished < time.time() - keep_s or total > keep_bytes):
                self.delete(job.id)

    def _repair(self) -> None:
        """Rows that cannot be read become failed jobs; those without a usable id are dropped."""
        for number, *row in self._rows(f"SELECT number, {_COLUMNS}, created, finished FROM jobs"):
            job, created, finished = _job(row), row[-2], row[-1]
            if not is_id(job.id):
                self._change("DELETE FROM jobs WHERE number = ?", number)
                continue
            over = finished is not None or job.state in (QUEUED, RUNNING)
            times = all(isinstance(value, float | int | None) for value in (created, finished))
            if job.error == DAMAGED or not (over and times):
                self._change(
                    "UPDATE jobs SET kind = ?, params = '{}', files = '{}', names = '{}', "
                    "state = ?, attempts = 0, error = ?, warnings = '[]', results = '{}', "
                    "created = ?, finished = ? WHERE number = ?",
                    job.kind,
                    FAILED,
                    DAMAGED,
                    time.time(),
                    time.time(),
                    number,
                )

    def _read(self, where: str, *values: object) -> list[Job]:
        return [_job(row) for row in self._rows(f"SELECT {_COLUMNS} FROM jobs {where}", *values)]

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: object) -> bool:
        with self._lock:
            return self._db.execute(statement, values).rowcount > 0


def _results_name(attempt: int) -> str:
    return f"result-{attempt}"


def _job(row: Sequence[Any]) -> Job:
    """The job of a row that begins with `_COLUMNS`; a failed one if the row cannot be read."""
    job_id, kind, params, files, names, state, attempts, error, warnings, results = row[:10]
    try:
        if state not in _STATES or not isinstance(attempts, int) or not isinstance(kind, str):
            raise ValueError("no such state")
        return Job(
            id=job_id,
            kind=kind,
            params=values(params),
            files=texts(files),
            names=texts(names),
            state=state,
            attempts=attempts,
            error=None if error is None else str(error),
            warnings=sentences(warnings),
            results=sizes(results),
        )
    except (ValueError, TypeError, RecursionError):
        return Job(str(job_id), str(kind), {}, {}, {}, state=FAILED, error=DAMAGED)
