"""A real server in a process of its own, that also offers the kinds of `queue_work`."""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from blender_addon.client import Job, Server

HERE = Path(__file__).parent

PATIENCE_S = 120.0
"""What has not happened by then never will, however busy the machine is."""


class QueueProcess:
    """Start it with `start`, then ask through `client` or `request`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> "QueueProcess":
        """Run until the ready line is there."""
        self.process = self.launch(*options)
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        return self

    def launch(self, *options: str) -> "subprocess.Popen[str]":
        """Run without waiting."""
        return subprocess.Popen(
            [sys.executable, __file__, "--state", str(self.state), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE)},
        )

    @property
    def port(self) -> int:
        return int(self.ready["port"])

    @property
    def token(self) -> str:
        return str(json.loads((self.state / "server.json").read_text())["token"])

    @property
    def client(self) -> Server:
        found: Server = until(lambda: Server.find(self.state))
        return found

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> tuple[int, Any]:
        """Status and JSON of a request; with the right token unless another is given ("": none)."""
        sent = dict(headers or {})
        if token != "":
            sent.setdefault("Authorization", f"Bearer {self.token if token is None else token}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        finally:
            connection.close()

    def post_form(
        self, *parts: tuple[str, str | None, bytes], chunked: bool = False
    ) -> tuple[int, Any]:
        """Send (field, file name or None, content) as they are, however wrong."""
        body = b""
        for field, filename, content in parts:
            named = "" if filename is None else f'; filename="{filename}"'
            head = f'--edge\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
            body += head.encode() + content + b"\r\n"
        body += b"--edge--\r\n"
        blocks = (body[i : i + 65536] for i in range(0, len(body), 65536))
        return self.request(
            "POST",
            "/v1/jobs",
            headers={"Content-Type": "multipart/form-data; boundary=edge"},
            body=blocks if chunked else body,
        )

    def kill(self) -> None:
        """As `kill -9`."""
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal the process and wait for its end; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)

    def clean_up(self) -> None:
        """End what the test left running."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.communicate()


def until(condition: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """Wait for something to become true; returns it."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return value


def uploads_gone(state: Path, job_id: str) -> None:
    """Wait for what the server does just after a job is over: it removes the uploads."""
    until(lambda: not (state / "jobs" / job_id / "in").exists())


def finished(client: Server, job_id: str) -> Job:
    """The job once it is over."""

    def over() -> Job | None:
        job = client.job(job_id)
        return job if job.finished else None

    job: Job = until(over)
    return job


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not: in a container an orphan may stay as one."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    from queue_work import TEST_KINDS

    from backend.server import connection
    from backend.server.kinds import KINDS
    from backend.server.run import serve
    from backend.terminal import faults_in_one_sentence

    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--read-limit", type=float, default=connection.READ_S)
    given = parser.parse_args()
    connection.READ_S = given.read_limit
    with faults_in_one_sentence():
        sys.exit(
            serve(
                port=given.port,
                state=given.state,
                idle_timeout_s=given.idle,
                kinds={**KINDS, **TEST_KINDS},
            )
        )
