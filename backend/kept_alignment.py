"""A score aligned with music, kept so that the same is not aligned twice; names are not kept."""

import json
from dataclasses import asdict
from typing import Final

import numpy as np

from backend.alignment.align import Aligned, Parted, Score, align_score
from backend.audio.analysis import Analysis
from backend.cache_folder import Arrays, Form
from backend.kept_hearing import BEATS, Hearing, digest_of, packed_grid, unpacked_grid
from retarget.npz import read_json
from retarget.progress import Progress

_ROOMS: Final = (*BEATS, "score", "alignment")


def kept_alignment(
    hearing: Hearing, score: Score, analysis: Analysis, progress: Progress
) -> Aligned:
    """The beats of a score in music, looked up first.

    Parameters
    ----------
    hearing : Hearing
        The stretch of music, and what helps the ear where the score does not tell.
    score : Score
    analysis : Analysis
        Of the stretch.
    progress : Progress

    Raises
    ------
    ConductorError
        As `align_score`.
    """
    options = hearing.options

    def make() -> Aligned:
        return align_score(
            score,
            hearing.music,
            analysis,
            start=options.start,
            duration=options.duration,
            track=options.audio_track,
            mode=options.score_is,
            hear=lambda told: hearing.beats(analysis, told).grid,
            progress=progress,
        )

    # Notes may hold the names of the files: in another file's place they would be wrong.
    names = (score.path.name, hearing.music.name)
    depends = (*hearing.helps, options.score_is, digest_of(score.path), *names)
    return hearing.kept(_ROOMS, depends, _form(names), make)


def _form(names: tuple[str, ...]) -> Form[Aligned]:
    """How an alignment is kept without the names that its notes may hold."""

    def pack(aligned: Aligned) -> Arrays:
        said = {
            "exact": aligned.exact,
            "notes": [_without(note, names) for note in aligned.notes],
            "parted": [asdict(one) for one in aligned.parted],
            "bars": aligned.bars,
        }
        return {**packed_grid(aligned.grid), "said": np.array(json.dumps(said))}

    def unpack(arrays: Arrays) -> Aligned:
        said = read_json(arrays, "said")
        notes = tuple(_with(note, names) for note in said["notes"])
        parted = tuple(Parted(**one) for one in said["parted"])
        bars = tuple((float(begin), int(number)) for begin, number in said["bars"])
        return Aligned(unpacked_grid(arrays), said["exact"], notes, parted, bars)

    return Form(pack, unpack)


def _without(note: str, names: tuple[str, ...]) -> str:
    for place, name in enumerate(names):
        note = note.replace(name, f"\0{place}")
    return note


def _with(note: str, names: tuple[str, ...]) -> str:
    for place, name in enumerate(names):
        note = note.replace(f"\0{place}", name)
    return note
