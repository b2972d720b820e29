"""What may be asked over HTTP agrees with the requests that are made of it."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from backend.likeness_request import LikenessRequest
from backend.motion_request import MotionRequest
from backend.options import BACKGROUNDS, LikenessOptions, SubjectOptions
from backend.server.kinds import KINDS
from backend.server.params import LikenessParams, MotionParams
from backend.subject_request import SubjectRequest
from pose_transfer import backdrop, dressing


@pytest.mark.parametrize(
    ("kind", "request_model"),
    [("motion", MotionRequest), ("likeness", LikenessRequest), ("subject", SubjectRequest)],
)
def test_params_and_files_are_the_request(kind: str, request_model: type[BaseModel]) -> None:
    params, files = KINDS[kind].params.model_fields, KINDS[kind].files
    wanted = request_model.model_fields
    assert set(params) | set(files) == set(wanted)
    for name, rule in files.items():
        if name not in params:
            assert rule.required == wanted[name].is_required(), name


def test_only_uploads_become_paths() -> None:
    for model in (MotionParams, LikenessParams, SubjectOptions):
        for name, field in model.model_fields.items():
            assert "Path" not in str(field.annotation), name
    assert Path not in (field.annotation for field in MotionParams.model_fields.values())


@pytest.mark.parametrize(
    "values",
    [
        {"meter": "4/5"},
        {"meter": ""},
        {"tempo": 0},
        {"tempo": float("nan")},
        {"beat_level": "triple"},
        {"first_downbeat": -1},
        {"shift_bars": 0.5},
        {"shift_bars": 25},
        {"score_is": "wrong"},
        {"start": -1},
        {"start": float("inf")},
        {"duration": 0},
        {"seed": 2**63},
        {"style": "style.toml"},
        {"style_values": {"swagger": 0.5}},
        {"style_values": {"size": 2.0}},
        {"fps": 1000},
        {"music": "/etc/passwd"},
    ],
)
def test_impossible_motion_params_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MotionParams.model_validate(values)


@pytest.mark.parametrize(
    "values",
    [
        {"background": "/etc/passwd"},
        {"background": "#12345"},
        {"background": "alpha"},
        {"background": "alpha", "format": "mp4"},
        {"format": "gif"},
        {"size": [961, 540]},
        {"size": [100_000, 100_000]},
        {"size": [5000, 4000]},
        {"dress": "pyjamas"},
        {"person": 0},
        {"photo": "a.png"},
    ],
)
def test_impossible_likeness_params_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LikenessParams.model_validate(values)


def test_no_file_of_this_machine_can_be_asked_for_as_background(tmp_path: Path) -> None:
    picture = tmp_path / "wall.png"
    picture.touch()
    assert LikenessOptions(background=str(picture)).background == str(picture)
    there, missing = (
        _fault({"background": str(path)}) for path in (picture, tmp_path / "none.png")
    )
    assert there == missing


def test_what_is_on_offer_can_be_made() -> None:
    assert set(BACKGROUNDS) == set(backdrop.BACKGROUNDS)
    assert get_args(SubjectOptions.model_fields["dress"].annotation) == dressing.DRESSES


def _fault(values: dict[str, object]) -> str:
    with pytest.raises(ValidationError) as fault:
        LikenessParams.model_validate(values)
    return str(fault.value.errors()[0]["msg"])
