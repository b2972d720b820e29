"""The way to the local server: find it, start it, hand it jobs, fetch results, stop it.

Standard library alone and no bpy, for it runs in Blender's Python, in threads of the panel, and in
the command. Every call has a time limit and raises `ConductorError` with a sentence to show.
"""

import contextlib
import http.client
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from retarget.atomic import atomic_path
from retarget.errors import Cancelled, ConductorError
from retarget.progress import Progress, no_progress

from .form import Form
from .launch import launch
from .server_connection import GONE, RefusedError, ServerGoneError, answer_of, proven, read_block
from .server_state import default_state_dir, known_server

_CALL_S: Final = 10.0
_PROBE_S: Final = 2.0
# On a busy machine a server that is ready may not answer a probe in time.
_READY_S: Final = 15.0
# The server may write the last megabytes to a slow disk before it answers.
_UPLOAD_S: Final = 60.0
_START_S: Final = 60.0
_STOP_S: Final = 15.0
_POLL_S: Final = 0.25


@dataclass(frozen=True)
class Job:
    """A job as the server knows it.

    Parameters
    ----------
    id, kind : str
        Its name, and "motion" or "likeness".
    state : str
        "queued", "running", "done", "failed" or "cancelled".
    progress : float
        Share done in [0, 1].
    phase : str
        What is being done, in a few plain words.
    seconds_left : float, optional
        Estimate while it runs; None as long as there is none.
    error : str, optional
        The sentence to show when it failed.
    warnings : tuple of str
        What the user should know of the result.
    results : dict of str to int
        File name to size in bytes, the main result first; empty until it is done.
    """

    id: str
    kind: str
    state: str
    progress: float
    phase: str
    seconds_left: float | None
    error: str | None
    warnings: tuple[str, ...]
    results: Mapping[str, int]

    @property
    def finished(self) -> bool:
        """True when nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")


class Server:
    """A running server.

    Parameters
    ----------
    port, pid : int
        Where it listens on loopback, and its process.
    version : str
        Version of the program it runs.
    token : str
        What every request must carry. Never shown or logged.
    state_dir : Path
        The folder of its queue.
    """

    def __init__(self, port: int, pid: int, version: str, token: str, state_dir: Path) -> None:
        self.port = port
        self.pid = pid
        self.version = version
        self.state_dir = state_dir
        self._token = token

    def __repr__(self) -> str:
        return f"Server(port={self.port}, pid={self.pid}, version={self.version!r})"

    @classmethod
    def find(cls, state_dir: str | os.PathLike[str] | None = None) -> "Server | None":
        """The server that runs on this state folder and answers, or None."""
        folder = _folder(state_dir)
        known = known_server(folder)
        if known is None:
            return None
        server = cls(known.port, known.pid, known.version, known.token, folder)
        try:
            health = server._call("GET", "/v1/health", timeout=_PROBE_S)
        except ConductorError:
            return None
        return server if health.get("pid") == server.pid else None

    @classmethod
    def start(
        cls,
        python: str | os.PathLike[str],
        state_dir: str | os.PathLike[str] | None = None,
        *,
        port: int = 0,
        idle_timeout_s: float = 600.0,
        timeout_s: float = _START_S,
    ) -> "Server":
        """Start a server that outlives this process, and wait until it answers.

        If one runs on the state folder already, that one is returned.

        Parameters
        ----------
        python : path
            The Python in which Virtual Conductor is installed.
        state_dir : path, optional
            Folder of the queue; the user's own if not given.
        port : int
            Port on loopback; 0 takes a free one.
        idle_timeout_s : float
            It ends by itself after this many seconds without jobs or requests.
        timeout_s : float
            Longest wait for it to be ready.

        Raises
        ------
        ConductorError
            If that Python is not there, has no Virtual Conductor, or the server ends at once.
        """
        folder = _folder(state_dir)
        options = ["--port", str(port), "--state", str(folder), "--idle", str(idle_timeout_s)]
        launch(os.fspath(python), options, timeout_s)
        deadline = time.monotonic() + _READY_S
        while (server := cls.find(folder)) is None:
            if known_server(folder) is None or time.monotonic() > deadline:
                raise ServerGoneError("The server ended as soon as it was ready; start it again.")
            time.sleep(0.05)
        return server

    @classmethod
    def find_or_start(
        cls, python: str | os.PathLike[str], state_dir: str | os.PathLike[str] | None = None
    ) -> "Server":
        """The running server, or a new one; raises as `start`."""
        return cls.find(state_dir) or cls.start(python, state_dir)

    def health(self) -> dict[str, Any]:
        """What the server says of itself: version, pid, running job, queued jobs.

        Asking keeps the server from ending for want of work.
        """
        return self._call("GET", "/v1/health")

    def submit(
        self,
        kind: str,
        params: Mapping[str, Any],
        files: Mapping[str, str | os.PathLike[str]],
        progress: Progress = no_progress,
    ) -> str:
        """Queue a job and send its files, block by block.

        Parameters
        ----------
        kind : str
            "motion" or "likeness".
        params : mapping
            The request without its paths, as JSON values.
        files : mapping
            Name of the request's path ("music", "photo", …) to the file to send.

        Returns
        -------
        str
            The job's id.

        Raises
        ------
        ConductorError
            If a file cannot be read, or the server refuses the job (`RefusedError`) or is gone.
        Cancelled
            If the progress callback asked to stop; the server forgets what it got.
        """
        with Form({"kind": kind, "params": json.dumps(dict(params))}, files) as form:
            connection = self._connect(_UPLOAD_S)
            try:
                connection.putrequest("POST", "/v1/jobs", skip_accept_encoding=True)
                for name, value in (self._headers() | form.headers).items():
                    connection.putheader(name, value)
                connection.endheaders()
                sent = 0
                # A server that refuses early answers and hangs up: read what it said.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    for block in form.blocks():
                        connection.send(block)
                        sent += len(block)
                        progress(sent / form.size, "sending the files")
                answer = answer_of(connection.getresponse())
            except (OSError, http.client.HTTPException) as error:
                raise ServerGoneError(GONE) from error
            finally:
                connection.close()
        return str(answer["id"])

    def job(self, job_id: str) -> Job:
        """The job as it is now."""
        return _job(self._call("GET", f"/v1/jobs/{job_id}"))

    def jobs(self) -> list[Job]:
        """All jobs the server knows, the newest first."""
        return [_job(entry) for entry in self._call("GET", "/v1/jobs")["jobs"]]

    def wait(self, job_id: str, progress: Progress = no_progress) -> Job:
        """Follow a job until it is done.

        Raises
        ------
        ConductorError
            The job's own sentence if it failed or was cancelled elsewhere.
        Cancelled
            If the progress callback asked to stop; the job is cancelled first.
        """
        while not (job := self.job(job_id)).finished:
            try:
                progress(job.progress, job.phase)
            except Cancelled:
                self.cancel(job_id)
                raise
            time.sleep(_POLL_S)
        if job.state != "done":
            raise ConductorError(job.error or "The job was cancelled; start it again.")
        progress(1.0, job.phase)
        return job

    def cancel(self, job_id: str) -> Job:
        """Stop a job, queued or running; a finished one stays as it is."""
        return _job(self._call("POST", f"/v1/jobs/{job_id}/cancel"))

    def delete(self, job_id: str) -> None:
        """Forget a job and its files; a running one is stopped first."""
        self._call("DELETE", f"/v1/jobs/{job_id}")

    def download(
        self,
        job_id: str,
        path: str | os.PathLike[str],
        name: str | None = None,
        progress: Progress = no_progress,
    ) -> None:
        """Save a result at `path`, whole or not at all.

        Parameters
        ----------
        job_id : str
            A job that is done.
        path : path
            The file to write.
        name : str, optional
            Which result; the main one if not given.

        Raises
        ------
        ConductorError
            If there is no such result, the file cannot be written, or the connection drops.
        Cancelled
            If the progress callback asked to stop.
        """
        where = f"/v1/jobs/{job_id}/result" + (f"/{name}" if name else "")
        connection = self._connect(_UPLOAD_S)
        with contextlib.closing(connection), atomic_path(path) as temporary:
            try:
                connection.request("GET", where, headers=self._headers())
                response = connection.getresponse()
                if response.status != 200:
                    answer_of(response)
                total = int(response.headers["Content-Length"])
            except (OSError, http.client.HTTPException) as error:
                raise ServerGoneError(GONE) from error
            got = 0
            with temporary.open("wb") as file:
                while block := read_block(response):
                    file.write(block)
                    got += len(block)
                    progress(got / total, "fetching the result")
            if got != total:
                raise ServerGoneError(GONE)

    def stop(self) -> None:
        """End the server and wait until it is gone; a job that runs is queued again.

        Raises
        ------
        ConductorError
            If it is still there after 15 seconds.
        """
        answered = True
        try:
            self._call("POST", "/v1/shutdown")
        except ServerGoneError:
            answered = False
        except RefusedError as error:
            # It is on its way out already.
            if error.status != http.client.SERVICE_UNAVAILABLE:
                raise
        # Where nobody answers there may be one that ends just now, or a dead one's old file.
        deadline = time.monotonic() + (_STOP_S if answered else _PROBE_S)
        while self._is_there():
            if time.monotonic() > deadline:
                if not answered:
                    return
                raise ConductorError(f"The server does not end; stop process {self.pid} yourself.")
            time.sleep(0.05)

    def _is_there(self) -> bool:
        known = known_server(self.state_dir)
        if known is None or known.pid != self.pid:
            return False
        if os.name == "posix":
            try:
                os.kill(self.pid, 0)
            except OSError:
                return False
        return True

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        return proven(self.port, self._token, timeout)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _call(self, method: str, path: str, timeout: float = _CALL_S) -> dict[str, Any]:
        connection = self._connect(timeout)
        try:
            connection.request(method, path, headers=self._headers())
            return answer_of(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise ServerGoneError(GONE) from error
        finally:
            connection.close()


def _folder(state_dir: str | os.PathLike[str] | None) -> Path:
    return default_state_dir() if state_dir is None else Path(state_dir).absolute()


def _job(entry: Mapping[str, Any]) -> Job:
    return Job(
        id=str(entry["id"]),
        kind=str(entry["kind"]),
        state=str(entry["state"]),
        progress=float(entry["progress"]),
        phase=str(entry["phase"]),
        seconds_left=entry["seconds_left"],
        error=entry["error"],
        warnings=tuple(entry["warnings"]),
        results={str(file["name"]): int(file["size"]) for file in entry["results"]},
    )
