"""One Blender for many verbs, and the frames of several."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.animation import render_animation
from backend.blender_sessions import Blender
from backend.child import ChildDiedError
from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.scenes import SceneOptions, scene_info, slowness
from backend.style import Style
from blender_addon.pace import Pace
from retarget.errors import Cancelled, ConductorError
from retarget.lines import read_line

ROOT = Path(__file__).parents[2]
SCENE = SceneOptions(size=(96, 64))
FRAMES = 12


@pytest.fixture(scope="module")
def blender() -> Iterator[Blender]:
    with Blender(renderers=2) as sessions:
        yield sessions


@pytest.fixture(scope="module")
def blend(blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene of a second and a bit."""
    folder = tmp_path_factory.mktemp("scene")
    times = np.array([0.3, 0.6, 0.9])
    grid = BeatGrid(times, np.array([1, 2, 3]), np.array([3, 3, 3]), ("3/4",) * 3, np.ones(3))
    seconds = FRAMES / 10.0
    loudness = np.full(int(seconds * 90), 0.5)
    motion = conduct(grid, duration=seconds, loudness=loudness, style=Style(), seed=0, fps=10.0)
    motion.save(folder / "motion.npz")
    blender.do(
        *("animate", "--motion", str(folder / "motion.npz"), "--out", str(folder / "s.blend")),
        *("--size", "96x64", "--stage", "studio"),
        name="building the scene",
    )
    return folder / "s.blend"


def frames_into(folder: Path, blend: Path, *more: str) -> list[str]:
    return ["--scene", str(blend), "--out", str(folder), "--start", "1", *more]


def test_a_session_goes_on_after_a_fault_and_a_cancel(
    blender: Blender, blend: Path, tmp_path: Path
) -> None:
    def cancel(fraction: float, _phase: str) -> None:
        if fraction > 0.0:
            raise Cancelled

    with pytest.raises(ConductorError, match="does not exist"):
        blender.do("info", "--scene", str(tmp_path / "none.blend"), name="reading")
    with pytest.raises(ConductorError, match="Wrong command"):
        blender.do("dance", name="dancing")
    frames = frames_into(tmp_path / "f", blend, "--end", str(FRAMES))
    with pytest.raises(Cancelled):
        blender.do("frames", *frames, name="rendering", progress=cancel)
    made = len(list((tmp_path / "f").iterdir()))
    assert 1 <= made < FRAMES
    assert scene_info(blender, blend)["frame_end"] == FRAMES
    assert len(list((tmp_path / "f").iterdir())) == made, "the cancelled verb goes on"


def test_a_crash_in_a_session_is_told_with_what_it_did(blend: Path, tmp_path: Path) -> None:
    with Blender(renderers=1) as crashing:
        pid = crashing.sessions[0]._child.pid

        def crash(_fraction: float, _phase: str) -> None:
            os.kill(pid, signal.SIGSEGV)

        frames = frames_into(tmp_path, blend, "--end", str(FRAMES))
        with pytest.raises(ChildDiedError, match="rendering ended with code -11"):
            crashing.do("frames", *frames, name="rendering", progress=crash)


def session() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "blender_addon.commands", "session"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize("busy", [False, True])
def test_a_session_ends_when_its_parent_lets_go(blend: Path, tmp_path: Path, busy: bool) -> None:
    process = session()
    assert process.stdin is not None
    assert process.stdout is not None
    if busy:
        request = ["frames", *frames_into(tmp_path, blend, "--end", "12", "--size", "1920x1080")]
        process.stdin.write(str(request).replace("'", '"') + "\n")
        process.stdin.flush()
        reports = (read_line(text) for text in process.stdout)
        next(line for line in reports if line and line.fraction > 0.0)
    process.stdin.close()
    process.stdout.read()
    assert (process.wait(timeout=30) == 0) != busy
    assert len(list(tmp_path.glob("*.png"))) < FRAMES


def render(
    blender: Blender, blend: Path, out: Path, phases: list[str], stamp: str = "one", stop: int = 99
) -> None:
    def progress(fraction: float, phase: str) -> None:
        phases.append(phase)
        if fraction * FRAMES >= stop:
            raise Cancelled

    shown = {"info": scene_info(blender, blend), "size": SCENE.size, "engine": SCENE.engine}
    render_animation(blender, blend, out, music=None, stamp=stamp, progress=progress, **shown)


def test_frames_of_a_cancelled_render_are_kept_if_they_show_the_same(
    blend: Path, tmp_path: Path
) -> None:
    out, frames = tmp_path / "a.mp4", tmp_path / ".a.frames"
    with Blender(renderers=2) as first, pytest.raises(Cancelled):
        render(first, blend, out, [], stop=1)
    assert not out.exists()
    kept = {path: path.stat().st_mtime_ns for path in frames.glob("0*.jpg")}
    assert kept
    assert not list(frames.glob(".*"))

    again = {}
    with Blender(renderers=2) as second:
        phases: list[str] = []

        def progress(fraction: float, phase: str) -> None:
            phases.append(phase)
            again.update({p: p.stat().st_mtime_ns for p in frames.glob("0*.jpg")})

        info = scene_info(second, blend)
        keep = {"info": info, "size": SCENE.size, "engine": SCENE.engine}
        keep |= {"music": None, "stamp": "one"}
        render_animation(second, blend, out, progress=progress, **keep)
    assert out.is_file()
    assert not frames.exists()
    assert {path: again[path] for path in kept} == kept, "rendered again"
    assert phases[0] == Pace(FRAMES - len(kept)).phase

    with Blender(renderers=1) as third:
        phases = []
        render(third, blend, out, phases)
        assert phases == ["the animation is there"]
        render(third, blend, out, phases, stamp="another")
    assert phases[-1].startswith(f"rendering {FRAMES} frames")


def test_the_expected_time_is_said_from_three_measured_frames_on(
    blend: Path, tmp_path: Path
) -> None:
    phases: list[str] = []
    with Blender(renderers=2) as blender:
        render(blender, blend, tmp_path / "a.mp4", phases)
    assert phases[0] == f"rendering {FRAMES} frames"
    assert any("about 5 seconds left" in phase for phase in phases), phases


def test_a_fault_of_one_renderer_ends_the_video(blend: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    with Blender(renderers=2) as blender:
        os.kill(blender.sessions[1]._child.pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(ChildDiedError, match="rendering ended with code -9"):
            render(blender, blend, out, [])
        assert time.monotonic() - began < 60.0
    assert not out.exists()


def test_a_quality_is_the_same_in_every_door(blender: Blender, blend: Path, tmp_path: Path) -> None:
    for name, choice in (("a", ("--quality", "draft")), ("b", ("--engine", "workbench"))):
        frames = frames_into(tmp_path / name, blend, "--end", "1", *choice)
        blender.do("frames", *frames, name="rendering")
    first, second = (tmp_path / name / "000001.png" for name in "ab")
    assert np.array_equal(cv2.imread(str(first)), cv2.imread(str(second)))
    with pytest.raises(ConductorError, match="--quality final is rendered by cycles"):
        frames = frames_into(tmp_path, blend, "--end", "1", "--engine", "eevee")
        blender.do("frames", *frames, "--quality", "final", name="rendering")


def test_a_preview_without_a_graphics_card_is_said_to_be_slow_and_draft_is_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIBGL_ALWAYS_SOFTWARE", "1")
    with Blender(renderers=1) as blender:
        said = slowness(blender, "eevee", 416)
        assert slowness(blender, "workbench", 416) is None
        assert slowness(blender, "cycles", 416) is None
    assert said is not None
    assert "so Preview (EEVEE) takes about 83 minutes or more for 416 frames" in said
    assert "--quality draft" in said
    assert "\n" not in said
