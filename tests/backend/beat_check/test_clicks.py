"""Clicks lie on the sample of each beat, over music that is softer but whole."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.beat_check.clicks import write_clicks
from backend.grid.beat_grid import BeatGrid
from retarget.errors import Cancelled, ConductorError


def beats(times: np.ndarray, in_bar: int = 4) -> BeatGrid:
    count = len(times)
    numbers = np.arange(count) % in_bar + 1
    return BeatGrid(
        times, numbers, np.full(count, in_bar), (f"{in_bar}/4",) * count, np.ones(count)
    )


def silence(path: Path, seconds: float, rate: int, channels: int = 1) -> Path:
    soundfile.write(path, np.zeros((round(seconds * rate), channels)), rate)
    return path


def starts(sound: np.ndarray) -> np.ndarray:
    """Samples at which a sound begins after a silence."""
    loud = np.abs(sound) > 1e-3
    gaps = np.r_[True, ~loud[:-1]]
    at = np.flatnonzero(loud & gaps)
    return at[np.diff(at, prepend=-10_000) > 2000]


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_each_click_begins_on_the_sample_of_its_beat(tmp_path, rate):
    times = np.sort(np.random.default_rng(1).uniform(0.1, 11.9, 24))
    times = times[np.diff(times, prepend=-1.0) > 0.2]
    write_clicks(silence(tmp_path / "m.wav", 12.0, rate), beats(times), tmp_path / "c.wav")
    sound, got = soundfile.read(tmp_path / "c.wav")
    assert got == rate
    assert len(sound) == 12 * rate
    np.testing.assert_array_equal(starts(sound), np.round(times * rate))
    for click in starts(sound):
        assert np.abs(sound[click]) > 0.5


def test_a_stretch_of_the_music_begins_at_its_start(tmp_path):
    rate = 44_100
    music = np.zeros(4 * rate)
    music[3 * rate] = 1.0
    soundfile.write(tmp_path / "m.wav", music, rate)
    grid = beats(np.array([0.25]))
    write_clicks(tmp_path / "m.wav", grid, tmp_path / "c.wav", start=1.0, duration=2.5)
    sound, _ = soundfile.read(tmp_path / "c.wav")
    assert len(sound) == 2.5 * rate
    assert abs(int(np.abs(sound[2 * rate - 100 :]).argmax()) - 100) <= 1
    assert starts(sound)[0] == round(0.25 * rate)


def test_downbeats_are_higher_than_other_beats(tmp_path):
    rate = 48_000
    grid = beats(np.array([1.0, 2.0, 3.0]), in_bar=2)
    write_clicks(silence(tmp_path / "m.wav", 4.0, rate), grid, tmp_path / "c.flac")
    sound, _ = soundfile.read(tmp_path / "c.flac")
    heights = [
        np.abs(np.fft.rfft(sound[at * rate : at * rate + 1920])).argmax() * 25 for at in (1, 2, 3)
    ]
    assert heights[0] == heights[2] > 1.3 * heights[1]


def test_music_stays_below_the_clicks_and_within_full_scale(tmp_path):
    rate = 44_100
    time = np.arange(6 * rate) / rate
    left, right = np.sin(2 * np.pi * 220 * time), np.sin(2 * np.pi * 330 * time)
    soundfile.write(tmp_path / "m.flac", np.column_stack([left, right]), rate)
    write_clicks(tmp_path / "m.flac", beats(np.array([3.0])), tmp_path / "c.wav")
    sound, _ = soundfile.read(tmp_path / "c.wav")
    assert sound.shape == (6 * rate, 2)
    alone = sound[: 2 * rate]
    np.testing.assert_allclose(np.abs(alone).max(axis=0), 0.45, atol=0.01)
    assert 20 * np.log10(0.55 / 0.45) > 1.0
    assert np.abs(sound).max() <= 1.0


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".OGG"])
def test_long_music_is_written_in_every_format(tmp_path, ending):
    rate, seconds = 44_100, 90.0
    grid = beats(np.arange(1.0, seconds, 0.5))
    out = tmp_path / f"c{ending}"
    write_clicks(silence(tmp_path / "m.flac", seconds, rate), grid, out)
    info = soundfile.info(out)
    assert info.frames == seconds * rate
    sound, _ = soundfile.read(out, start=round(88.9 * rate))
    assert abs(int(np.abs(sound).argmax()) / rate - 0.1) < 0.005


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg"])
def test_the_same_music_and_beats_give_the_same_bytes(tmp_path, ending):
    music = silence(tmp_path / "m.wav", 6.0, 44_100)
    written = []
    for _ in range(2):
        write_clicks(music, beats(np.arange(1.0, 6.0)), tmp_path / f"c{ending}")
        written.append((tmp_path / f"c{ending}").read_bytes())
    assert written[0] == written[1]


def test_music_of_an_unusual_rate_keeps_its_length(tmp_path):
    write_clicks(
        silence(tmp_path / "m.wav", 3.0, 96_000), beats(np.array([1.0])), tmp_path / "c.wav"
    )
    sound, rate = soundfile.read(tmp_path / "c.wav")
    assert rate == 48_000
    assert len(sound) == 3 * rate
    assert starts(sound).tolist() == [rate]


def test_another_ending_is_refused_and_a_stop_leaves_nothing(tmp_path):
    music = silence(tmp_path / "m.wav", 3.0, 22_050)
    with pytest.raises(ConductorError, match=r"c\.mp3 does not end like a sound file"):
        write_clicks(music, beats(np.array([1.0])), tmp_path / "c.mp3")

    def stop(_fraction: float, _phase: str, /) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_clicks(music, beats(np.array([1.0])), tmp_path / "c.wav", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["m.wav"]
