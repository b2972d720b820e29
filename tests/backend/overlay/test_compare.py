"""Finished videos side by side: the very frames, at one time, with the sound once."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from overlay_guides import FPS, beating

from backend.alpha_video import encode_with_alpha
from backend.audio.decode import stream_audio
from backend.compare import compare, compare_folder, compared, lay_out
from backend.film import open_film
from backend.overlay.colours import LEFT, RIGHT
from backend.video import Footage, encode
from retarget import skeleton
from retarget.errors import ConductorError

FRAMES = 36
SIZE = (160, 120)


def clicks(path: Path) -> Path:
    """Two seconds with clicks after half a second and a second."""
    sound = np.zeros(64_000, np.float32)
    for time in (0.5, 1.0):
        sound[round(time * 32_000) : round(time * 32_000) + 64] = 0.9
    soundfile.write(path, sound, 32_000)
    return path


def shades(size: tuple[int, int], first: int, count: int = FRAMES) -> Iterator[np.ndarray]:
    for i in range(count):
        frame = np.full((size[1], size[0], 3), first + 2 * i, np.uint8)
        frame[: size[1] // 2, : size[0] // 4] = (200, 40, 40)
        yield frame


@pytest.fixture
def films(tmp_path: Path) -> tuple[Path, Path]:
    """An animation with sound, and a likeness of another size."""
    animation, likeness = tmp_path / "animation.mp4", tmp_path / "likeness.mp4"
    music = clicks(tmp_path / "clicks.wav")
    encode(Footage(shades(SIZE, 20), FPS, SIZE, FRAMES, music), animation)
    encode(Footage(shades((90, 120), 120), FPS, (90, 120), FRAMES), likeness)
    return animation, likeness


def test_the_panels_are_the_films_own_frames_at_the_same_time(films):
    guide = beating(FRAMES, SIZE)
    opened = [open_film(path) for path in films]
    layout = lay_out([SIZE, *(film.size for film in opened)])
    assert len({(y, high) for _, y, _, high in layout.panels}) == 1
    frames = list(compared(guide, opened, layout))
    assert len(frames) == FRAMES
    sources = [list(film.frames((0, 0, 0))) for film in opened]
    for (x, y, wide, high), source in zip(layout.panels[1:], sources, strict=True):
        for i in (0, 17, FRAMES - 1):
            assert np.array_equal(frames[i][y : y + high, x : x + wide], source[i])
    left, top, *_ = layout.panels[0]
    for joint, colour in (("hand.L", LEFT), ("hand.R", RIGHT)):
        at = skeleton.INDEX[joint]
        x, y = guide.to_pixels(guide.positions[:, at : at + 1])[17, 0, :2].astype(int)
        assert np.abs(frames[17][top + y, left + x].astype(int) - colour).max() < 40


def test_the_video_has_the_sound_once_and_in_time(films, tmp_path):
    out = tmp_path / "compare.mp4"
    compare(beating(FRAMES, SIZE), films[0], out, likeness=films[1])
    with av.open(str(out)) as container:
        assert len(container.streams.audio) == 1
        assert float(container.streams.video[0].average_rate) == FPS
        shown = [
            f.to_ndarray(format="rgb24", src_colorspace="ITU709") for f in container.decode(video=0)
        ]
    assert len(shown) == FRAMES
    (*_, (x, y, wide, high)) = lay_out([SIZE, SIZE, (90, 120)]).panels
    for i in (0, 20, FRAMES - 1):
        assert abs(int(shown[i][y + high - 20, x + wide - 20, 1]) - (120 + 2 * i)) <= 3
    sound = np.concatenate([*stream_audio(out, sample_rate=48_000, channels=1)], axis=1)[0]
    for time in (0.5, 1.0):
        near = sound[round((time - 0.2) * 48_000) : round((time + 0.2) * 48_000)]
        assert abs(np.flatnonzero(np.abs(near) > 0.3)[0] / 48_000 - 0.2) <= 0.002


def test_without_a_likeness_there_are_two_panels(films, tmp_path):
    out = tmp_path / "compare.mp4"
    compare(beating(FRAMES, SIZE), films[0], out)
    assert open_film(out).size == lay_out([SIZE, SIZE]).size


@pytest.mark.parametrize("name", ["likeness.mov", "likeness.webm", "likeness"])
def test_what_is_transparent_lies_on_the_ground(films, tmp_path, name):
    ghosts = np.full((FRAMES, 120, 160, 4), (200, 60, 60, 0), np.uint8)
    ghosts[:, :, 50:110, 3] = 128
    ghosts[:, :, 110:, 3] = 255
    encode_with_alpha(Footage(list(ghosts), FPS, SIZE, FRAMES), tmp_path / name)
    film = open_film(tmp_path / name)
    frames = list(film.frames((10, 120, 30)))
    assert len(frames) == film.count == FRAMES
    for frame in (frames[0], frames[-1]):
        assert np.abs(frame[60, 20].astype(int) - (10, 120, 30)).max() <= 4
        assert np.abs(frame[60, 80].astype(int) - (105, 90, 45)).max() <= 6
        assert np.abs(frame[60, 140].astype(int) - (200, 60, 60)).max() <= 6


@pytest.mark.parametrize("size", [(960, 540), (1920, 1080), (3840, 2160), (540, 960), (64, 64)])
def test_any_shape_makes_a_video_that_players_take(size):
    layout = lay_out([size] * 3)
    assert layout.size[0] <= 4096
    assert not any(n % 2 for n in (*layout.size, *(n for panel in layout.panels for n in panel)))
    last = layout.panels[-1]
    assert last[0] + last[2] < layout.size[0]
    assert last[1] + last[3] < layout.size[1]


def test_what_does_not_belong_together_is_said(films, tmp_path):
    out = tmp_path / "compare.mp4"
    with pytest.raises(ConductorError, match="36 frames at 24 a second, the scene 30"):
        compare(beating(30, SIZE), films[0], out)
    (tmp_path / "words.mp4").write_text("no film")
    with pytest.raises(ConductorError, match=r"words\.mp4 cannot be read"):
        compare(beating(FRAMES, SIZE), tmp_path / "words.mp4", out)
    with pytest.raises(ConductorError, match=r"has no scene\.blend; give a folder that conduct"):
        compare_folder(tmp_path, out)
    assert not out.exists()
