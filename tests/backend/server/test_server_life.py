"""The server's own life: start, second start, kill, stop, idle end, full disk."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from queue_process import PATIENCE_S, QueueProcess, finished, is_alive, until

from blender_addon.client import Server
from blender_addon.server_connection import RefusedError


def waiting(tmp_path: Path) -> dict[str, Any]:
    return {"release": str(tmp_path / "release"), "diary": str(tmp_path / "diary")}


def starts(params: dict[str, Any]) -> list[int]:
    path = Path(params["diary"])
    lines = path.read_text().splitlines() if path.is_file() else []
    return [int(line) for line in lines if line != "end"]


def test_ready_line_tells_port_process_and_version(running: QueueProcess) -> None:
    assert running.process is not None
    assert set(running.ready) == {"port", "pid", "version"}
    assert running.ready["pid"] == running.process.pid
    health = running.client.health()
    assert (health["pid"], health["version"]) == (running.process.pid, running.ready["version"])


def test_second_start_finds_the_first(running: QueueProcess) -> None:
    second = running.launch("--port", "0")
    out, err = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0
    assert f'"pid": {running.ready["pid"]}' in out
    assert "already running" in err
    assert running.client.pid == running.ready["pid"]


def test_two_starts_at_once_make_one_server(queue: QueueProcess) -> None:
    processes = [queue.launch() for _ in range(3)]
    lines = [process.stdout.readline() for process in processes if process.stdout]
    assert len(set(lines)) == 1
    os.kill(json.loads(lines[0])["pid"], signal.SIGTERM)
    for process in processes:
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0


def test_taken_port_is_one_sentence_and_exit_code_2(queue: QueueProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = queue.launch("--port", str(port))
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert out == ""
    assert f"Port {port} is taken" in err
    assert "Traceback" not in err


def test_given_port_is_used_again_right_after_a_stop(queue: QueueProcess) -> None:
    port = queue.start().port
    queue.client.health()
    queue.end()
    assert queue.start("--port", str(port)).port == port


def test_folder_with_other_files_is_left_alone(queue: QueueProcess) -> None:
    queue.state.mkdir(mode=0o755)
    (queue.state / "letter.txt").write_text("mine")
    process = queue.launch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "other files" in err
    assert os.listdir(queue.state) == ["letter.txt"]
    assert queue.state.stat().st_mode & 0o777 == 0o755


def test_killed_server_runs_its_job_again_and_keeps_the_queue(
    queue: QueueProcess, tmp_path: Path, music: Path
) -> None:
    # It reports nothing, so no broken pipe ends it either.
    params = {**waiting(tmp_path), "silent": True}
    client = queue.start().client
    first = client.submit("wait", params, {})
    second = client.submit("reverse", {}, {"music": music})
    until(lambda: starts(params))
    queue.kill()
    until(lambda: not is_alive(starts(params)[0]))
    assert Server.find(queue.state) is None
    client = queue.start().client
    until(lambda: len(starts(params)) == 2)
    Path(params["release"]).touch()
    assert finished(client, first).state == "done"
    assert finished(client, second).state == "done"


def test_job_that_lost_its_server_twice_is_failed(queue: QueueProcess, tmp_path: Path) -> None:
    params = waiting(tmp_path)
    job_id = queue.start().client.submit("wait", params, {})
    for count in (1, 2):
        until(lambda count=count: len(starts(params)) == count)
        queue.kill()
        queue.start()
    job = queue.client.job(job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert "twice" in job.error
    assert len(starts(params)) == 2


def test_half_an_upload_is_removed_at_the_next_start(queue: QueueProcess) -> None:
    queue.start()
    queue.end()
    orphan = queue.state / "jobs" / "0123456789abcdef"
    (orphan / "in").mkdir(parents=True)
    (orphan / "in" / "music.wav").write_bytes(b"half")
    queue.start()
    assert not orphan.exists()


@pytest.mark.parametrize(
    ("number", "code", "times"), [(signal.SIGTERM, 0, 3), (signal.SIGINT, 130, 1)]
)
def test_stop_by_signal_ends_the_worker_and_queues_the_job_again(
    queue: QueueProcess, tmp_path: Path, number: int, code: int, times: int
) -> None:
    params = waiting(tmp_path)
    job_id = queue.start().client.submit("wait", params, {})
    for count in range(1, times + 1):
        # A stop in order is no failure of the job: it may happen any number of times.
        until(lambda count=count: len(starts(params)) == count)
        assert queue.end(number) == code
        assert not is_alive(starts(params)[-1])
        assert not (queue.state / "server.json").exists()
        queue.start()
    Path(params["release"]).touch()
    assert finished(queue.client, job_id).state == "done"


def test_idle_server_ends_by_itself(queue: QueueProcess) -> None:
    queue.start("--idle", "0.5")
    assert queue.process is not None
    assert queue.process.wait(timeout=PATIENCE_S) == 0
    assert Server.find(queue.state) is None


def start_busy(queue: QueueProcess, kind: str, params: dict[str, Any], idle_s: float) -> None:
    """A server that has work from its first moment, so that it cannot end before it is used."""
    queue.start().client.submit(kind, params, {})
    queue.end()
    queue.start("--idle", str(idle_s))
    until(lambda: starts(params))


def outlives(queue: QueueProcess, seconds: float) -> bool:
    assert queue.process is not None
    try:
        queue.process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def ends(queue: QueueProcess) -> bool:
    assert queue.process is not None
    return queue.process.wait(timeout=PATIENCE_S) == 0


def test_server_does_not_end_while_a_job_runs_nor_just_after(
    queue: QueueProcess, tmp_path: Path
) -> None:
    params = waiting(tmp_path)
    start_busy(queue, "litter", params, idle_s=2.0)
    assert outlives(queue, 3.0)
    released = time.monotonic()
    Path(params["release"]).touch()
    assert ends(queue)
    # Its idle time begins when the job is over and what it left has been removed.
    assert time.monotonic() - released > 2.0


def test_server_does_not_end_while_somebody_asks(queue: QueueProcess, tmp_path: Path) -> None:
    params = waiting(tmp_path)
    start_busy(queue, "wait", params, idle_s=2.0)
    token = queue.token
    assert queue.request("GET", "/v1/health", token=token)[0] == 200
    answered, longest, status = time.monotonic(), 0.0, 200
    Path(params["release"]).touch()
    for _ in range(10):
        time.sleep(0.4)
        try:
            status, _ = queue.request("GET", "/v1/health", token=token)
        except OSError:
            status = 503
        longest = max(longest, time.monotonic() - answered)
        answered = time.monotonic()
        if status != 200:
            break
    # If this machine stood still for so long, it ended rightly.
    assert status == 200 or longest > 2.0
    assert ends(queue)


def test_server_does_not_end_during_a_request(queue: QueueProcess, tmp_path: Path) -> None:
    params = waiting(tmp_path)
    start_busy(queue, "wait", params, idle_s=0.5)
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{queue.port}\r\nContent-Length: 1000\r\n"
        f"Authorization: Bearer {queue.token}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", queue.port)) as connection:
        connection.sendall(head.encode())
        until(lambda: len(os.listdir(queue.state / "jobs")) == 2)
        Path(params["release"]).touch()
        assert outlives(queue, 2.0)
    assert ends(queue)


def test_strangers_do_not_keep_the_server_alive(queue: QueueProcess) -> None:
    queue.start("--idle", "1")
    assert queue.process is not None
    process = queue.process

    def ended_while_a_stranger_asks() -> bool:
        with contextlib.suppress(OSError):
            assert queue.request("GET", "/v1/health", token="stranger")[0] == 401
        return process.poll() is not None

    until(ended_while_a_stranger_asks)
    assert process.returncode == 0


def test_damaged_queue_is_told_in_one_sentence(queue: QueueProcess) -> None:
    queue.start()
    queue.end()
    (queue.state / "queue.sqlite").write_bytes(b"this is no database" * 100)
    process = queue.launch()
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "queue.sqlite" in err
    assert "Traceback" not in err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this system does not allow mounting")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk_is_told_and_the_server_goes_on(small_disk: Path, music: Path) -> None:
    queue = QueueProcess(small_disk / "state")
    try:
        client = queue.start().client
        job = finished(client, client.submit("fill", {}, {}))
        assert job.state == "failed"
        assert job.error is not None
        assert job.error.startswith("The disk is full, so large.bin could not be written")
        (small_disk / "ballast").write_bytes(bytes(2_500_000))
        with pytest.raises(RefusedError, match="disk is full") as refused:
            client.submit("reverse", {}, {"music": _file(music.parent / "large.wav", 2_900_000)})
        assert refused.value.status == 507
        form = (("kind", None, b"reverse"), ("music", "large.wav", bytes(2_900_000)))
        status, answer = queue.post_form(*form, chunked=True)
        assert status == 507
        assert re.match("The disk is full, so music.wav could not be written", answer["error"])
        (small_disk / "ballast").unlink()
        assert finished(client, client.submit("reverse", {}, {"music": music})).state == "done"
    finally:
        queue.clean_up()


def _file(path: Path, size: int) -> Path:
    path.write_bytes(bytes(size))
    return path


def test_module_starts_the_same_server(queue: QueueProcess) -> None:
    command = [sys.executable, "-m", "backend.server", "--state", str(queue.state), "--idle", "0.3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0
    assert '"port"' in done.stdout
    assert done.stderr == ""
