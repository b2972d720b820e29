from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile

from backend.alpha_video import encode_with_alpha
from backend.audio.decode import stream_audio
from backend.video import Footage, encode, video_comment
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
    encode(Footage(frames, 25.0, (96, 64), 60, music, audio_start=1.5), out)
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
    frames = [np.broadcast_to(colour, (64, 64, 3))] * 4
    encode(Footage(frames, 30.0, (64, 64), 4), tmp_path / "v.mp4")
    with av.open(str(tmp_path / "v.mp4")) as container:
        frame = next(container.decode(video=0))
        pixel = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")[32, 32]
    assert np.abs(pixel.astype(int) - colour).max() <= 4


def test_odd_sizes_and_silent_files_are_refused_and_nothing_is_left(tmp_path):
    frames = [np.zeros((64, 64, 3), np.uint8)]
    with pytest.raises(ConductorError, match="even"):
        encode(Footage(frames, 30.0, (63, 64), 1), tmp_path / "v.mp4")
    text = tmp_path / "song.mp3"
    text.write_text("words, no music")
    with pytest.raises(ConductorError, match=r"song\.mp3"):
        encode(Footage(frames, 30.0, (64, 64), 1, text), tmp_path / "v.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["song.mp3"]


def test_a_failure_between_frames_leaves_no_video(tmp_path):
    def frames():
        yield np.zeros((64, 64, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(Footage(frames(), 30.0, (64, 64), 2), tmp_path / "v.mp4")
    assert list(tmp_path.iterdir()) == []


def ghosts(count: int) -> list[np.ndarray]:
    """RGBA frames of one colour whose alpha rises from left to right, with a mark that moves."""
    frame = np.full((64, 96, 4), (200, 120, 96, 0), np.uint8)
    frame[..., 3] = np.linspace(0, 255, 96)
    frames = np.repeat(frame[None], count, axis=0)
    for index, pixels in enumerate(frames):
        pixels[8:24, 4 * index : 4 * index + 16] = (30, 180, 60, 255)
    return list(frames)


def read_rgba(path: Path) -> np.ndarray:
    """Frames of a video with their alpha, (T, H, W, 4)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        # The default decoder of VP9 drops alpha.
        webm = path.suffix == ".webm"
        decoder = av.CodecContext.create("libvpx-vp9", "r") if webm else stream.codec_context
        packets = [packet for packet in container.demux(stream) if packet.size]
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
        frames += decoder.decode(None)
        assert decoder.colorspace == 1  # BT.709
    return np.array([f.to_ndarray(format="rgba", src_colorspace="ITU709") for f in frames])


@pytest.mark.parametrize("name", ["v.mov", "v.webm"])
def test_alpha_and_sound_come_back_in_step(tmp_path, name):
    music = clicks(tmp_path / "clicks.wav", [2.0, 3.0])
    path, given = tmp_path / name, ghosts(20)
    footage = Footage(given, 25.0, (96, 64), 20, music, audio_start=1.5, comment="kept")
    warnings = encode_with_alpha(footage, path, premultiplied=False)
    assert warnings == ()
    assert video_comment(path) == "kept"
    error = np.abs(read_rgba(path).astype(int) - given)
    assert error.shape == (20, 64, 96, 4)
    assert error[..., 3].mean() < 1.5
    # Away from the mark, whose edges smear where chroma is at half resolution.
    assert error[:, 32:].max() <= 8
    sound = np.concatenate([*stream_audio(path, sample_rate=48_000, channels=1)], axis=1)[0]
    assert abs(np.flatnonzero(np.abs(sound) > 0.3)[0] / 48_000 - 0.5) <= 0.002


def test_prores_is_premultiplied_unless_told_otherwise(tmp_path):
    given = np.array(ghosts(2))
    encode_with_alpha(Footage(given, 25.0, (96, 64), 2), tmp_path / "v.mov")
    expected = given.astype(float)
    expected[..., :3] *= expected[..., 3:] / 255.0
    assert np.abs(read_rgba(tmp_path / "v.mov") - expected)[:, 32:].max() <= 3


def test_a_folder_holds_the_very_frames_and_a_second_run_replaces_them(tmp_path):
    music = clicks(tmp_path / "clicks.wav", [2.0])
    path = tmp_path / "frames"
    for count in (5, 3):
        given = ghosts(count)
        warnings = encode_with_alpha(Footage(given, 25.0, (96, 64), count, music), path)
        assert "no sound" in warnings[0]
        names = sorted(file.name for file in path.iterdir())
        assert names == [f"frame_{i + 1:06d}.png" for i in range(count)]
        read = [cv2.imread(str(path / name), cv2.IMREAD_UNCHANGED) for name in names]
        assert np.array_equal(np.array(read)[..., [2, 1, 0, 3]], given)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["clicks.wav", "frames"]


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    one = Footage(ghosts(1), 25.0, (96, 64), 1)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.png").write_bytes(b"mine")
    with pytest.raises(ConductorError, match="other things than frames"):
        encode_with_alpha(one, tmp_path / "photos")
    assert [file.name for file in (tmp_path / "photos").iterdir()] == ["me.png"]
    with pytest.raises(ConductorError, match=r"\.mov or \.webm"):
        encode_with_alpha(one, tmp_path / "v.mp4")


@pytest.mark.parametrize("name", ["v.mov", "v.webm", "frames"])
def test_a_cancelled_video_with_alpha_leaves_nothing(tmp_path, name):
    def cancel(fraction, phase):
        if fraction > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_with_alpha(Footage(ghosts(4), 25.0, (96, 64), 4), tmp_path / name, cancel)
    assert list(tmp_path.iterdir()) == []
