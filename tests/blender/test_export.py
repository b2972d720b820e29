"""Exports read back by Blender's own importers and from the files themselves, in 4.5 and 5.0."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from backend.scene_exports import export_of_scene
from blender_addon.exports.formats import export_path, sample_rate
from retarget.errors import Cancelled, ConductorError

ROOT = Path(__file__).parents[2]
PYTHONS = {"4.5": Path(sys.executable), "5.0": ROOT / ".venv-bpy5" / "bin" / "python"}
RATE = 48_000
# Of the click in the music; the scene plays the music from 0.25 s on, and is shown from its
# eleventh frame.
CLICK, START, SKIPPED = 1.2, 0.25, 10
# Of 2 ms in five minutes.
DRIFT = 0.002 / 300.0


@pytest.fixture(scope="module", params=sorted(PYTHONS))
def answers(request: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came back of every case."""
    python = PYTHONS[request.param]
    if not python.is_file():
        pytest.skip(f"no Blender {request.param} here; scripts/setup.sh installs it")
    folder = tmp_path_factory.mktemp("exports")
    music = np.zeros(3 * RATE, np.float32)
    music[round(CLICK * RATE) :][:200] = 0.8
    soundfile.write(folder / "click.wav", music, RATE)
    paths = [str(ROOT), str(ROOT / "tests" / "retarget")]
    done = subprocess.run(
        [python, Path(__file__).with_name("export_scenes.py"), folder, sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
    )
    assert (folder / "answers.json").is_file(), done.stdout[-2000:] + done.stderr[-4000:]
    told: dict[str, Any] = json.loads((folder / "answers.json").read_text())
    faults = [f"{case}: {answer}" for case, answer in told.items() if isinstance(answer, str)]
    assert not faults, "\n".join(faults)
    return told


def test_times_in_the_file_are_those_of_the_scene(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        if "seconds" in told:
            found, right = told["seconds"]
            assert found == pytest.approx(right, rel=DRIFT), case


def test_joints_come_back_where_they_were(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        assert told["joints_mm"] < 0.1, case


def test_meshes_bend_and_their_shape_keys_play_as_they_did(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        if not case.startswith(".bvh"):
            assert told["body_mm"] < 0.1, case


def test_the_baton_turns_in_the_hand_and_what_is_hidden_stays_out(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        if not case.startswith(".bvh"):
            assert told["tip_mm"] < 0.1, case
            meshes = {name.split(".")[0] for name in told["meshes"]}
            assert meshes - {"Icosphere"} == {"Body", "Stick"}, case


def test_every_material_keeps_its_own_picture(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        if not case.startswith(".bvh"):
            assert told["pictures"] == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 0]], case


def test_pictures_beside_a_file_are_called_after_it(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        names = [Path(file).name for file in told["files"] if file.startswith("textures/")]
        assert all(name.startswith("take_") for name in names), case
        assert len(names) == (4 if case.startswith((".usd", ".gltf")) else 0), case


def test_controls_are_left_out_and_the_hips_come_first(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        assert told["root"] == "hips", case
        assert "goal" not in told["bones"], case
        assert "Stick" in told["bones"], case


def test_the_music_starts_with_the_motion(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        fps = float(case.split()[1])
        assert "take.wav" in told["files"], case
        sound, rate = soundfile.read(Path(told["folder"]) / "take.wav")
        found = int(np.argmax(np.abs(sound[:, 0]) > 0.4)) / rate
        assert found == pytest.approx(CLICK - START - SKIPPED / fps, abs=0.002), case
        assert len(sound) / rate == pytest.approx((round(0.8 * fps) + 1) / fps, abs=0.002), case


def test_usd_in_text_names_the_music(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        if case.startswith(".usda"):
            text = (Path(told["folder"]) / "take.usda").read_text()
            assert "uniform asset filePath = @./take.wav@" in text
            assert text.count("{") == text.count("}")


def test_another_rate_than_the_scene_s_is_told(answers: dict[str, Any]) -> None:
    for case, told in answers.items():
        asked = float(case.split()[1])
        whole = case.startswith((".fbx", ".gl")) and asked != round(asked)
        assert any("poses a second" in note for note in told["notes"]) == whole, case


def test_rates_are_whole_where_programs_disagree_on_others() -> None:
    rates = {24: 24, 24_000 / 1001: 24, 30_000 / 1001: 30, 60_000 / 1001: 60, 12.5: 25, 25: 25}
    for fps, whole in rates.items():
        assert sample_rate(fps, "fbx") == sample_rate(fps, "gltf") == whole
        assert sample_rate(fps, "bvh") == sample_rate(fps, "usd") == fps


def test_the_ending_tells_the_format_or_gets_it() -> None:
    assert export_path(Path("a/take.GLB")) == Path("a/take.GLB")
    assert export_path(Path("a/take.v2"), "gltf") == Path("a/take.v2.glb")
    with pytest.raises(ConductorError, match="does not tell a format"):
        export_path(Path("take.txt"))
    with pytest.raises(ConductorError, match="ends like FBX, but BVH"):
        export_path(Path("take.fbx"), "bvh")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built-in conductor with a performance of two seconds."""
    sys.path.insert(0, str(ROOT / "tests" / "retarget"))
    from sample_motions import planted_motion

    folder = tmp_path_factory.mktemp("scene")
    planted_motion(frames=48, fps=24.0, seed=1).save(folder / "motion.npz")
    command = [sys.executable, "-m", "blender_addon.commands", "animate"]
    command += [
        "--size",
        "96x64",
        "--motion",
        str(folder / "motion.npz"),
        "--out",
        str(folder / "scene.blend"),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder / "scene.blend"


def test_the_command_writes_the_files_and_leaves_the_scene_alone(
    scene: Path, tmp_path: Path
) -> None:
    before = scene.read_bytes()
    written, warnings = export_of_scene(scene, tmp_path / "take", format_name="gltf")
    assert written[0] == tmp_path / "take.glb"
    assert warnings == []
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert scene.read_bytes() == before


def test_a_cancel_while_the_exporter_runs_leaves_nothing(scene: Path, tmp_path: Path) -> None:
    heard = []

    def progress(fraction: float, phase: str, /) -> None:
        heard.append(phase)
        if phase == "writing the file" and fraction > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        export_of_scene(scene, tmp_path / "take.fbx", progress=progress)
    assert "reading the animation" in heard
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_goes_with_the_next(scene: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "blender_addon.commands", "export"]
    command += ["--scene", str(scene), "--out", str(tmp_path / "take.bvh")]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while not list(tmp_path.iterdir()):
            assert running.poll() is None
            time.sleep(0.002)
    finally:
        running.kill()
        running.wait()
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    other = tmp_path / ".take.glb.one.part"
    other.mkdir()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert sorted(tmp_path.iterdir()) == [other, tmp_path / "take.bvh"]


def test_a_scene_in_which_nothing_moves_is_told(
    scene: Path, tmp_path: Path, run_in_blender: Callable[..., Any]
) -> None:
    still = tmp_path / "still.blend"
    run_in_blender(
        """
bpy.ops.wm.open_mainfile(filepath=blend)
bpy.data.objects["Conductor"].animation_data_clear()
bpy.ops.wm.save_as_mainfile(filepath=still)
answer = True
""",
        blend=str(scene),
        still=str(still),
    )
    _, warnings = export_of_scene(still, tmp_path / "take.bvh")
    assert any("Nothing moves 'Conductor' from frame 1 to 48" in warning for warning in warnings)


def test_a_file_that_cannot_be_exported_is_one_sentence(scene: Path, tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="does not exist"):
        export_of_scene(tmp_path / "no.blend", tmp_path / "take.fbx")
    with pytest.raises(ConductorError, match="240"):
        export_of_scene(scene, tmp_path / "take.fbx", fps=1000.0)
