"""The options of a motion reach the request they make, each of them."""

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from backend.command_options import takes_motion_request
from backend.motion_request import MotionRequest
from backend.options import MotionOptions

GIVEN = {
    "score": Path("s.mid"),
    "beats": Path("b.txt"),
    "meter": "3/4",
    "tempo": 90.0,
    "beats_model": "onset",
    "model": "teacher",
    "start": 1.5,
    "duration": 4.0,
    "audio_track": 2,
    "seed": 7,
    "style": "grand",
    "fps": 24.0,
    "face": False,
}


def asked(*arguments: str) -> tuple[MotionRequest, bool]:
    """What a command with an option of its own is called with."""
    taken: list[tuple[MotionRequest, bool]] = []
    app = typer.Typer()

    @app.command()
    @takes_motion_request
    def command(
        request: MotionRequest, loud: Annotated[bool, typer.Option("--loud")] = False
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


def test_a_command_keeps_its_own_options() -> None:
    assert asked("m.wav", "--loud") == (MotionRequest(music=Path("m.wav")), True)
