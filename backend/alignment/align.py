"""A score beside somebody's recording of it: its beats and bars at the times of the recording."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from backend.alignment.score_fit import UNFITTING_CONFIDENCE, score_doubts
from backend.audio.analysis import Analysis
from backend.grid.beat_grid import BeatGrid
from backend.score.beats import beats_from_score
from backend.score.movement import Movement
from backend.score.movements import read_score
from backend.score.score_beats import ScoreBeats
from retarget.progress import Progress, no_progress

ScoreIs = Literal["exact", "aligned", "auto"]
"""Whether the score's own times are those of the recording, or are to be found."""

SCORE_IS: Final[tuple[ScoreIs, ...]] = ("auto", "aligned", "exact")


@dataclass(frozen=True)
class Score:
    """A score file, read.

    Parameters
    ----------
    path : Path
    beats : ScoreBeats
        Its beats at its own times, and what is doubtful in it.
    movements : tuple of Movement
        Its music as it is played.
    """

    path: Path
    beats: ScoreBeats
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class Parted:
    """A stretch in which the recording does not play what the score says; it is heard instead.

    Parameters
    ----------
    start, end : float
        Seconds from the beginning of the stretch of music that was asked for.
    what : str
        A few words: what is there.
    """

    start: float
    end: float
    what: str


@dataclass(frozen=True)
class Aligned:
    """The beats of a score in a recording.

    Parameters
    ----------
    grid : BeatGrid
        Seconds from the beginning of the stretch; the confidence is that of each place.
    exact : bool
        Whether the score's own times were taken.
    notes : tuple of str
        Sentences for the user: what was found, and what is doubtful.
    parted : tuple of Parted
        Where the beats are heard ones, in the order of time.
    """

    grid: BeatGrid
    exact: bool
    notes: tuple[str, ...]
    parted: tuple[Parted, ...]


def open_score(path: Path) -> Score:
    """Read a MIDI or MusicXML file for `align_score`.

    Raises
    ------
    ConductorError
        As `backend.score.beats.beats_from_score` and `backend.score.movements.read_score`.
    """
    return Score(path, beats_from_score(path), tuple(read_score(path)))


def align_score(
    score: Score,
    music: Path,
    analysis: Analysis,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
    mode: ScoreIs = "auto",
    hear: Callable[[Progress], BeatGrid],
    progress: Progress = no_progress,
) -> Aligned:
    """The beats of a score in a recording.

    Parameters
    ----------
    score : Score
    music : Path
        The recording.
    analysis : Analysis
        Of the stretch of it that is asked for.
    start, duration, track
        The stretch, as for `backend.audio.decode.load_audio`.
    mode : "exact", "aligned" or "auto"
        Take the score's own times, or find them; by default its own only where they agree with the
        recording throughout.
    hear : callable
        Gives the beats of the stretch as they are heard without a score; called at most once, and
        only where the score does not tell.
    progress : Progress
        Told the share that is done; may raise `Cancelled`.

    Raises
    ------
    ConductorError
        If the music cannot be read.
    """
    whole = score.beats.grid
    grid = whole.excerpt(start, analysis.duration)
    begins, ends = start == 0.0, duration is None
    doubts = score_doubts(
        whole if begins and ends else grid,
        analysis,
        score.beats.sounding,
        begins=begins,
        ends=ends,
    )
    if doubts:
        confidence = np.minimum(grid.confidence, UNFITTING_CONFIDENCE)
        grid = replace(grid, confidence=confidence)
    progress(1.0, "following the score")
    return Aligned(grid, True, (*score.beats.doubts, *doubts), ())
