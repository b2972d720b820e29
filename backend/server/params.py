"""What may be asked of a job over HTTP: the requests without their paths.

Apart from the requests themselves, which need torch and the rest: the server stays small, and only
the worker that runs a job loads them.
"""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.beats.grid import parse_meter
from backend.style import Style, presets
from retarget.errors import ConductorError


class Params(BaseModel):
    """Nothing beyond the named fields, and no number that is none."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class MotionParams(Params):
    """`backend.motion_request.MotionRequest` without its files.

    Here a style is the name of a preset; a style of one's own is sent as the file `style`.
    """

    meter: str = "auto"
    tempo: float | None = Field(default=None, ge=20, le=300)
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
            try:
                parse_meter(value)
            except ConductorError as error:
                raise ValueError(str(error)) from error
        return value

    @field_validator("style")
    @classmethod
    def _known_style(cls, value: str) -> str:
        if value not in (known := presets()):
            raise ValueError(f"there is no style of that name; choose {', '.join(known)}")
        return value

    @field_validator("style_values")
    @classmethod
    def _known_values(cls, value: dict[str, float]) -> dict[str, float]:
        try:
            Style(**value)
        except TypeError:
            names = ", ".join(Style().as_dict())
            raise ValueError(f"a style has the values {names}") from None
        except ConductorError as error:
            raise ValueError(str(error)) from error
        return value


class LikenessParams(Params):
    """`backend.likeness_request.LikenessRequest` without its files."""

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
            width, height = value
            # H.264 stores colour for two by two pixels, hence even sides.
            if width % 2 or height % 2 or not (64 <= width <= 7680 and 64 <= height <= 4320):
                raise ValueError("width and height are even, from 64x64 to 7680x4320")
        return value
