"""From music to the beats that are conducted: heard, of a score, or given; and mended."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from backend.audio.missing import loss_sentences
from backend.cache_folder import CacheFolder
from backend.grid.beat_grid import BeatGrid
from backend.options import HearingOptions
from retarget.progress import Progress, no_progress, part

if TYPE_CHECKING:
    from backend.alignment.align import Parted
    from backend.audio.analysis import Analysis


_LISTENS: Final = "so the conductor stands and listens"


class BeatsRequest(HearingOptions):
    """Whose beats are to be found, and how.

    Parameters
    ----------
    music : Path
        Sound or video file.
    score : Path, optional
        MIDI or MusicXML file of the same piece: its beats and bars are found in the music.
    beats : Path, optional
        A beat table (`BeatGrid.load`) in the time of the whole music; wins over `score` and over
        listening.
    """

    music: Path
    score: Path | None = None
    beats: Path | None = None


@dataclass(frozen=True)
class FoundBeats:
    """The beats of a stretch of music.

    Parameters
    ----------
    grid : BeatGrid
        Time 0 is the start of the stretch.
    analysis : Analysis
        The features of the stretch.
    warnings : sequence of str
        What the user should know, a sentence for each.
    parted : sequence of Parted
        Where music and score part ways, and the beats are heard ones.
    bars : sequence of (float, int)
        When bars of the score begin, seconds, and their numbers; empty where its bars were not
        found.
    """

    grid: BeatGrid
    analysis: "Analysis"
    warnings: Sequence[str] = ()
    parted: "Sequence[Parted]" = ()
    bars: Sequence[tuple[float, int]] = ()


def find_beats(
    request: BeatsRequest, progress: Progress = no_progress, kept: CacheFolder | None = None
) -> FoundBeats:
    """Listen, find the beats, and mend them as the options say.

    Parameters
    ----------
    request : BeatsRequest
    progress : Progress
        Told the share that is done; may raise `Cancelled`.
    kept : CacheFolder, optional
        Where what was heard in the same music is looked up, and kept.

    Raises
    ------
    ConductorError
        If a file cannot be read or an option makes no sense.
    Cancelled
        If the progress callback asked to stop.
    """
    # Imported here because torch takes a second, in which processes that were started before, like
    # Blender's, come up beside.
    from backend.beat_doubts import beat_doubt, level_doubt
    from backend.beats.rival import HeardBeats
    from backend.kept_hearing import Hearing

    # What can be refused at once is read before the music, which takes longer.
    given = None if request.beats is None else BeatGrid.load(request.beats)
    score = None
    if given is None and request.score is not None:
        from backend.alignment.align import open_score
        from backend.kept_alignment import kept_alignment

        score = open_score(request.score)
    hearing = Hearing(request.music, request, kept)
    analysis = hearing.analysis(part(progress, 0.0, 0.7))
    finding = part(progress, 0.7, 1.0)
    parted: Sequence[Parted] = ()
    notes: Sequence[str] = ()
    heard = None
    # The file is looked through while the networks are at work.
    with ThreadPoolExecutor(1) as beside:
        lost = beside.submit(
            loss_sentences,
            request.music,
            analysis.duration,
            start=request.start,
            duration=request.duration,
            track=request.audio_track,
        )
        if given is not None:
            grid = given.excerpt(request.start, analysis.duration)
        elif score is not None:
            aligned = kept_alignment(hearing, score, analysis, finding)
            grid, parted, notes = aligned.grid, aligned.parted, aligned.notes
        else:
            heard = hearing.beats(analysis, finding)
            grid = heard.grid
    doubts: list[str | None] = []
    if len(grid) == 0:
        doubts.append(_without_beats(request))
    elif given is None and not notes:
        doubts.append(beat_doubt(heard or HeardBeats(grid), request, of_score=score is not None))
    mended = _mended(grid.shifted(request.start), request)
    if mended is not None:
        grid = mended.shifted(-request.start)
        doubts.append(level_doubt(grid, request))
    said = [doubt for doubt in doubts if doubt is not None]
    return FoundBeats(grid, analysis, [*lost.result(), *notes, *said], parted)


def _without_beats(request: BeatsRequest) -> str:
    """What is said of music in which no beat is."""
    whole = request.start == 0.0 and request.duration is None
    if request.beats is not None:
        ways = "the music" if whole else "--start and --duration"
        where = "the music" if whole else "this stretch of the music"
        return (
            f"None of the given beats lies in {where}, {_LISTENS}; compare their times with {ways}."
        )
    if whole:
        return f"No beats were found in this music, {_LISTENS}."
    return f"No beats were found in this stretch, {_LISTENS}; take a longer one."


def _mended(grid: BeatGrid, request: BeatsRequest) -> BeatGrid | None:
    """Beats, in the time of the whole music, as the user says they are; None if nothing is said.

    Raises
    ------
    ConductorError
        As the methods of `BeatGrid` that change it.
    """
    one = request.first_downbeat
    if request.beat_level == "auto" and one is None and not request.shift_bars:
        return None
    if request.beat_level == "double":
        grid = grid.doubled()
    elif request.beat_level == "half":
        grid = grid.halved() if one is None else _halved_with(grid, one)
    if one is not None:
        grid = grid.with_downbeat_at(one)
    return grid.bars_shifted(request.shift_bars) if request.shift_bars else grid


def _halved_with(grid: BeatGrid, seconds: float) -> BeatGrid:
    """Every other beat, of the two ways the one in which the beat at a time is there."""
    grid = grid.with_downbeat_at(seconds)
    nearest = grid.times[np.abs(grid.times - seconds).argmin()]
    half = grid.halved()
    return half if nearest in half.times else grid.halved(1)
