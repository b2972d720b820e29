"""The client against real servers: start, find, send, follow, fetch, stop, and what goes wrong."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from queue_process import QueueProcess, finished, is_alive, until

from blender_addon.client import Server
from blender_addon.server_connection import RefusedError, ServerGoneError
from blender_addon.server_state import default_state_dir
from retarget.errors import Cancelled, ConductorError


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder; a server that was left running on it is stopped."""
    folder = tmp_path / "state"
    yield folder
    server = Server.find(folder)
    if server is not None:
        server.stop()


def test_started_server_outlives_its_starter_and_is_found_again(state: Path) -> None:
    program = (
        "from blender_addon.client import Server; import sys; "
        "print(Server.start(sys.executable, sys.argv[1], idle_timeout_s=30).pid)"
    )
    starter = subprocess.run(
        [sys.executable, "-c", program, str(state)], capture_output=True, text=True, check=True
    )
    server = Server.find(state)
    assert server is not None
    assert server.pid == int(starter.stdout)
    assert server.health()["version"] == server.version
    assert Server.find_or_start("/nowhere/python", state).pid == server.pid
    server.stop()
    assert Server.find(state) is None
    until(lambda: not is_alive(server.pid))


def test_started_twice_there_is_one_server(state: Path) -> None:
    first = Server.start(sys.executable, state)
    assert Server.start(sys.executable, state).pid == first.pid


def test_start_inside_another_package_folder_is_not_misled(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "__init__.py").write_text("raise SystemExit('wrong package')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    assert Server.start(sys.executable, state).health()["queued"] == 0


def test_import_needs_neither_bpy_nor_anything_installed() -> None:
    program = (
        "import sys; before = set(sys.modules); import blender_addon.client; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(new - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["blender_addon", "retarget"]


def test_missing_python_is_one_sentence(state: Path) -> None:
    with pytest.raises(ConductorError, match="no Python at /nowhere/python"):
        Server.start("/nowhere/python", state)


def test_python_without_the_program_is_one_sentence(state: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    with pytest.raises(ConductorError, match="has no Virtual Conductor"):
        Server.start(bare / "bin" / "python", state)


def test_taken_port_is_the_servers_sentence(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConductorError, match=f"^Port {port} is taken"):
            Server.start(sys.executable, state, port=port)


def test_program_that_says_nothing_is_given_up_and_ended(state: Path, tmp_path: Path) -> None:
    silent = tmp_path / "python"
    silent.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    silent.chmod(0o755)
    with pytest.raises(ConductorError, match="did not start within 1 seconds"):
        Server.start(silent, state, timeout_s=1.0)
    until(lambda: not is_alive(int((tmp_path / "pid").read_text())))


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"port": 1}', '{"port": 1, "pid": 1, "version": "1", "token": "x"}'],
)
def test_stale_or_broken_state_file_means_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "server.json").write_text(content)
    assert Server.find(tmp_path) is None


def test_default_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for value in ("", "relative", str(tmp_path)):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        expected = platformdirs.user_state_path("virtual-conductor", appauthor=False)
        assert default_state_dir() == expected


def test_token_is_not_shown(queue: QueueProcess) -> None:
    assert queue.start().token not in repr(queue.client)


def test_files_arrive_as_they_are_and_results_come_back(
    queue: QueueProcess, tmp_path: Path
) -> None:
    content = os.urandom(2_000_000)
    name = 'Ä "quoted"\r\n name.wav'
    (tmp_path / name).write_bytes(content)
    client = queue.start().client
    seen: list[float] = []
    job_id = client.submit(
        "reverse", {}, {"music": tmp_path / name}, lambda fraction, phase, /: seen.append(fraction)
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    job = client.wait(job_id)
    assert job.warnings == ("Ä %22quoted%22%0D%0A name.wav was reversed.",)
    client.download(job_id, tmp_path / "main.bin")
    client.download(job_id, tmp_path / "size.txt", "size.txt")
    assert (tmp_path / "main.bin").read_bytes() == content[::-1]
    assert (tmp_path / "size.txt").read_text() == "2000000"


def test_download_of_nothing_leaves_what_was_there(queue: QueueProcess, tmp_path: Path) -> None:
    target = tmp_path / "mine.bin"
    target.write_text("mine")
    client = queue.start().client
    with pytest.raises(RefusedError, match="no such job"):
        client.download("0" * 16, target)
    assert target.read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["mine.bin", "state"]


def test_refusal_carries_the_servers_sentence(queue: QueueProcess, tmp_path: Path) -> None:
    (tmp_path / "huge.wav").write_bytes(bytes(20_000_000))
    client = queue.start().client
    with pytest.raises(RefusedError, match=r"huge\.wav is larger than 3 MB") as refused:
        client.submit("reverse", {}, {"music": tmp_path / "huge.wav"})
    assert refused.value.status == 413
    with pytest.raises(RefusedError, match="no parameter"):
        client.submit("die", {"path": "/"}, {})


def test_missing_file_is_told_before_anything_is_sent(queue: QueueProcess, tmp_path: Path) -> None:
    client = queue.start().client
    with pytest.raises(ConductorError, match="does not exist"):
        client.submit("reverse", {}, {"music": tmp_path / "nothing.wav"})
    with pytest.raises(ConductorError, match="cannot be read"):
        client.submit("reverse", {}, {"music": tmp_path})
    assert client.jobs() == []


def test_failed_job_raises_its_sentence(queue: QueueProcess, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    client = queue.start().client
    job_id = client.submit("refuse", {}, {"music": tmp_path / "a.wav"})
    with pytest.raises(ConductorError, match=r"^a\.wav is not music"):
        client.wait(job_id)


def test_cancel_while_waiting_cancels_the_job(queue: QueueProcess, tmp_path: Path) -> None:
    params = {"release": str(tmp_path / "release"), "diary": str(tmp_path / "diary")}
    client = queue.start().client
    job_id = client.submit("wait", params, {})

    def stop_when_half_done(fraction: float, phase: str, /) -> None:
        if fraction == 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        client.wait(job_id, stop_when_half_done)
    assert client.job(job_id).state == "cancelled"


def test_cancel_while_sending_leaves_no_job(queue: QueueProcess, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(bytes(2_500_000))
    client = queue.start().client

    def stop(fraction: float, phase: str, /) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        client.submit("reverse", {}, {"music": tmp_path / "a.wav"}, stop)
    until(lambda: not list((queue.state / "jobs").iterdir()))
    assert client.jobs() == []


def test_killed_server_is_one_sentence_and_the_job_goes_on_with_the_next(
    queue: QueueProcess, tmp_path: Path
) -> None:
    params = {"release": str(tmp_path / "release"), "diary": str(tmp_path / "diary")}
    client = queue.start().client
    job_id = client.submit("wait", params, {})
    until((tmp_path / "diary").is_file)
    killer = threading.Timer(0.3, queue.kill)
    killer.start()
    with pytest.raises(ServerGoneError, match="server stopped"):
        client.wait(job_id)
    killer.join()
    Path(params["release"]).touch()
    assert finished(queue.start().client, job_id).state == "done"


def test_later_server_on_the_same_port_is_not_mistaken_for_the_first(queue: QueueProcess) -> None:
    first = queue.start().client
    queue.end()
    queue.start("--port", str(first.port))
    with pytest.raises(ServerGoneError):
        first.health()


def test_stopping_a_server_that_was_killed_is_no_error(queue: QueueProcess) -> None:
    client = queue.start().client
    queue.kill()
    client.stop()


def test_port_of_a_program_that_never_answers_means_no_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        (tmp_path / "server.json").write_text(
            f'{{"port": {port}, "pid": {os.getpid()}, "version": "1", "token": "x"}}'
        )
        assert Server.find(tmp_path) is None


def test_stop_queues_the_running_job_again(queue: QueueProcess, tmp_path: Path) -> None:
    params = {"release": str(tmp_path / "release"), "diary": str(tmp_path / "diary")}
    client = queue.start().client
    job_id = client.submit("wait", params, {})
    until((tmp_path / "diary").is_file)
    client.stop()
    assert queue.process is not None
    assert queue.process.wait(timeout=5) == 0
    assert queue.start().client.job(job_id).state in ("queued", "running")
    client.stop()
