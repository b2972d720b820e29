"""Whatever the moment a server is killed at, the next one finds a queue it can set right."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import interrupted
import pytest
from queue_process import until

from backend.server.job_folders import keep_only, remove

# Writes new files into a folder, by its name, as long as there is such a folder.
_WRITER = """
import itertools, os, sys
try:
    for number in itertools.count():
        with open(os.path.join(sys.argv[1], f"{number % 50}.{number}"), "wb") as file:
            file.write(bytes(100))
        if number >= 50:
            os.remove(os.path.join(sys.argv[1], f"{(number - 50) % 50}.{number - 50}"))
except FileNotFoundError:
    pass
"""


@pytest.mark.parametrize("story", interrupted.STORIES)
def test_kill_at_any_step_leaves_nothing_half_done(tmp_path: Path, story: str) -> None:
    done = subprocess.run(
        [sys.executable, interrupted.__file__, story, str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@contextmanager
def writers(folder: Path) -> Iterator[None]:
    """Workers that outlived their server and are busy in a folder."""
    busy = [subprocess.Popen([sys.executable, "-c", _WRITER, str(folder)]) for _ in range(2)]
    try:
        until(lambda: len(list(folder.iterdir())) > 50)
        yield
    finally:
        for writer in busy:
            writer.kill()
            writer.wait()


def test_folder_that_is_written_into_goes_for_good(tmp_path: Path) -> None:
    for number in range(5):
        results = tmp_path / str(number) / "result-1"
        results.mkdir(parents=True)
        with writers(results):
            remove(results.parent)
            assert not results.parent.exists()


def test_what_is_kept_stays_while_the_rest_is_written_into(tmp_path: Path) -> None:
    for name in ("result-1", "result-2"):
        (tmp_path / name).mkdir()
    with writers(tmp_path / "result-1"):
        keep_only(tmp_path, "result-2")
        assert not (tmp_path / "result-1").exists()
    assert (tmp_path / "result-2").is_dir()
