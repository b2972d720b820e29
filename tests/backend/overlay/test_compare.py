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
from backend.compare import compare, compare_folder, compared
from backend.compare_layout import Span, lay_out, span_of
from backend.film import Film, open_film
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


def spans_of(films: list[Film]) -> list[Span]:
    spans = [span_of(film, (0, 0, 0)) for film in films]
    return [spans[0], *spans]


def test_the_panels_show_the_films_own_frames_at_the_same_time(films):
    guide = beating(FRAMES, SIZE)
    opened = [open_film(path) for path in films]
    spans = spans_of(opened)
    layout = lay_out(spans)
    frames = list(compared(guide, opened, layout, spans))
    assert len(frames) == FRAMES
    firsts = (20, 120)
    for (x, y, wide, high), span, first in zip(layout.panels[1:], spans[1:], firsts, strict=True):
        corner = round((10.0 - span.crop(wide / high)[0]) * high / SIZE[1])
        for i in (0, 17, FRAMES - 1):
            panel = frames[i][y : y + high, x : x + wide].astype(int)
            assert np.abs(panel[-4, wide // 2] - (first + 2 * i)).max() <= 3
            assert panel[4, corner, 0] > 170, "the red corner is upper left"
    left, top, wide, high = layout.panels[0]
    scale, (cut, _) = high / SIZE[1], spans[0].crop(wide / high)
    for joint, colour in (("hand.L", LEFT), ("hand.R", RIGHT)):
        at = skeleton.INDEX[joint]
        x, y = guide.to_pixels(guide.positions[:, at : at + 1])[17, 0, :2]
        x, y = int(left + (x - cut) * scale), int(top + y * scale)
        assert np.abs(frames[17][y, x].astype(int) - colour).max() < 40


def test_a_panel_shows_all_that_moves_and_leaves_out_what_is_beside_it(tmp_path):
    size = (320, 180)

    def frames() -> Iterator[np.ndarray]:
        for i in range(20):
            frame = np.full((180, 320, 3), 90, np.uint8)
            frame[:, 270:280] = (200, 200, 40)
            frame[60:70, 30 + 6 * i : 40 + 6 * i] = 255
            yield frame

    encode(Footage(frames(), FPS, size, 20), tmp_path / "a.mp4")
    span = span_of(open_film(tmp_path / "a.mp4"), (0, 0, 0))
    assert 18 <= span.left <= 30
    assert 154 <= span.right <= 166
    for count in (2, 3):
        layout = lay_out([span] * count)
        for _, _, wide, high in layout.panels:
            left, width = span.crop(wide / high)
            assert left <= 30
            assert 154 <= left + width < 270


def test_where_nothing_moves_all_of_it_counts(tmp_path):
    still = [np.full((120, 160, 3), 90, np.uint8)] * 5
    encode(Footage(still, FPS, SIZE, 5), tmp_path / "a.mp4")
    assert span_of(open_film(tmp_path / "a.mp4"), (0, 0, 0)) == Span(SIZE, 0.0, 160.0)


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
    layout = lay_out(spans_of([open_film(path) for path in films]))
    x, y, wide, high = layout.panels[-1]
    for i in (0, 20, FRAMES - 1):
        corner = shown[i][y + high - 20, x + wide // 2, 1]
        assert abs(int(corner) - (120 + 2 * i)) <= 3
    sound = np.concatenate([*stream_audio(out, sample_rate=48_000, channels=1)], axis=1)[0]
    for time in (0.5, 1.0):
        near = sound[round((time - 0.2) * 48_000) : round((time + 0.2) * 48_000)]
        assert abs(np.flatnonzero(np.abs(near) > 0.3)[0] / 48_000 - 0.2) <= 0.002


def test_without_a_likeness_there_are_two_panels(films, tmp_path):
    out = tmp_path / "compare.mp4"
    compare(beating(FRAMES, SIZE), films[0], out)
    opened = open_film(out)
    panels = lay_out(spans_of([open_film(films[0])])).panels
    assert len(panels) == 2
    frame = next(opened.frames((0, 0, 0)))
    for x, y, _, high in panels:
        assert np.abs(frame[y + 4, x + 4].astype(int) - frame[0, 0]).max() > 8
        assert np.abs(frame[y + high + 4, x + 4].astype(int) - frame[0, 0]).max() < 4


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


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(
    "size", [(960, 540), (1920, 1080), (3840, 2160), (540, 960), (720, 720), (64, 64), (1280, 90)]
)
def test_any_shape_makes_a_video_of_16_to_9(size, count):
    wide = size[0]
    for left, right in ((0.0, wide), (0.3 * wide, 0.7 * wide), (0.0, 0.2 * wide)):
        layout = lay_out([Span(size, left, right)] * count)
        whole = layout.size
        assert abs(whole[0] - whole[1] * 16 / 9) <= 1
        assert max(whole) <= 3840
        assert not any(n % 2 for n in whole)
        taken = np.zeros(whole[::-1], int)
        for x, y, across, down in layout.panels:
            assert 0 < x < x + across < whole[0]
            assert 0 < y < y + down + layout.strip <= whole[1]
            taken[y : y + down + layout.strip, x : x + across] += 1
        assert taken.max() == 1


def test_tall_videos_stand_in_a_row_and_the_likeness_of_wide_ones_is_large():
    tall, wide = Span((540, 960), 60.0, 480.0), Span((960, 540), 200.0, 760.0)
    assert len({panel[1:] for panel in lay_out([tall] * 3).panels}) == 1
    first, second, large = lay_out([wide] * 3).panels
    assert first[0] == second[0] < large[0]
    assert large[3] > 2 * first[3] > 0
    lower = lay_out([Span((960, 540), 0.0, 800.0)] * 3)
    (_, y, _, high), (_, below, *_), _ = lower.panels
    assert below == y + high + lower.strip, "the small ones stand close"


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
