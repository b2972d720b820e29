"""The queue on disk: one row per job in SQLite, one folder per job beside it."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from backend.server.job_folders import (
    UPLOADS,
    discard,
    keep_only,
    remove,
    remove_set_aside,
    results_name,
    scratch_name,
    set_aside,
    task_name,
)
from backend.server.rows import (
    CANCELLED,
    COLUMNS,
    DAMAGED,
    DONE,
    FAILED,
    QUEUED,
    RUNNING,
    Job,
    is_damage,
    is_id,
    job_of,
    queue_fault,
)
from retarget.errors import ConductorError

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
_COUNT_QUEUED: Final = "SELECT count(*) FROM jobs WHERE state = ?"


class Jobs:
    """The queue. Every method may be called from any thread.

    A job that waits or runs has its uploads; one that is done has its results alone; one that
    failed or was cancelled has no folder, and nobody sees it over before its folder is gone.
    Whenever a server is killed, `recover` makes this so again.

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
        self._queued = 0
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
        self._queued = self.count(QUEUED)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @property
    def queued(self) -> int:
        """How many jobs wait: told at once, whatever else the queue is busy with."""
        return self._queued

    def folder(self, job_id: str) -> Path:
        """The job's own folder; only for ids this queue gave out."""
        return self._folder / job_id

    def results_folder(self, job: Job) -> Path:
        """Where the job's last start writes: a worker that outlives its server cannot mix in."""
        return self.folder(job.id) / results_name(job.attempts)

    def scratch_folder(self, job: Job) -> Path:
        """Where the job's last start keeps its temporary files."""
        return self.folder(job.id) / scratch_name(job.attempts)

    def task_file(self, job: Job) -> Path:
        """What tells the worker of the job's last start what to do."""
        return self.folder(job.id) / task_name(job.attempts)

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
        return self._change(
            "UPDATE jobs SET state = ?, finished = ? WHERE id = ? AND state = ?",
            CANCELLED,
            time.time(),
            job_id,
            QUEUED,
            without=job_id,
        )

    def finish(
        self,
        job: Job,
        state: str,
        *,
        error: str | None = None,
        warnings: Iterable[str] = (),
        results: dict[str, int] | None = None,
    ) -> None:
        """Record the end of a running job and remove what is no longer needed."""
        end = (
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
            self._change(*end)
            keep_only(self.folder(job.id), results_name(job.attempts))
            return
        try:
            self._change(*end, without=job.id)
        except sqlite3.Error as fault:
            if is_damage(fault):
                raise
            # The job's own files may be what filled the disk.
            remove(self.folder(job.id))
            self._change(*end)

    def delete(self, job_id: str) -> None:
        """Forget a job that is not running, and its files."""
        self._change("DELETE FROM jobs WHERE id = ?", job_id, without=job_id)

    def recover(self) -> None:
        """Set right what a server that died has left: running jobs, half uploads, spoilt rows.

        It may be killed itself at any moment, and is then done again by the next one.
        """
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
        for job in self.in_state(QUEUED):
            if not (self.folder(job.id) / UPLOADS).is_dir():
                self.finish(
                    job,
                    FAILED,
                    error="The files of this job are gone from the server's folder; "
                    "start it again.",
                )
        self._tidy_folders()

    def sweep(self, *, keep_s: float = KEEP_S, keep_bytes: int = KEEP_BYTES) -> None:
        """Remove finished jobs that are old, and the oldest while their results are too large.

        The newest finished job always stays.
        """
        rows = self._rows(
            f"SELECT {COLUMNS}, finished FROM jobs WHERE finished IS NOT NULL "
            "ORDER BY finished DESC, number DESC"
        )
        total = 0
        for position, row in enumerate(rows):
            job = job_of(row)
            finished = row[-1] if isinstance(row[-1], float | int) else 0.0
            total += sum(job.results.values())
            if position and (finished < time.time() - keep_s or total > keep_bytes):
                self.delete(job.id)

    def _tidy_folders(self) -> None:
        """Bring the folders into the state that the rows say they are in."""
        known = {job.id: job for job in self.all()}
        remove_set_aside(self._folder)
        for folder in list(self._folder.iterdir()):
            job = known.get(folder.name)
            if job is None:
                # What was not made here is not removed here.
                if is_id(folder.name):
                    remove(folder)
            elif job.state == DONE:
                keep_only(folder, results_name(job.attempts))
            elif job.state not in (QUEUED, RUNNING):
                remove(folder)

    def _repair(self) -> None:
        """Rows that cannot be read become failed jobs; those without a usable id are dropped."""
        for number, *row in self._rows(f"SELECT number, {COLUMNS}, created, finished FROM jobs"):
            job, created, finished = job_of(row), row[-2], row[-1]
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
        return [job_of(row) for row in self._rows(f"SELECT {COLUMNS} FROM jobs {where}", *values)]

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: object, without: str | None = None) -> bool:
        """Change rows; False if there was none to change.

        Parameters
        ----------
        without : str, optional
            The job whose folder goes with the change, before anybody can see the change.
        """
        aside = None
        with self._lock:
            changed = self._db.execute(statement, values).rowcount > 0
            if changed:
                (self._queued,) = self._db.execute(_COUNT_QUEUED, (QUEUED,)).fetchone()
                if without is not None:
                    aside = set_aside(self.folder(without))
        discard(aside)
        return changed
