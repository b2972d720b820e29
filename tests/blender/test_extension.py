"""The extension zip in Blender 4.5 LTS and 5.0: install, generate through a real server, remove."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import soundfile

import build_addon
from backend.audio.decode import load_audio
from blender_addon.client import Server
from retarget.lines import read_line

ROOT = Path(__file__).parents[2]
PYTHONS = {
    "4.5": Path(sys.executable),
    "5.0": ROOT / ".venv-bpy5" / "bin" / "python",
}
PHOTO = ROOT / "backend" / "demo" / "photo.png"
COMMANDS = (sys.executable, "-m", "blender_addon.commands")
MODULE = "bl_ext.user_default.virtual_conductor"

# What the scene is, for "as it was".
SNAPSHOT = """
def snapshot():
    scene = bpy.context.scene
    kinds = ("objects", "meshes", "armatures", "actions", "materials", "cameras", "lights",
             "images", "sounds", "collections", "worlds", "texts")
    armature = scene.virtual_conductor.avatar
    data = armature.animation_data if armature else None
    return {
        **{kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds},
        "range": [scene.frame_start, scene.frame_end, scene.render.fps, scene.frame_current],
        "markers": sorted((marker.name, marker.frame) for marker in scene.timeline_markers),
        "strips": len(scene.sequence_editor.strips) if scene.sequence_editor else 0,
        "camera": scene.camera.name if scene.camera else None,
        "action": data.action.name if data and data.action else None,
    }
"""


class Blender:
    """A Blender module with the extension installed in a scratch folder of its own."""

    def __init__(self, python: Path, folder: Path, package: Path, music: Path) -> None:
        self.python = python
        self.folder = folder
        self.music = music
        self.installed = False
        self.install = self.run(
            f"""
            bpy.ops.extensions.package_install_files(
                filepath={str(package)!r}, repo="user_default", enable_on_install=True)
            answer = {{
                "enabled": {MODULE!r} in bpy.context.preferences.addons,
                "settings": hasattr(bpy.types.Scene, "virtual_conductor"),
                "panel": hasattr(bpy.types, "VIEW3D_PT_virtual_conductor"),
                "absolute": sorted(m for m in sys.modules if m.split(".")[0] in
                                   ("retarget", "blender_addon", "backend", "torch")),
            }}
            """
        )
        self.installed = True

    def run(self, script: str, timeout_s: float = 120.0, **environment: str) -> Any:
        """Run a script with the extension enabled; returns what it assigned to `answer`."""
        lines = [line.removeprefix(" " * 12) for line in script.splitlines()]
        code = "\n".join(
            [
                "import json, sys, bpy, addon_utils",
                # The module starts with factory preferences, whatever the user saved.
                f"if {self.installed}: addon_utils.enable({MODULE!r}, default_set=True)",
                SNAPSHOT,
                f"music = {str(self.music)!r}",
                *lines,
                "print('\\nANSWER ' + json.dumps(answer), flush=True)",
            ]
        )
        done = subprocess.run(
            [self.python, "-c", code],
            cwd=self.folder,
            env={
                **os.environ,
                "BLENDER_USER_RESOURCES": str(self.folder / "user"),
                "XDG_STATE_HOME": str(self.folder.parent / "state"),
                "VIRTUAL_CONDUCTOR_PYTHON": sys.executable,
                "OMP_NUM_THREADS": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        answers = [t for t in done.stdout.splitlines() if t.startswith("ANSWER ")]
        assert answers, done.stdout[-2000:] + done.stderr[-4000:]
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(answers[-1].removeprefix("ANSWER "))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Package, music, and the state folder of one server for all tests here."""
    folder = tmp_path_factory.mktemp("extension")
    build_addon.build(folder)
    rate = 22_050
    t = np.arange(6 * rate) / rate
    clicks = np.sin(2 * np.pi * 330 * t) * np.exp(-12 * (t % 0.5))
    soundfile.write(folder / "music.wav", 0.6 * clicks, rate)
    with av.open(str(folder / "music.mka"), "w") as container:
        voices: list[Any] = [
            container.add_stream("pcm_s16le", rate=rate, layout="mono") for _ in range(2)
        ]
        for voice, track in zip(voices, (0.0 * clicks, 0.6 * clicks), strict=True):
            samples = np.round(track * 32_767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, 0
            container.mux(voice.encode(frame))
            container.mux(voice.encode(None))
    yield folder
    server = Server.find(folder / "state" / "virtual-conductor")
    if server is not None:
        server.stop()


@pytest.fixture(scope="module", params=PYTHONS)
def blender(request: pytest.FixtureRequest, shared: Path) -> Blender:
    python = PYTHONS[request.param]
    if not python.exists():
        pytest.skip(f"no Blender {request.param} module here; `make test` installs it")
    folder = shared / request.param
    folder.mkdir()
    package = next(shared.glob("*.zip"))
    return Blender(python, folder, package, shared / "music.wav")


def test_it_installs_with_its_panel_and_settings(blender: Blender) -> None:
    assert blender.install == {"enabled": True, "settings": True, "panel": True, "absolute": []}


def test_every_setting_has_a_name_of_its_own(blender: Blender) -> None:
    names = blender.run(
        """
            properties = bpy.context.scene.virtual_conductor.bl_rna.properties
            answer = [p.name for p in properties if p.identifier not in ("name", "rna_type")]
        """
    )
    assert {"Built-In Conductor", "Model", "Style", "Overlay"} <= set(names)
    assert len(names) == len(set(names))


def test_every_staged_module_can_be_imported(blender: Blender) -> None:
    imported = blender.run(
        f"""
            import importlib, pkgutil
            package = importlib.import_module({MODULE!r})
            names = [m.name for m in pkgutil.walk_packages(package.__path__, {MODULE!r} + ".")]
            for name in names:
                importlib.import_module(name)
            answer = [name.removeprefix({MODULE!r} + ".") for name in names]
        """
    )
    assert {"panel", "commands", "stage.conductor", "retarget.solve"} <= set(imported)


def test_it_unregisters_without_a_trace_and_registers_again(blender: Blender) -> None:
    left = blender.run(
        f"""
            def there():
                return sorted(
                    [n for n in dir(bpy.types) if "virtual_conductor" in n.lower()]
                    + [n for n in dir(bpy.ops.virtual_conductor)]
                    + ([1] if hasattr(bpy.types.Scene, "virtual_conductor") else []), key=str)
            before = there()
            addon_utils.disable({MODULE!r})
            gone = there()
            addon_utils.enable({MODULE!r})
            answer = [before, gone, there()]
        """
    )
    before, gone, again = left
    assert before
    assert gone == []
    assert again == before


def test_generate_animates_a_new_conductor_through_the_server(blender: Blender) -> None:
    made = blender.run(
        """
            scene = bpy.context.scene
            settings = scene.virtual_conductor
            settings.music, settings.meter, settings.style = music, "4/4", "staccato"
            scene.render.fps = 25
            result = bpy.ops.virtual_conductor.generate()
            avatar = settings.avatar
            data = avatar.animation_data
            strip = scene.sequence_editor.strips[0]
            bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
            def hand(frame):
                scene.frame_set(frame)
                return list(avatar.pose.bones["hand.R"].head)[2]
            answer = {
                "result": sorted(result),
                "slot": data.action_slot.target_id_type,
                "curves": len(bag.fcurves),
                "markers": [m.name for m in scene.timeline_markers],
                "range": [scene.frame_start, scene.frame_end, scene.render.fps],
                "strip": [strip.type, strip.frame_final_start,
                          bpy.path.abspath(strip.sound.filepath)],
                "objects": [o.name for o in scene.objects],
                "heights": [hand(f) for f in range(1, 150, 4)],
                "sharpness": settings.sharpness,
            }
            def faces():
                return [k.animation_data.action.name for k in bpy.data.shape_keys
                        if k.animation_data and k.animation_data.action]
            answer["faces"] = faces()
            settings.use_face = False
            bpy.ops.virtual_conductor.generate()
            answer["faceless"] = faces()
        """
    )
    assert made["result"] == ["FINISHED"]
    assert made["slot"] == "OBJECT"
    assert made["curves"] > 50
    assert made["range"] == [1, 150, 25]
    assert made["markers"].count("2\u00a0") >= 2
    assert any(name.startswith("Bar ") for name in made["markers"])
    assert made["strip"] == ["SOUND", 1, str(blender.music)]
    assert made["sharpness"] == pytest.approx(0.95)
    assert made["faces"] == ["Face Conductor"]
    assert made["faceless"] == []
    # It conducts, and the startup scene's cube made room for it.
    assert np.ptp(made["heights"]) > 0.1
    assert "Cube" not in made["objects"]


def test_a_scene_of_the_users_own_keeps_its_settings_through_two_performances(
    blender: Blender,
) -> None:
    made = blender.run(
        f"""
            import importlib
            sys.path.insert(0, {str(ROOT / "tests" / "retarget")!r})
            sys.path.insert(0, {str(ROOT)!r})
            from sample_rigs import bone_rows
            session = importlib.import_module({MODULE!r} + ".task").session
            scene = bpy.context.scene
            settings = scene.virtual_conductor
            rows = bone_rows(fingers=False)
            rows.pop("baton")
            data = bpy.data.armatures.new("Odd")
            rig = bpy.data.objects.new("Odd", data)
            scene.collection.objects.link(rig)
            bpy.context.view_layer.objects.active = rig
            bpy.ops.object.mode_set(mode="EDIT")
            for name, (parent, head, tail) in rows.items():
                bone = data.edit_bones.new(name)
                bone.head, bone.tail = head, tail
                if parent:
                    bone.parent = data.edit_bones[parent]
            bpy.ops.object.mode_set(mode="OBJECT")
            render = scene.render
            render.fps, render.engine = 24, "CYCLES"
            scene.frame_start, scene.frame_end = 31, 700
            scene.frame_set(60)
            scene.timeline_markers.new("Bar 3", frame=40)
            def kept():
                return [render.fps, render.engine, render.resolution_x, scene.frame_start,
                        scene.frame_end, scene.frame_current, scene.sync_mode,
                        scene.use_audio_scrub, scene.camera.name, len(bpy.data.collections),
                        "Cube" in scene.objects]
            def shown():
                return [scene.use_preview_range, scene.frame_preview_start,
                        scene.frame_preview_end]
            before = kept()
            settings.music, settings.meter, settings.avatar = music, "4/4", rig
            bpy.ops.virtual_conductor.generate()
            answer = {{"kept": [kept() == before], "shown": [shown()],
                       "notes": list(session.notes)}}
            settings.use_excerpt, settings.duration, settings.beats = True, 3.0, "MARKERS"
            bpy.ops.virtual_conductor.generate()
            answer["kept"].append(kept() == before)
            answer["shown"].append(shown())
            answer["markers"] = [m.name for m in scene.timeline_markers if m.frame == 40]
            settings.set_range = True
            bpy.ops.virtual_conductor.generate()
            answer["taken"] = [scene.frame_start, scene.frame_end, scene.use_preview_range,
                               render.engine]
        """,
        timeout_s=240.0,
    )
    assert made["kept"] == [True, True]
    assert made["shown"] == [[True, 31, 174], [True, 31, 102]]
    assert made["markers"] == ["Bar 3"]
    assert made["taken"] == [31, 102, False, "CYCLES"]
    assert sum("has no fingers" in note for note in made["notes"]) == 1
    assert sum("its preview range, 31 to 174" in note for note in made["notes"]) == 1


def test_moved_markers_are_conducted_to_music_that_blender_plays_in_time(blender: Blender) -> None:
    made = blender.run(
        """
            from bl_ext.user_default.virtual_conductor.scene import find_sound
            scene = bpy.context.scene
            settings = scene.virtual_conductor
            settings.music, settings.beats = music.replace(".wav", ".mka"), "MARKERS"
            settings.audio_track = 2
            scene.render.fps = 20
            for i in range(6):
                scene.timeline_markers.new(str(1 + i % 3), frame=11 + 17 * i)
            scene.timeline_markers.new("Solo", frame=40)
            bpy.ops.virtual_conductor.generate()
            strip = scene.sequence_editor.strips[0]
            with open(music.replace(".wav", ".heard.flac"), "wb") as file:
                file.write(strip.sound.packed_file.data)
            answer = {
                "markers": sorted((m.frame, m.name) for m in scene.timeline_markers),
                "decoded": bool(strip.sound.packed_file) and strip.sound.filepath,
                "sound": str(find_sound(scene).path),
                "track": find_sound(scene).track,
            }
        """
    )
    # The user's own markers are the beats; they need no others.
    beats = [[11, "1"], [28, "2"], [45, "3"], [62, "1"], [79, "2"], [96, "3"]]
    assert made["markers"] == sorted([*beats, [40, "Solo"]])
    assert made["decoded"] == "//music.flac"
    assert made["sound"] == str(blender.music.with_suffix(".mka"))
    # The first track, which is the file's default, is silent.
    assert made["track"] == 2
    assert np.abs(load_audio(blender.music.with_suffix(".heard.flac"))).max() > 0.3


def test_a_character_from_a_photo_is_made_by_the_server_and_conducts(
    blender: Blender, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 300, 3), 150, np.uint8))
    made = blender.run(
        f"""
            scene = bpy.context.scene
            settings = scene.virtual_conductor
            bpy.ops.virtual_conductor.create_avatar()
            before = snapshot()
            answer = {{}}
            settings.dress, settings.photo = "concert", {str(tmp_path / "wall.png")!r}
            try:
                bpy.ops.virtual_conductor.create_character()
            except RuntimeError as fault:
                answer["refused"] = [str(fault), snapshot() == before]
            first, settings.photo = settings.avatar, {str(PHOTO)!r}
            answer["result"] = sorted(bpy.ops.virtual_conductor.create_character())
            avatar = settings.avatar
            answer["hidden"] = [first.hide_render, avatar.hide_render]
            answer["parts"] = sorted(child.name.split(".")[0] for child in avatar.children)
            person = next(c for c in avatar.children if c.name == "Person")
            photo = person.data.materials[0].node_tree.nodes.active.image
            answer["packed"] = bool(photo.packed_file)
            settings.music, settings.meter, scene.render.fps = music, "4/4", 25
            bpy.ops.virtual_conductor.generate()
            answer["same"] = settings.avatar == avatar
            def wrist(frame):
                scene.frame_set(frame)
                return list(avatar.pose.bones["hand.R"].head)[2]
            answer["heights"] = [wrist(frame) for frame in range(1, 150, 4)]
        """,
        timeout_s=400.0,
    )
    sentence, unchanged = made["refused"]
    assert sentence.startswith("Error: ")
    assert "wall.png" in sentence
    assert unchanged
    assert made["result"] == ["FINISHED"]
    assert made["hidden"] == [True, False]
    assert made["parts"] == ["Baton", "Fringe", "Person"]
    assert made["packed"]
    assert made["same"]
    assert np.ptp(made["heights"]) > 0.1


def test_render_from_a_script_writes_a_video_and_keeps_the_settings(
    blender: Blender, tmp_path: Path
) -> None:
    video, kept = blender.run(
        f"""
            scene = bpy.context.scene
            settings = scene.virtual_conductor
            bpy.ops.virtual_conductor.create_avatar()
            scene.render.resolution_x, scene.render.resolution_y = 65, 49
            scene.frame_end = 3
            settings.folder, settings.quality = {str(tmp_path)!r}, "draft"
            def state():
                render = scene.render
                return [render.engine, render.filepath, render.image_settings.file_format,
                        render.resolution_x, render.use_sequencer, len(bpy.data.scenes)]
            before = state()
            bpy.ops.virtual_conductor.render()
            answer = [settings.animation, state() == before]
        """
    )
    assert kept
    assert Path(video) == tmp_path / "animation.mp4"
    with av.open(video) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 64, 48)
        assert sum(1 for _ in container.decode(video=0)) == 3


def test_overlays_are_drawn_over_a_video_of_the_panel(blender: Blender, tmp_path: Path) -> None:
    video = blender.run(
        f"""
            scene = bpy.context.scene
            settings = scene.virtual_conductor
            bpy.ops.virtual_conductor.create_avatar()
            scene.render.resolution_x, scene.render.resolution_y = 321, 181
            scene.frame_end = 2
            settings.folder, settings.quality = {str(tmp_path)!r}, "draft"
            settings.overlays = {{"skeleton", "trace"}}
            bpy.ops.virtual_conductor.render()
            answer = settings.animation
        """
    )
    with av.open(video) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(180, 320, 3)] * 2
    # The conductor's left side, on the right of the picture, is blue.
    blue = frames[1][..., 2].astype(int) - frames[1][..., 0] > 70
    assert blue[:, 160:].mean() > 0.004
    assert blue[:, :150].mean() < 0.001


def test_a_fault_is_one_sentence_and_leaves_the_scene_as_it_was(
    blender: Blender, tmp_path: Path
) -> None:
    (tmp_path / "text.mp3").write_text("this is no music\n" * 100)
    faults = blender.run(
        f"""
            def stranger():
                data = bpy.data.armatures.new("Stranger")
                item = bpy.data.objects.new("Stranger", data)
                bpy.context.scene.collection.objects.link(item)
                return item
            no_music = {str(tmp_path / "text.mp3")!r}
            s = bpy.context.scene.virtual_conductor
            cases = {{
                "no file": {{"music": "/nowhere/music.wav"}},
                "a folder": {{"music": {str(tmp_path)!r}}},
                "no music": {{"music": no_music}},
                "no score": {{"music": music, "beats": "SCORE"}},
                "no markers": {{"music": music, "beats": "MARKERS"}},
                "no rig": {{"music": music, "beats": "LISTEN", "avatar": stranger()}},
            }}
            answer = {{}}
            for case, settings in cases.items():
                for name, value in settings.items():
                    setattr(s, name, value)
                before = snapshot()
                try:
                    bpy.ops.virtual_conductor.generate()
                except RuntimeError as error:
                    answer[case] = [str(error).strip(), snapshot() == before]
        """
    )
    expected = {
        "no file": "The music music.wav does not exist",
        "a folder": f"{tmp_path} is a folder; choose the music in it",
        "no music": "text.mp3",
        "no score": "No score is chosen",
        "no markers": "no beat markers",
        "no rig": "armature 'Stranger'",
    }
    assert set(faults) == set(expected)
    for case, (said, unchanged) in faults.items():
        assert said.startswith("Error: ")
        assert expected[case] in said
        assert "\n" not in said
        assert unchanged, case


def test_the_backend_is_found_by_the_note_the_command_leaves_or_told_with_its_fix(
    blender: Blender, tmp_path: Path
) -> None:
    (tmp_path / "virtual-conductor").mkdir()
    (tmp_path / "virtual-conductor" / "python.txt").write_text(f"{sys.executable}\n")
    found, fix, sentence = blender.run(
        f"""
            import importlib, os
            backend_python = importlib.import_module({MODULE!r} + ".backend_python")
            task = importlib.import_module({MODULE!r} + ".task")
            found = str(backend_python.find(""))
            backend_python.note_path().unlink()
            try:
                backend_python.find("")
            except Exception as fault:
                problem = task.problem_of(fault)
            answer = [found, problem.fix, problem.sentence]
        """,
        VIRTUAL_CONDUCTOR_PYTHON="",
        XDG_CONFIG_HOME=str(tmp_path),
    )
    assert found == sys.executable
    assert fix == "virtual_conductor.preferences"
    assert "preferences" in sentence


def test_a_cancel_while_animating_leaves_the_scene_as_it_was(blender: Blender) -> None:
    checked = blender.run(
        f"""
            import importlib
            def load(name):
                return importlib.import_module({MODULE!r} + "." + name)
            Motion = load("retarget.motion").Motion
            Cancelled = load("retarget.errors").Cancelled
            skeleton, rotation = load("retarget.skeleton"), load("retarget.rotation")
            import numpy as np
            motion = Motion(fps=30.0, rotations=rotation.identity((30, len(skeleton.NAMES))),
                            root=np.tile(skeleton.REST[0], (30, 1)), beats=np.array([0.5]),
                            beat_numbers=np.array([1]))
            answer = []
            scene = bpy.context.scene
            for limit in (0.2, 0.4, 0.8):
                def report(fraction, phase, /):
                    if fraction > limit:
                        raise Cancelled
                before = snapshot()
                try:
                    load("scene").perform(scene, None, motion, progress=report)
                    answer.append("not cancelled")
                except Cancelled:
                    answer.append(snapshot() == before)
            load("scene").perform(scene, None, motion)
            before = snapshot()
            try:
                load("scene").perform(scene, scene.virtual_conductor.avatar, motion.resample(12.0),
                                      progress=report)
                answer.append("not cancelled")
            except Cancelled:
                answer.append(snapshot() == before)
        """
    )
    assert checked == [True, True, True, True]


def test_the_window_thread_hears_progress_and_a_cancel_ends_the_job(
    blender: Blender, shared: Path
) -> None:
    fault, title, exists = blender.run(
        f"""
            import importlib, time
            from pathlib import Path
            def load(name):
                return importlib.import_module({MODULE!r} + "." + name)
            out = Path("motion.npz")
            def work(progress):
                return load("server_jobs").run_job("motion", {{}}, {{"music": Path(music)}}, out,
                                                   python=Path({sys.executable!r}),
                                                   progress=progress)
            task = load("task").Task("Generating", work)
            task.start()
            while task.fraction < 0.05 and not task.done:
                time.sleep(0.02)
            task.cancel()
            task.join(30)
            answer = [type(task.fault).__name__, task.title, out.exists()]
        """
    )
    assert (fault, title, exists) == ("Cancelled", "Generating", False)
    server = Server.find(shared / "state" / "virtual-conductor")
    assert server is not None
    assert server.jobs() == []


def test_the_generate_verb_does_what_the_panel_does(shared: Path, tmp_path: Path) -> None:
    arguments = ["generate", "--music", str(shared / "music.wav"), "--music-start", "1"]
    arguments += ["--duration", "4", "--fps", "10", "--meter", "3/4", "--size", "96x64"]
    done = subprocess.run(
        [*COMMANDS, *arguments, "--out", str(tmp_path / "scene.blend")],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(shared / "state"), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    described = subprocess.run(
        [*COMMANDS, "info", "--scene", str(tmp_path / "scene.blend")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    results = [line for t in described.stdout.splitlines() if (line := read_line(t))]
    info = json.loads(results[-1].text)
    assert (info["frame_end"], info["fps"], info["sound_start"]) == (40, 10.0, 1.0)
    assert info["sound"] == str(shared / "music.wav")
