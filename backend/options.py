"""The options of a motion and of a likeness, whoever asks: the command, the panel, the server.

Apart from the requests that carry them out, which need torch and the rest: the server stays small,
and only the worker that runs a job loads those.
"""

import re
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.beats.grid import parse_meter
from backend.style import Style
from retarget.errors import ConductorError


class Options(BaseModel):
    """Nothing beyond the named fields, and no number that is none."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class MotionOptions(Options):
    """How music is conducted.

    Parameters
    ----------
    meter : str
        "auto" or a meter like "3/4".
    tempo : float, optional
        About this many beats per minute, 20 to 300.
    beats_model : str
        Who listens for the beats: "learned", the trained network, or "librosa".
    model : str
        Who conducts: "learned", the trained generator, or "teacher", the rules behind it.
    start, duration : float
        The stretch of the music, seconds; `duration` None is up to the end.
    seed : int
        Same seed, same motion.
    style : str
        Name of a preset, or path of a TOML file.
    style_values : dict
        Single style values that replace the preset's.
    fps : float
        Frames per second of the motion, 10 to 120.
    """

    meter: str = "auto"
    tempo: float | None = Field(default=None, ge=20, le=300)
    beats_model: Literal["learned", "librosa"] = "learned"
    model: Literal["learned", "teacher"] = "learned"
    start: float = Field(default=0.0, ge=0)
    duration: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0, lt=2**63)
    style: str = "neutral"
    style_values: dict[str, float] = Field(default_factory=dict)
    fps: float = Field(default=30.0, ge=10, le=120)

    @field_validator("meter")
    @classmethod
    def _known_meter(cls, value: str) -> str:
        if value != "auto":
            _in_pydantic_s_words(parse_meter, value)
        return value

    @field_validator("style_values")
    @classmethod
    def _known_values(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = set(value) - set(Style().as_dict())
        if unknown:
            raise ValueError(f"a style has the values {', '.join(Style().as_dict())}")
        _in_pydantic_s_words(lambda values: Style(**values), value)
        return value


class LikenessOptions(Options):
    """How a likeness video looks.

    Parameters
    ----------
    start : float
        Second of the music at which the animation starts.
    background : str
        "photo", "stage" or a colour "#rrggbb".
    size : (int, int), optional
        Width and height of the video; None follows the photo, or the plate.
    """

    start: float = Field(default=0.0, ge=0)
    background: str = "photo"
    size: tuple[int, int] | None = None

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        if value in ("photo", "stage") or re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            return value
        raise ValueError("the background is photo, stage or a colour like #223344")

    @field_validator("size")
    @classmethod
    def _possible_size(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None:
            _in_pydantic_s_words(check_size, value)
        return value


def check_size(size: tuple[int, int]) -> None:
    """Refuse what cannot be a video: H.264 stores colour for two by two pixels, hence even sides.

    Raises
    ------
    ConductorError
        If a side is odd or out of range.
    """
    width, height = size
    if width % 2 or height % 2 or not (64 <= width <= 7680 and 64 <= height <= 4320):
        raise ConductorError(
            f"The size {width}x{height} is not possible; take even numbers from 64x64 to 7680x4320."
        )


def _in_pydantic_s_words(check: Callable[[Any], object], value: object) -> None:
    try:
        check(value)
    except ConductorError as error:
        raise ValueError(str(error)) from error
