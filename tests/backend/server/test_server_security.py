"""Nobody but the owner of the token gets anything, and no request reaches out of its folder."""

import socket
import stat
from pathlib import Path

import psutil
import pytest
from queue_process import QueueProcess, finished, until, uploads_gone

ADDRESSES = [
    ("GET", "/v1/health"),
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/0123456789abcdef"),
    ("POST", "/v1/jobs/0123456789abcdef/cancel"),
    ("GET", "/v1/jobs/0123456789abcdef/result"),
    ("DELETE", "/v1/jobs/0123456789abcdef"),
    ("POST", "/v1/shutdown"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/"),
]
KIND = ("kind", None, b"reverse")


def job_folders(queue: QueueProcess) -> list[Path]:
    return list((queue.state / "jobs").iterdir())


def test_every_address_refuses_a_missing_or_wrong_token(running: QueueProcess) -> None:
    for method, path in ADDRESSES:
        for token in ("", "wrong", running.token[:-1], running.token + "x"):
            status, answer = running.request(method, path, token=token)
            assert status == 401, (method, path)
            assert "token" in answer["error"]
    assert running.request("GET", "/v1/health")[0] == 200
    assert running.request("GET", "/v1/health", headers={"Authorization": running.token})[0] == 401


def test_interface_documents_are_not_served(running: QueueProcess) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert running.request("GET", path)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "0.0.0.0:{port}", "127.0.0.1:1"])
def test_other_host_names_are_refused(running: QueueProcess, host: str) -> None:
    host = host.format(port=running.port)
    status, answer = running.request("GET", "/v1/health", headers={"Host": host})
    assert status == 403
    assert "localhost" in answer["error"]


def test_localhost_is_answered(running: QueueProcess) -> None:
    headers = {"Host": f"localhost:{running.port}"}
    assert running.request("GET", "/v1/health", headers=headers)[0] == 200


def test_web_pages_are_refused_even_with_the_token(running: QueueProcess) -> None:
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{running.port}"):
        status, _ = running.request("GET", "/v1/health", headers={"Origin": origin})
        assert status == 403
    assert running.request("OPTIONS", "/v1/jobs", headers={"Origin": "null"})[0] == 403


def test_listens_on_loopback_alone(running: QueueProcess) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(running.ready["pid"]).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_state_is_for_its_user_alone(running: QueueProcess, music: Path) -> None:
    job_id = running.client.submit("reverse", {}, {"music": music})
    finished(running.client, job_id)
    uploads_gone(running.state, job_id)
    assert stat.S_IMODE(running.state.stat().st_mode) == 0o700
    for path in running.state.rglob("*"):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_open_state_folder_is_closed_at_start(queue: QueueProcess) -> None:
    queue.start()
    queue.end()
    queue.state.chmod(0o755)
    queue.start()
    assert stat.S_IMODE(queue.state.stat().st_mode) == 0o700


def test_token_is_written_nowhere_but_in_its_file(queue: QueueProcess) -> None:
    client = queue.start().client
    finished(client, client.submit("stumble", {}, {}))
    token = queue.token
    queue.request("GET", f"/v1/jobs/{token}")
    process = psutil.Process(queue.ready["pid"])
    assert token not in " ".join(process.cmdline())
    assert token not in " ".join(process.environ().values())
    for path in queue.state.rglob("*"):
        if path.is_file() and path.name != "server.json":
            assert token.encode() not in path.read_bytes(), path
    queue.end()
    assert queue.process is not None
    assert token not in "".join(queue.process.communicate())


@pytest.mark.parametrize(
    "filename",
    ["../../../escaped.wav", "/etc/escaped.wav", "..\\..\\escaped.wav", "a\x00b.wav", ".wav.wav"],
)
def test_upload_names_never_leave_the_job_folder(running: QueueProcess, filename: str) -> None:
    before = {path for path in running.state.parent.rglob("*") if "jobs" not in path.parts}
    status, answer = running.post_form(KIND, ("music", filename, b"abc"))
    assert status == 201
    assert finished(running.client, answer["id"]).state == "done"
    uploads_gone(running.state, answer["id"])
    after = {path for path in running.state.parent.rglob("*") if "jobs" not in path.parts}
    assert {p for p in after - before if "queue" not in p.name} == set()


@pytest.mark.parametrize(
    "name",
    [
        "../../queue.sqlite",
        "..%2F..%2F..%2Fserver.json",
        "%2Fetc%2Fpasswd",
        "task.json",
        "..",
        "%2e%2e",
        "reversed.bin%00",
    ],
)
def test_result_names_reach_results_alone(running: QueueProcess, music: Path, name: str) -> None:
    job_id = running.client.submit("reverse", {}, {"music": music})
    assert finished(running.client, job_id).state == "done"
    status, answer = running.request("GET", f"/v1/jobs/{job_id}/result/{name}")
    assert status == 404
    assert set(answer) == {"error"}


@pytest.mark.parametrize("job_id", ["..", "%2e%2e%2f%2e%2e", "x" * 16, "0" * 16, "0" * 4000])
def test_job_ids_are_never_paths(running: QueueProcess, job_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("DELETE", "")):
        assert running.request(method, f"/v1/jobs/{job_id}{path}")[0] == 404


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_upload_is_refused_and_removed(running: QueueProcess, chunked: bool) -> None:
    content = bytes(3_000_001)
    status, answer = running.post_form(KIND, ("music", "huge.wav", content), chunked=chunked)
    assert status == 413
    assert answer["error"] == "huge.wav is larger than 3 MB; choose a smaller file."
    assert job_folders(running) == []
    assert running.client.jobs() == []


def test_largest_allowed_upload_passes(running: QueueProcess) -> None:
    status, _ = running.post_form(KIND, ("music", "large.wav", bytes(3_000_000)))
    assert status == 201


@pytest.mark.parametrize(
    ("parts", "status", "word"),
    [
        ([KIND], 422, "music is missing"),
        ([KIND, ("music", "a.wav", b"")], 422, "a.wav is empty"),
        ([KIND, ("music", "a.exe", b"x")], 415, ".wav"),
        ([KIND, ("music", "wav", b"x")], 415, ".wav"),
        ([KIND, ("photo", "a.wav", b"x")], 422, "music"),
        ([KIND, ("music", "a.wav", b"x"), ("music", "a.wav", b"x")], 400, "twice"),
        ([("music", "a.wav", b"x"), KIND], 400, "kind"),
        ([("kind", None, b"motion-picture")], 422, "kinds"),
        ([("kind", None, b"\xff\xfe")], 422, "kinds"),
        ([KIND, ("params", None, b"{"), ("music", "a.wav", b"x")], 422, "JSON"),
        ([KIND, ("params", None, b"[" * 50_000), ("music", "a.wav", b"x")], 422, "JSON"),
        ([KIND, ("params", None, b'{"\\ud800": 1}'), ("music", "a.wav", b"x")], 422, "surrogate"),
        ([KIND, ("params", None, b"[1]"), ("music", "a.wav", b"x")], 422, "object"),
        ([KIND, ("params", None, b" " * 70_000)], 413, "too long"),
        ([KIND, ("params", None, b'{"path": "/"}'), ("music", "a.wav", b"x")], 422, "path"),
    ],
)
def test_wrong_forms_get_one_sentence_and_leave_nothing(
    running: QueueProcess, parts: list[tuple[str, str | None, bytes]], status: int, word: str
) -> None:
    got, answer = running.post_form(*parts)
    assert (got, set(answer)) == (status, {"error"})
    assert word in answer["error"]
    assert answer["error"].endswith(".")
    assert job_folders(running) == []


@pytest.mark.parametrize(
    "params",
    [
        b'{"meter": "\\ud800"}',
        b'{"music": "/etc/passwd"}',
        b'{"style": "/etc/passwd"}',
        b'{"seed": -1}',
        b'{"fps": NaN}',
    ],
)
def test_motion_takes_no_paths_and_no_nonsense(running: QueueProcess, params: bytes) -> None:
    form = (("kind", None, b"motion"), ("params", None, params), ("music", "a.wav", b"x"))
    assert running.post_form(*form)[0] == 422
    assert job_folders(running) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=" + "x" * 300, b"x"),
        ("multipart/form-data; boundary=edge", b"nothing of the kind"),
        ("multipart/form-data; boundary=edge", b""),
        ("multipart/form-data; boundary=edge", b"--edge\r\nno header\r\n\r\n"),
    ],
)
def test_bodies_that_are_no_form_are_refused(
    running: QueueProcess, content_type: str, body: bytes
) -> None:
    status, answer = running.request(
        "POST", "/v1/jobs", headers={"Content-Type": content_type}, body=body
    )
    assert status == 400
    assert "error" in answer
    assert job_folders(running) == []


def test_upload_that_breaks_off_leaves_nothing(running: QueueProcess) -> None:
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
        f"Authorization: Bearer {running.token}\r\nContent-Length: 2000000\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
        '--edge\r\nContent-Disposition: form-data; name="kind"\r\n\r\nreverse\r\n'
        '--edge\r\nContent-Disposition: form-data; name="music"; filename="a.wav"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(head.encode() + bytes(1_500_000))
        until(lambda: job_folders(running))
    until(lambda: not job_folders(running))
    assert running.client.jobs() == []
