"""What was heard in music, kept so that the same music is not heard twice.

Kept under digests of the content of files, of the options, and of the code and the weights that
hear. The names of files are not kept.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from backend.alignment.align import Aligned, Parted, Score, align_score
from backend.audio.analysis import Analysis
from backend.audio.features import analyse_file
from backend.beats.hear import hear_beats_and_rival
from backend.beats.rival import HeardBeats, Rival
from backend.beats.track import track_beats
from backend.cache_folder import Arrays, CacheFolder, Form
from backend.content_hash import hash_of_folder
from backend.grid.beat_grid import BeatGrid
from backend.models.checkpoint import shipped
from backend.options import HearingOptions
from retarget.npz import read_json
from retarget.progress import Progress

_BACKEND: Final = Path(__file__).parent
# Rooms whose code decides what is heard, and packages that may change its last digits.
_ANALYSIS: Final = ("audio",)
_BEATS: Final = (*_ANALYSIS, "grid", "models", "beats")
_ALIGNMENT: Final = (*_BEATS, "score", "alignment")
_PACKAGES: Final = ("av", "librosa", "numpy", "scipy", "soxr", "torch")
_NETWORKS: Final = ("beats", "bars")

Value = TypeVar("Value")


class Hearing:
    """One stretch of music, heard once.

    Parameters
    ----------
    music : Path
        Sound or video file.
    options : HearingOptions
        The stretch, and what helps the ear.
    kept : CacheFolder, optional
        Where it is looked up, and kept.
    """

    def __init__(self, music: Path, options: HearingOptions, kept: CacheFolder | None) -> None:
        self._music = music
        self._options = options
        # What is no plain file, like a pipe, can be read but once.
        self._folder = kept if music.is_file() else None
        if self._folder is not None:
            self._stretch = (
                *(_digest(music), music.suffix.lower()),
                *(options.start, options.duration, options.audio_track),
            )

    def analysis(self, progress: Progress) -> Analysis:
        """The features of the stretch; raises as `analyse_file`."""

        def make() -> Analysis:
            return analyse_file(
                self._music,
                start=self._options.start,
                duration=self._options.duration,
                track=self._options.audio_track,
                progress=progress,
            )

        return self._kept(_ANALYSIS, (), _ANALYSIS_FORM, make)

    def beats(self, analysis: Analysis, progress: Progress) -> HeardBeats:
        """Its beats as they are heard; raises as `hear_beats`."""
        meter = None if self._options.meter == "auto" else self._options.meter
        tempo = self._options.tempo

        def make() -> HeardBeats:
            if self._options.beats_model == "learned":
                return hear_beats_and_rival(analysis, meter=meter, tempo=tempo, progress=progress)
            grid = track_beats(analysis, meter=meter, tempo=tempo, progress=progress)
            return HeardBeats(grid, None)

        return self._kept(_BEATS, self._helps, _BEATS_FORM, make)

    def aligned(self, score: Score, analysis: Analysis, progress: Progress) -> Aligned:
        """The beats of a score in it; raises as `align_score`."""
        options = self._options

        def make() -> Aligned:
            return align_score(
                score,
                self._music,
                analysis,
                start=options.start,
                duration=options.duration,
                track=options.audio_track,
                mode=options.score_is,
                hear=lambda told: self.beats(analysis, told).grid,
                progress=progress,
            )

        if not score.path.is_file():
            return make()
        names = (score.path.name, self._music.name)
        depends = (*self._helps, options.score_is, _digest(score.path), *names)
        return self._kept(_ALIGNMENT, depends, _alignment_form(names), make)

    @property
    def _helps(self) -> tuple[Any, ...]:
        """What helps the ear."""
        return self._options.meter, self._options.tempo, self._options.beats_model

    def _kept(
        self,
        rooms: tuple[str, ...],
        depends: tuple[Any, ...],
        form: Form[Value],
        make: Callable[[], Value],
    ) -> Value:
        if self._folder is None:
            return make()
        whole = repr((rooms, self._stretch, depends, _hearer(rooms)))
        return self._folder.kept(hashlib.sha256(whole.encode()).hexdigest(), form, make)


def _digest(path: Path) -> str:
    """SHA-256 of a file; of one that cannot be read nothing, since hearing it will say so."""
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


@cache
def _hearer(rooms: tuple[str, ...]) -> str:
    """Digest of the code, weights and packages that hear."""
    digest = hashlib.sha256()
    for room in rooms:
        digest.update(hash_of_folder(_BACKEND / room).encode())
    for name in _NETWORKS:
        digest.update(_digest(shipped(name)).encode())
    for name in _PACKAGES:
        digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()


def _packed_analysis(analysis: Analysis) -> Arrays:
    return {one.name: np.asarray(getattr(analysis, one.name)) for one in fields(Analysis)}


def _unpacked_analysis(arrays: Arrays) -> Analysis:
    found = [arrays[one.name] for one in fields(Analysis)]
    if len({len(array) for array in found if array.ndim}) != 1:
        raise ValueError("all features have as many frames")
    values: list[Any] = [array if array.ndim else array.item() for array in found]
    return Analysis(*values)


def _packed_grid(grid: BeatGrid) -> dict[str, Any]:
    return {
        "times": grid.times,
        "numbers": grid.numbers,
        "beats_in_bar": grid.beats_in_bar,
        "meters": np.array(grid.meters, str),
        "confidence": grid.confidence,
    }


def _unpacked_grid(arrays: Arrays) -> BeatGrid:
    return BeatGrid(
        arrays["times"],
        arrays["numbers"],
        arrays["beats_in_bar"],
        tuple(arrays["meters"].tolist()),
        arrays["confidence"],
    )


def _packed_beats(heard: HeardBeats) -> Arrays:
    said = {} if heard.rival is None else asdict(heard.rival)
    return {**_packed_grid(heard.grid), "rival": np.array(json.dumps(said))}


def _unpacked_beats(arrays: Arrays) -> HeardBeats:
    said = read_json(arrays, "rival")
    return HeardBeats(_unpacked_grid(arrays), Rival(**said) if said else None)


def _alignment_form(names: tuple[str, ...]) -> Form[Aligned]:
    """How an alignment is kept without the names of the files, which its notes may hold."""

    def pack(aligned: Aligned) -> Arrays:
        said = {
            "exact": aligned.exact,
            "notes": [_without(note, names) for note in aligned.notes],
            "parted": [asdict(one) for one in aligned.parted],
        }
        return {**_packed_grid(aligned.grid), "said": np.array(json.dumps(said))}

    def unpack(arrays: Arrays) -> Aligned:
        said = read_json(arrays, "said")
        notes = tuple(_with(note, names) for note in said["notes"])
        parted = tuple(Parted(**one) for one in said["parted"])
        return Aligned(_unpacked_grid(arrays), said["exact"], notes, parted)

    return Form(pack, unpack)


def _without(note: str, names: tuple[str, ...]) -> str:
    for place, name in enumerate(names):
        note = note.replace(name, f"\0{place}")
    return note


def _with(note: str, names: tuple[str, ...]) -> str:
    for place, name in enumerate(names):
        note = note.replace(f"\0{place}", name)
    return note


_ANALYSIS_FORM: Final = Form(_packed_analysis, _unpacked_analysis)
_BEATS_FORM: Final = Form(_packed_beats, _unpacked_beats)
