"""The server under force: kills, a full disk, a crowd, slow sockets; a table of what was lost.

`python tests/soak/soak.py [--kills N] [--clients N] [--seed S]` uses a real server on a folder of
its own, loopback alone. Every phase ends by itself: what is not over in time is counted as stuck.
The exit code is 1 if anything was lost, stuck, half-written, orphaned or unanswered.
"""

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import psutil

# The real server with test kinds lives beside the server's own tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "server"))

from queue_process import QueueProcess, is_alive

from blender_addon.client import Job, Server
from blender_addon.server_connection import RefusedError, ServerGoneError

_ORPHANS_S: Final = 2.0
_OVER_S: Final = 60.0
_TIDY_S: Final = 10.0
_LONGEST_LIFE_S: Final = 1.5
_DISK_BYTES: Final = 8_000_000
_SOUND: Final = bytes(range(256)) * 8000


@dataclass
class Tally:
    """What one phase counted; all but `tries` and `told` should be 0.

    Parameters
    ----------
    tries : int
        Kills, jobs, clients or sockets, as the phase has it.
    told : int
        Refused or failed in a sentence, as is right.
    lost, stuck, half : int
        Jobs that were accepted and are unknown; that are not over in time; whose results are not
        whole or whose folders hold more than results.
    orphans : int
        Workers alive two seconds after their server was killed.
    unanswered : int
        Requests without an answer.
    """

    tries: int = 0
    told: int = 0
    lost: int = 0
    stuck: int = 0
    half: int = 0
    orphans: int = 0
    unanswered: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> int:
        return self.lost + self.stuck + self.half + self.orphans + self.unanswered


def main() -> int:
    """Run the phases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    phases: dict[str, Callable[[Path], Tally | None]] = {
        "kills": lambda folder: kills(folder, options.kills, chance),
        "full disk": full_disk,
        "crowd": lambda folder: crowd(folder, options.clients),
        "slow sockets": slow_sockets,
    }
    names = [field.name for field in fields(Tally)]
    print(f"{'':<14}" + "".join(f"{name:>12}" for name in names))
    faults = 0
    for name, phase in phases.items():
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            tally = phase(Path(folder))
        if tally is None:
            print(f"{name:<14}  not possible on this system")
            continue
        tally.seconds = round(time.monotonic() - began, 1)
        faults += tally.faults
        print(f"{name:<14}" + "".join(f"{getattr(tally, key):>12}" for key in names), flush=True)
    return min(faults, 1)


def kills(folder: Path, count: int, chance: random.Random) -> Tally:
    """Kill the server, or every third time its worker, at any moment while jobs come in."""
    tally = Tally(tries=count)
    music = folder / "a.wav"
    music.write_bytes(_SOUND)
    accepted: list[str] = []
    with _server(folder / "state") as queue:
        for number in range(count):
            client = queue.start().client
            ends = time.monotonic() + chance.uniform(0.0, _LONGEST_LIFE_S)
            with contextlib.suppress(RefusedError):
                accepted += [client.submit("reverse", {}, {"music": music}) for _ in range(2)]
            time.sleep(max(0.0, ends - time.monotonic()))
            workers = _workers(queue.state)
            if number % 3 == 2 and workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(workers[0], signal.SIGKILL)
                time.sleep(0.1)
            queue.kill()
            tally.orphans += _orphans(workers)
        _count_jobs(queue.start().client, accepted, _OVER_S + count, queue.state, tally)
    return tally


def full_disk(folder: Path) -> Tally | None:
    """Jobs on a small disk that is full now and then; needs the right to mount."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        return None
    tally = Tally()
    music, ballast = folder / "a.wav", disk / "ballast"
    music.write_bytes(_SOUND[:500_000])
    accepted: list[str] = []
    try:
        with _server(disk / "state") as queue:
            client = queue.start().client
            for number in range(20):
                if number % 4 == 1:
                    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                        while file.write(bytes(65536)):
                            pass
                elif number % 4 == 3:
                    ballast.unlink(missing_ok=True)
                tally.tries += 1
                try:
                    accepted.append(client.submit("reverse", {}, {"music": music}))
                except RefusedError:
                    tally.told += 1
                except ServerGoneError:
                    tally.unanswered += 1
                time.sleep(0.2)
            ballast.unlink(missing_ok=True)
            _count_jobs(client, accepted, _OVER_S, queue.state, tally)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    return tally


def crowd(folder: Path, clients: int) -> Tally:
    """Many clients at once: each asks, sends a job, looks at it; every second one cancels it."""
    tally = Tally(tries=clients)
    music = folder / "a.wav"
    music.write_bytes(_SOUND[:10_000])

    def visit(number: int) -> tuple[str | None, int, int]:
        """The job that was accepted, and how often there was a refusal, and no answer."""
        try:
            client = Server.find(state)
            if client is None:
                return None, 0, 1
            job_id = client.submit("reverse", {}, {"music": music})
            client.job(job_id)
            if number % 2:
                client.cancel(job_id)
            return job_id, 0, 0
        except RefusedError:
            return None, 1, 0
        except ServerGoneError:
            return None, 0, 1

    state = folder / "state"
    with _server(state) as queue:
        queue.start()
        with ThreadPoolExecutor(clients) as pool:
            visits = list(pool.map(visit, range(clients)))
        accepted = [job_id for job_id, _, _ in visits if job_id is not None]
        tally.told = sum(refused for _, refused, _ in visits)
        tally.unanswered = sum(none for _, _, none in visits)
        _count_jobs(queue.client, accepted, 2 * _OVER_S, state, tally)
    return tally


def slow_sockets(folder: Path) -> Tally:
    """Silent sockets, headers byte by byte, uploads that stall: the others are answered."""
    tally = Tally()
    with _server(folder / "state") as queue, contextlib.ExitStack() as opened:
        queue.start()
        request = f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{queue.port}\r\n"
        stalled = (
            f"POST /v1/jobs{request[14:]}Authorization: Bearer {queue.token}\r\n"
            "Content-Length: 2000000\r\nContent-Type: multipart/form-data; boundary=edge\r\n\r\n"
        )
        sockets = []
        for begin in ["", request, stalled] * 50:
            one = opened.enter_context(socket.create_connection(("127.0.0.1", queue.port)))
            one.sendall(begin.encode())
            sockets.append((one, begin))
        ends = time.monotonic() + 8.0
        while time.monotonic() < ends:
            for one, begin in sockets:
                if begin == request:
                    with contextlib.suppress(OSError):
                        one.sendall(b"x")
            tally.tries += 1
            try:
                queue.client.health()
            except (AssertionError, RefusedError, ServerGoneError):
                tally.unanswered += 1
            time.sleep(0.1)
        # By now whoever sent no whole header has been closed.
        tally.stuck = sum(not _is_closed(one) for one, begin in sockets if begin != stalled)
    return tally


@contextlib.contextmanager
def _server(state: Path) -> Iterator[QueueProcess]:
    queue = QueueProcess(state)
    try:
        yield queue
    finally:
        queue.clean_up()


def _count_jobs(
    client: Server, accepted: list[str], within_s: float, state: Path, tally: Tally
) -> None:
    """Wait until every job is over, and see what became of each that was accepted."""
    deadline = time.monotonic() + within_s
    jobs: dict[str, Job] = {}
    while time.monotonic() < deadline:
        jobs = {job.id: job for job in client.jobs()}
        if all(job.finished for job in jobs.values()):
            break
        time.sleep(0.2)
    tally.lost += sum(job_id not in jobs for job_id in accepted)
    tally.stuck += sum(not job.finished for job in jobs.values())
    tally.told += sum(job.state == "failed" and bool(job.error) for job in jobs.values())
    tally.lost += sum(job.state == "failed" and not job.error for job in jobs.values())
    # Just after a job is over the server still removes what it no longer needs.
    deadline = time.monotonic() + _TIDY_S
    while (left := _half_written(jobs, state)) and time.monotonic() < deadline:
        time.sleep(0.2)
    tally.half += len(left)
    for what in left:
        print(what, file=sys.stderr)


def _half_written(jobs: Mapping[str, Job], state: Path) -> list[str]:
    """What is wrong with the folders of jobs that are all over, a line each."""
    found = []
    for folder in sorted((state / "jobs").iterdir()):
        job = jobs.get(folder.name)
        what = "unknown" if job is None else job.state
        try:
            if job is None or job.state != "done" or not _is_whole(job, folder):
                held = sorted(path.name for path in folder.iterdir())
                found.append(f"{folder.name}, {what}: {', '.join(held)}")
        except FileNotFoundError:
            found.append(f"{folder.name}, {what}: on its way out")
    done = {job.id for job in jobs.values() if job.state == "done"}
    gone = done - set(os.listdir(state / "jobs"))
    return found + [f"{job_id}, done: no folder" for job_id in sorted(gone)]


def _is_whole(job: Job, folder: Path) -> bool:
    """Whether the job's folder holds its results alone, and these are right."""
    results = list(folder.glob("result-*"))
    if len(results) != 1 or list(folder.iterdir()) != results:
        return False
    sizes = {path.name: path.stat().st_size for path in results[0].iterdir()}
    turned = (results[0] / "reversed.bin").read_bytes()
    return sizes == dict(job.results) and turned[::-1] == _SOUND[: len(turned)]


def _workers(state: Path) -> list[int]:
    """The worker processes of the jobs below a state folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "backend.server.worker" in words and words[-1].startswith(str(state)):
                found.append(process.pid)
    return found


def _orphans(workers: list[int]) -> int:
    deadline = time.monotonic() + _ORPHANS_S
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return sum(map(is_alive, workers))


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


if __name__ == "__main__":
    sys.exit(main())
