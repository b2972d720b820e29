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

from backend.audio.analysis import Analysis
from backend.audio.features import analyse_file
from backend.beats.hear import hear_beats
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
BEATS: Final = (*_ANALYSIS, "grid", "models", "beats")
_PACKAGES: Final = ("av", "numpy", "scipy", "soxr", "torch")

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
        self.music = music
        self.options = options
        # What is no plain file, like a pipe, can be read but once.
        content = digest_of(music) if kept is not None and music.is_file() else ""
        self._folder = kept if content else None
        self._stretch = (
            *(content, music.suffix.lower()),
            *(options.start, options.duration, options.audio_track),
        )

    def analysis(self, progress: Progress) -> Analysis:
        """The features of the stretch; raises as `analyse_file`."""

        def make() -> Analysis:
            return analyse_file(
                self.music,
                start=self.options.start,
                duration=self.options.duration,
                track=self.options.audio_track,
                progress=progress,
            )

        return self.kept(_ANALYSIS, (), _ANALYSIS_FORM, make)

    def beats(self, analysis: Analysis, progress: Progress) -> HeardBeats:
        """Its beats as they are heard; raises as `hear_beats`."""
        meter = None if self.options.meter == "auto" else self.options.meter
        tempo = self.options.tempo

        def make() -> HeardBeats:
            if self.options.beats_model == "learned":
                return hear_beats(analysis, meter=meter, tempo=tempo, progress=progress)
            return HeardBeats(track_beats(analysis, meter=meter, tempo=tempo, progress=progress))

        return self.kept(BEATS, self.helps, _BEATS_FORM, make)

    @property
    def helps(self) -> tuple[Any, ...]:
        """What helps the ear."""
        return self.options.meter, self.options.tempo, self.options.beats_model

    def kept(
        self,
        rooms: tuple[str, ...],
        depends: tuple[Any, ...],
        form: Form[Value],
        make: Callable[[], Value],
    ) -> Value:
        """What is made of the stretch, looked up first.

        Parameters
        ----------
        rooms : tuple of str
            Whose code makes it.
        depends : tuple
            What it depends on beside the stretch; values whose `repr` tells them apart.
        form : Form
        make : callable
        """
        if self._folder is None:
            return make()
        whole = repr((rooms, self._stretch, depends, _hearer(rooms)))
        return self._folder.kept(hashlib.sha256(whole.encode()).hexdigest(), form, make)


def digest_of(path: Path) -> str:
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
    for weights in sorted(shipped("beats").parent.glob("*.safetensors")):
        digest.update(f"{weights.name} {digest_of(weights)}\n".encode())
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


def packed_grid(grid: BeatGrid) -> dict[str, Any]:
    """A grid as arrays of numbers and text."""
    return {
        "times": grid.times,
        "numbers": grid.numbers,
        "beats_in_bar": grid.beats_in_bar,
        "meters": np.array(grid.meters, str),
        "confidence": grid.confidence,
    }


def unpacked_grid(arrays: Arrays) -> BeatGrid:
    """A grid of the arrays that `packed_grid` made."""
    return BeatGrid(
        arrays["times"],
        arrays["numbers"],
        arrays["beats_in_bar"],
        tuple(arrays["meters"].tolist()),
        arrays["confidence"],
    )


def _packed_beats(heard: HeardBeats) -> Arrays:
    said = {
        "rivals": [asdict(rival) for rival in heard.rivals],
        "sounds_like": heard.sounds_like,
    }
    return {**packed_grid(heard.grid), "said": np.array(json.dumps(said))}


def _unpacked_beats(arrays: Arrays) -> HeardBeats:
    said = read_json(arrays, "said")
    rivals = tuple(Rival(**rival) for rival in said["rivals"])
    return HeardBeats(unpacked_grid(arrays), rivals, said["sounds_like"])


_ANALYSIS_FORM: Final = Form(_packed_analysis, _unpacked_analysis)
_BEATS_FORM: Final = Form(_packed_beats, _unpacked_beats)
