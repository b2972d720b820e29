"""A score beside somebody's recording of it: its beats and bars at the times of the recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from backend.alignment.agreement import plays_exactly
from backend.alignment.conducted_level import played_tempo
from backend.alignment.find import Found, find
from backend.alignment.parting import Parted as Parted
from backend.alignment.parting import partings, with_heard
from backend.alignment.performed import joined
from backend.alignment.piece import Piece, follow_pieces
from backend.alignment.played_beats import played_beats
from backend.alignment.score_fit import UNFITTING_CONFIDENCE, score_doubts
from backend.alignment.score_sound import pitched
from backend.alignment.sound import Sound, hear_sound
from backend.alignment.tell import what_differs, what_parts
from backend.audio.analysis import Analysis
from backend.grid.beat_grid import BeatGrid
from backend.score.beats import score_beats
from backend.score.movement import Movement
from backend.score.movements import movements_with_notes
from backend.score.read import read_score_file
from backend.score.score_beats import ScoreBeats
from retarget.progress import Progress, no_progress, part

ScoreIs = Literal["exact", "aligned", "auto"]
"""Whether the score's own times are those of the recording, or are to be found."""

# A recording is of a score if a second of it costs less than this, or if a second of what was found
# costs that much less than in any other key. Of 28 recordings played from scores the worst costs
# 0.25, and 0.13 less than in another key; the best of as many other scores 0.32, and 0.05 less.
_SURELY: Final = 0.28
_MARGIN: Final = 0.085
# Seconds of the score that a recording plays at least, or share of it.
_FEWEST_S, _FEWEST_SHARE = 8.0, 0.3
_PHASE: Final = "following the score"


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
    doubts : tuple of str
        What is doubtful in it, its own times aside.
    """

    path: Path
    beats: ScoreBeats
    movements: tuple[Movement, ...]
    doubts: tuple[str, ...]


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
        As `backend.score.movements.read_score`.
    """
    file = read_score_file(path)
    return Score(path, score_beats(file), tuple(movements_with_notes(file)), file.doubts)


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
    if mode == "exact":
        return _exact(score, analysis, start, whole=start == 0.0 and duration is None)
    movement = joined(score.movements)
    if not score.beats.keeps_beats or not pitched(movement).any():
        return _heard_alone(hear(progress), analysis.duration, score.beats.doubts)
    following = part(progress, 0.0, 0.7)
    sound = hear_sound(
        music,
        start=start,
        duration=duration,
        track=track,
        progress=part(following, 0.0, 0.5, _PHASE),
    )
    begins = np.cumsum([0, *(len(it.bars) for it in score.movements[:-1])]).tolist()
    found = find(movement, sound, begins, part(following, 0.5, 1.0))
    if not _is_of(found, sound):
        foreign = (
            f"The music does not seem to be that of {score.path.name}, so its beats are heard "
            "without the score; choose another score, or take its own times with "
            "--score-is exact."
        )
        return _heard_alone(hear(part(progress, 0.7, 1.0)), analysis.duration, [foreign])
    pieces = follow_pieces(movement, found.stretches, sound, found.steps)
    if mode == "auto" and plays_exactly(movement, score.beats.grid, pieces, start):
        progress(1.0, _PHASE)
        grid = score.beats.grid.excerpt(start, analysis.duration)
        return Aligned(grid, True, tuple(score.beats.doubts), ())
    whole = start == 0.0 and duration is None
    told = [
        *score.doubts,
        *what_differs(found, pieces, sound, movement, begins, whole=whole),
    ]
    grids = _grids(movement, pieces, begins, analysis.duration)
    gaps = partings(pieces, sound)
    heard = hear(part(progress, 0.7, 1.0)) if gaps else BeatGrid.empty()
    grid, parted = with_heard(grids, heard, gaps)
    progress(1.0, _PHASE)
    return Aligned(grid, False, (*told, *what_parts(parted)), tuple(parted))


def _exact(score: Score, analysis: Analysis, start: float, *, whole: bool) -> Aligned:
    """The score's own times, and what speaks against them."""
    grid = score.beats.grid.excerpt(start, analysis.duration)
    doubts = score_doubts(
        score.beats.grid if whole else grid,
        analysis,
        score.beats.sounding,
        begins=start == 0.0,
        ends=whole,
    )
    if doubts:
        grid = replace(grid, confidence=np.minimum(grid.confidence, UNFITTING_CONFIDENCE))
    return Aligned(grid, True, (*score.beats.doubts, *doubts), ())


def _heard_alone(heard: BeatGrid, duration: float, told: Sequence[str]) -> Aligned:
    parted = Parted(0.0, duration, "music that the score does not have")
    return Aligned(heard, False, tuple(told), (parted,))


def _is_of(found: Found, sound: Sound) -> bool:
    """Whether a recording is one of the score."""
    lasts = sum(float(stretch.times[-1] - stretch.times[0]) for stretch in found.stretches)
    if lasts < min(_FEWEST_S, _FEWEST_SHARE * sound.duration):
        return False
    # What is not of the score costs the same in all keys.
    return found.cost < _SURELY or found.margin > _MARGIN * lasts / sound.duration


def _grids(
    movement: Movement, pieces: Sequence[Piece], begins: Sequence[int], duration: float
) -> list[BeatGrid]:
    """The beats of each piece, each ending before the next."""
    tempo = played_tempo(movement, pieces)
    ends = {*begins, len(movement.bars)}
    until = [*(piece.begin for piece in pieces[1:]), duration]
    return [
        played_beats(piece, tempo, end, to_the_end=piece.runs[-1][1] in ends or end == duration)
        for piece, end in zip(pieces, until, strict=True)
    ]
