"""Runs the queue: one job at a time, each in a child process."""

import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from backend.child import Child
from backend.server.job_folders import UPLOADS, remove
from backend.server.jobs import Jobs
from backend.server.kinds import Kind, Task
from backend.server.limits import Watch
from backend.server.rows import (
    CANCELLED,
    DONE,
    FAILED,
    QUEUED,
    RUNNING,
    Job,
    is_damage,
    queue_fault,
)
from backend.server.worker import write_task
from retarget.atomic import write_error
from retarget.errors import ConductorError

_LOG = logging.getLogger(__name__)

# An estimate from less than this is a guess.
_MIN_FRACTION: Final = 0.02
_MIN_ELAPSED_S: Final = 1.0
_RETRY_S: Final = 1.0
_CANCEL_WAIT_S: Final = 10.0


@dataclass
class Run:
    """The job that runs now, and how far it is."""

    job: Job
    child: Child
    began: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    fraction: float = 0.0
    phase: str = "starting"
    ends: float | None = None
    cancelled: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def report(self, fraction: float, phase: str, /) -> None:
        """The worker's `Progress`."""
        now = time.monotonic()
        self.fraction, self.phase, self.heard = fraction, phase, now
        elapsed = now - self.began
        if fraction >= _MIN_FRACTION and elapsed >= _MIN_ELAPSED_S:
            self.ends = now + elapsed * (1.0 - fraction) / fraction

    @property
    def seconds_left(self) -> float | None:
        """Time left at the mean pace so far; None as long as there is no telling."""
        return None if self.ends is None else max(0.0, self.ends - time.monotonic())


class Runner:
    """Takes jobs from the queue in order, until it is stopped.

    Parameters
    ----------
    jobs : Jobs
        The queue.
    kinds : mapping
        Kind name to what runs it.
    log : Path
        Where the details of a failed job are written, for its sentence.
    give_up : callable
        Told, in a sentence, that the queue's file is damaged: nothing more can be run.
    """

    def __init__(
        self, jobs: Jobs, kinds: Mapping[str, Kind], log: Path, give_up: Callable[[str], None]
    ) -> None:
        self._jobs = jobs
        self._kinds = kinds
        self._log = log
        self._give_up = give_up
        self._changed = threading.Condition()
        self._stopping = False
        self._current: Run | None = None
        self._thread = threading.Thread(target=self._work, name="runner")
        self.last_end = time.monotonic()
        """When the last job ended."""

    @property
    def current(self) -> Run | None:
        """The job that runs now, or None."""
        return self._current

    def start(self) -> None:
        """Begin with the queue."""
        self._thread.start()

    def wake(self) -> None:
        """Say that a job was added."""
        with self._changed:
            self._changed.notify_all()

    def cancel(self, job_id: str) -> None:
        """Cancel a job and return when it is over; a finished one stays as it is."""
        with self._changed:
            if self._jobs.cancel_queued(job_id):
                return
            run = self._current
            if run is None or run.job.id != job_id:
                return
            run.cancelled = True
        run.child.stop()
        run.ended.wait(_CANCEL_WAIT_S)

    def stop(self) -> None:
        """End the running job's worker, put the job back into the queue, and end."""
        with self._changed:
            self._stopping = True
            run = self._current
            self._changed.notify_all()
        if run is not None:
            run.child.stop()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping:
            try:
                run = self._next()
                if run is not None:
                    try:
                        self._follow(run)
                    finally:
                        with self._changed:
                            # In this order: who sees no run sees when it ended.
                            self.last_end = time.monotonic()
                            self._current = None
                        run.ended.set()
                    self._jobs.sweep()
            except (OSError, sqlite3.Error) as error:
                if isinstance(error, sqlite3.Error) and is_damage(error):
                    self._give_up(queue_fault(error))
                    return
                # A full disk, most likely: what is queued stays queued until there is room again.
                _LOG.exception("The queue cannot be written.")
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, timeout=_RETRY_S)

    def _next(self) -> Run | None:
        """Start the next job's worker, or wait for a job."""
        with self._changed:
            queued = self._jobs.in_state(QUEUED)
            if self._stopping or not queued:
                if not self._stopping:
                    self._changed.wait()
                return None
            job = self._jobs.start(queued[0].id)
            if job is None:
                return None
            try:
                child = self._start_worker(job)
            except ConductorError as error:
                self._record(job, FAILED, str(error))
                return None
            except OSError as error:
                _LOG.exception("Job %s could not be started.", job.id)
                self._record(job, FAILED, str(write_error(error, self._jobs.folder(job.id))))
                return None
            self._current = Run(job, child)
            return self._current

    def _start_worker(self, job: Job) -> Child:
        kind = self._kinds.get(job.kind)
        if kind is None:
            raise ConductorError(
                f"This version has no jobs of the kind {job.kind}; start the work again."
            )
        folder, out = self._jobs.folder(job.id), self._jobs.results_folder(job)
        scratch, task_file = self._jobs.scratch_folder(job), self._jobs.task_file(job)
        for fresh in (out, scratch):
            remove(fresh)
            fresh.mkdir()
        files = {name: folder / UPLOADS / file for name, file in job.files.items()}
        task = Task(params=job.params, files=files, names=job.names, out=out)
        write_task(task_file, kind.run, task)
        # -P: nothing in the working folder can pass for a module.
        command = [sys.executable, "-P", "-m", "backend.server.worker", str(task_file)]
        return Child(command, f"the {job.kind} job", cwd=folder, scratch=scratch)

    def _follow(self, run: Run) -> None:
        job = run.job
        state, error, warnings, results = DONE, None, list[str](), dict[str, int]()
        limits, folder = self._kinds[job.kind].limits, self._jobs.folder(job.id)
        watch = Watch(run.child.pid, folder, limits, lambda: run.heard, run.child.stop)
        try:
            names, warnings = run.child.wait(run.report)
            out = self._jobs.results_folder(job)
            results = {name: (out / name).stat().st_size for name in names}
        except ConductorError as fault:
            state, error = FAILED, str(fault)
        except (RuntimeError, OSError) as fault:
            state = FAILED
            if not run.cancelled and not self._stopping:
                _LOG.error("Job %s failed: %s", job.id, fault)
                error = (
                    "The job ended without a word, by a fault in Virtual Conductor or for lack of "
                    f"memory; close other programs and try again (details are in {self._log})."
                )
        finally:
            watch.close()
        if watch.sentence is not None:
            state, error = FAILED, watch.sentence
        if run.cancelled:
            self._record(job, CANCELLED)
        elif state == FAILED and error is None:
            self._jobs.put_back(job.id)
        else:
            self._record(job, state, error, warnings, results)

    def _record(
        self,
        job: Job,
        state: str,
        error: str | None = None,
        warnings: list[str] | None = None,
        results: dict[str, int] | None = None,
    ) -> None:
        while True:
            try:
                self._jobs.finish(job, state, error=error, warnings=warnings or [], results=results)
                return
            except sqlite3.Error as fault:
                if is_damage(fault):
                    raise
                # Not to be lost, and not to be run again: wait until there is room on the disk.
                _LOG.exception("The end of job %s cannot be written.", job.id)
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopping, timeout=_RETRY_S):
                        return


def is_over(state: str) -> bool:
    """Whether nothing will change any more for a job in this state."""
    return state not in (QUEUED, RUNNING)
