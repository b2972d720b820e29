"""From music to Motion: the one function behind the command, the server and the panel."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from backend import __version__
from backend.audio.decode import seconds_missing
from backend.audio.features import analyse_file
from backend.beats.grid import BeatGrid, parse_meter
from backend.beats.score import grid_from_score
from backend.beats.track import track_beats
from backend.style import load_style
from backend.teacher import conduct
from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.progress import Progress, no_progress, part


class MotionRequest(BaseModel):
    """What is to be conducted, and how.

    Parameters
    ----------
    music : Path
        Sound or video file.
    score : Path, optional
        MIDI or MusicXML file of the same performance: its beats are taken as they are.
    beats : Path, optional
        A beat table (`BeatGrid.load`); wins over `score` and over listening.
    meter : str
        "auto" or a meter like "3/4".
    tempo : float, optional
        About this many beats per minute, 20 to 300.
    start, duration : float
        The stretch of the music, seconds; `duration` None is up to the end.
    seed : int
        Same seed, same motion.
    style : str
        Name of a preset or path of a TOML file.
    style_values : dict
        Single style values that replace the preset's.
    fps : float
        Frames per second of the motion, 10 to 120.
    """

    music: Path
    score: Path | None = None
    beats: Path | None = None
    meter: str = "auto"
    tempo: float | None = Field(default=None, ge=20, le=300)
    start: float = Field(default=0.0, ge=0)
    duration: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0, lt=2**63)
    style: str = "neutral"
    style_values: dict[str, float] = Field(default_factory=dict)
    fps: float = Field(default=30.0, ge=10, le=120)


class MotionResult(BaseModel, arbitrary_types_allowed=True):
    """A motion with the grid it conducts and what the user should know about it."""

    motion: Motion
    grid: BeatGrid
    warnings: Sequence[str] = ()


def make_motion(request: MotionRequest, progress: Progress = no_progress) -> MotionResult:
    """Listen, find the beats, conduct.

    Raises
    ------
    ConductorError
        If a file cannot be read or an option makes no sense.
    Cancelled
        If the progress callback asked to stop.
    """
    style = load_style(request.style)
    if request.style_values:
        try:
            style = type(style)(**{**style.as_dict(), **request.style_values})
        except TypeError:
            names = ", ".join(style.as_dict())
            raise ConductorError(f"A style has the values {names}; check the names.") from None
    meter = None if request.meter == "auto" else request.meter
    if meter is not None:
        parse_meter(meter)
    analysis = analyse_file(
        request.music,
        start=request.start,
        duration=request.duration,
        progress=part(progress, 0.0, 0.5),
    )
    warnings: list[str] = []
    missing = seconds_missing(
        request.music, analysis.duration, start=request.start, duration=request.duration
    )
    if missing:
        warnings.append(
            f"{request.music.name} is cut short or damaged: {missing:.0f} seconds are missing."
        )
    if request.beats is not None:
        grid = BeatGrid.load(request.beats).excerpt(request.start, analysis.duration)
    elif request.score is not None:
        grid = grid_from_score(request.score).excerpt(request.start, analysis.duration)
    else:
        grid = track_beats(
            analysis, meter=meter, tempo=request.tempo, progress=part(progress, 0.5, 0.7)
        )
    if len(grid) == 0:
        warnings.append("No beats were found, so the conductor stands and listens.")
    elif float(grid.confidence.mean()) < 0.3:
        warnings.append(
            "The beats are uncertain; give --tempo, --meter, --score or an edited --beats file."
        )
    motion = conduct(
        grid,
        duration=analysis.duration,
        loudness=analysis.loudness,
        style=style,
        seed=request.seed,
        fps=request.fps,
        progress=part(progress, 0.7, 1.0),
    )
    motion.source.update(
        music=request.music.name,
        start=request.start,
        seed=request.seed,
        version=__version__,
        model="teacher",
    )
    return MotionResult(motion=motion, grid=grid, warnings=warnings)
