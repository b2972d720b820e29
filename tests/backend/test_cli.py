"""The command as a user types it: a real process, real files, its exit code and its words."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from backend.audio.decode import load_audio
from backend.cli import app
from backend.demo import demo_file
from backend.evaluation.motion import legible, on_the_beat
from backend.grid.beat_grid import BeatGrid
from backend.style import load_style
from retarget.character import Character
from retarget.face import ACTIONS
from retarget.motion import Motion

RATE = 22_050


def start(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "backend", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "300"},
        # A script's background ignores Ctrl-C and hands that down; a user's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def run(*arguments: object) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def refused(*arguments: object) -> str:
    """Run what must be refused; returns its one sentence."""
    code, out, err = run(*arguments)
    assert code == 2, err
    assert "Traceback" not in err
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, err
    return lines[0]


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    """Five seconds with a click on every beat of 120 beats per minute and a tone."""
    path = tmp_path_factory.mktemp("music") / "clicks.wav"
    time_s = np.arange(5 * RATE) / RATE
    sound = 0.1 * np.sin(2 * np.pi * 220 * time_s)
    for beat in range(10):
        at = int(beat * 0.5 * RATE)
        sound[at : at + 400] += np.hanning(400) * (0.8 if beat % 4 == 0 else 0.4)
    soundfile.write(path, sound.astype(np.float32), RATE)
    return path


@pytest.fixture(scope="module")
def subject(tmp_path_factory) -> Path:
    """The bundled photo's person, kept, with preview and landmarks beside."""
    folder = tmp_path_factory.mktemp("subject")
    code, printed, err = run(
        *("subject", demo_file("photo.png"), "-o", folder / "me.subject"),
        *("--preview", folder / "fit.png", "--save-landmarks", folder / "landmarks.json"),
    )
    assert code == 0, err
    assert printed.split() == [
        str(folder / name) for name in ("me.subject", "fit.png", "landmarks.json")
    ]
    return folder / "me.subject"


def test_version_and_help_answer(tmp_path):
    assert run("--version")[1].startswith("virtual-conductor 0.")
    code, out, _ = run("--help")
    assert code == 0
    verbs = ["conduct", "motion", "beats", "subject", "likeness", "render", "compare", "serve"]
    assert all(verb in out for verb in verbs)


@pytest.mark.parametrize("ending", ["npz", "bvh", "csv"])
def test_motion_writes_each_format(tmp_path, music, ending):
    out = tmp_path / f"m.{ending}"
    code, printed, err = run("motion", music, "-o", out, "--tempo", 120)
    assert code == 0, err
    made = [out] if ending == "npz" else [out, tmp_path / "m.face.csv"]
    assert printed.split() == [str(path) for path in made]
    assert all(path.stat().st_size > 1000 for path in made)
    assert sorted(tmp_path.iterdir()) == sorted(made)


def test_music_that_was_cut_off_is_conducted_as_far_as_it_goes_and_named(tmp_path, music):
    half = tmp_path / "half.wav"
    half.write_bytes(music.read_bytes()[: music.stat().st_size // 2])
    whole = demo_file("ode_to_joy.ogg").read_bytes()
    (tmp_path / "half.ogg").write_bytes(whole[: len(whole) // 2])
    for name in ("half.wav", "half.ogg"):
        code, _, err = run("motion", tmp_path / name, "-o", tmp_path / "m.npz")
        assert code == 0, err
        assert f"{name} is cut short or damaged" in err
    assert "cut short" not in run("motion", music, "-o", tmp_path / "m.npz")[2]


def test_beats_outside_the_stretch_are_named(tmp_path, music):
    table = tmp_path / "late.txt"
    table.write_text("500 1\n501 2\n")
    code, _, err = run("motion", music, "-o", tmp_path / "m.npz", "--beats", table)
    assert code == 0, err
    assert "None of the given beats" in err


def test_an_edited_beat_table_is_what_is_conducted(tmp_path, music):
    table = tmp_path / "beats.txt"
    table.write_text("0.8 1\n1.4 2\n2.1 3\n2.8 1\n3.5 2\n4.2 3\n")
    code, _, err = run("motion", music, "-o", tmp_path / "m.npz", "--beats", table)
    assert code == 0, err
    motion = Motion.load(tmp_path / "m.npz")
    assert np.allclose(motion.beats, BeatGrid.load(table).times)
    assert motion.beat_numbers.tolist() == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("model", ["learned", "onset"])
def test_either_model_hears_the_beats(tmp_path, model):
    table = tmp_path / "beats.txt"
    code, _, err = run(
        *("motion", demo_file("ode_to_joy.ogg"), "-o", tmp_path / "m.npz"),
        *("--beats-model", model, "--save-beats", table),
    )
    assert code == 0, err
    tempo = BeatGrid.load(table).tempo
    assert min(abs(tempo / 132 - level) for level in (0.5, 1.0, 2.0)) < 0.08


@pytest.mark.parametrize("model", ["learned", "teacher"])
def test_either_conductor_is_on_the_beat_and_readable(tmp_path, model):
    piece, score = demo_file("ode_to_joy.ogg"), demo_file("ode_to_joy.mid")
    out = tmp_path / "m.npz"
    code, _, err = run("motion", piece, "--score", score, "-o", out, "--model", model)
    assert code == 0, err
    motion = Motion.load(out)
    assert motion.source["model"] == model
    # Beside the beats there may be a dip before the first upbeat and at the cut-off.
    assert on_the_beat(motion, motion.beats).f > 0.94
    assert legible(motion, motion.beats, motion.beat_numbers).bars > 0.85


def test_the_same_command_gives_the_same_bytes_on_any_number_of_cores_and_another_seed_others(
    tmp_path, music, monkeypatch
):
    for name, seed, threads in (("a", 1, "1"), ("b", 1, "3"), ("c", 2, "1")):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache of {name}"))
        assert run("motion", music, "-o", tmp_path / f"{name}.npz", "--seed", seed)[0] == 0
    a, b, c = ((tmp_path / f"{name}.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("model", ["learned", "teacher"])
def test_a_motion_has_a_face_unless_it_is_left_out(tmp_path, music, model):
    made = {}
    for name, *options in (("with",), ("without", "--no-face")):
        out = tmp_path / f"{name}.npz"
        assert run("motion", music, "-o", out, "--model", model, *options)[0] == 0
        made[name] = Motion.load(out)
    assert made["with"].face_names == ACTIONS
    assert made["with"].face.shape == (len(made["with"]), len(ACTIONS))
    assert made["with"].face.max() > 0.3
    assert made["without"].face_names == ()
    assert np.array_equal(made["with"].rotations, made["without"].rotations)


def test_wrong_input_is_refused_in_one_sentence(tmp_path, music):
    text = tmp_path / "words.mp3"
    text.write_text("These are words.")
    empty = tmp_path / "empty.wav"
    empty.touch()
    out = tmp_path / "m.npz"
    assert "none.mp3" in refused("motion", tmp_path / "none.mp3", "-o", out)
    assert "words.mp3" in refused("motion", text, "-o", out)
    assert "empty.wav" in refused("motion", empty, "-o", out)
    assert "ending" in refused("motion", music, "-o", tmp_path / "m.fbx")
    assert "style" in refused("motion", music, "-o", out, "--style", "pompous")
    assert "meter" in refused("motion", music, "-o", out, "--meter", "waltz")
    assert "tempo" in refused("motion", music, "-o", out, "--tempo", "1000")
    assert "--fps is 1000.0; give at most 120" in refused("motion", music, "-o", out, "--fps", 1000)
    assert "--nope" in refused("motion", music, "-o", out, "--nope")
    assert "even numbers" in refused("conduct", music, "-o", tmp_path / "o", "--size", "33x7")
    pictured = ("conduct", music, "-o", tmp_path / "o", "--photo", demo_file("photo.png"))
    assert "background" in refused(*pictured, "--background", "red")
    assert "gone.blend" in refused("conduct", music, "-o", tmp_path / "o", "--avatar", "gone.blend")
    score = tmp_path / "score.mid"
    score.write_text("no notes")
    assert "not a MIDI file" in refused("motion", music, "-o", out, "--score", score)
    score.unlink()
    assert "size" in refused("conduct", music, "-o", tmp_path / "o", "--size", "big")
    assert "is a file" in refused("conduct", music, "-o", text)
    everything = ("conduct", music, "-o", tmp_path / "o")
    assert "gone.jpg" in refused(*everything, "--photo", "gone.jpg")
    assert "give --photo" in refused(*everything, "--avatar", "photo")
    assert "choose viktor, aiko" in refused(*everything, "--avatar", "bruno")
    assert "transparent" in refused(*pictured, "--background", "alpha")
    for moving in (("--camera-move",), ("--camera", "hands")):
        assert "still picture" in refused(*pictured, "--background", "stage", *moving)
    assert not (tmp_path / "o").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "empty.wav",
        "words.mp3",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path, music):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert "permission" in refused("motion", music, "-o", closed / "m.npz").lower()


@pytest.fixture
def refused_here() -> Iterator[Callable[..., str]]:
    """As `refused`, but in this process, where the libraries are loaded once."""
    kept = signal.getsignal(signal.SIGTERM)

    def invoke(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 2, result.output
        lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, result.stderr
        return lines[0]

    yield invoke
    signal.signal(signal.SIGTERM, kept)


@pytest.mark.parametrize(
    "given",
    [
        ("--person", 2),
        ("--dress", "concert"),
        ("--landmarks", "me.json"),
        ("--background", "studio"),
        ("--likeness-format", "png"),
    ],
)
def test_what_is_said_of_a_photo_needs_one(tmp_path, music, refused_here, given):
    sentence = refused_here("conduct", music, "-o", tmp_path / "o", *given)
    assert sentence == f"Error: {given[0]} is about the person of a photo; give --photo too."
    assert not (tmp_path / "o").exists()


def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path, music, refused_here):
    (tmp_path / "scene.blend").touch()
    there, photo, place = tmp_path / "a.npz", demo_file("photo.png"), tmp_path / "missing"
    checkpoint = demo_file("ode_to_joy.mid")
    for command in (
        ("motion", music, "-o", place / "a.npz"),
        ("motion", music, "-o", there, "--save-beats", place / "a.txt"),
        ("conduct", music, "-o", place / "out"),
        ("likeness", tmp_path / "scene.blend", "--photo", photo, "-o", place / "a.mp4"),
        ("render", tmp_path / "scene.blend", "-o", place / "a.mp4"),
        ("subject", photo, "-o", place / "me.subject"),
        ("subject", photo, "-o", there, "--preview", place / "me.png"),
        ("subject", photo, "-o", there, "--save-landmarks", place / "me.json"),
        ("corpus", "render", tmp_path, "-o", place / "corpus"),
        ("evaluate", "beats", tmp_path, "-o", place / "a.json"),
        ("evaluate", "amcnet", checkpoint, tmp_path, "-o", place / "a.json"),
        ("evaluate", "motion", checkpoint, tmp_path, "-o", place / "a.html"),
        ("evaluate", "likeness", tmp_path, "-o", place / "a.html"),
    ):
        assert f"The folder {place} does not exist; create it" in refused_here(*command), command
        assert not place.exists()
        assert not there.exists()


def test_wrong_words_on_the_person_are_refused_in_one_sentence(tmp_path, subject, refused_here):
    scene, photo, me = tmp_path / "scene.blend", demo_file("photo.png"), tmp_path / "me.subject"
    scene.touch()
    video = ("likeness", scene, "--photo", photo, "-o")
    mp4 = (*video, tmp_path / "v.mp4")
    make = ("subject", photo, "-o", me)
    assert "v.avi" in refused_here(*video, tmp_path / "v.avi")
    assert "prores; let it end in .mov." in refused_here(*mp4, "--likeness-format", "prores")
    assert "transparent" in refused_here(*mp4, "--background", "alpha")
    assert "4096" in refused_here(*mp4, "--size", "5000x3000")
    assert "--person is 0; give at least 1" in refused_here(
        *video, tmp_path / "v.mp4", "--person", 0
    )
    made = ("likeness", scene, "--photo", subject, "-o", tmp_path / "v.mp4")
    assert "me.subject" in refused_here(*made, "--person", 1)
    assert "--dress photo" in refused_here(*made, "--dress", "concert")
    assert "none.subject" in refused_here(
        *("likeness", scene, "--photo", tmp_path / "none.subject", "-o", tmp_path / "v.mp4")
    )
    assert "subject already" in refused_here("subject", subject, "-o", me)
    assert ".subject" in refused_here("subject", photo, "-o", tmp_path / "me.npz")
    assert "fit.txt" in refused_here(*make, "--preview", tmp_path / "fit.txt")
    assert "none.json" in refused_here(
        "subject", photo, "-o", me, "--landmarks", tmp_path / "none.json"
    )
    assert "no person 3" in refused_here(*make, "--person", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.blend"]


def test_corrected_landmarks_change_the_person(tmp_path, subject):
    landmarks = json.loads(subject.with_name("landmarks.json").read_text())
    for joint in ("forearm.L", "hand.L", "thumb.L", "index.L", "little.L"):
        landmarks["points"][joint][1] -= 60.0
    table = tmp_path / "mine.json"
    table.write_text(json.dumps(landmarks))
    me = tmp_path / "me.subject"
    code, _, err = run("subject", demo_file("photo.png"), "-o", me, "--landmarks", table)
    assert code == 0, err
    before, after = Character.load(subject), Character.load(me)
    rise = [
        float(np.subtract(*(c.camera.to_pixels(c.heads[c.bone(bone)])[1] for c in (before, after))))
        for bone in ("forearm.L", "forearm.R")
    ]
    # Both arms are of one length, so the other one gives a little too.
    assert rise[0] > 25.0, rise
    assert rise[0] > abs(rise[1]) + 5.0, rise


def read_video(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        assert len(container.streams.audio) == 1
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def sound_late(video: Path, music: Path, start: float) -> float:
    """Seconds by which a video's sound lags behind the music from `start` on."""
    heard = load_audio(video)
    meant = load_audio(music, start=start, duration=len(heard) / RATE)
    size = 2 * max(len(heard), len(meant))
    lags = np.fft.irfft(np.fft.rfft(heard, size) * np.fft.rfft(meant, size).conj())
    lag = int(lags.argmax())
    return (lag if lag < size / 2 else lag - size) / RATE


def test_everything_is_made_from_music_and_a_photo(tmp_path, music):
    out = tmp_path / "out"
    options = ("--start", 0.8, "--duration", 2, "--fps", 10, "--size", "192x108")
    options += ("--avatar", "photo", "--style", "grand")
    code, printed, err = run(
        "conduct", music, "-o", out, "--photo", demo_file("photo.png"), *options
    )
    assert code == 0, err
    assert err.count("fitting the body") <= 1, "the photo is read once"
    names = [
        ".me.subject",
        ".written.json",
        "animation.mp4",
        "beats.txt",
        "likeness.mp4",
        "me.subject",
    ]
    names += ["motion.npz", "report.json", "scene.blend"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert str(out / "likeness.mp4") in printed
    for name in ("animation.mp4", "likeness.mp4"):
        frames = read_video(out / name)
        assert frames.shape == (20, 108, 192, 3)
        moving = np.abs(frames[-1].astype(int) - frames[0]).mean()
        assert moving > 0.2, f"nothing moves in {name}"
        assert abs(sound_late(out / name, music, 0.8)) < 0.01
    assert Motion.load(out / "motion.npz").style == load_style("grand").as_dict()
    report = json.loads((out / "report.json").read_text())
    assert report["frames"] == 20
    told = {"avatar": "photo", "stage": "hall", "camera": "front", "camera_move": False}
    told |= {"quality": "draft", "engine": "workbench", "overlays": [], "face": True}
    told |= {"score_parted": []}
    assert {name: report[name] for name in told} == told
    assert list(report["timings_s"]) == [
        *("motion", "reading the photo", "scene", "reading the animation", "rendering"),
        "likeness",
    ]

    # The same photo is not read again and the same scene not rendered again.
    stamp = (out / "animation.mp4").stat().st_mtime_ns
    read = (out / ".me.subject").stat().st_mtime_ns
    repeated = ("conduct", music, "-o", out, "--photo", demo_file("photo.png"), *options)
    code, _, err = run(*repeated, "--background", "alpha", "--likeness-format", "png")
    assert code == 0, err
    assert (out / ".me.subject").stat().st_mtime_ns == read
    code, _, err = run(*repeated, "--person", 3)
    assert code == 2, "another person is not the one that was kept"
    assert "no person 3" in err
    assert (out / "animation.mp4").stat().st_mtime_ns == stamp, "the same frames rendered again"
    assert len(list((out / "likeness").glob("frame_*.png"))) == 20

    again = tmp_path / "again.webm"
    code, _, err = run(
        *("likeness", out / "scene.blend", "--photo", out / "me.subject", "-o", again),
        *("--background", "#203040"),
    )
    assert code == 0, err
    assert np.abs(read_video(again)[0, 4, 4].astype(int) - [0x20, 0x30, 0x40]).max() < 12
    assert abs(sound_late(again, music, 0.8)) < 0.01


EDIT = (
    "import bpy, sys; bpy.ops.wm.open_mainfile(filepath=sys.argv[1]); scene = bpy.context.scene; "
    "scene.frame_end -= 4; scene.display.shading.light = 'FLAT'; "
    "bpy.ops.wm.save_mainfile(filepath=sys.argv[1])"
)


def edit(blend: Path) -> bytes:
    """Shorten a scene, as somebody would in Blender; returns what the file holds then."""
    subprocess.run([sys.executable, "-c", EDIT, str(blend)], check=True, capture_output=True)
    return blend.read_bytes()


def test_an_edited_scene_is_rendered_again_and_kept_by_the_next_run(tmp_path, music):
    out = tmp_path / "out"
    command = ("conduct", music, "-o", out, "--avatar", "Ruth", "--stage", "Studio")
    command += ("--camera", "Three-Quarter", "--overlay", "Beats", "--duration", 2, "--start", 0.8)
    command += ("--fps", 10, "--size", "192x108", "--quality", "Draft", "--no-face")
    for _ in range(2):
        code, _, err = run(*command)
        assert code == 0, err
        assert "kept as" not in err
    report = json.loads((out / "report.json").read_text())
    told = {"avatar": "ruth", "stage": "studio", "camera": "three-quarter", "overlays": ["beats"]}
    assert {name: report[name] for name in told} == told
    assert report["face"] is False
    assert "newer" not in run("compare", out)[2]
    (out / "scene.blend").touch()
    code, _, err = run("compare", out)
    assert code == 0, err
    assert err.count("scene.blend is newer than animation.mp4, so the skeleton may") == 1

    mine = edit(out / "scene.blend")
    beats = (out / "beats.txt").read_text().replace("\t1", "\t2")
    (out / "beats.txt").write_text(beats)
    again = tmp_path / "again.mp4"
    code, printed, err = run("render", out / "scene.blend", "-o", again, "--size", "128x72")
    assert (code, printed.strip()) == (0, str(again)), err
    assert read_video(again).shape == (16, 72, 128, 3)
    assert abs(sound_late(again, music, 0.8)) < 0.01
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.mp4", "out"]
    drawn = tmp_path / "drawn.mp4"
    options = ("--overlay", "skeleton", "--size", "128x72")
    code, _, err = run("render", out / "scene.blend", "-o", drawn, *options)
    assert code == 0, err
    assert np.abs(read_video(drawn).astype(int) - read_video(again)).max() > 80

    for number in ("", ".2"):
        code, _, err = run(*command)
        assert code == 0, err
        for name in (f"scene.edited{number}.blend", f"beats.edited{number}.txt"):
            assert err.count(f"kept as {name}") == 1, err
            assert (out / name).is_file()
        assert (out / f"scene.edited{number}.blend").read_bytes() == mine
        assert (out / f"beats.edited{number}.txt").read_text() == beats
        (out / "scene.blend").write_bytes(mine)
        (out / "beats.txt").write_text(beats)


def test_wrong_words_on_a_render_are_refused_in_one_sentence(tmp_path, refused_here):
    scene, out = tmp_path / "scene.blend", tmp_path / "a.mp4"
    assert "scene.blend does not exist" in refused_here("render", scene, "-o", out)
    scene.write_text("no scene")
    assert "cannot be opened" in refused_here("render", scene, "-o", out)
    assert "a.mov does not end" in refused_here("render", scene, "-o", tmp_path / "a.mov")
    assert "even numbers" in refused_here("render", scene, "-o", out, "--size", "33x7")
    both = ("--quality", "draft", "--engine", "cycles")
    assert "give one of the two" in refused_here("render", scene, "-o", out, *both)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.blend"]


def test_ctrl_c_keeps_the_frames_of_a_scene_that_is_rendered(tmp_path, music):
    made = ("--fps", 10, "--size", "192x108", "--no-face", "--stage", "studio")
    code, _, err = run("conduct", music, "-o", tmp_path / "out", *made)
    assert code == 0, err
    again = tmp_path / "again.mp4"
    command = ("render", tmp_path / "out" / "scene.blend", "-o", again, "--size", "960x540")
    process = start(*command)
    frames = tmp_path / ".again.frames"
    while len(list(frames.glob("0*.jpg"))) < 3 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert not again.exists()
    kept = len(list(frames.glob("0*.jpg")))
    assert kept >= 3
    code, _, err = run(*command)
    assert code == 0, err
    assert f"rendering {50 - kept} frames" in err
    assert read_video(again).shape == (50, 540, 960, 3)
    assert not frames.exists()


def test_ctrl_c_while_a_photo_is_read_leaves_nothing(tmp_path):
    out = tmp_path / "me.subject"
    process = start("subject", demo_file("photo.png"), "-o", out)
    assert process.stderr is not None
    next(line for line in process.stderr if "fitting the body" in line)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("phase", ["listening", "rendering", "likeness"])
def test_ctrl_c_leaves_nothing_half_written(tmp_path, music, subject, phase):
    out = tmp_path / "out"
    process = start(
        *("conduct", music, "-o", out, "--photo", subject),
        *("--fps", 10, "--size", "192x108", "--duration", "4"),
    )
    assert process.stderr is not None
    heard = ""
    for line in process.stderr:
        heard += line
        if phase in line or (phase == "listening" and heard.count("\n") > 1):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, heard + err
    assert "Traceback" not in err
    for path in out.glob("*"):
        assert not path.name.endswith(".part")
        if path.suffix == ".mp4":
            with av.open(str(path)) as container:
                assert sum(1 for _ in container.decode(video=0)) == 40
    assert not list(out.glob(".*.part*"))
