"""A score beside somebody's recording of it: its beats and bars at the times of the recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from backend.alignment.agreement import plays_exactly
from backend.alignment.bar_names import BarNames, bar_begins
from backend.alignment.conducted_level import played_tempo
from backend.alignment.evidence import where_played
from backend.alignment.find import Found, cut, find
from backend.alignment.parting import Parted as Parted
from backend.alignment.parting import partings, with_heard
from backend.alignment.performed import joined
from backend.alignment.piece import Piece, follow_pieces
from backend.alignment.played_beats import played_beats
from backend.alignment.score_fit import UNFITTING_CONFIDENCE, score_doubts
from backend.alignment.score_is import ScoreIs
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
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part

# Of a stretch of the music so many seconds before and after are heard too: the more is heard, the
# surer it is where in the score it is.
_CONTEXT_S: Final = 20.0
# Beats this much before the beginning of the music, or of a stretch, still are its first one.
_BEFORE_MUSIC_S, _BEFORE_STRETCH_S = 0.15, 0.03
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
    bars : tuple of (float, int)
        When the bars that were found begin, seconds, and their numbers as the notes have them.
    """

    grid: BeatGrid
    exact: bool
    notes: tuple[str, ...]
    parted: tuple[Parted, ...]
    bars: tuple[tuple[float, int], ...] = ()


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
        If the music cannot be read; with "aligned" also if the score cannot be found in it.
    """
    if mode == "exact":
        return _exact(score, analysis, start, whole=start == 0.0 and duration is None)
    movement = joined(score.movements)
    lacking = _lacking(score, movement)
    if lacking and mode == "aligned":
        raise ConductorError(
            f"{score.path.name} cannot be found in music, because {lacking}; leave --score-is out, "
            "so that the beats are heard."
        )
    if lacking:
        return _heard_alone(hear(progress), analysis.duration, score.beats.doubts)
    following = part(progress, 0.0, 0.7)
    before = min(start, _CONTEXT_S)
    around = hear_sound(
        music,
        start=start - before,
        duration=None if duration is None else before + duration + _CONTEXT_S,
        track=track,
        progress=part(following, 0.0, 0.5, _PHASE),
    )
    begins = np.cumsum([0, *(len(it.bars) for it in score.movements[:-1])]).tolist()
    found = find(movement, around, begins, part(following, 0.5, 1.0))
    found, pieces = _sure(found, movement, around)
    sound = around.excerpt(before, analysis.duration)
    pieces = [piece.later(-before) for piece in pieces]
    pieces = [piece for piece in pieces if piece.end > 0.0 and piece.begin < analysis.duration]
    if not pieces and mode == "aligned":
        raise ConductorError(
            f"The music does not seem to be that of {score.path.name}; choose another score, or "
            "leave --score-is out, so that the beats are heard."
        )
    if not pieces:
        foreign = (
            f"The music does not seem to be that of {score.path.name}, so its beats are heard "
            "without the score; choose another score, or take its own times with "
            "--score-is exact."
        )
        return _heard_alone(hear(part(progress, 0.7, 1.0)), analysis.duration, [foreign])
    gaps = partings(pieces, sound)
    if mode == "auto" and not gaps and plays_exactly(movement, score.beats.grid, pieces, start):
        progress(1.0, _PHASE)
        grid = score.beats.grid.excerpt(start, analysis.duration)
        return Aligned(grid, True, tuple(score.beats.doubts), ())
    whole = start == 0.0 and duration is None
    told = [
        *score.doubts,
        *what_differs(found, pieces, sound, movement, begins, whole=whole),
    ]
    since = _BEFORE_STRETCH_S if start else _BEFORE_MUSIC_S
    grids = _grids(movement, pieces, begins, -since, analysis.duration)
    heard = hear(part(progress, 0.7, 1.0)) if gaps else BeatGrid.empty()
    grid, parted = with_heard(grids, heard, gaps)
    progress(1.0, _PHASE)
    names = BarNames(movement, begins)
    bars = tuple((it.seconds, names.number(it.bar)) for it in bar_begins(pieces))
    return Aligned(grid, False, (*told, *what_parts(parted)), tuple(parted), bars)


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


def _lacking(score: Score, movement: Movement) -> str:
    """Why a score cannot be found in any music; "" if it can."""
    if not score.beats.keeps_beats:
        return "its notes do not keep to its beats, as if it was recorded without a click"
    return "" if pitched(movement).any() else "it has no notes with a pitch"


def _sure(found: Found, movement: Movement, sound: Sound) -> tuple[Found, list[Piece]]:
    """What of a search's result surely plays the score, and its pieces."""
    pieces = follow_pieces(movement, found.stretches, sound, found.steps)
    played = where_played(pieces, sound)
    if all(some == [(it.begin, it.end)] for it, some in zip(pieces, played, strict=True)):
        return found, pieces
    kept = [it for some in played for it in some]
    found = replace(found, stretches=cut(movement, found.stretches, kept))
    return found, follow_pieces(movement, found.stretches, sound, found.steps)


def _grids(
    movement: Movement,
    pieces: Sequence[Piece],
    begins: Sequence[int],
    since: float,
    duration: float,
) -> list[BeatGrid]:
    """The beats of each piece from some time on, each ending before the next."""
    tempo = played_tempo(movement, pieces)
    ends = {*begins, len(movement.bars)}
    until = [*(piece.begin for piece in pieces[1:]), duration]
    return [
        played_beats(
            piece, tempo, since, end, to_the_end=piece.runs[-1][1] in ends or end == duration
        )
        for piece, end in zip(pieces, until, strict=True)
    ]
