"""From music to Motion: the one function behind the command, the server and the panel."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel

from backend import __version__
from backend.beats_request import BeatsRequest, find_beats
from backend.cache_folder import CacheFolder
from backend.grid.beat_grid import BeatGrid
from backend.options import USUAL_FPS, MotionOptions
from backend.style import load_style
from retarget.motion import Motion
from retarget.progress import Progress, no_progress, part


class MotionRequest(BeatsRequest, MotionOptions):
    """What is to be conducted, and how."""


class Stretch(BaseModel):
    """A stretch of the music, in its own time, seconds, and in a few words what is there."""

    start: float
    end: float
    what: str


class MotionResult(BaseModel, arbitrary_types_allowed=True):
    """A motion, the grid it conducts and what the user should know about it.

    Parameters
    ----------
    motion : Motion
        Time 0 is the start of the stretch.
    grid : BeatGrid
        Its beats in the time of the whole music, ready to be saved, edited and given back.
    parted : sequence of Stretch
        Where music and score part ways, so that the beats are heard ones.
    """

    motion: Motion
    grid: BeatGrid
    warnings: Sequence[str] = ()
    parted: Sequence[Stretch] = ()


def make_motion(
    request: MotionRequest, progress: Progress = no_progress, kept: CacheFolder | None = None
) -> MotionResult:
    """Listen, find the beats, conduct.

    Parameters
    ----------
    request : MotionRequest
    progress, kept
        As in `find_beats`; the motion is the same with and without `kept`.

    Raises
    ------
    ConductorError, Cancelled
        As `find_beats`.
    """
    # Imported here because torch takes a second, in which processes that were started before, like
    # Blender's, come up beside.
    from backend.conducting.learned.conductor import conduct_learned
    from backend.conducting.rules import conduct_taught
    from backend.conducting.rules.face import add_face

    style = load_style(request.style)
    style = replace(style, **request.style_values)
    found = find_beats(request, part(progress, 0.0, 0.7), kept)
    grid, analysis = found.grid, found.analysis
    conduct = conduct_learned if request.model == "learned" else conduct_taught
    motion = conduct(
        grid,
        analysis,
        style=style,
        seed=request.seed,
        fps=request.fps or USUAL_FPS,
        progress=part(progress, 0.7, 1.0),
    )
    if request.face:
        motion = add_face(
            motion,
            grid,
            duration=analysis.duration,
            loudness=analysis.loudness,
            style=style,
            seed=request.seed,
        )
    motion.source.update(
        music=request.music.name,
        start=request.start,
        seed=request.seed,
        version=__version__,
    )
    return MotionResult(
        motion=motion,
        grid=grid.shifted(request.start),
        warnings=found.warnings,
        parted=[
            Stretch(start=one.start + request.start, end=one.end + request.start, what=one.what)
            for one in found.parted
        ],
    )
