"""From an animated scene's guide and a photo to the likeness video."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from backend.options import LikenessOptions
from backend.video import encode
from pose_transfer.render import likeness_frames
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part


class LikenessRequest(LikenessOptions):
    """Who conducts, and before what.

    Parameters
    ----------
    guide : Path
        Guide file exported from the scene.
    photo : Path
        Picture of one person.
    music : Path, optional
        Sound of the video.
    plate : Path, optional
        Picture of the empty stage, for the background "stage".
    """

    guide: Path
    photo: Path
    music: Path | None = None
    plate: Path | None = None


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
