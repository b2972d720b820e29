"""What may be asked of a job over HTTP: the options, without a path anywhere."""

from pydantic import field_validator

from backend.options import MotionOptions
from backend.style import presets


class MotionParams(MotionOptions):
    """Here a style is the name of a preset; a style of one's own is sent as the file `style`."""

    @field_validator("style")
    @classmethod
    def _known_style(cls, value: str) -> str:
        if value not in (known := presets()):
            raise ValueError(f"there is no style of that name; choose {', '.join(known)}")
        return value
