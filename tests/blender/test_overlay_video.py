"""`video --overlay` of the extension: what is drawn follows the scene as the user left it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.overlay.beats import Layout
from backend.overlay.colours import RIGHT
from backend.overlay.ink import unit_of
from backend.style import Style
from retarget.lines import read_line

ROOT = Path(__file__).parents[2]
SIZE = (320, 180)


def run(*arguments: object) -> tuple[int, list[str]]:
    """Exit code and error lines of a verb."""
    done = subprocess.run(
        [sys.executable, "-m", "blender_addon.commands", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    lines = [line for text in done.stdout.splitlines() if (line := read_line(text))]
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [line.text for line in lines if line.kind == "error"]


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return np.array([f.to_ndarray(format="rgb24", src_colorspace="ITU709") for f in frames])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at ten frames a second with the beats 3, 1, 2, 3."""
    folder = tmp_path_factory.mktemp("scene")
    times = np.array([0.3, 0.8, 1.3, 1.8])
    numbers = np.array([3, 1, 2, 3])
    grid = BeatGrid(times, numbers, np.full(4, 3), ("3/4",) * 4, np.ones(4))
    loudness = np.full(180, 0.5)
    motion = conduct(grid, duration=2.0, loudness=loudness, style=Style(), seed=0, fps=10.0)
    motion.save(folder / "motion.npz")
    made = ("--out", folder / "scene.blend", "--size", "320x180", "--stage", "studio")
    assert run("animate", "--motion", folder / "motion.npz", *made) == (0, [])
    return folder / "scene.blend"


def downbeats(frames: np.ndarray) -> list[int]:
    """Frames whose counter shows the filled disc of a downbeat."""
    unit = unit_of(SIZE)
    # Beside the digit.
    disc = Layout(SIZE, unit, (0.0, 1.0), 100.0).disc
    x, y = disc.astype(int) - np.array([round(13.0 * unit), 0])
    away = np.abs(frames[:, y, x].astype(int) - RIGHT).max(axis=-1)
    return np.flatnonzero(away < 50).tolist()


def test_the_counter_follows_markers_that_were_moved(
    scene: Path, tmp_path: Path, run_in_blender: Callable[..., Any]
) -> None:
    beats = ("--overlay", "beats")
    assert run("video", "--scene", scene, "--out", tmp_path / "a.mp4", *beats) == (0, [])
    assert downbeats(frames_of(tmp_path / "a.mp4")) == [8, 9, 10, 11, 12]
    edited = tmp_path / "edited.blend"
    run_in_blender(
        """
bpy.ops.wm.open_mainfile(filepath=path)
scene = bpy.context.scene
for marker in scene.timeline_markers:
    if marker.name.strip() == "Bar 1":
        marker.frame -= 2
scene.frame_start = 3
bpy.ops.wm.save_as_mainfile(filepath=edited)
answer = True
""",
        path=str(scene),
        edited=str(edited),
    )
    assert run("video", "--scene", edited, "--out", tmp_path / "b.mp4", *beats) == (0, [])
    frames = frames_of(tmp_path / "b.mp4")
    assert len(frames) == 18
    assert downbeats(frames) == [4, 5, 6, 7, 8, 9, 10]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "edited.blend"]


def test_wrong_words_are_refused_in_one_sentence(scene: Path, tmp_path: Path) -> None:
    video = ("video", "--scene", scene, "--out", tmp_path / "v.mp4", "--overlay")
    assert run(*video, "bones") == (
        2,
        [
            "'bones' is not an overlay; choose beats, skeleton or trace, or several of them: "
            "beats,trace."
        ],
    )
    code, errors = run(*video, "trace", "--python", tmp_path / "python")
    assert code == 2
    assert "was not found on this computer" in errors[0]
    assert not list(tmp_path.iterdir())
