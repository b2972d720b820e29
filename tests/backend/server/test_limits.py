"""A worker that takes too much is ended with a sentence, and the queue goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from queue_process import QueueProcess, finished, until

from backend.server.limits import folder_bytes, tree_memory


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("hog", "The job took more than 0.25 GB of memory and was ended"),
        ("slow", "The job took longer than 1.5 seconds and was ended"),
        ("silent", "The job did not get on for 1.5 seconds and was ended"),
        ("large", "The job wrote more than 0.01 GB and was ended"),
    ],
)
def test_job_over_a_limit_is_ended_and_the_next_one_runs(
    running: QueueProcess, tmp_path: Path, music: Path, kind: str, sentence: str
) -> None:
    client = running.client
    params = {"release": str(tmp_path / "r"), "diary": str(tmp_path / "d"), "silent": True}
    job_id = client.submit(kind, params if kind in ("slow", "silent") else {}, {})
    following = client.submit("reverse", {}, {"music": music})
    job = finished(client, job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.startswith(sentence)
    assert not (running.state / "jobs" / job_id).exists()
    assert finished(client, following).state == "done"


def test_memory_is_counted_with_all_descendants() -> None:
    inner = "x = b'x' * 60_000_000; import time; time.sleep(600)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    child = subprocess.Popen([sys.executable, "-c", outer], start_new_session=True)
    try:
        until(lambda: tree_memory(child.pid) > 60_000_000)
    finally:
        os.killpg(child.pid, 9)
        child.wait()
    assert tree_memory(child.pid) == 0


def test_folder_counts_its_own_files_alone(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(bytes(1000))
    (tmp_path / "b").write_bytes(bytes(10))
    (tmp_path / "link").symlink_to("/usr")
    assert folder_bytes(tmp_path) < 1010 + 100


def test_temporary_files_of_a_killed_worker_go_with_its_job(
    queue: QueueProcess, tmp_path: Path
) -> None:
    params = {"release": str(tmp_path / "release"), "diary": str(tmp_path / "diary")}
    job_id = queue.start().client.submit("leave", params, {})
    until((tmp_path / "diary").is_file)
    left = list((queue.state / "jobs" / job_id / "tmp-1").iterdir())
    assert len(left) == 1
    queue.kill()
    Path(params["release"]).touch()
    client = queue.start().client
    assert finished(client, job_id).state == "done"
    client.download(job_id, tmp_path / "where.txt")
    assert Path((tmp_path / "where.txt").read_text()).is_relative_to(queue.state)
    until(lambda: not list((queue.state / "jobs" / job_id).glob("tmp-*")))
    assert not left[0].exists()
