"""From music to conducted beats: what a user says mends them, and nothing is heard twice."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.audio.analysis import Analysis
from backend.audio.rates import SAMPLE_RATE
from backend.beats_request import BeatsRequest, FoundBeats, find_beats
from backend.cache_folder import CacheFolder
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid
from backend.motion_request import MotionRequest, make_motion
from retarget.errors import ConductorError

BEATS, BEAT_S = 16, 0.5


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of struck notes, 120 to the minute, every fourth one louder and lower."""
    times = np.arange(int(SAMPLE_RATE * BEAT_S)) / SAMPLE_RATE
    notes = [
        (0.8 if beat % 4 == 0 else 0.4)
        * np.exp(-8 * times)
        * np.sin(2 * np.pi * (110 if beat % 4 == 0 else 330) * times)
        for beat in range(BEATS)
    ]
    path = tmp_path_factory.mktemp("music") / "a private name.wav"
    soundfile.write(path, np.concatenate(notes), SAMPLE_RATE)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its beats, in four."""
    path = tmp_path_factory.mktemp("table") / "beats.txt"
    path.write_text("".join(f"{i * BEAT_S} {i % 4 + 1}\n" for i in range(BEATS)))
    return path


def alike(one: FoundBeats, other: FoundBeats) -> bool:
    """Whether beats, features and words are the same to the last bit."""
    pairs = [(getattr(one.grid, f.name), getattr(other.grid, f.name)) for f in fields(BeatGrid)]
    pairs += [
        (getattr(one.analysis, f.name), getattr(other.analysis, f.name)) for f in fields(Analysis)
    ]
    same = all(
        np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b) for a, b in pairs
    )
    return same and list(one.warnings) == list(other.warnings) and one.parted == other.parted


@pytest.mark.parametrize(
    ("said", "times", "numbers"),
    [
        ({}, [0, 0.5, 1, 1.5, 2], [1, 2, 3, 4, 1]),
        ({"beat_level": "half"}, [0, 1, 2], [1, 2, 1]),
        ({"beat_level": "double"}, [0, 0.25, 0.5], [1, 2, 3]),
        ({"first_downbeat": 1.1}, [0, 0.5, 1], [3, 4, 1]),
        ({"shift_bars": 1}, [0, 0.5, 1], [4, 1, 2]),
        ({"beat_level": "half", "first_downbeat": 0.9, "shift_bars": -1}, [0, 1, 2], [1, 2, 1]),
        ({"beat_level": "half", "first_downbeat": 0.5}, [0.5, 1.5, 2.5], [1, 2, 1]),
        ({"start": 1.0, "first_downbeat": 1.5}, [0, 0.5, 1], [4, 1, 2]),
    ],
)
def test_a_given_table_is_mended_as_the_user_says(music, table, said, times, numbers):
    found = find_beats(BeatsRequest(music=music, beats=table, **said))
    np.testing.assert_allclose(found.grid.times[: len(times)], times)
    assert found.grid.numbers[: len(numbers)].tolist() == numbers
    assert any("240 beats a minute" in one for one in found.warnings) == (
        said == {"beat_level": "double"}
    )


def test_the_downbeat_that_is_pointed_at_is_there_at_half_the_level(music, tmp_path):
    (tmp_path / "three.txt").write_text("".join(f"{i / 2} {i % 3 + 1}\n" for i in range(15)))
    for second in (1.5, 3.0, 2.0):
        request = BeatsRequest(
            music=music,
            beats=tmp_path / "three.txt",
            beat_level="half",
            first_downbeat=second,
        )
        grid = find_beats(request).grid
        assert second in grid.downbeats
        np.testing.assert_allclose(np.diff(grid.times), 1.0)
        assert set(np.diff(grid.downbeats)) <= {3.0}


def test_a_score_is_mended_too():
    demo = {"music": demo_file("ode_to_joy.ogg"), "score": demo_file("ode_to_joy.mid")}
    plain = find_beats(BeatsRequest(**demo))
    half = find_beats(BeatsRequest(**demo, beat_level="half"))
    np.testing.assert_allclose(half.grid.downbeats, plain.grid.downbeats)
    assert half.grid.tempo == pytest.approx(plain.grid.tempo / 2, rel=0.02)
    assert set(half.grid.meters) == {"4/4"}


def test_a_place_without_a_beat_is_named_in_the_time_of_the_music(music, table):
    request = BeatsRequest(music=music, beats=table, start=2.0, first_downbeat=0.5)
    with pytest.raises(ConductorError, match=r"no beat near 0\.50 s .* one is at 2\.00 s"):
        find_beats(request)
    (table.parent / "late.txt").write_text("100 1\n101 2\n")
    nothing = BeatsRequest(music=music, beats=table.parent / "late.txt", beat_level="double")
    with pytest.raises(ConductorError, match="no beats whose level"):
        find_beats(nothing)


@pytest.mark.parametrize("beats_model", ["learned", "onset"])
def test_what_was_heard_is_taken_from_where_it_is_kept(music, tmp_path, beats_model):
    request = BeatsRequest(music=music, beats_model=beats_model)
    kept = CacheFolder(tmp_path / "kept")
    plain = find_beats(request)
    assert len(plain.grid) > 4
    assert alike(plain, find_beats(request, kept=kept))
    assert alike(plain, find_beats(request, kept=kept))
    entries = sorted((tmp_path / "kept").iterdir(), key=lambda path: path.stat().st_size)
    assert len(entries) == 2
    # Whoever listened again would not hear what was written here.
    for path, name in zip(entries, ("times", "onset"), strict=True):
        with np.load(path) as arrays:
            changed = {**arrays, name: arrays[name] + np.asarray(0.125, arrays[name].dtype)}
        np.savez(path, **changed)
    again = find_beats(request.model_copy(update={"shift_bars": 1}), kept=kept)
    np.testing.assert_array_equal(again.grid.times, plain.grid.times + 0.125)
    np.testing.assert_array_equal(again.analysis.onset, plain.analysis.onset + np.float32(0.125))
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_what_is_kept_holds_no_name(music, tmp_path):
    score = tmp_path / "another private name.mid"
    score.write_bytes(demo_file("ode_to_joy.mid").read_bytes())
    kept = CacheFolder(tmp_path / "kept")
    for said in ({}, {"score": score}):
        request = BeatsRequest(music=music, **said)
        first, second = find_beats(request, kept=kept), find_beats(request, kept=kept)
        assert alike(first, second)
    assert "another private name.mid" in " ".join(second.warnings)
    assert len(list((tmp_path / "kept").iterdir())) == 3
    for path in (tmp_path / "kept").iterdir():
        for encoding in ("utf-8", "utf-32-le"):
            assert "private".encode(encoding) not in path.read_bytes()
        assert "private" not in path.name


def test_other_music_and_other_help_are_heard_anew(music, tmp_path):
    kept = CacheFolder(tmp_path / "kept")
    count = 0
    for more, said in (
        (2, {}),
        (1, {"meter": "3/4"}),
        (1, {"tempo": 120.0}),
        (1, {"beats_model": "onset"}),
        (2, {"start": 1.0}),
        (2, {"duration": 5.0}),
        (0, {"beat_level": "half"}),
        (0, {"first_downbeat": 2.0}),
    ):
        find_beats(BeatsRequest(music=music, **said), kept=kept)
        count += more
        assert len(list((tmp_path / "kept").iterdir())) == count, said
    renamed = tmp_path / "renamed.wav"
    renamed.write_bytes(music.read_bytes())
    find_beats(BeatsRequest(music=renamed), kept=kept)
    assert len(list((tmp_path / "kept").iterdir())) == count
    sound, rate = soundfile.read(music)
    soundfile.write(renamed, 0.9 * sound, rate)
    find_beats(BeatsRequest(music=renamed), kept=kept)
    assert len(list((tmp_path / "kept").iterdir())) == count + 2


def test_where_music_and_score_part_ways_is_told_in_the_time_of_the_music(tmp_path):
    request = MotionRequest(
        music=demo_file("ode_to_joy.ogg"),
        score=demo_file("ode_to_joy.mid"),
        score_is="exact",
        start=2.0,
        model="teacher",
    )
    kept = CacheFolder(tmp_path / "kept")
    assert make_motion(request, kept=kept).parted == []
    (path,) = (path for path in kept.folder.iterdir() if "said" in np.load(path))
    with np.load(path) as arrays:
        said = json.loads(str(arrays["said"]))
        said["parted"] = [{"start": 1.0, "end": 2.5, "what": "applause"}]
        changed = {**arrays, "said": np.array(json.dumps(said))}
    np.savez(path, **changed)
    (parted,) = make_motion(request, kept=kept).parted
    assert parted.model_dump() == {"start": 3.0, "end": 4.5, "what": "applause"}


def test_missing_music_is_said_as_without_a_cache(tmp_path):
    request = BeatsRequest(music=tmp_path / "none.mp3")
    for kept in (None, CacheFolder(tmp_path / "kept")):
        with pytest.raises(ConductorError, match=r"none\.mp3"):
            find_beats(request, kept=kept)
    assert not (tmp_path / "kept").exists()
