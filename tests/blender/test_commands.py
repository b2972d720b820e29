"""The headless verbs, each in a process of its own, as the command calls them."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from backend.conducting.rules import conduct
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget import skeleton
from retarget.guide import Guide
from retarget.lines import read_line
from retarget.motion import Motion

ROOT = Path(__file__).parents[2]
SECONDS, FPS, START = 2.0, 10.0, 1.0


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "blender_addon.commands", *map(str, arguments)]


def run(*arguments: object) -> tuple[int, list[str], list[str]]:
    """Exit code, result lines, error lines."""
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    lines = [line for text in done.stdout.splitlines() if (line := read_line(text))]
    assert "Traceback" not in done.stderr, done.stderr
    return (
        done.returncode,
        [line.text for line in lines if line.kind == "result"],
        [line.text for line in lines if line.kind == "error"],
    )


def done_well(*arguments: object) -> list[str]:
    code, results, errors = run(*arguments)
    assert (code, errors) == (0, [])
    return results


def info(scene: Path) -> dict[str, object]:
    described: dict[str, object] = json.loads(done_well("info", "--scene", scene)[0])
    return described


def test_a_bug_ends_the_process_without_tearing_blender_down() -> None:
    # What ends by Python's own way out says so, and may hang in Blender's.
    script = (
        "import atexit, sys; atexit.register(print, 'torn down'); sys.argv[1:] = ['session']; "
        "from blender_addon.commands import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        # The pipe stays open: its end would be the process's.
        child.stdin.write("no line of JSON\n")
        child.stdin.flush()
        try:
            assert child.wait(timeout=120) == 1
        finally:
            child.kill()
        assert "JSONDecodeError" in child.stderr.read()
        assert "torn down" not in child.stdout.read()


def test_help_ends_well() -> None:
    assert run("guide", "--help") == (0, [], [])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion of two seconds and its music."""
    folder = tmp_path_factory.mktemp("scene")
    times = np.array([0.5, 1.0, 1.5])
    grid = BeatGrid(times, np.array([1, 2, 3]), np.array([3, 3, 3]), ("3/4",) * 3, np.ones(3))
    motion = conduct(
        grid,
        duration=SECONDS,
        loudness=np.full(int(SECONDS * 90), 0.5),
        style=Style(),
        seed=0,
        fps=FPS,
    )
    motion.save(folder / "motion.npz")
    t = np.arange(int((SECONDS + START) * 8000)) / 8000
    soundfile.write(folder / "music.wav", 0.3 * np.sin(2 * np.pi * 440 * t), 8000)
    return folder


@pytest.fixture(scope="module")
def scene(folder: Path) -> Path:
    done_well(
        *("animate", "--motion", folder / "motion.npz", "--music", folder / "music.wav"),
        *("--music-start", START, "--out", folder / "scene.blend", "--size", "96x64"),
        *("--stage", "studio"),
    )
    return folder / "scene.blend"


def test_animate_makes_a_scene_that_info_describes(scene: Path) -> None:
    told = info(scene)
    assert told.pop("sound_start") == pytest.approx(START, abs=1e-6)
    assert told.pop("beats") == [[0.5, 1], [1.0, 2], [1.5, 3]]
    assert told == {
        "fps": FPS,
        "frame_start": 1,
        "frame_end": 20,
        "size": [96, 64],
        "engine": "workbench",
        "camera": "Front",
        "armature": "Conductor",
        "sound": str(scene.with_name("music.wav")),
        "sound_track": None,
    }
    assert not list(scene.parent.glob("*.part*")) + list(scene.parent.glob(".*"))


def test_the_scene_finds_its_sound_after_the_folder_has_moved(scene: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(scene.parent, moved)
    assert info(moved / "scene.blend")["sound"] == str(moved / "music.wav")


def test_frames_writes_the_range_and_leaves_the_scene_alone(scene: Path, tmp_path: Path) -> None:
    before = scene.read_bytes()
    done_well("frames", "--scene", scene, "--out", tmp_path / "f", "--start", 3, "--end", 4)
    assert sorted(path.name for path in (tmp_path / "f").iterdir()) == ["000003.png", "000004.png"]
    assert scene.read_bytes() == before


def test_standard_output_holds_nothing_but_reports(scene: Path, tmp_path: Path) -> None:
    cycles = command("frames", "--scene", scene, "--out", tmp_path, "--start", 1, "--end", 1)
    done = subprocess.run(
        [*cycles, "--engine", "cycles"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "000001.png").is_file()
    said = [text for text in done.stdout.splitlines() if text]
    assert len(said) == 3
    assert all(read_line(text) for text in said), done.stdout


def test_the_plate_is_the_frame_without_the_conductor(scene: Path, tmp_path: Path) -> None:
    done_well("frames", "--scene", scene, "--out", tmp_path, "--start", 1, "--end", 1)
    done_well("plate", "--scene", scene, "--out", tmp_path / "plate.png")
    frame, plate = (picture(tmp_path / name) for name in ("000001.png", "plate.png"))
    changed = (np.abs(frame.astype(int) - plate) > 12).any(axis=2)
    middle = slice(36, 60)
    assert changed[:, middle].mean() > 0.2
    assert changed[:, :10].mean() < 0.02


def test_the_music_stand_before_the_conductor_is_left_out_of_the_plate(
    scene: Path, tmp_path: Path
) -> None:
    size = ("--size", "72x128")
    done_well("frames", "--scene", scene, "--out", tmp_path, "--start", 1, "--end", 1, *size)
    done_well("plate", "--scene", scene, "--out", tmp_path / "plate.png", *size)
    frame, plate = (picture(tmp_path / name) for name in ("000001.png", "plate.png"))
    # Below the hands nothing is as light as the score.
    assert frame[96:].max() > 150
    assert plate[96:].max() < 120


def test_guide_follows_the_scenes_frames_and_the_size_asked_for(
    scene: Path, tmp_path: Path
) -> None:
    done_well("guide", "--scene", scene, "--out", tmp_path / "g.npz", "--size", "128x72")
    guide = Guide.load(tmp_path / "g.npz")
    assert (len(guide), guide.fps, guide.size) == (20, FPS, (128, 72))
    hand = skeleton.INDEX["hand.R"]
    conducted = Motion.load(scene.with_name("motion.npz")).joints_3d()[:, hand]
    # The conductor's arms have their own lengths; the way of the hand is the motion's.
    followed = guide.positions[:, hand] - guide.positions[0, hand]
    assert np.ptp(conducted, axis=0).max() > 0.1
    assert np.abs(followed - (conducted - conducted[0])).max() < 0.015


def test_video_has_every_frame_and_the_sound(scene: Path, tmp_path: Path) -> None:
    done_well("video", "--scene", scene, "--out", tmp_path / "v.mp4")
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 20
    assert min(frame.std() for frame in shown) > 10.0
    with av.open(str(tmp_path / "v.mp4")) as container:
        sound = np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])
    assert np.abs(sound).max() > 0.1
    assert [path.name for path in tmp_path.iterdir()] == ["v.mp4"]


def test_an_avatar_file_keeps_its_armature_and_camera(scene: Path, tmp_path: Path) -> None:
    renamed = (
        "bpy.data.objects['Conductor'].name = 'Maestro'; bpy.context.scene.camera.name = 'My View'"
    )
    avatar = avatar_file(scene, tmp_path / "avatar.blend", renamed)
    out = tmp_path / "out.blend"
    done_well(
        "animate", "--motion", scene.with_name("motion.npz"), "--avatar", avatar, "--out", out
    )
    made = info(out)
    assert (made["armature"], made["camera"], made["size"]) == ("Maestro", "My View", [96, 64])
    other = ("--avatar", avatar, "--out", out, "--camera", "hall")
    done_well("animate", "--motion", scene.with_name("motion.npz"), *other)
    assert info(out)["camera"] == "Hall"


def warned(*arguments: object) -> list[str]:
    """The notes of what ends well."""
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    lines = [line for text in done.stdout.splitlines() if (line := read_line(text))]
    return [line.text for line in lines if line.kind == "warning"]


def avatar_file(scene: Path, out: Path, code: str) -> Path:
    """The scene's conductor as somebody's own file, after a change by `code`."""
    changed = (
        f"import sys, bpy; bpy.ops.wm.open_mainfile(filepath=sys.argv[1]); {code}; "
        # Blender's module can crash while it is torn down with classes of ours.
        "bpy.ops.wm.save_as_mainfile(filepath=sys.argv[2]); import os; os._exit(0)"
    )
    subprocess.run(
        [sys.executable, "-c", changed, str(scene), str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return out


def test_an_avatar_file_with_a_camera_is_said_to_get_no_stage(scene: Path, tmp_path: Path) -> None:
    avatar = avatar_file(scene, tmp_path / "own.blend", "pass")
    made = ("animate", "--motion", scene.with_name("motion.npz"), "--avatar", avatar)
    made += ("--out", tmp_path / "out.blend")
    assert warned(*made) == [
        "own.blend has a camera, so it keeps that and gets no stage; give --stage to add one."
    ]
    assert warned(*made, "--stage", "studio") == []


def test_of_two_rigs_the_one_that_conducts_is_named(scene: Path, tmp_path: Path) -> None:
    another = (
        "rig = bpy.data.objects.new('Dog', bpy.data.armatures.new('Dog')); "
        "bpy.context.scene.collection.objects.link(rig); bpy.context.scene.camera = None"
    )
    avatar = avatar_file(scene, tmp_path / "two.blend", another)
    made = ("animate", "--motion", scene.with_name("motion.npz"), "--avatar", avatar)
    assert warned(*made, "--out", tmp_path / "out.blend") == [
        "two.blend has 2 armatures, of which 'Conductor' conducts; --armature takes another."
    ]


OWN = (
    "import blender_addon; blender_addon.register(); "
    "s = bpy.context.scene; r = s.render; r.fps, r.fps_base = 24, 1.001; "
    "s.frame_start, s.frame_end, s.frame_current = 5, 90, 33; "
    "r.resolution_x, r.resolution_y = 131, 97; r.engine = 'CYCLES'; s.sync_mode = 'NONE'; "
    "s.virtual_conductor.owns_timeline = False; "
    "s.virtual_conductor.property_unset('first_frame'); "
    "s.timeline_markers.clear(); s.timeline_markers.new('Bar 3', frame=40)"
)
SHOWN = """
import json, sys, bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
s = bpy.context.scene
r = s.render
print("SHOWN " + json.dumps({
    "fps": r.fps / r.fps_base, "range": [s.frame_start, s.frame_end], "frame": s.frame_current,
    "size": [r.resolution_x, r.resolution_y], "engine": r.engine, "sync": s.sync_mode,
    "preview": [s.use_preview_range, s.frame_preview_start, s.frame_preview_end],
    "markers": [m.name for m in s.timeline_markers], "camera": s.camera.name,
}))
"""


def shown(scene: Path) -> dict[str, object]:
    """What the scene in a file is set to."""
    done = subprocess.run(
        [sys.executable, "-c", SHOWN, str(scene)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("SHOWN "))
    told: dict[str, object] = json.loads(line.removeprefix("SHOWN "))
    return told


def test_an_avatars_scene_keeps_its_settings_unless_others_are_given(
    scene: Path, tmp_path: Path
) -> None:
    avatar = avatar_file(scene, tmp_path / "own.blend", OWN)
    before = shown(avatar)
    out = tmp_path / "out.blend"
    made = ("animate", "--motion", scene.with_name("motion.npz"), "--avatar", avatar, "--out", out)
    notes = warned(*made)
    assert sum("keeps its range, 5 to 90" in note for note in notes) == 1
    after = shown(out)
    preview, markers = after.pop("preview"), after.pop("markers")
    assert after == {name: before[name] for name in after}
    # Two seconds at 23.976 frames a second.
    assert preview == [True, 5, 52]
    assert markers == ["Bar 3", "Bar 1\u00a0", "2\u00a0", "3\u00a0"]
    assert (info(out)["frame_start"], info(out)["frame_end"]) == (5, 52)

    other = ("--fps", 10, "--size", "96x64", "--engine", "workbench", "--set-range")
    assert not [note for note in warned(*made, *other) if "keeps its" in note]
    after = shown(out)
    assert (after["fps"], after["size"], after["engine"]) == (10.0, [96, 64], "BLENDER_WORKBENCH")
    assert (after["range"], after["preview"][0]) == ([5, 24], False)


ANOTHER = (
    "import blender_addon; blender_addon.register(); "
    "one = bpy.data.objects['Conductor']; two = one.copy(); two.name = 'Second'; "
    "two.data = one.data.copy(); bpy.context.scene.collection.objects.link(two); "
    "body = bpy.data.objects['Body'].copy(); bpy.context.scene.collection.objects.link(body); "
    "body.parent = two; body.modifiers[0].object = two; "
    "bpy.context.scene.virtual_conductor.avatar = None; "
    "bpy.context.view_layer.objects.active = None"
)


def test_of_several_rigs_the_named_one_conducts_and_without_a_name_all_are_told(
    scene: Path, tmp_path: Path
) -> None:
    avatar = avatar_file(scene, tmp_path / "two.blend", ANOTHER)
    code, _, errors = run("check_rig", "--avatar", avatar)
    assert code == 2
    assert len(errors) == 1
    assert "the armatures 'Conductor' and 'Second'" in errors[0]
    assert "--armature" in errors[0]
    out = tmp_path / "out.blend"
    named = ("--avatar", avatar, "--armature", "Second")
    done_well("animate", "--motion", scene.with_name("motion.npz"), *named, "--out", out)
    # What follows is about the one that conducts.
    assert info(out)["armature"] == "Second"
    code, _, errors = run("check_rig", "--avatar", avatar, "--armature", "Third")
    assert (code, len(errors)) == (2, 1)
    assert "no armature 'Third' but the armatures 'Conductor' and 'Second'" in errors[0]


def test_a_rig_is_checked_without_a_motion(scene: Path, tmp_path: Path) -> None:
    rested = (
        f"{OWN}; bpy.data.objects['Conductor'].data.pose_position = 'REST'; "
        "bpy.data.objects['Conductor'].animation_data_clear()"
    )
    avatar = avatar_file(scene, tmp_path / "own.blend", rested)
    report = json.loads(done_well("check_rig", "--avatar", avatar)[0])
    assert report["armature"] == "Conductor"
    assert report["fps"] == report["motion_fps"] == pytest.approx(24 / 1.001)
    assert (report["size"], report["engine"]) == ([131, 97], "cycles")
    assert report["joints"]["hand.R"]["bones"] == [["hand.R"]]
    assert report["joints"]["hand.R"]["sure"] == 1.0
    assert "hips" in report["map"]
    assert str(scene.with_name("music.wav")) in report["files"]
    assert any("rest position" in doubt for doubt in report["doubts"]), report["doubts"]
    out = tmp_path / "out.blend"
    made = ("animate", "--motion", scene.with_name("motion.npz"), "--avatar", avatar, "--out", out)
    notes = warned(*made)
    assert [note for note in notes if "rest position" in note] == [
        doubt for doubt in report["doubts"] if "rest position" in doubt
    ]
    assert len(notes) == len(set(notes))


def test_an_armature_that_no_visible_mesh_follows_is_said(scene: Path, tmp_path: Path) -> None:
    hidden = (
        "bpy.context.scene.camera = None; "
        "[setattr(o, 'hide_render', True) for o in bpy.data.objects if o.type == 'MESH']"
    )
    avatar = avatar_file(scene, tmp_path / "bare.blend", hidden)
    made = ("animate", "--motion", scene.with_name("motion.npz"), "--avatar", avatar)
    assert warned(*made, "--out", tmp_path / "out.blend") == [
        "No visible mesh of bare.blend follows the armature 'Conductor', so nobody is seen; "
        "parent a mesh to it or give it an Armature modifier."
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("info", "--scene", "nowhere.blend"), "does not exist"),
        (("info", "--scene", "{folder}/music.wav"), "cannot be opened by Blender"),
        (("animate", "--motion", "{folder}/music.wav", "--out", "{out}/s.blend"), "motion file"),
        (
            ("animate", "--motion", "{folder}/motion.npz", "--out", "{out}/no/s.blend"),
            "create it or choose another place",
        ),
        (
            (
                *("animate", "--motion", "{folder}/motion.npz", "--out", "{out}/s.blend"),
                *("--music", "{folder}/motion.npz"),
            ),
            "motion.npz is not a sound or video file",
        ),
        (("frames", "--scene", "s.blend", "--start", "1"), "Wrong command"),
        (("plate", "--scene", "s.blend", "--out", "p.png", "--size", "big"), "not a size"),
        (("dance",), "Wrong command"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    arguments: tuple[str, ...], sentence: str, folder: Path, tmp_path: Path
) -> None:
    code, results, errors = run(*(a.format(folder=folder, out=tmp_path) for a in arguments))
    assert (code, results, len(errors)) == (2, [], 1)
    assert sentence in errors[0]
    assert "\n" not in errors[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["frames", "video"])
def test_sigterm_ends_with_130_and_nothing_half_written(
    verb: str, scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / ("f" if verb == "frames" else "v.mp4")
    span = ("--start", 1, "--end", 20) if verb == "frames" else ()
    process = subprocess.Popen(
        command(verb, "--scene", scene, "--out", out, "--size", "640x360", *span),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for text in process.stdout:
        line = read_line(text)
        if line and line.fraction > 0.0:
            process.send_signal(signal.SIGTERM)
            break
    process.stdout.read()
    assert process.wait(timeout=60) == 130
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if ".part" in name or name.endswith(".mp4")]
    assert verb == "video" or 1 <= len(left) < 20


def test_a_verb_ends_when_its_parent_lets_go(scene: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(
            *("frames", "--scene", scene, "--out", tmp_path, "--parent-pipe"),
            *("--start", 1, "--end", 20, "--size", "640x360"),
        ),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=30) != 0
    assert len(list(tmp_path.glob("*.png"))) < 20


def picture(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")
