"""The queue on disk by itself."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from backend.server.jobs import Jobs
from backend.server.rows import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Job
from retarget.errors import ConductorError


def open_queue(folder: Path) -> Jobs:
    (folder / "jobs").mkdir(exist_ok=True)
    return Jobs(folder / "queue.sqlite", folder / "jobs")


def add(jobs: Jobs, job_id: str) -> Job:
    (jobs.folder(job_id) / "in").mkdir(parents=True)
    job = Job(job_id, "reverse", {"a": 1}, {"music": "music.wav"}, {"music": "my song.wav"})
    jobs.add(job)
    return job


def finish(jobs: Jobs, job_id: str, size: int) -> Job:
    add(jobs, job_id)
    job = jobs.start(job_id)
    assert job is not None
    out = jobs.results_folder(job)
    out.mkdir()
    (out / "a.bin").write_bytes(bytes(size))
    jobs.finish(job, DONE, results={"a.bin": size})
    return job


def ids(jobs: Jobs) -> list[str]:
    return [job.id for job in jobs.all()]


def test_jobs_are_there_after_opening_the_file_again(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    added = add(jobs, "a")
    jobs.close()
    assert open_queue(tmp_path).get("a") == added


def test_job_starts_once(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    add(jobs, "a")
    started = jobs.start("a")
    assert started is not None
    assert (started.state, started.attempts) == (RUNNING, 1)
    assert jobs.start("a") is None
    assert not jobs.cancel_queued("a")


def test_cancelled_job_never_starts_and_loses_its_files(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    add(jobs, "a")
    assert jobs.cancel_queued("a")
    assert jobs.start("a") is None
    assert not jobs.folder("a").exists()
    assert [job.state for job in jobs.all()] == [CANCELLED]


def test_recovery_keeps_the_place_in_the_queue(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    for job_id in "ab":
        add(jobs, job_id)
    jobs.start("a")
    jobs.close()
    jobs = open_queue(tmp_path)
    jobs.recover()
    assert [job.id for job in jobs.in_state(QUEUED)] == ["a", "b"]


def test_each_start_after_a_crash_writes_to_a_folder_of_its_own(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    add(jobs, "a")
    first = jobs.start("a")
    jobs.recover()
    second = jobs.start("a")
    assert first is not None
    assert second is not None
    assert jobs.results_folder(first) != jobs.results_folder(second)
    assert jobs.scratch_folder(first) != jobs.scratch_folder(second)
    assert jobs.task_file(first) != jobs.task_file(second)
    jobs.recover()
    failed = jobs.get("a")
    assert failed is not None
    assert failed.state == FAILED


def test_job_whose_uploads_are_gone_is_failed_with_a_sentence(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    for job_id in "ab":
        add(jobs, job_id)
    shutil.rmtree(jobs.folder("a"))
    jobs.recover()
    failed = jobs.get("a")
    assert failed is not None
    assert failed.state == FAILED
    assert (
        failed.error == "The files of this job are gone from the server's folder; start it again."
    )
    assert [job.id for job in jobs.in_state(QUEUED)] == ["b"]


def test_number_of_waiting_jobs_is_known_without_asking_the_disk(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    for number, job_id in enumerate("abc"):
        assert jobs.queued == number
        add(jobs, job_id)
    jobs.start("a")
    assert jobs.queued == 2
    jobs.put_back("a")
    jobs.cancel_queued("b")
    assert jobs.queued == 2
    jobs.delete("c")
    assert jobs.queued == 1
    jobs.close()
    assert open_queue(tmp_path).queued == 1


def test_start_that_was_put_back_does_not_count(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    add(jobs, "a")
    for _ in range(3):
        jobs.start("a")
        jobs.put_back("a")
    jobs.start("a")
    jobs.recover()
    assert [job.id for job in jobs.in_state(QUEUED)] == ["a"]


def test_old_finished_jobs_are_swept_and_waiting_ones_stay(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    for job_id in ("old", "newest"):
        finish(jobs, job_id, 10)
    add(jobs, "waiting")
    time.sleep(0.02)
    jobs.sweep(keep_s=0.01)
    assert ids(jobs) == ["waiting", "newest"]
    assert not jobs.folder("old").exists()
    assert (jobs.folder("newest") / "result-1" / "a.bin").is_file()


def test_oldest_results_go_when_they_are_too_large_in_all(tmp_path: Path) -> None:
    jobs = open_queue(tmp_path)
    for job_id in "abc":
        finish(jobs, job_id, 400)
    jobs.sweep(keep_bytes=1000)
    assert ids(jobs) == ["c", "b"]
    jobs.sweep(keep_bytes=100)
    assert ids(jobs) == ["c"]


def test_queue_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    open_queue(tmp_path).close()
    with sqlite3.connect(tmp_path / "queue.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(ConductorError, match="newer version"):
        open_queue(tmp_path)


def test_queue_is_in_wal_mode(tmp_path: Path) -> None:
    open_queue(tmp_path)
    with sqlite3.connect(tmp_path / "queue.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
