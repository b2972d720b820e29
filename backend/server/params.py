"""What may be asked of a job over HTTP: the options, without a path anywhere."""

from typing import Self

from pydantic import field_validator, model_validator

from backend.options import (
    BACKGROUNDS,
    LikenessOptions,
    MotionOptions,
    check_alpha,
    is_background_name,
)
from backend.style import presets
from retarget.errors import ConductorError


class MotionParams(MotionOptions):
    """Here a style is the name of a preset; a style of one's own is sent as the file `style`."""

    @field_validator("style")
    @classmethod
    def _known_style(cls, value: str) -> str:
        if value not in (known := presets()):
            raise ValueError(f"there is no style of that name; choose {', '.join(known)}")
        return value


class LikenessParams(LikenessOptions):
    """Here a background has a name; a picture of one's own is sent as the file `background`."""

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        if not is_background_name(value):
            raise ValueError(f"the background is {', '.join(BACKGROUNDS)} or a colour like #223344")
        return value

    @model_validator(mode="after")
    def _alpha_kept(self) -> Self:
        try:
            check_alpha(self.background, self.format or "mp4")
        except ConductorError as error:
            raise ValueError(str(error)) from error
        return self
