"""From music to Motion: the one function behind the command, the server and the panel."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from backend import __version__
from backend.audio.missing import loss_sentences
from backend.grid.beat_grid import BeatGrid
from backend.options import MotionOptions
from backend.score.beats import beats_from_score
from backend.style import load_style
from retarget.motion import Motion
from retarget.progress import Progress, no_progress, part


class MotionRequest(MotionOptions):
    """What is to be conducted, and how.

    Parameters
    ----------
    music : Path
        Sound or video file.
    score : Path, optional
        MIDI or MusicXML file of the same performance: its beats are taken as they are.
    beats : Path, optional
        A beat table (`BeatGrid.load`) in the time of the whole music; wins over `score` and over
        listening.
    """

    music: Path
    score: Path | None = None
    beats: Path | None = None


class MotionResult(BaseModel, arbitrary_types_allowed=True):
    """A motion, the grid it conducts and what the user should know about it.

    Parameters
    ----------
    motion : Motion
        Time 0 is the start of the stretch.
    grid : BeatGrid
        Its beats in the time of the whole music, ready to be saved, edited and given back.
    """

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
    # Imported here because torch takes a second, in which processes that were started before, like
    # Blender's, come up beside.
    from backend.alignment.score_fit import UNFITTING_CONFIDENCE, score_doubts
    from backend.audio.features import analyse_file
    from backend.beats.hear import hear_beats
    from backend.beats.track import track_beats
    from backend.conducting.learned.conductor import conduct_learned
    from backend.conducting.rules import conduct_taught
    from backend.conducting.rules.face import add_face

    style = load_style(request.style)
    style = replace(style, **request.style_values)
    meter = None if request.meter == "auto" else request.meter
    # What can be refused at once is read before the music, which takes longer.
    given, score = None, None
    if request.beats is not None:
        given = BeatGrid.load(request.beats)
    elif request.score is not None:
        score = beats_from_score(request.score)
        given = score.grid
    doubts = [] if score is None else score.doubts.copy()
    analysis = analyse_file(
        request.music,
        start=request.start,
        duration=request.duration,
        track=request.audio_track,
        progress=part(progress, 0.0, 0.5),
    )
    warnings = doubts.copy()
    warnings += loss_sentences(
        request.music,
        analysis.duration,
        start=request.start,
        duration=request.duration,
        track=request.audio_track,
    )
    if given is not None:
        grid = given.excerpt(request.start, analysis.duration)
        if score is not None:
            begins, ends = request.start == 0.0, request.duration is None
            whole = given if begins and ends else grid
            unfitting = score_doubts(whole, analysis, score.sounding, begins=begins, ends=ends)
            if unfitting:
                doubts += unfitting
                warnings += unfitting
                confidence = np.minimum(grid.confidence, UNFITTING_CONFIDENCE)
                grid = replace(grid, confidence=confidence)
    else:
        listener = hear_beats if request.beats_model == "learned" else track_beats
        grid = listener(
            analysis, meter=meter, tempo=request.tempo, progress=part(progress, 0.5, 0.7)
        )
    if len(grid) == 0:
        warnings.append(
            "No beats were found in this stretch, so the conductor stands and listens; take a "
            "longer one."
            if given is None
            else "None of the given beats lies in this stretch of the music, so the conductor "
            "stands and listens; compare their times with --start and --duration."
        )
    elif not doubts and float(grid.confidence.mean()) < 0.3:
        warnings.append(
            "The beats are uncertain; give --tempo, --meter, --score or an edited --beats file."
        )
    conduct = conduct_learned if request.model == "learned" else conduct_taught
    motion = conduct(
        grid,
        analysis,
        style=style,
        seed=request.seed,
        fps=request.fps,
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
    return MotionResult(motion=motion, grid=grid.shifted(request.start), warnings=warnings)
