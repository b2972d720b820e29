"""The options of a motion reach the request they make, each of them."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from backend.beats_request import BeatsRequest
from backend.command_options import takes_beats_request, takes_motion_request
from backend.motion_request import MotionRequest
from backend.options import HearingOptions, MotionOptions

GIVEN = {
    "score": Path("s.mid"),
    "beats": Path("b.txt"),
    "meter": "3/4",
    "tempo": 90.0,
    "beats_model": "onset",
    "beat_level": "half",
    "first_downbeat": 2.5,
    "shift_bars": -1,
    "score_is": "aligned",
    "model": "teacher",
    "start": 1.5,
    "duration": 4.0,
    "audio_track": 2,
    "seed": 7,
    "style": "grand",
    "fps": 24.0,
    "face": False,
}


def asked(*arguments: str, takes: Any = takes_motion_request) -> tuple[BeatsRequest, bool]:
    """What a command with an option of its own is called with."""
    taken: list[tuple[BeatsRequest, bool]] = []
    app = typer.Typer()

    @app.command()
    @takes
    def command(
        request: BeatsRequest, loud: Annotated[bool, typer.Option("--loud")] = False
    ) -> None:
        taken.append((request, loud))

    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return taken[0]


@pytest.mark.parametrize("name", GIVEN)
def test_an_option_reaches_the_request(name: str) -> None:
    option = name.replace("_", "-")
    given = (f"--no-{option}",) if GIVEN[name] is False else (f"--{option}", str(GIVEN[name]))
    request, _ = asked("m.wav", *given)
    assert request == MotionRequest(music=Path("m.wav"), **{name: GIVEN[name]})
    assert getattr(request, name) != MotionRequest.model_fields[name].default


def test_every_option_of_a_motion_can_be_given() -> None:
    assert set(GIVEN) >= set(MotionOptions.model_fields) - {"style_values"}


@pytest.mark.parametrize("name", ["score", "beats", *HearingOptions.model_fields])
def test_an_option_of_hearing_reaches_the_request_for_beats(name: str) -> None:
    given = (f"--{name.replace('_', '-')}", str(GIVEN[name]))
    request, _ = asked("m.wav", *given, takes=takes_beats_request)
    assert request == BeatsRequest(music=Path("m.wav"), **{name: GIVEN[name]})


def test_a_command_keeps_its_own_options() -> None:
    assert asked("m.wav", "--loud") == (MotionRequest(music=Path("m.wav")), True)
