"""`python interrupted.py STORY FOLDER`: kills a process at each step of what it does to a queue.

A step is a statement of the database or a change of the file system. For every step a child of
its own goes as far as that and dies there; then the queue is opened and recovered as by the next
server, and every job is done that can be. What is wrong afterwards is printed, a line each.
"""

import functools
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.server.jobs import Jobs
from backend.server.rows import CANCELLED, DONE, FAILED, QUEUED, Job

ERROR = "This music is silent; choose another file."
_ID = "0123456789abcdef"
_MUSIC = bytes(range(256))
_CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate"}
_KILLED = 9


class Steps:
    """Counts the steps of this process once it is armed, and ends it at one of them."""

    def __init__(self) -> None:
        self._left: int | None = None
        sys.addaudithook(self._watch)
        sqlite3.connect = functools.partial(sqlite3.connect, factory=self._connection())

    def arm(self, steps: int) -> None:
        """Die before the step of this number, from 1."""
        self._left = steps

    def _watch(self, event: str, _: tuple[object, ...]) -> None:
        if event in _CHANGES:
            self._count()

    def _connection(self) -> type[sqlite3.Connection]:
        count = self._count

        class Counted(sqlite3.Connection):
            def __init__(self, *values: Any, **options: Any) -> None:
                super().__init__(*values, **options)
                self.set_trace_callback(lambda _: count())

        return Counted

    def _count(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                os._exit(_KILLED)


def open_queue(folder: Path) -> Jobs:
    (folder / "jobs").mkdir(exist_ok=True, parents=True)
    return Jobs(folder / "queue.sqlite", folder / "jobs")


def upload(jobs: Jobs) -> None:
    """What `POST /v1/jobs` does."""
    (jobs.folder(_ID) / "in").mkdir(parents=True)
    (jobs.folder(_ID) / "in" / "music.wav").write_bytes(_MUSIC)
    jobs.add(Job(_ID, "reverse", {}, {"music": "music.wav"}, {"music": "my song.wav"}))


def work(jobs: Jobs) -> Job:
    """Start the job that waits, and leave what its worker leaves."""
    job = jobs.start(_ID)
    assert job is not None
    for folder in (jobs.scratch_folder(job), jobs.results_folder(job)):
        folder.mkdir()
        (folder / "reversed.bin").write_bytes(_MUSIC[::-1])
    jobs.task_file(job).write_text("{}")
    return job


def finish(jobs: Jobs) -> None:
    jobs.finish(work(jobs), DONE, results={"reversed.bin": len(_MUSIC)})


def fail(jobs: Jobs) -> None:
    jobs.finish(work(jobs), FAILED, error=ERROR)


def cancel_running(jobs: Jobs) -> None:
    jobs.finish(work(jobs), CANCELLED)


def cancel_queued(jobs: Jobs) -> None:
    jobs.cancel_queued(_ID)


def delete(jobs: Jobs) -> None:
    finish(jobs)
    jobs.delete(_ID)


def begin_again(jobs: Jobs) -> None:
    """The next server after one that died in the job, which it then does."""
    work(jobs)
    jobs.recover()
    finish(jobs)


def give_up(jobs: Jobs) -> None:
    """The next server after the second that died in the job."""
    for _ in range(2):
        work(jobs)
        jobs.recover()


# What is done, and the states that it may leave behind a kill, all jobs done that can be.
STORIES: dict[str, tuple[Callable[[Jobs], None], set[str]]] = {
    "upload": (upload, {"none", DONE}),
    "finish": (finish, {DONE}),
    "fail": (fail, {FAILED, DONE}),
    "cancel_running": (cancel_running, {CANCELLED, DONE}),
    "cancel_queued": (cancel_queued, {CANCELLED, DONE}),
    "delete": (delete, {"none", DONE}),
    "begin_again": (begin_again, {DONE, FAILED}),
    "give_up": (give_up, {FAILED, DONE}),
}


def faults(folder: Path, allowed: set[str]) -> list[str]:
    """What is wrong with a queue after the kill, in the view of the next server."""
    jobs = open_queue(folder)
    jobs.recover()
    found = _folder_faults(jobs, folder)
    for _ in jobs.in_state(QUEUED):
        finish(jobs)
    found += _folder_faults(jobs, folder)
    states = {job.state for job in jobs.all()} or {"none"}
    found += [f"the job is {state}" for state in states - allowed]
    found += [
        "failed without a word" for job in jobs.all() if job.state == FAILED and not job.error
    ]
    jobs.close()
    return found


def _folder_faults(jobs: Jobs, folder: Path) -> list[str]:
    found = []
    states = {job.id: job for job in jobs.all()}
    there = {path.name for path in (folder / "jobs").iterdir()}
    for name in sorted(there | set(states)):
        job = states.get(name)
        within = {path.name for path in (folder / "jobs" / name).glob("*")}
        if job is None or job.state in (FAILED, CANCELLED):
            if name in there:
                found.append(f"a folder is left of {job.state if job else 'no job'}")
        elif job.state == QUEUED:
            music = folder / "jobs" / name / "in" / "music.wav"
            if not music.is_file() or music.read_bytes() != _MUSIC:
                found.append("the upload of a job that waits is not whole")
        elif job.state == DONE:
            results = jobs.results_folder(job)
            if within != {results.name}:
                found.append(f"a job that is done has {sorted(within)}")
            elif (results / "reversed.bin").read_bytes() != _MUSIC[::-1]:
                found.append("the result is not whole")
        else:
            found.append(f"a job is {job.state} and nobody runs it")
    return found


def main(story: str, root: Path) -> None:
    """Tell the story as often as it has steps, each time with one step more."""
    act, allowed = STORIES[story]
    steps = Steps()
    number, code = 0, _KILLED
    while code == _KILLED:
        number += 1
        folder = root / str(number)
        child = os.fork()
        if child == 0:
            jobs = open_queue(folder)
            if act is not upload:
                upload(jobs)
            steps.arm(number)
            act(jobs)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for fault in faults(folder, allowed):
            print(f"killed at step {number}: {fault}")
    if code != 0 or number < 3:
        print(f"ended at step {number} with code {code}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
