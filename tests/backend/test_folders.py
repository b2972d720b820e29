"""Folders that belong to one process, and what killed ones leave behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from backend.child import Child
from backend.demo import demo_file
from backend.folders import scratch_folder, sole_use
from backend.motion_request import MotionRequest
from backend.pipeline import conduct_everything
from retarget.errors import ConductorError

HOLD = (
    "import sys, time; from pathlib import Path; from backend.folders import {name}\n"
    "with {call} as folder: print(folder, flush=True); time.sleep(60)"
)


def holder(name: str, call: str) -> tuple[subprocess.Popen[str], str]:
    """A process that has a folder, and what it said of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(name=name, call=call)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_folder_another_run_writes_to_is_refused_until_that_one_is_killed(tmp_path: Path) -> None:
    process, _ = holder("sole_use", f"sole_use(Path({str(tmp_path)!r}))")
    with pytest.raises(ConductorError, match="Another run is writing to"), sole_use(tmp_path):
        pass
    process.kill()
    process.communicate()
    with sole_use(tmp_path):
        pass


def test_two_runs_of_conduct_do_not_share_a_folder(tmp_path: Path) -> None:
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"))
    with (
        sole_use(tmp_path),
        pytest.raises(ConductorError, match="choose another folder"),
    ):
        conduct_everything(request, tmp_path, likeness=None)
    assert list(tmp_path.iterdir()) == []


def test_scratch_folder_of_a_killed_run_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    left, living = (
        holder("scratch_folder", "scratch_folder()"),
        holder("scratch_folder", "scratch_folder()"),
    )
    left[0].send_signal(signal.SIGKILL)
    left[0].communicate()
    (Path(left[1]) / "large.bin").write_bytes(b"x")
    for folder in (left[1], living[1]):
        os.utime(folder, (time.time() - 3600,) * 2)
    with scratch_folder() as mine:
        assert sorted(tmp_path.iterdir()) == sorted((mine, Path(living[1])))
    living[0].kill()
    living[0].communicate()


def test_temporary_files_of_a_stopped_child_are_gone(tmp_path: Path) -> None:
    said = tmp_path / "where"
    program = (
        "import pathlib, sys, tempfile, time; "
        "pathlib.Path(sys.argv[1]).write_text(tempfile.mkdtemp()); time.sleep(60)"
    )
    child = Child([sys.executable, "-c", program, str(said)], "the test")
    deadline = time.monotonic() + 10.0
    while not (said.is_file() and said.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert Path(said.read_text()).is_dir()
    child.stop()
    assert not Path(said.read_text()).exists()
