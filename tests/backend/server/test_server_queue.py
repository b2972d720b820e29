"""Jobs through the queue: order, progress, results, failures, cancel."""

from pathlib import Path

import pytest
from queue_process import QueueProcess, finished, is_alive, until

from blender_addon.server_connection import RefusedError


def waiting(tmp_path: Path, name: str) -> dict[str, str]:
    return {"release": str(tmp_path / f"{name} release"), "diary": str(tmp_path / f"{name} diary")}


def diary(params: dict[str, str]) -> list[str]:
    path = Path(params["diary"])
    return path.read_text().splitlines() if path.is_file() else []


def test_finished_job_has_its_results_and_warnings(running: QueueProcess, music: Path) -> None:
    job_id = running.client.submit("reverse", {}, {"music": music})
    job = finished(running.client, job_id)
    assert (job.state, job.progress, job.error, job.seconds_left) == ("done", 1.0, None, None)
    assert list(job.results.items()) == [("reversed.bin", 102_400), ("size.txt", 6)]
    assert job.warnings == ("my song.wav was reversed.",)
    status, shown = running.request("GET", f"/v1/jobs/{job_id}")
    assert status == 200
    assert shown["result"] == {"name": "reversed.bin", "size": 102_400}


def test_uploads_are_removed_when_the_job_is_done(running: QueueProcess, music: Path) -> None:
    job_id = running.client.submit("reverse", {}, {"music": music})
    finished(running.client, job_id)
    until(lambda: not (running.state / "jobs" / job_id / "in").exists())


def test_one_job_runs_at_a_time_in_the_order_they_came(
    running: QueueProcess, tmp_path: Path
) -> None:
    first, second = waiting(tmp_path, "first"), waiting(tmp_path, "second")
    client = running.client
    ids = [client.submit("wait", params, {}) for params in (first, second)]
    until(lambda: client.job(ids[0]).progress == 0.5)
    job = client.job(ids[0])
    assert (job.state, job.phase) == ("running", "waiting")
    assert client.job(ids[1]).state == "queued"
    assert diary(second) == []
    assert client.health()["running"] == ids[0]
    assert client.health()["queued"] == 1
    Path(first["release"]).touch()
    until(lambda: client.job(ids[1]).state == "running")
    assert client.job(ids[0]).state == "done"
    Path(second["release"]).touch()
    assert finished(client, ids[1]).state == "done"
    assert [job.id for job in client.jobs()] == ids[::-1]


def test_time_left_is_told_once_there_is_a_pace(running: QueueProcess, tmp_path: Path) -> None:
    job_id = running.client.submit("wait", waiting(tmp_path, "w"), {})
    left = until(lambda: running.client.job(job_id).seconds_left)
    assert left > 0.0


def test_cancel_ends_the_worker_and_removes_its_files(
    running: QueueProcess, tmp_path: Path
) -> None:
    params = waiting(tmp_path, "w")
    job_id = running.client.submit("wait", params, {})
    until(lambda: diary(params))
    worker = int(diary(params)[0])
    assert is_alive(worker)
    assert running.client.cancel(job_id).state == "cancelled"
    assert not is_alive(worker)
    assert not (running.state / "jobs" / job_id).exists()
    assert running.client.job(job_id).error is None


def test_queued_job_is_cancelled_without_touching_the_running_one(
    running: QueueProcess, tmp_path: Path
) -> None:
    first, second = waiting(tmp_path, "first"), waiting(tmp_path, "second")
    client = running.client
    ids = [client.submit("wait", params, {}) for params in (first, second)]
    until(lambda: diary(first))
    assert client.cancel(ids[1]).state == "cancelled"
    assert client.job(ids[0]).state == "running"
    Path(first["release"]).touch()
    assert finished(client, ids[0]).state == "done"
    assert diary(second) == []


def test_cancel_after_the_end_changes_nothing(running: QueueProcess, music: Path) -> None:
    job_id = running.client.submit("reverse", {}, {"music": music})
    finished(running.client, job_id)
    assert running.client.cancel(job_id).state == "done"


def test_next_job_runs_after_a_cancelled_one(
    running: QueueProcess, tmp_path: Path, music: Path
) -> None:
    params = waiting(tmp_path, "w")
    running.client.cancel(running.client.submit("wait", params, {}))
    job_id = running.client.submit("reverse", {}, {"music": music})
    assert finished(running.client, job_id).state == "done"


def test_failed_job_tells_its_sentence_with_the_users_file_name(
    running: QueueProcess, music: Path
) -> None:
    job = finished(running.client, running.client.submit("refuse", {}, {"music": music}))
    assert job.state == "failed"
    assert job.error == "my song.wav is not music; choose another file."
    assert not (running.state / "jobs" / job.id).exists()


@pytest.mark.parametrize("kind", ["die", "stumble"])
def test_worker_that_dies_fails_its_job_alone(
    running: QueueProcess, music: Path, kind: str
) -> None:
    job = finished(running.client, running.client.submit(kind, {}, {}))
    assert job.state == "failed"
    assert job.error is not None
    assert str(running.state / "server.log") in job.error
    job_id = running.client.submit("reverse", {}, {"music": music})
    assert finished(running.client, job_id).state == "done"


def test_log_tells_where_a_bug_was(running: QueueProcess) -> None:
    finished(running.client, running.client.submit("stumble", {}, {}))
    log = (running.state / "server.log").read_text()
    assert "ZeroDivisionError: a bug of the test" in log
    assert "queue_work.py" in log


def test_delete_forgets_the_job_and_its_files(
    running: QueueProcess, tmp_path: Path, music: Path
) -> None:
    client = running.client
    params = waiting(tmp_path, "w")
    done = client.submit("reverse", {}, {"music": music})
    finished(client, done)
    live = client.submit("wait", params, {})
    until(lambda: diary(params))
    for job_id in (done, live):
        client.delete(job_id)
        with pytest.raises(RefusedError, match="no such job"):
            client.job(job_id)
        assert not (running.state / "jobs" / job_id).exists()
    assert not is_alive(int(diary(params)[0]))


def test_unfinished_job_has_no_result(running: QueueProcess, tmp_path: Path) -> None:
    job_id = running.client.submit("wait", waiting(tmp_path, "w"), {})
    status, answer = running.request("GET", f"/v1/jobs/{job_id}/result")
    assert status == 409
    assert "no result" in answer["error"]


def test_result_that_was_removed_by_hand_is_told(running: QueueProcess, music: Path) -> None:
    job_id = running.client.submit("reverse", {}, {"music": music})
    finished(running.client, job_id)
    (result,) = (running.state / "jobs" / job_id).glob("result-*/reversed.bin")
    result.unlink()
    status, answer = running.request("GET", f"/v1/jobs/{job_id}/result")
    assert status == 410
    assert "again" in answer["error"]
