"""Sound and picture together: every way to a video has the music at the same time."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from backend.audio.decode import load_audio
from backend.video import Footage, encode

RATE = 44_100
SECONDS = 3.0
FIRST = 1.5
# Second of each format's file at which the scene starts: its beginning, where Blender's own reader
# plays mp3 early, or a time between two frames.
STARTS = {
    "wav": 1.01,
    "flac": 1.01,
    "mp3": 0.0,
    "ogg": 0.0,
    "opus": 1.01,
    "m4a": 1.01,
    "aac": 0.0,
    "mka": 1.01,
    "mov": 0.0,
}


def clicks() -> np.ndarray:
    """Short noise bursts from second 1.5 on, every 0.6 s, over a soft tone that changes."""
    rng = np.random.default_rng(0)
    time = np.arange(int(5.5 * RATE)) / RATE
    sound = 0.01 * np.sin(2 * np.pi * 220 * time)
    for at in np.arange(FIRST, 5.0, 0.6):
        begin = round(at * RATE)
        burst = rng.uniform(-1, 1, 2000) * np.exp(-np.arange(2000) / 300)
        sound[begin : begin + 2000] += 0.9 * burst
    return sound.astype(np.float32)


def write_all(folder: Path) -> dict[str, float]:
    """The clicks in every format; returns how much later each file has them by itself, seconds."""
    sound = clicks()
    soundfile.write(folder / "clicks.wav", sound, RATE)
    soundfile.write(folder / "clicks.flac", sound, RATE)
    soundfile.write(folder / "clicks.ogg", sound, RATE)
    write(folder / "clicks.mp3", "libmp3lame", sound)
    write(folder / "clicks.opus", "libopus", sound, rate=48_000)
    for name in ("clicks.m4a", "clicks.aac", "clicks.mka"):
        write(folder / name, "aac", sound)
    write(folder / "clicks.mov", "aac", sound[RATE // 2 :], late=0.5)
    # A stream without a container cannot say that the encoder begins 1024 samples early.
    return {"aac": 1024 / RATE}


def write(path: Path, codec: str, sound: np.ndarray, rate: int = RATE, late: float = 0.0) -> None:
    """Encode mono samples; with a picture that begins `late` seconds before the sound if asked."""
    with av.open(str(path), "w", format="adts" if path.suffix == ".aac" else None) as container:
        video: Any = container.add_stream("libx264", rate=25) if late else None
        voice: Any = container.add_stream(codec, rate=rate, layout="mono")
        if late:
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
            for number in range(125):
                image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                image.pts, image.time_base = number, Fraction(1, 25)
                container.mux(video.encode(image))
            container.mux(video.encode(None))
        resampler = av.AudioResampler(format=voice.format.name, layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), round(late * RATE)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(voice.encode(part))
        container.mux(voice.encode(None))


def first_click(path: Path, **where: Any) -> float:
    """By how much the clicks of a file come later than those written, seconds."""
    heard = load_audio(path, sample_rate=RATE, **where)
    wanted = clicks()
    size = 2 * (len(heard) + len(wanted))
    cross = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)
    lag = int(cross.argmax())
    return (lag if lag < size / 2 else lag - size) / RATE


def video_of(music: Path, out: Path, start: float, track: int | None = None) -> Path:
    """A video with the music as `conduct` and `likeness` write it."""
    frames = (np.zeros((64, 64, 3), np.uint8) for _ in range(round(SECONDS * 30)))
    encode(Footage(frames, 30.0, (64, 64), round(SECONDS * 30), music, start, track), out)
    return out


SCENES = """
import sys
from contextlib import nullcontext
from pathlib import Path
from blender_addon import blend_file, scene as scenes, scene_sound, timeline, video
answer = {}
for file, start in files.items():
    music = Path(file)
    blend_file.open_empty()
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = 30, 1, round(seconds * 30)
    scene.render.resolution_x = scene.render.resolution_y = 64
    scene.render.resolution_percentage = 100
    scene.render.engine = "BLENDER_WORKBENCH"
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    given = scene_sound.Music(music, start)
    if scene_sound.is_exact(given):
        timeline.add_sound(scene, given)
    else:
        with scene_sound.decoded_music(given, seconds, python=Path(sys.executable)) as folder:
            decoded = Path(folder) / "music.flac"
            timeline.add_sound(scene, scene_sound.Music(music, start, decoded=decoded))
    blend = music.with_name(music.suffix[1:] + ".blend")
    blend_file.save(blend)
    scene = blend_file.open_scene(blend)
    out = music.with_name("scene_" + music.suffix[1:] + ".mp4")
    video.render_video(scene, out)
    sound = scenes.find_sound(scene)
    answer[music.suffix[1:]] = [str(out), str(sound.path), sound.start, sound.track]
"""


def test_conduct_panel_likeness_and_commands_agree_within_two_milliseconds(
    tmp_path: Path, run_in_blender: Callable[..., Any]
) -> None:
    own = write_all(tmp_path)
    files = {str(tmp_path / f"clicks.{name}"): start for name, start in STARTS.items()}
    made = run_in_blender(SCENES, files=files, seconds=SECONDS)
    for name, begin in STARTS.items():
        music = tmp_path / f"clicks.{name}"
        assert first_click(music) == pytest.approx(own.get(name, 0.0), abs=0.001), name
        right = own.get(name, 0.0) - begin
        scene, path, start, track = made[name]
        assert Path(path) == music
        conducted = video_of(music, tmp_path / "conduct.mp4", begin)
        likeness = video_of(Path(path), tmp_path / "likeness.mp4", start, track)
        for way in (Path(scene), conducted, likeness):
            assert first_click(way) == pytest.approx(right, abs=0.002), (name, way.name)


PACKED = """
import shutil, sys
from pathlib import Path
from blender_addon import blend_file, scene as scenes, scene_sound, timeline
scene.render.fps, scene.frame_start, scene.frame_end = 30, 1, 60
here, there = Path(folder) / "here", Path(folder) / "there"
music = here / "tracks.mka"
for start, track in ((0.5, 2), (1.25, 1)):
    given = scene_sound.Music(music, start, track)
    with scene_sound.decoded_music(given, 2.0, python=Path(sys.executable)) as made:
        decoded = Path(made) / "music.flac"
        timeline.add_sound(scene, scene_sound.Music(music, start, track, decoded))
answer = {"sounds": len(bpy.data.sounds)}
blend_file.save(here / "scene.blend")
shutil.move(here, there)
scene = blend_file.open_scene(there / "scene.blend")
sound = scenes.find_sound(scene)
answer |= {"path": str(sound.path), "start": sound.start, "track": sound.track}
bpy.ops.sound.mixdown(filepath=folder + "/mix.wav", container="WAV", codec="PCM", format="S16")
"""


def test_a_decoded_track_lies_in_the_scene_which_still_knows_its_file(
    tmp_path: Path, run_in_blender: Callable[..., Any]
) -> None:
    (tmp_path / "here").mkdir()
    with av.open(str(tmp_path / "here" / "tracks.mka"), "w") as container:
        voices = [container.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2)]
        for level, voice in zip((1.0, 0.1), voices, strict=True):
            block = (32_000 * level * clicks()).clip(-32_000, 32_000).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
            container.mux(voice.encode(frame))
            container.mux(voice.encode(None))
    told = run_in_blender(PACKED, folder=str(tmp_path))
    # The strip of the first call took its two sounds with it.
    assert told["sounds"] == 2
    assert told["path"] == str(tmp_path / "there" / "tracks.mka")
    assert (told["start"], told["track"]) == (1.25, 1)
    assert first_click(tmp_path / "mix.wav") == pytest.approx(-1.25, abs=0.001)
    assert np.abs(load_audio(tmp_path / "mix.wav")).max() > 0.3


MOVED = """
from pathlib import Path
from blender_addon import scene as scenes, scene_sound, timeline
scene.render.fps, scene.frame_start, scene.frame_end = 30, 1, 90
strip = timeline.add_sound(scene, scene_sound.Music(Path(music), 0.51))
answer = [scenes.find_sound(scene).start]
timeline._set_timing(strip, "content_start", timeline._timing(strip, "content_start") + 45)
answer.append(scenes.find_sound(scene).start)
strip.sound_offset += 0.004
answer.append(scenes.find_sound(scene).start)
timeline._set_timing(strip, "left_handle_offset", 30)
answer.append(scenes.find_sound(scene).start)
"""


def test_a_strip_that_was_moved_or_shifted_is_heard_where_it_is(
    tmp_path: Path, run_in_blender: Callable[..., Any]
) -> None:
    music = tmp_path / "clicks.wav"
    soundfile.write(music, clicks(), RATE)
    starts = run_in_blender(MOVED, music=str(music))
    assert starts == pytest.approx([0.51, -0.99, -0.994, -0.994], abs=1e-4)
    late = video_of(music, tmp_path / "late.mp4", -0.994)
    assert first_click(late) == pytest.approx(0.994, abs=0.002)
