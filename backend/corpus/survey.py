"""What each movement asks of a conductor, read once, so that a plan can be balanced by it."""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.corpus.workers import one_thread_each
from backend.score.movement import Movement
from backend.score.movements import read_score
from backend.score.played_bars import DEFAULT_BPM
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

SHORTEST_S: Final = 15.0
# A movement this much longer than the shortest clip fills it at any tempo.
_ROOM: Final = 1.5
_FEWEST_BEATS: Final = 8
_PHASE: Final = "reading the scores"


@dataclass(frozen=True)
class Surveyed:
    """A movement that clips can be made of.

    Parameters
    ----------
    score : Path
        Its file.
    movement : int
        Which movement of the file, from 0.
    seconds : float
        How long it is at the written tempo.
    beats_in_bar : int
        Conducted beats of its bars for most of that time.
    tempo : float
        Their median rate, a minute.
    marked : bool
        Whether the score says how fast it goes.
    """

    score: Path
    movement: int
    seconds: float
    beats_in_bar: int
    tempo: float
    marked: bool


def survey(
    scores: Sequence[Path], kept: Path, workers: int, progress: Progress = no_progress
) -> tuple[list[Surveyed], dict[str, str]]:
    """Look through scores.

    Parameters
    ----------
    scores : sequence of Path
    kept : Path
        A JSON file of what is known from an earlier time; files whose size is the same are not
        read again.
    workers : int
        Processes.

    Returns
    -------
    movements : list of Surveyed
        In the order of the scores.
    faults : dict of str to str
        Why a score is left out, by its name.

    Raises
    ------
    Cancelled
        From `progress`; what has been read by then is kept.
    """
    known: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    keys = [f"{score.name} {score.stat().st_size}" for score in scores]
    unread = [(key, score) for key, score in zip(keys, scores, strict=True) if key not in known]
    if unread:
        try:
            _read(unread, known, workers, progress)
        finally:
            with atomic_path(kept) as temporary:
                temporary.write_text(json.dumps(known), encoding="utf-8")
    movements, faults = [], {}
    for key, score in zip(keys, scores, strict=True):
        if isinstance(known[key], str):
            faults[score.name] = known[key]
        else:
            movements += [Surveyed(score, **row) for row in known[key]]
    return movements, faults


def _read(
    unread: Sequence[tuple[str, Path]], known: dict[str, Any], workers: int, progress: Progress
) -> None:
    """Add to what is known; a run that is broken off keeps what it has read."""
    with ProcessPoolExecutor(workers, mp_context=one_thread_each()) as pool:
        found = pool.map(_survey, [score for _, score in unread])
        try:
            for index, ((key, _), rows) in enumerate(zip(unread, found, strict=True)):
                known[key] = rows
                progress(index / len(unread), _PHASE)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _survey(score: Path) -> list[dict[str, Any]] | str:
    """What is told of the movements of a score, or why there are none."""
    try:
        found = [look_at(score, i, m) for i, m in enumerate(read_score(score))]
    except ConductorError as error:
        return str(error)
    rows = [asdict(one) for one in found if one is not None]
    for row in rows:
        del row["score"]
    return rows or f"{score.name} is shorter than a clip; it is left out."


def look_at(score: Path, index: int, movement: Movement) -> Surveyed | None:
    """What one movement asks; None if it is shorter than a clip."""
    beats = movement.beats()
    if movement.duration <= SHORTEST_S * _ROOM or len(beats.numbers) < _FEWEST_BEATS:
        return None
    places = movement.places(beats)
    gaps = np.diff(places) * 60.0 / movement.written_qpm(places[:-1])
    time = np.bincount(beats.beats_in_bar[:-1], weights=gaps)
    tempo = movement.tempo
    return Surveyed(
        score=score,
        movement=index,
        seconds=round(movement.duration, 2),
        beats_in_bar=int(time.argmax()),
        tempo=round(60.0 / float(np.median(gaps)), 2),
        marked=len(tempo.bpm) > 1 or float(tempo.bpm[0]) != DEFAULT_BPM,
    )
