"""Whose bones play which joints on the command: shown, written, changed and given back."""

import subprocess
import sys
from pathlib import Path

import pytest
from own_avatars import write_avatar

from backend.animation_stamp import stamp_of
from backend.blender_sessions import Blender
from backend.demo import demo_file
from backend.motion_request import MotionRequest
from backend.scenes import SceneOptions, check_avatar, make_scene
from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.motion import Motion

_REST = Motion(
    fps=12.0,
    rotations=rotation.identity((6, len(skeleton.NAMES))),
    root=skeleton.REST[:1].repeat(6, axis=0),
)


@pytest.fixture(scope="module")
def avatar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_avatar(tmp_path_factory.mktemp("avatar") / "odd.blend", "odd")


def _rig(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend", "rig", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_rig_command_shows_the_bones_and_writes_a_map_to_start_from(
    avatar: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.toml"
    done = _rig(str(avatar), "-o", str(out))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].strip() == "Odd: conductor avatar"
    assert any(line.split() == ["Left", "Forearm", "forearm.L", "100%"] for line in lines)
    assert lines[-1] == str(out)
    assert "Left out: Left Thumb, Left Index Finger, Left Fingers" in done.stderr
    assert "has no fingers" in done.stderr
    assert '"forearm.L" = "forearm.L"' in out.read_text()


def test_of_a_rig_that_cannot_be_told_a_map_to_fill_in_is_written(tmp_path: Path) -> None:
    avatar, out = write_avatar(tmp_path / "table.blend", "table"), tmp_path / "map.toml"
    done = _rig(str(avatar), "-o", str(out))
    assert done.returncode == 2
    assert "map.toml is written for that" in " ".join(done.stderr.split())
    text = out.read_text(encoding="utf-8")
    assert '# "upper_arm.L" = ""' in text
    filled = text.replace('# hips = ""', 'hips = "leg0"')
    for side, bone in (("L", "leg1"), ("R", "leg2")):
        filled = filled.replace(f'# "upper_arm.{side}" = ""', f'"upper_arm.{side}" = "{bone}"')
    out.write_text(filled, encoding="utf-8")
    # What somebody has filled in is not written over.
    again = _rig(str(avatar), "-o", str(out))
    assert again.returncode == 2
    assert "is written for that" not in " ".join(again.stderr.split())
    assert out.read_text(encoding="utf-8") == filled
    taken = _rig(str(avatar), "--rig-map", str(out))
    assert taken.returncode == 0, taken.stderr
    assert "leg2" in taken.stdout


def test_a_map_is_written_over_no_avatar(avatar: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.blend"
    own.write_bytes(avatar.read_bytes())
    done = _rig(str(own), "-o", str(own))
    assert done.returncode == 2
    assert "let it end in .toml" in " ".join(done.stderr.split())
    assert own.read_bytes() == avatar.read_bytes()


def test_what_is_no_avatar_of_ones_own_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for name, words in (("none.blend", "does not exist"), ("me.subject", "a person of a photo")):
        done = _rig(str(tmp_path / name))
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stdout == ""


def test_a_map_that_is_given_is_checked_conducted_by_and_kept_in_the_scene(
    avatar: Path, tmp_path: Path
) -> None:
    rig_map, out = tmp_path / "map.toml", tmp_path / "scene.blend"
    own = SceneOptions(avatar=avatar, rig_map=rig_map)
    _REST.save(tmp_path / "motion.npz")
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=0.5)
    with Blender(renderers=1) as blender:
        detected = check_avatar(blender, SceneOptions(avatar=avatar))
        assert detected is not None
        rig_map.write_text(detected["map"].replace('"clavicle.L" = "clavicle.L"\n', ""))
        told = check_avatar(blender, own)
        assert told is not None
        assert set(detected["joints"]) - set(told["joints"]) == {"clavicle.L"}
        make_scene(blender, tmp_path / "motion.npz", request, out, own)
        kept = check_avatar(blender, SceneOptions(avatar=out))
        assert kept is not None
        assert kept["joints"] == told["joints"]
        rig_map.write_text(detected["map"].replace('"hand.L" = "hand.L"', '"hand.L" = "claw"'))
        with pytest.raises(ConductorError, match="names the bone 'claw', which the armature 'Odd'"):
            check_avatar(blender, own)
        with pytest.raises(ConductorError, match="cannot be read"):
            check_avatar(blender, SceneOptions(avatar=avatar, rig_map=tmp_path / "none.toml"))


def test_another_map_dates_the_video_of_the_scene(avatar: Path, tmp_path: Path) -> None:
    rig_map = tmp_path / "map.toml"
    scene = SceneOptions(avatar=avatar, rig_map=rig_map)
    _REST.save(tmp_path / "motion.npz")
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=0.5)
    stamps = []
    for text in ("version = 1\n", "version = 1 \n"):
        rig_map.write_text(text)
        stamps.append(stamp_of(tmp_path / "motion.npz", request, scene, None))
    assert stamps[0] != stamps[1]
