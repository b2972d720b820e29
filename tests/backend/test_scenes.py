"""Avatars from elsewhere: what Blender cannot open, or crashes on, ends in one sentence."""

import sys
from pathlib import Path

import pytest

from backend.child import Child, ChildDiedError
from backend.demo import demo_file
from backend.motion_request import MotionRequest
from backend.pipeline import conduct_everything
from backend.scenes import SceneOptions, crash_blamed_on
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
