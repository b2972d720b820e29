"""The motion kind through the real queue: music in, motion and beats out."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.grid.beat_grid import BeatGrid
from blender_addon.client import Server
from retarget.errors import ConductorError
from retarget.motion import Motion

RATE, BEAT_S, BEATS = 22_050, 0.5, 12


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server as the panel starts it."""
    running = Server.start(sys.executable, tmp_path_factory.mktemp("motion") / "state")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of plucked notes, 120 to the minute, every fourth louder and lower."""
    times = np.arange(int(RATE * BEAT_S)) / RATE
    notes = [
        (0.8 if beat % 4 == 0 else 0.4)
        * np.exp(-8 * times)
        * np.sin(2 * np.pi * (110 if beat % 4 == 0 else 330) * times)
        for beat in range(BEATS)
    ]
    path = tmp_path_factory.mktemp("music") / "plucked.wav"
    soundfile.write(path, np.concatenate(notes), RATE)
    return path


def test_music_becomes_motion_on_the_given_beats(
    server: Server, music: Path, tmp_path: Path
) -> None:
    times = np.arange(BEATS) * BEAT_S
    table = "\n".join(f"{time:.3f}\t{beat % 4 + 1}" for beat, time in enumerate(times))
    (tmp_path / "mine.txt").write_text(table)
    (tmp_path / "mine.toml").write_text("size = 0.9\n")
    job_id = server.submit(
        "motion",
        {"fps": 24, "seed": 3, "style_values": {"sway": 0.1}, "face": False},
        {"music": music, "beats": tmp_path / "mine.txt", "style": tmp_path / "mine.toml"},
    )
    phases: list[str] = []
    job = server.wait(job_id, lambda fraction, phase, /: phases.append(phase))
    assert list(job.results) == ["motion.npz", "beats.txt"]
    server.download(job_id, tmp_path / "motion.npz")
    server.download(job_id, tmp_path / "beats.txt", "beats.txt")
    motion = Motion.load(tmp_path / "motion.npz")
    assert motion.fps == 24
    assert motion.duration == pytest.approx(BEATS * BEAT_S, abs=1.0)
    assert motion.source["music"] == "plucked.wav"
    assert motion.source["seed"] == 3
    assert (motion.style["size"], motion.style["sway"]) == (0.9, 0.1)
    assert motion.face_names == ()
    grid = BeatGrid.load(tmp_path / "beats.txt")
    np.testing.assert_allclose(grid.times, times, atol=1e-3)


def test_file_that_is_no_music_is_told_by_its_own_name(server: Server, tmp_path: Path) -> None:
    (tmp_path / "letter.mp3").write_text("Dear reader, " * 100)
    job_id = server.submit("motion", {}, {"music": tmp_path / "letter.mp3"})
    with pytest.raises(ConductorError, match=r"letter\.mp3") as fault:
        server.wait(job_id)
    assert "jobs" not in str(fault.value)
