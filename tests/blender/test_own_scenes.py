"""A performance in a scene of the user's own: what is his stays, and a cancel leaves no trace."""

import re
from collections.abc import Callable
from typing import Any

import av
import cv2
import pytest

_PLAY = """
import sys
from pathlib import Path
sys.path[:0] = ["tests/blender", "tests/retarget"]
import own_scenes
answer = own_scenes.play(Path(folder))
"""
# Where a performance may be seen: new data-blocks, the armature's and the face's animation, the
# preview range, the markers, the sound, and what the panel remembers.
_PERFORMED = (
    r"actions\[(Conducting|Face) .*",
    r"actions\[(Maestro|Body)Action\]\.use_fake_user",
    r"sounds\[music\.wav\].*",
    r"objects\[Maestro\]\.(animation_data\.|pose\.bones\[|bound_box$|dimensions$).*",
    r"shape_keys\[Key\]\.(animation_data\.action|key_blocks\[.*\]\.value).*",
    r"scenes\[Scene\]\.(use_preview_range|frame_preview_(start|end))",
    r"scenes\[Scene\]\.(timeline_markers|sequence_editor)\W.*",
    r'scenes\[Scene\](\.virtual_conductor\W|\["virtual_conductor"\]).*',
)


@pytest.fixture(scope="module")
def told(
    run_in_each_blender: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What came of each performance."""
    folder = tmp_path_factory.mktemp("own")
    answers: dict[str, Any] = run_in_each_blender(_PLAY, folder=str(folder))
    return {"folder": folder, **answers}


def test_a_performance_changes_nothing_of_the_users_scene_but_what_it_is(
    told: dict[str, Any],
) -> None:
    allowed = re.compile("|".join(_PERFORMED))
    changed = told["played_twice"]["changed"]
    assert changed
    assert [place for place in changed if not allowed.fullmatch(place)] == []


def test_the_performance_is_previewed_and_that_is_said_once(told: dict[str, Any]) -> None:
    played = told["played_twice"]
    described = played["described"]
    assert (described["frame_start"], described["frame_end"]) == (41, 100)
    assert described["fps"] == pytest.approx(24 / 1.001, rel=1e-6)
    assert (described["size"], described["engine"]) == ([64, 48], "cycles")
    # Not that of the strip that begins before it.
    assert described["sound"] == str(told["folder"] / "music.wav")
    assert described["sound_start"] == pytest.approx(0.25)
    first, second, third = played["notes"]
    assert "its range, 41 to 300" in first[0]
    assert "41 to 100" in first[0]
    assert "41 to 76" in second[0]
    assert third == []


def test_a_second_performance_takes_the_place_of_the_first(told: dict[str, Any]) -> None:
    played = told["played_twice"]
    assert played["preview_later"] == [41, 76]
    assert sorted(played["strips"]) == ["Music", "Speech"]
    users = [[1, "Cut"], [50, "1"], [60, "Bar 3"], [70, "Chorus"], [2000, "2"]]
    ours = [[53, "Bar 1\u00a0"], [65, "2\u00a0"], [77, "3\u00a0"], [89, "4\u00a0"]]
    assert played["markers"] == sorted([*users, *ours])
    assert played["markers_later"] == sorted([*users, *ours[:2]])
    rows = [row.split("\t") for row in played["beats"].splitlines()]
    # 12 frames after the first, which the music's second 0.25 goes with.
    assert float(rows[1][0]) == pytest.approx(0.25 + 12 / (24 / 1.001), abs=1e-5)


def test_marking_the_same_beats_again_changes_no_marker(told: dict[str, Any]) -> None:
    assert told["own_markers"]["again"] == told["own_markers"]["once"]
    assert [53, "Bar 1\u00a0"] in told["own_markers"]["once"]


def test_videos_and_guide_show_what_is_previewed_and_put_everything_back(
    told: dict[str, Any],
) -> None:
    with av.open(str(told["folder"] / "v.mp4")) as container:
        # An odd half of an odd size is rounded down for the encoder.
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 48)
        assert sum(1 for _ in container.decode(video=0)) == 5
    # Not the part alone that the user's render border shows.
    assert cv2.imread(str(told["folder"] / "000043.png")).shape == (48, 64, 3)
    assert told["shown"]["guide"] == 5
    changed = told["shown"]["changed"]
    assert [place for place in changed if not place.startswith("images[Render Result]")] == []


def test_the_users_scene_takes_range_and_rate_only_if_told_to(told: dict[str, Any]) -> None:
    made = told["taken_over"]
    assert made["range"] == [41, 100, False]
    assert made["rate"] == 24.0
    assert made["sync"] == ["AUDIO_SYNC", True]
    assert (made["engine"], made["size"]) == ("CYCLES", [129, 97, 50])


def test_a_scene_is_ours_where_it_began_with_its_conductor(told: dict[str, Any]) -> None:
    ours, users = [True, 20, False, False, 30], [False, 90, True, True, 90]
    assert told["owners"] == {
        "empty": ours,
        "startup": ours,
        "saved": ours,
        "moved": users,
        "furnished": users,
        "camera": users,
        "cut": users,
    }


def test_a_cancel_or_a_fault_at_any_moment_leaves_everything_as_it_was(
    told: dict[str, Any],
) -> None:
    stopped = dict(told["stopped"])
    assert stopped.pop("calls") > 50
    assert len(stopped) == 7
    assert {moment: places[:5] for moment, places in stopped.items() if places} == {}
