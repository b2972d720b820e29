"""Work for the tests of the queue, done in real worker processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from backend.options import Options
from backend.server.kinds import FileRule, Kind, Outcome, Task
from backend.server.limits import Limits
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress


class NoParams(Options):
    """Nothing to choose."""


class WaitParams(Options):
    """A file to wait for and a file to keep a diary in."""

    release: str
    diary: str
    silent: bool = False


def reverse(task: Task, progress: Progress) -> Outcome:
    """The file backwards, and its size beside it."""
    content = task.files["music"].read_bytes()
    (task.out / "reversed.bin").write_bytes(content[::-1])
    (task.out / "size.txt").write_text(str(len(content)))
    progress(1.0, "turning it round")
    return Outcome(("reversed.bin", "size.txt"), (f"{task.files['music'].name} was reversed.",))


def wait(task: Task, progress: Progress) -> Outcome:
    """Half done until the file appears."""
    with open(task.params["diary"], "a") as diary:
        diary.write(f"{os.getpid()}\n")
    while not os.path.exists(task.params["release"]):
        if not task.params["silent"]:
            progress(0.5, "waiting")
        time.sleep(0.02)
    with open(task.params["diary"], "a") as diary:
        diary.write("end\n")
    (task.out / "done.txt").write_text("done")
    return Outcome(("done.txt",))


def refuse(task: Task, progress: Progress) -> Outcome:
    """A fault the user can mend, told with the name of the file."""
    raise ConductorError(f"{task.files['music']} is not music; choose another file.")


def die(task: Task, progress: Progress) -> Outcome:
    """Killed from outside, as for lack of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(())


def stumble(task: Task, progress: Progress) -> Outcome:
    """A bug."""
    raise ZeroDivisionError("a bug of the test")


def fill(task: Task, progress: Progress) -> Outcome:
    """Writes more than the disk holds."""
    with atomic_path(task.out / "large.bin") as temporary, temporary.open("wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return Outcome(("large.bin",))


def leave(task: Task, progress: Progress) -> Outcome:
    """Begins a temporary folder, as libraries do, and has no time to remove it."""
    folder = tempfile.mkdtemp()
    wait(task, progress)
    (task.out / "where.txt").write_text(folder)
    return Outcome(("where.txt",))


def litter(task: Task, progress: Progress) -> Outcome:
    """Waits, and leaves so many files behind that they take a while to remove."""
    folder = tempfile.mkdtemp()
    for number in range(20_000):
        open(os.path.join(folder, str(number)), "wb").close()
    return wait(task, progress)


def hog(task: Task, progress: Progress) -> Outcome:
    """Takes 300 MB in a child of its own, and keeps them."""
    subprocess.run([sys.executable, "-c", "x = b'x' * 300_000_000; import time; time.sleep(600)"])
    return Outcome(())


_FILE = {"music": FileRule((".wav", ".bin"), 3_000_000, required=True)}

TEST_KINDS = {
    "reverse": Kind(NoParams, _FILE, "queue_work:reverse"),
    "wait": Kind(WaitParams, {}, "queue_work:wait"),
    "refuse": Kind(NoParams, _FILE, "queue_work:refuse"),
    "die": Kind(NoParams, {}, "queue_work:die"),
    "stumble": Kind(NoParams, {}, "queue_work:stumble"),
    "leave": Kind(WaitParams, {}, "queue_work:leave"),
    "litter": Kind(WaitParams, {}, "queue_work:litter"),
    "hog": Kind(NoParams, {}, "queue_work:hog", Limits(memory_bytes=250_000_000)),
    "slow": Kind(WaitParams, {}, "queue_work:wait", Limits(seconds=1.5)),
    "silent": Kind(WaitParams, {}, "queue_work:wait", Limits(silent_s=1.5)),
    "large": Kind(NoParams, {}, "queue_work:fill", Limits(disk_bytes=10_000_000)),
    "fill": Kind(NoParams, {}, "queue_work:fill"),
}
