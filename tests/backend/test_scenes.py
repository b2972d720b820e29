"""Avatars from elsewhere: what Blender cannot open, or crashes on, ends in one sentence."""

import json
import sys
from pathlib import Path

import pytest
from own_avatars import write_avatar

from backend.blender_sessions import Blender
from backend.child import Child, ChildDiedError
from backend.demo import demo_file
from backend.motion_request import MotionRequest
from backend.pipeline import conduct_everything
from backend.scene_videos import likeness_of_scene
from backend.scenes import SceneOptions, crash_blamed_on, scene_info
from backend.subject_request import SubjectRequest
from retarget.errors import ConductorError

_CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


def _crash() -> None:
    Child([sys.executable, "-c", _CRASH], "the test").wait()


def test_a_crash_of_blender_on_an_avatar_is_said_of_the_avatar(tmp_path: Path) -> None:
    with (
        pytest.raises(ConductorError, match=r"Blender crashes on bad\.blend; .* save it anew"),
        crash_blamed_on(tmp_path / "bad.blend"),
    ):
        _crash()


@pytest.mark.parametrize("avatar", [None, "photo", Path("me.subject")])
def test_a_crash_without_a_foreign_avatar_stays_a_fault_of_ours(avatar: Path | str | None) -> None:
    with pytest.raises(ChildDiedError, match="ended with code -11"), crash_blamed_on(avatar):
        _crash()


@pytest.mark.parametrize(
    ("name", "words"), [("bad.blend", "cannot be opened"), ("bad.subject", "not a subject file")]
)
def test_a_damaged_avatar_is_refused_before_anything_is_made(
    tmp_path: Path, name: str, words: str
) -> None:
    avatar = tmp_path / name
    avatar.write_bytes(b"BLENDER-v405" + bytes(range(256)))
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=2.0)
    with pytest.raises(ConductorError, match=words):
        conduct_everything(request, tmp_path / "out", scene=SceneOptions(avatar=avatar))
    assert not (tmp_path / "out").exists()


def test_a_scene_that_cannot_be_used_is_told_of_before_the_photo_is_read(tmp_path: Path) -> None:
    blend, photo = tmp_path / "scene.blend", tmp_path / "me.png"
    blend.write_bytes(b"no scene")
    photo.write_bytes(b"no photo")
    with pytest.raises(ConductorError, match=r"scene\.blend cannot be opened"):
        likeness_of_scene(blend, SubjectRequest(photo=photo), tmp_path / "me.mp4")


def test_an_avatar_is_not_replaced_by_its_own_result(tmp_path: Path) -> None:
    avatar = tmp_path / "scene.blend"
    avatar.write_bytes(b"somebody's work")
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=2.0)
    with pytest.raises(ConductorError, match="give another folder"):
        conduct_everything(request, tmp_path, scene=SceneOptions(avatar=avatar))
    assert [path.name for path in tmp_path.iterdir()] == ["scene.blend"]
    assert avatar.read_bytes() == b"somebody's work"


def test_a_rig_that_cannot_conduct_is_refused_before_the_music_is_heard(tmp_path: Path) -> None:
    avatar = write_avatar(tmp_path / "table.blend", "table")
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=2.0)
    phases: list[str] = []
    with pytest.raises(ConductorError, match="no body with two arms"):
        conduct_everything(
            request,
            tmp_path / "out",
            scene=SceneOptions(avatar=avatar),
            progress=lambda _, phase: phases.append(phase),
        )
    assert phases == []
    assert not (tmp_path / "out").exists()


def test_what_is_odd_about_a_rig_is_told_at_once_and_its_scene_keeps_its_settings(
    tmp_path: Path,
) -> None:
    avatar = write_avatar(tmp_path / "odd.blend", "resting")
    request = MotionRequest(music=demo_file("ode_to_joy.ogg"), duration=2.0)
    said: list[str] = []
    told_before: list[int] = []
    report = conduct_everything(
        request,
        tmp_path / "out",
        scene=SceneOptions(avatar=avatar),
        tell=said.append,
        progress=lambda _, _phase: told_before.append(len(said)),
    )
    told = [sentence for sentence in said if "has no fingers" in sentence]
    assert len(told) == 1
    assert any("rest position" in sentence for sentence in said)
    # All of it before anything else is done.
    assert set(told_before) == {len(said)}
    assert report.warnings.count(told[0]) == 1
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (written["fps"], written["frames"], written["size"]) == (12.0, 24, [192, 108])
    assert written["camera"] == "Mine"
    with Blender(renderers=1) as blender:
        info = scene_info(blender, tmp_path / "out" / "scene.blend")
    assert (info["fps"], info["frame_start"], info["frame_end"]) == (12.0, 1, 24)
    assert (info["size"], info["engine"], info["armature"]) == ([193, 109], "eevee", "Odd")
