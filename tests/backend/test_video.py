from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from backend.video import encode
from retarget.errors import ConductorError


def clicks(path: Path, times: list[float], seconds: float = 4.0, rate: int = 32_000) -> Path:
    """A sound file with a click at each of `times`."""
    sound = np.zeros(round(seconds * rate), np.float32)
    for time in times:
        sound[round(time * rate) : round(time * rate) + 64] = 0.9
    soundfile.write(path, sound, rate)
    return path


def test_frames_and_sound_come_back_in_step(tmp_path):
    music = clicks(tmp_path / "clicks.wav", [2.0, 3.0])
    shades = [20 * i for i in range(12)]
    frames = (np.full((64, 96, 3), shade, np.uint8) for shade in shades for _ in range(5))
    out = tmp_path / "v.mp4"
    encode(frames, out, fps=25.0, size=(96, 64), count=60, audio=music, audio_start=1.5)
    with av.open(str(out)) as container:
        video = [f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]
    assert len(video) == 60
    assert np.allclose(video[2::5], shades, atol=3)
    with av.open(str(out)) as container:
        stream = container.streams.audio[0]
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
        assert abs(len(sound) / stream.rate - 60 / 25.0) < 0.05
    peak = int(np.argmax(np.abs(sound[: stream.rate]))) / stream.rate
    assert abs(peak - 0.5) < 0.01  # the click at 2.0 s, half a second after the start


def test_colours_survive_within_the_codec_s_rounding(tmp_path):
    colour = np.array([200, 60, 90], np.uint8)
    encode(
        [np.broadcast_to(colour, (64, 64, 3))] * 4,
        tmp_path / "v.mp4",
        fps=30.0,
        size=(64, 64),
        count=4,
    )
    with av.open(str(tmp_path / "v.mp4")) as container:
        frame = next(container.decode(video=0))
        pixel = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")[32, 32]
    assert np.abs(pixel.astype(int) - colour).max() <= 4


def test_odd_sizes_and_silent_files_are_refused_and_nothing_is_left(tmp_path):
    frames = [np.zeros((64, 64, 3), np.uint8)]
    with pytest.raises(ConductorError, match="even"):
        encode(frames, tmp_path / "v.mp4", fps=30.0, size=(63, 64), count=1)
    text = tmp_path / "song.mp3"
    text.write_text("words, no music")
    with pytest.raises(ConductorError, match=r"song\.mp3"):
        encode(frames, tmp_path / "v.mp4", fps=30.0, size=(64, 64), count=1, audio=text)
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]


def test_a_failure_between_frames_leaves_no_video(tmp_path):
    def frames():
        yield np.zeros((64, 64, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(frames(), tmp_path / "v.mp4", fps=30.0, size=(64, 64), count=2)
    assert list(tmp_path.iterdir()) == []
