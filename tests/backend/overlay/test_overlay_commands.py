"""Overlays and comparison as a user asks for them: real processes, real files."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.compare_layout import lay_out, span_of
from backend.demo import demo_file
from backend.film import open_film
from backend.video import video_comment


def run(*arguments: object, cwd: Path | None = None) -> tuple[int, str, str]:
    process = subprocess.run(
        [sys.executable, "-m", "backend", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
    )
    return process.returncode, process.stdout, process.stderr


def frames_of(path: Path) -> np.ndarray:
    return np.array(list(open_film(path).frames((0, 0, 0)))).astype(int)


def blue(frames: np.ndarray) -> float:
    """Share of pixels that are as blue as the left side of the skeleton alone is."""
    return float((frames[..., 2] - frames[..., 0] > 50).mean())


def test_conduct_draws_over_the_animation_and_puts_it_beside_the_skeleton(tmp_path):
    out = tmp_path / "out"
    piece = ("conduct", demo_file("ode_to_joy.ogg"), "--score", demo_file("ode_to_joy.mid"))
    options = ("--duration", 2.4, "--fps", 10, "--size", "256x144", "--stage", "studio", "-o", out)
    code, printed, err = run(*piece, *options, "--overlay", "skeleton", "--compare")
    assert code == 0, err
    assert str(out / "compare.mp4") in printed
    animation = frames_of(out / "animation.mp4")
    both = frames_of(out / "compare.mp4")
    assert len(both) == len(animation) == 24
    span = span_of(open_film(out / "animation.mp4"), (0, 0, 0))
    layout = lay_out([span, span])
    assert both.shape[2:0:-1] == layout.size
    for x, y, wide, high in layout.panels:
        panel = both[:, y : y + high, x : x + wide]
        assert blue(panel[:, :, wide // 2 :]) > 0.005
        assert blue(panel[:, :, : wide // 2]) < 0.002
    x, y, wide, high = layout.panels[1]
    left, width = (round(length) for length in span.crop(wide / high))
    shown = animation[:, :, left : left + width].mean(axis=(1, 2))
    assert np.abs(both[:, y : y + high, x : x + wide].mean(axis=(1, 2)) - shown).max() < 3.0
    assert open_film(out / "compare.mp4").has_sound

    (out / "compare.mp4").unlink()
    code, printed, err = run("compare", out)
    assert code == 0, err
    assert printed.strip() == str(out / "compare.mp4")
    assert np.abs(frames_of(out / "compare.mp4") - both).max() <= 1


def test_other_overlays_need_no_other_frames(tmp_path):
    out = tmp_path / "out"
    command = ("conduct", demo_file("ode_to_joy.ogg"), "--score", demo_file("ode_to_joy.mid"))
    command += ("--duration", 2.4, "--fps", 10, "--size", "256x144", "--stage", "studio", "-o", out)
    video, hidden = out / "animation.mp4", out / ".animation.plain.mp4"
    stamps, frames = {}, {}
    for overlay in ("", "skeleton", "beats"):
        code, _, err = run(*command, "--overlay", overlay)
        assert code == 0, err
        assert ("rendering 24 frames" in err) == (overlay == "")
        assert hidden.exists() == (overlay != "")
        stamps[overlay], frames[overlay] = video_comment(video), frames_of(video)
        assert open_film(video).has_sound
    assert len(set(stamps.values())) == 3
    assert blue(frames["skeleton"]) > 0.004
    assert blue(frames["beats"]) < 0.001
    # Nothing is drawn there: it has been coded once more, no more.
    corner = np.s_[:, :48, :80]
    assert np.abs(frames["beats"][corner] - frames[""][corner]).mean() < 2.0
    # Its end is gone, its description is not.
    hidden.write_bytes(hidden.read_bytes()[:-500])
    assert "rendering 24 frames" in run(*command, "--overlay", "skeleton")[2]
    assert "rendering" not in run(*command)[2]
    assert np.array_equal(frames_of(video), frames[""])
    assert not hidden.exists()


def test_an_upgrade_outdates_a_finished_folder(tmp_path):
    program, out = tmp_path / "program", tmp_path / "out"
    for package in ("backend", "blender_addon", "retarget", "pose_transfer"):
        there = Path(__file__).parents[3] / package
        shutil.copytree(there, program / package, ignore=shutil.ignore_patterns("__pycache__"))
    command = ("conduct", demo_file("ode_to_joy.ogg"), "--score", demo_file("ode_to_joy.mid"))
    command += ("--duration", 1, "--fps", 10, "--size", "96x64", "--stage", "studio", "-o", out)
    assert "rendering 10 frames" in run(*command, cwd=program)[2]
    conductors = program / "blender_addon" / "conductors"
    shutil.copyfile(conductors / "aiko.npz", conductors / "viktor.npz")
    assert "rendering 10 frames" in run(*command, cwd=program)[2]
    with (program / "blender_addon" / "stage" / "lights.py").open("a") as code:
        code.write("# Brighter.\n")
    assert "rendering 10 frames" in run(*command, cwd=program)[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("conduct", "music.ogg", "-o", "o", "--overlay", "bones"), "'bones' is not an overlay"),
        (("likeness", "s.blend", "--photo", "me.png", "-o", "l.mp4", "--overlay", "x"), "'x' is"),
        (("compare", "nowhere"), "nowhere has no scene.blend"),
        (("compare", "nowhere", "-o", "c.avi"), "c.avi does not end like a video"),
        (("serve", "--stop", "--status"), "give one of the two"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(arguments, words):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert words in " ".join(err.split())
    assert "Traceback" not in err
