"""Start the server, find it, stop it: what `virtual-conductor serve` does."""

import errno
import json
import logging
import logging.handlers
import os
import resource
import secrets
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from backend import __version__
from backend.server.app import create_app
from backend.server.connection import MAX_CONNECTIONS, Connection
from backend.server.gate import Attendance, Gate
from backend.server.jobs import Jobs
from backend.server.kinds import KINDS, Kind
from backend.server.rows import QUEUED, RUNNING, queue_fault
from backend.server.runner import Runner
from backend.server.state import StateFolder
from blender_addon.client import Server
from blender_addon.server_connection import HOST
from retarget.errors import ConductorError

IDLE_TIMEOUT_S: Final = 600.0
"""Without jobs and requests the server ends after so long."""

INTERRUPTED: Final = 130

# Longer than another server takes to start or to end.
_WAIT_FOR_FOLDER_S: Final = 15.0
_END_REQUESTS_S: Final = 2
_LOG_BYTES: Final = 1_000_000


def serve(
    *,
    port: int = 0,
    state: Path | None = None,
    idle_timeout_s: float = IDLE_TIMEOUT_S,
    kinds: Mapping[str, Kind] = KINDS,
) -> int:
    """Run the server on loopback until it is stopped or nobody needs it.

    When ready it writes one JSON line to standard output: `port`, `pid`, `version`. If a server
    runs on the folder already, that one's line is written, and nothing is started. To be called
    in the main thread of a process of its own.

    Parameters
    ----------
    port : int
        Port on 127.0.0.1; 0 takes a free one.
    state : Path, optional
        Folder of the queue; the user's own if not given.
    idle_timeout_s : float
        Seconds without a waiting or running job and without a request after which it ends.
    kinds : mapping
        The kinds of jobs on offer.

    Returns
    -------
    int
        Exit code: 0, or 130 after Ctrl-C.

    Raises
    ------
    ConductorError
        If the port is taken, or the folder cannot be used or is removed.
    """
    os.umask(0o077)
    _allow_open_files()
    folder = StateFolder(state)
    deadline = time.monotonic() + _WAIT_FOR_FOLDER_S
    while not folder.lock():
        running = Server.find(folder.path)
        if running is not None:
            _say_running(running)
            return 0
        if time.monotonic() > deadline:
            raise ConductorError(
                f"Another server holds {folder.path} and does not answer; end that process first."
            )
        time.sleep(0.1)
    try:
        return _serve_in(folder, port, idle_timeout_s, kinds)
    finally:
        folder.withdraw()
        folder.release()


def stop(state: Path | None = None) -> None:
    """Stop the server that runs on the folder, and say so.

    Raises
    ------
    ConductorError
        If it does not end.
    """
    running = Server.find(state)
    if running is None:
        print("No server was running.", file=sys.stderr)
        return
    running.stop()
    print("The server has stopped.", file=sys.stderr)


def status(state: Path | None = None) -> None:
    """Write the running server's JSON line.

    Raises
    ------
    ConductorError
        If none runs.
    """
    running = Server.find(state)
    if running is None:
        raise ConductorError("No server is running; start one with `virtual-conductor serve`.")
    _report(running.port, running.pid, running.version)


def _serve_in(
    folder: StateFolder, port: int, idle_timeout_s: float, kinds: Mapping[str, Kind]
) -> int:
    _log_to(folder.log)
    jobs = Jobs(folder.database, folder.jobs)
    try:
        jobs.recover()
        jobs.sweep()
    except sqlite3.Error as error:
        raise ConductorError(queue_fault(error, folder.database)) from error
    listener = listen(port)
    port = listener.getsockname()[1]
    faults: list[str] = []

    def give_up(sentence: str) -> None:
        faults.append(sentence)
        shut_down()

    runner = Runner(jobs, kinds, folder.log, give_up)
    attendance = Attendance()
    token = secrets.token_urlsafe(32)

    def ready() -> None:
        folder.announce(port, token)
        _report(port, os.getpid(), __version__)

    def over() -> bool:
        if not folder.is_ours():
            faults.append(f"The state folder {folder.path} was removed, so the server ends.")
            return True
        return idle()

    def quiet() -> bool:
        last = max(attendance.last_end, runner.last_end)
        return not attendance.under_way and time.monotonic() - last > idle_timeout_s

    def idle() -> bool:
        if not quiet() or jobs.in_state(QUEUED, RUNNING) or runner.current is not None:
            return False
        # A job that ended while this was asked has set the clock back by now.
        return quiet()

    def shut_down() -> None:
        server.should_exit = True

    app = create_app(jobs, runner, kinds, shut_down)
    gate = Gate(
        app,
        token=token,
        port=port,
        attendance=attendance,
        stopping=lambda: server.should_exit,
    )
    server = _Uvicorn(
        uvicorn.Config(
            gate,
            http=Connection,
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_END_REQUESTS_S,
        ),
        ready,
        over,
    )
    caught = _catch_signals(shut_down)
    runner.start()
    try:
        server.run(sockets=[listener])
    finally:
        runner.stop()
        jobs.close()
    if faults:
        raise ConductorError(faults[0])
    return INTERRUPTED if signal.SIGINT in caught else 0


class _Uvicorn(uvicorn.Server):
    """Says when it is ready, and ends when there is nothing left for it to do."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], over: Callable[[], bool]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._over = over

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        if not self.should_exit and self._over():
            # From here on the gate is closed: no request can come in between.
            self.should_exit = True
        return await super().on_tick(counter)


def _catch_signals(shut_down: Callable[[], None]) -> list[int]:
    """End in order on SIGTERM and Ctrl-C, whenever they come; returns the list of those that do.

    uvicorn has its own handlers while it serves and raises the signal again for these afterwards.
    """
    caught: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        caught.append(number)
        shut_down()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return caught


def listen(port: int) -> socket.socket:
    """A socket that listens on loopback; raises `ConductorError` if the port cannot be had."""
    if not 0 <= port <= 65535:
        raise ConductorError(f"{port} is no port; take 1024 to 65535, or 0 for a free one.")
    # asyncio sends small pieces without delay only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A port that was in use a minute ago is free; one that is in use now stays refused.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            reason = "is taken by another program"
        elif error.errno == errno.EACCES:
            reason = "is reserved for the system"
        else:
            reason = f"cannot be used ({error.strerror})"
        raise ConductorError(
            f"Port {port} {reason}; choose another, or 0 for a free one."
        ) from error
    return listener


def _allow_open_files() -> None:
    """Raise the limit on open files, as far as the system lets us, to what the connections need."""
    needed = 3 * MAX_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _log_to(path: Path) -> None:
    # A log that cannot be written is no reason to write tracebacks on the terminal.
    logging.raiseExceptions = False
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _say_running(running: Server) -> None:
    _report(running.port, running.pid, running.version)
    sentence = "A server is already running on this folder; this is the one."
    if running.version != __version__:
        sentence = (
            f"A server of version {running.version} is already running; stop it with "
            "`virtual-conductor serve --stop` and start again to have this version."
        )
    print(sentence, file=sys.stderr)


def _report(port: int, pid: int, version: str) -> None:
    print(json.dumps({"port": port, "pid": pid, "version": version}), flush=True)
