"""What spoils a queue from outside: folders removed, links, damaged rows and files, crowds."""

import json
import os
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest
from queue_process import PATIENCE_S, QueueProcess, finished, until


def waiting(tmp_path: Path) -> dict[str, str]:
    return {"release": str(tmp_path / "release"), "diary": str(tmp_path / "diary")}


def refused_start(queue: QueueProcess) -> str:
    """The sentence of a server that does not start."""
    process = queue.launch()
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "Traceback" not in said
    return " ".join(said.split())


def edit(queue: QueueProcess, statement: str, *values: object) -> None:
    database = sqlite3.connect(queue.state / "queue.sqlite")
    with database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


def test_server_ends_when_its_folder_is_removed(queue: QueueProcess) -> None:
    process = queue.start().process
    assert process is not None
    shutil.rmtree(queue.state)
    assert process.wait(timeout=PATIENCE_S) == 2
    assert process.stderr is not None
    assert "was removed" in " ".join(process.stderr.read().split())


def test_second_server_on_a_folder_that_was_removed_is_left_alone_by_the_first(
    queue: QueueProcess, tmp_path: Path
) -> None:
    params = waiting(tmp_path)
    queue.start().client.submit("wait", params, {})
    until(Path(params["diary"]).is_file)
    second = QueueProcess(queue.state)
    shutil.rmtree(queue.state, ignore_errors=True)
    try:
        second.start()
        assert queue.process is not None
        assert queue.process.wait(timeout=PATIENCE_S) == 2
        assert second.client.pid == second.ready["pid"]
        assert second.client.jobs() == []
    finally:
        second.clean_up()


def test_jobs_folder_that_is_a_link_is_refused_and_its_target_kept(
    queue: QueueProcess, tmp_path: Path
) -> None:
    queue.start()
    queue.end()
    target = tmp_path / "mine"
    (target / "0123456789abcdef").mkdir(parents=True)
    (queue.state / "jobs").rmdir()
    (queue.state / "jobs").symlink_to(target)
    assert "is a link" in refused_start(queue)
    assert os.listdir(target) == ["0123456789abcdef"]


def test_what_is_no_jobs_folder_is_not_removed(queue: QueueProcess) -> None:
    queue.start()
    queue.end()
    (queue.state / "jobs" / "My letters").mkdir()
    queue.start()
    assert (queue.state / "jobs" / "My letters").is_dir()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("params", "{"),
        ("files", "[]"),
        ("names", '{"music": 1}'),
        ("state", "asleep"),
        ("attempts", "often"),
        ("warnings", "[" * 5000),
        ("results", '{"a": "b"}'),
        ("params", b"\xff\xfe"),
    ],
)
def test_damaged_row_is_a_failed_job_and_the_others_go_on(
    queue: QueueProcess, tmp_path: Path, music: Path, column: str, value: object
) -> None:
    params = waiting(tmp_path)
    client = queue.start().client
    running = client.submit("wait", params, {})
    ids = [client.submit("reverse", {}, {"music": music}) for _ in range(2)]
    until(Path(params["diary"]).is_file)
    queue.end()
    edit(queue, f"UPDATE jobs SET {column} = ? WHERE id = ?", value, ids[0])
    client = queue.start().client
    assert client.job(ids[0]).state == "failed"
    assert client.job(ids[0]).error == (
        "The queue's entry of this job is damaged; start the work again."
    )
    Path(params["release"]).touch()
    assert finished(client, running).state == "done"
    assert finished(client, ids[1]).state == "done"
    client.delete(ids[0])
    assert len(client.jobs()) == 2


def test_row_whose_id_leads_out_of_the_folder_is_dropped(
    queue: QueueProcess, tmp_path: Path, music: Path
) -> None:
    client = queue.start().client
    job_id = client.submit("refuse", {}, {"music": music})
    finished(client, job_id)
    queue.end()
    outside = tmp_path / "mine"
    outside.mkdir()
    edit(queue, "UPDATE jobs SET id = '../../mine', finished = 0 WHERE id = ?", job_id)
    assert queue.start().client.jobs() == []
    assert outside.is_dir()


def spoil(queue: QueueProcess) -> None:
    """Write nonsense over the table's pages, as a bad disk does; the header stays."""
    path = queue.state / "queue.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    path.write_bytes(content)


def test_malformed_queue_is_called_damaged(queue: QueueProcess, music: Path) -> None:
    client = queue.start().client
    finished(client, client.submit("refuse", {}, {"music": music}))
    queue.end()
    spoil(queue)
    said = refused_start(queue)
    assert "damaged" in said
    assert "disk space" not in said


def test_queue_that_is_spoilt_under_the_server_ends_it_with_a_sentence(
    queue: QueueProcess, tmp_path: Path, music: Path
) -> None:
    params = waiting(tmp_path)
    process = queue.start().process
    assert process is not None
    queue.client.submit("wait", params, {})
    until(Path(params["diary"]).is_file)
    database = sqlite3.connect(queue.state / "queue.sqlite")
    database.execute("PRAGMA writable_schema = ON")
    with database:
        database.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE jobs (' WHERE name = 'jobs'")
    database.execute("PRAGMA schema_version = 99")
    database.close()
    status, answer = queue.request("GET", "/v1/jobs")
    assert status == 507
    assert "damaged" in answer["error"]
    Path(params["release"]).touch()
    assert process.wait(timeout=PATIENCE_S) == 2
    assert process.stderr is not None
    assert "damaged" in " ".join(process.stderr.read().split())


def test_uploads_side_by_side_do_not_pass_the_limit_of_waiting_jobs(
    running: QueueProcess, tmp_path: Path
) -> None:
    params = waiting(tmp_path)
    client = running.client
    client.submit("wait", params, {})
    until(Path(params["diary"]).is_file)
    form = (("kind", None, b"die"),)
    for _ in range(99):
        assert running.post_form(*form)[0] == 201
    body = b'--edge\r\nContent-Disposition: form-data; name="kind"\r\n\r\ndie\r\n--edge--\r\n'
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nConnection: close\r\n"
        f"Authorization: Bearer {running.token}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    )
    before = len(os.listdir(running.state / "jobs"))
    uploads = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(5)]
    for upload in uploads:
        upload.sendall(head.encode() + body[:-1])
    until(lambda: len(os.listdir(running.state / "jobs")) == before + 5)
    statuses, answers = [], []
    for upload in uploads:
        upload.sendall(body[-1:])
        upload.settimeout(PATIENCE_S)
        answer = b"".join(iter(lambda upload=upload: upload.recv(65536), b"")).decode()
        upload.close()
        statuses.append(int(answer.split()[1]))
        answers.append(json.loads(answer.partition("\r\n\r\n")[2]))
    assert sorted(statuses) == [201, 429, 429, 429, 429]
    assert all("cancel some first" in a["error"] for a in answers if "error" in a)
    assert client.health()["queued"] == 100
    assert len(os.listdir(running.state / "jobs")) == before + 1
