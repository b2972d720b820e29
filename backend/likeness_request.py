"""From an animated scene's guide and a photo to the likeness video."""

import re
from collections.abc import Sequence
from pathlib import Path

from pose_transfer.render import likeness_frames
from pydantic import BaseModel, Field, field_validator

from backend.video import encode
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part


class LikenessRequest(BaseModel):
    """Who conducts, and before what.

    Parameters
    ----------
    guide : Path
        Guide file exported from the scene.
    photo : Path
        Picture of one person.
    music : Path, optional
        Sound of the video.
    start : float
        Second of the music at which the animation starts.
    background : str
        "photo", "stage" or a colour "#rrggbb".
    plate : Path, optional
        Picture of the empty stage, for "stage".
    size : (int, int), optional
        Width and height of the video; None follows the photo, or the plate.
    """

    guide: Path
    photo: Path
    music: Path | None = None
    start: float = Field(default=0.0, ge=0)
    background: str = "photo"
    plate: Path | None = None
    size: tuple[int, int] | None = None

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        if value in ("photo", "stage") or re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            return value
        raise ValueError("the background is photo, stage or a colour like #223344")


class LikenessResult(BaseModel):
    """What the user should know of a finished likeness video."""

    frames: int
    size: tuple[int, int]
    warnings: Sequence[str] = ()


def make_likeness(
    request: LikenessRequest, out: Path, progress: Progress = no_progress
) -> LikenessResult:
    """Read the photo, pose it frame by frame, write the video with its sound.

    Raises
    ------
    ConductorError
        If the photo shows nobody who could conduct, or a file cannot be read or written.
    Cancelled
        If the progress callback asked to stop.
    """
    guide = Guide.load(request.guide)
    frames = likeness_frames(
        guide,
        request.photo,
        background=request.background,
        plate=request.plate,
        size=request.size,
        progress=part(progress, 0.0, 0.1),
    )
    encode(
        frames,
        out,
        fps=guide.fps,
        size=frames.size,
        count=frames.count,
        audio=request.music,
        audio_start=request.start,
        progress=part(progress, 0.1, 1.0, "making the likeness"),
    )
    return LikenessResult(frames=frames.count, size=frames.size, warnings=frames.warnings)
