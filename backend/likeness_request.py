"""From an animated scene's guide and a person to the likeness video."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from backend.alpha_video import encode_with_alpha
from backend.options import LikenessOptions, check_alpha, format_of
from backend.overlay.count import count_beats
from backend.overlay.draw import overlaid
from backend.overlay.seen import seen_in_likeness
from backend.subject_request import SubjectRequest, read_subject
from backend.video import Footage, encode
from pose_transfer.likeness import LikenessFrames, likeness_frames
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part


class LikenessRequest(SubjectRequest, LikenessOptions):
    """Who conducts, and before what.

    Parameters
    ----------
    guide : Path
        Guide file exported from the scene.
    music : Path, optional
        Sound of the video.
    plate : Path, optional
        Picture of the empty stage, for the background "stage".
    """

    guide: Path
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
    """Read the person, draw them frame by frame, write the video with its sound.

    `out` is an .mp4, .mov (ProRes 4444) or .webm (VP9) file, or a folder of PNG files.

    Raises
    ------
    ConductorError
        If the photo shows nobody who could conduct, the background does not go with the format,
        or a file cannot be read or written.
    Cancelled
        If the progress callback asked to stop.
    """
    check_alpha(request.background, format_of(out, request.format))
    guide = Guide.load(request.guide)
    # Of a minute of music, reading a photo is about a third of the work; a subject is read at once.
    read = 0.02 if request.is_made else 0.3
    character = read_subject(request, part(progress, 0.0, read))
    frames = likeness_frames(
        guide,
        character,
        background=request.background,
        plate=request.plate,
        size=request.size,
        progress=part(progress, read, read + 0.05),
    )
    drawing = part(progress, read + 0.05, 1.0, "making the likeness")
    warnings = (*frames.warnings, *_write(frames, out, request, drawing))
    return LikenessResult(frames=frames.count, size=frames.size, warnings=warnings)


def _write(
    frames: LikenessFrames, out: Path, request: LikenessRequest, progress: Progress
) -> tuple[str, ...]:
    pictures: Iterable[NDArray[np.uint8]] = frames
    if request.overlays:
        beats = count_beats(request.beats)
        pictures = overlaid(frames, request.overlays, seen_in_likeness(frames), beats)
    footage = Footage(
        pictures,
        fps=frames.fps,
        size=frames.size,
        count=frames.count,
        audio=request.music,
        audio_start=request.start,
        audio_track=request.audio_track,
    )
    if format_of(out) == "mp4":
        encode(footage, out, progress)
        return ()
    if not frames.transparent:
        footage = replace(footage, frames=_opaque(pictures))
    return encode_with_alpha(footage, out, progress)


def _opaque(frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """RGB frames as RGBA."""
    for frame in frames:
        yield np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])
