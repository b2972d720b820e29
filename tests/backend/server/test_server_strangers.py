"""A machine shared with others: who is told the token, and what a crowd can do."""

import asyncio
import contextlib
import http.client
import json
import os
import select
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from queue_process import PATIENCE_S, QueueProcess, finished, until

from backend.server.run import listen
from blender_addon.client import Server
from blender_addon.server_connection import RefusedError, ServerGoneError

TOKEN = "the-token-of-a-server-that-was-killed"
MUSIC = b"music nobody else may hear " * 20_000


class Impostor:
    """Answers every request as a server would that found the old state file, and listens."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self.heard = bytearray()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        content = {"pid": os.getpid(), "version": "1", "id": "0" * 16, "proof": "0" * 64}
        body = json.dumps(content).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with connection, contextlib.suppress(OSError):
            while block := connection.recv(1 << 16):
                self.heard += block
                if b"\r\n\r\n" in block:
                    connection.sendall(head + body)

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    stranger = Impostor()
    yield stranger
    stranger.close()


def test_old_state_file_gives_nobody_the_token(tmp_path: Path, impostor: Impostor) -> None:
    content = {"port": impostor.port, "pid": os.getpid(), "version": "1", "token": TOKEN}
    (tmp_path / "server.json").write_text(json.dumps(content))
    assert Server.find(tmp_path) is None
    assert impostor.heard
    assert TOKEN.encode() not in impostor.heard


def test_program_on_a_killed_servers_port_gets_neither_token_nor_music(
    queue: QueueProcess, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_bytes(MUSIC)
    client, token = queue.start().client, queue.token
    queue.kill()
    impostor = Impostor(queue.port)
    try:
        for attempt in (
            lambda: client.submit("reverse", {}, {"music": tmp_path / "a.wav"}),
            client.health,
            lambda: client.download("0" * 16, tmp_path / "out.bin"),
        ):
            with pytest.raises(ServerGoneError):
                attempt()
    finally:
        impostor.close()
    assert impostor.heard
    assert token.encode() not in impostor.heard
    assert MUSIC[:27] not in impostor.heard


def test_connection_that_was_dropped_after_the_proof_is_not_opened_again(tmp_path: Path) -> None:
    from blender_addon.proof import proof

    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])

        def prove_and_drop() -> None:
            with listener.accept()[0] as connection:
                asked = connection.recv(65536).decode()
                challenge = asked.split("X-Challenge: ")[1].split("\r\n")[0]
                body = json.dumps({"proof": proof(TOKEN, port, challenge)})
                head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}"
                connection.sendall(f"{head}\r\n\r\n{body}".encode())
            listener.settimeout(1.0)
            with contextlib.suppress(TimeoutError), listener.accept()[0] as connection:
                heard.append(connection.recv(65536))

        thread = threading.Thread(target=prove_and_drop)
        thread.start()
        with pytest.raises(ServerGoneError):
            Server(port, 1, "1", TOKEN, tmp_path).health()
        thread.join()
    assert heard == []


def test_proof_needs_a_challenge_and_a_host(running: QueueProcess) -> None:
    right = {"X-Challenge": "a" * 64}
    assert running.request("GET", "/v1/proof", token="", headers=right)[0] == 200
    for wrong in ({}, {"X-Challenge": ""}, {"X-Challenge": "a" * 65}, {"X-Challenge": "é" * 64}):
        status, answer = running.request("GET", "/v1/proof", token="", headers=wrong)
        assert (status, "X-Challenge" in answer["error"]) == (400, True)
    for headers in ({**right, "Host": "evil.example"}, {**right, "Origin": "null"}):
        assert running.request("GET", "/v1/proof", token="", headers=headers)[0] == 403
    assert running.request("POST", "/v1/proof", token="", headers=right)[0] == 401


def test_connection_is_told_one_proof(running: QueueProcess) -> None:
    right = {"X-Challenge": "a" * 64}
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        for status in (200, 429):
            connection.request("GET", "/v1/proof", headers=right)
            answer = connection.getresponse()
            assert (answer.status, "proof" in json.loads(answer.read())) == (status, status == 200)
        assert answer.headers["Connection"] == "close"
    assert running.client.health()["queued"] == 0


def silent(port: int, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]


@pytest.mark.parametrize("count", [100, 320])
def test_silent_connections_deny_nobody(running: QueueProcess, count: int) -> None:
    with contextlib.ExitStack() as opened:
        for connection in silent(running.port, count):
            opened.enter_context(connection)
        for _ in range(5):
            assert running.client.health()["queued"] == 0


def test_connection_without_a_whole_header_in_time_is_closed(running: QueueProcess) -> None:
    head = f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
    mute, drip, after = silent(running.port, 3)
    # Refused at once; the body it announced never comes whole.
    after.sendall(f"POST{head[3:]}Content-Length: 1000\r\n\r\n".encode())
    drip.sendall(head.encode())
    closed: set[socket.socket] = set()

    def all_closed() -> bool:
        for connection in {mute, drip, after} - closed:
            try:
                if connection is not mute:
                    connection.sendall(b"x")
                connection.settimeout(0.05)
                if not connection.recv(65536):
                    closed.add(connection)
            except TimeoutError:
                continue
            except OSError:
                closed.add(connection)
        return len(closed) == 3

    until(all_closed)
    for connection in (mute, drip, after):
        connection.close()


def test_two_hundred_requests_at_once_are_all_answered(running: QueueProcess) -> None:
    together = threading.Barrier(200)

    def ask(_: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_S)
        # Connected only then: a connection that says nothing for long is closed.
        together.wait(timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {token}"}
        with contextlib.closing(connection):
            connection.request("GET", "/v1/jobs", headers=headers)
            return connection.getresponse().status

    token = running.token
    with ThreadPoolExecutor(200) as pool:
        assert list(pool.map(ask, range(200))) == [200] * 200


def test_what_is_refused_for_load_gets_a_sentence(queue: QueueProcess) -> None:
    queue.start()
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{queue.port}\r\n"
        f"Authorization: Bearer {queue.token}\r\nContent-Length: 2000000\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    )
    client = queue.client
    with contextlib.ExitStack() as opened:
        for connection in silent(queue.port, 300):
            opened.enter_context(connection)
            connection.sendall(head.encode())
        until(lambda: len(os.listdir(queue.state / "jobs")) == 300)
        status, answer = queue.request("GET", "/v1/health")
        assert status == 503
        assert answer["error"].endswith("try again in a moment.")
        with pytest.raises(RefusedError, match="try again in a moment"):
            client.health()
    until(lambda: queue.request("GET", "/v1/health")[0] == 200)


def test_health_is_answered_while_uploads_wait_for_the_disk(queue: QueueProcess) -> None:
    queue.start()
    token = queue.token
    body = b'--edge\r\nContent-Disposition: form-data; name="kind"\r\n\r\ndie\r\n--edge--\r\n'
    upload = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{queue.port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
    ).encode() + body
    # As a slow disk does: whoever writes the queue waits some seconds, one after the other.
    disk = sqlite3.connect(queue.state / "queue.sqlite", isolation_level=None)
    disk.execute("BEGIN IMMEDIATE")
    with contextlib.ExitStack() as opened:
        uploads = [opened.enter_context(connection) for connection in silent(queue.port, 100)]
        for connection in uploads:
            connection.sendall(upload)
        until(lambda: os.listdir(queue.state / "jobs"))
        # By now the first of them waits for the disk.
        time.sleep(1.0)

        def answered() -> int:
            return len(select.select(uploads, [], [], 0.0)[0])

        def in_between() -> bool:
            before = answered()
            for _ in range(5):
                assert queue.request("GET", "/v1/health", token=token)[0] == 200
            return answered() == before < 100

        # More than once only where this machine itself stood still meanwhile.
        assert any(in_between() for _ in range(5))
    disk.close()


def test_who_takes_nothing_of_an_answer_is_left(queue: QueueProcess) -> None:
    client = queue.start("--read-limit", "0.5").client
    job = finished(client, client.submit("fill", {}, {}))
    assert job.state == "done"
    server = psutil.Process(queue.ready["pid"])
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", queue.port))
        connection.sendall(
            f"GET /v1/jobs/{job.id}/result HTTP/1.1\r\nHost: 127.0.0.1:{queue.port}\r\n"
            f"Authorization: Bearer {queue.token}\r\n\r\n".encode()
        )
        connection.recv(1, socket.MSG_PEEK)
        here = connection.getsockname()
        until(lambda: here not in [known.raddr for known in server.net_connections()])
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while block := connection.recv(1 << 16):
                got += len(block)
    assert got < job.results["large.bin"]
    assert client.health()["queued"] == 0


def test_small_answers_are_sent_without_delay() -> None:
    async def option_of_an_accepted_socket() -> int:
        accepted = asyncio.get_running_loop().create_future()

        class Protocol(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set_result(transport.get_extra_info("socket"))

        listener = listen(0)
        port = listener.getsockname()[1]
        async with await asyncio.get_running_loop().create_server(Protocol, sock=listener):
            with socket.create_connection(("127.0.0.1", port)):
                taken = await accepted
                option: int = taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        return option

    assert asyncio.run(option_of_an_accepted_socket()) != 0
