"""Options that others leave nothing to do are told."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.motion_request import MotionRequest
from backend.unused_options import unused_beside_beats, unused_without_likeness


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, []),
        ({"meter": "3/4", "tempo": 90.0}, []),
        ({"score": Path("s.mid")}, []),
        ({"score_is": "aligned"}, ["--score-is is not used", "no --score"]),
        ({"score": Path("s.mid"), "score_is": "aligned"}, []),
        ({"score": Path("s.mid"), "meter": "3/4"}, ["--meter is used only where", "part ways"]),
        (
            {"score": Path("s.mid"), "score_is": "exact", "meter": "3/4"},
            ["--meter is not used", "of --score"],
        ),
        (
            {"beats": Path("b.txt"), "beat_level": "half", "first_downbeat": 1.0, "shift_bars": 1},
            [],
        ),
        (
            {"score": Path("s.mid"), "beats": Path("b.txt"), "tempo": 90.0},
            ["--score and --tempo are not used, because the beats are those of --beats"],
        ),
        (
            {"beats": Path("b.txt"), "meter": "3/4", "tempo": 90.0, "beats_model": "onset"},
            ["--meter, --tempo and --beats-model are not used", "of --beats"],
        ),
    ],
)
def test_what_helps_the_ear_is_not_used_where_beats_are_given(given, words):
    sentences = unused_beside_beats(MotionRequest(music=Path("m.wav"), **given))
    assert len(sentences) == bool(words)
    assert all(word in sentences[0] for word in words)


def test_without_a_likeness_only_an_avatar_uses_the_photo():
    given = {"--photo": True, "--dress": True, "--person": False, "--background": True}
    for avatar_is_photo, names in (
        (False, "--photo, --dress and --background are"),
        (True, "--bac"),
    ):
        (sentence,) = unused_without_likeness(given, avatar_is_photo=avatar_is_photo)
        assert sentence.startswith(names)
        assert "--no-likeness" in sentence
    assert unused_without_likeness({"--photo": True}, avatar_is_photo=True) == []


def test_the_command_says_it_before_it_begins(tmp_path):
    refused = ("conduct", "m.wav", "-o", str(tmp_path / "o"), "--size", "33x7")
    options = ("--beats", "b.txt", "--tempo", "90", "--photo", "me.png", "--no-likeness")
    result = CliRunner().invoke(app, [*refused, *options, "--background", "blur"])
    assert result.exit_code == 2
    told = " ".join(result.stderr.split())
    assert "Note: --tempo is not used, because the beats are those of --beats." in told
    assert "Note: --photo and --background are not used" in told
