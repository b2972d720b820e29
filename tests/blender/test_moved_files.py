"""Scenes written elsewhere than they were opened: what they use is found there too."""

from collections.abc import Callable
from typing import Any

import pytest

_PLAY = """
import sys
from pathlib import Path
sys.path.insert(0, "tests/blender")
import moved_files
answer = moved_files.play(Path(folder))
"""


@pytest.fixture(scope="module")
def told(
    run_in_each_blender: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What each of the written files says, and its folder."""
    folder = tmp_path_factory.mktemp("moved").resolve()
    answers: dict[str, Any] = run_in_each_blender(_PLAY, folder=str(folder))
    return {"folder": folder, **answers}


@pytest.mark.parametrize("place", ["elsewhere", "beside", "relative"])
def test_everything_that_a_file_uses_is_the_same_file_from_its_new_place(
    told: dict[str, Any], place: str
) -> None:
    before, after = told[place]["before"], told[place]["after"]
    assert len(before["places"]) > 15
    assert before["places"]["below"] == str(told["folder"] / "home" / "textures" / "below.png")
    assert after == before
    assert after["shown"] == [[8, 8]] * 5
    assert after["packed"]
    assert after["override"] == [True, 2.0]
    assert after["missing_libraries"] == []
    assert told[place]["session_kept"]


def test_relative_paths_stay_relative_and_absolute_ones_absolute(told: dict[str, Any]) -> None:
    named = told["elsewhere"]["named"]
    assert named["below"] == "//../../home/textures/below.png"
    assert named["tiles"] == "//../../home/tile.<UDIM>.png"
    assert named["gone"] == "//../../home/gone.png"
    assert named["absolute"] == str(told["folder"] / "models" / "absolute.png")


def test_sound_in_the_new_folder_is_named_relatively_and_other_sound_absolutely(
    told: dict[str, Any],
) -> None:
    for place in ("elsewhere", "relative"):
        named = told[place]["named"]
        assert named["music.wav"] == "//music.wav"
        assert named["own.wav"] == str(told["folder"] / "home" / "own.wav")
    assert told["beside"]["named"]["own.wav"] == "//own.wav"


def test_the_panels_files_are_found_from_the_new_place(told: dict[str, Any]) -> None:
    for place in ("elsewhere", "beside", "relative"):
        assert told[place]["photo"] == str(told["folder"] / "home" / "beside.png")
        assert told[place]["music"] == "//music.wav"


def test_a_file_that_was_never_saved_keeps_its_absolute_paths(told: dict[str, Any]) -> None:
    made = told["never_saved"]
    assert made["named"] == {
        "loose": str(told["folder"] / "out" / "loose.png"),
        "music.wav": "//music.wav",
    }
    assert made["shown"] == [8, 8]
