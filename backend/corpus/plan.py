"""Which clips are made from which scores, and which of them are for training."""

import hashlib
import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.corpus.survey import Surveyed
from retarget.errors import ConductorError
from retarget.rotation import Array

SUFFIXES: Final = frozenset({".mxl", ".musicxml", ".xml", ".mid", ".midi", ".rmi"})
SPLITS: Final = ("train", "val", "test")
_SHARES: Final = (0.8, 0.9)
# "Beethoven_Op.125_3": composer, catalogue number, movement.
_MOVEMENT: Final = re.compile(r"^([^_,]+_[A-Za-z]+\.? ?\d[^_]*)_[^_]+")
# "Mayer,_Emilie__String_Quartet_in_G_minor,_Op.14__sq7070319": each file of a work has a number.
_NUMBER: Final = re.compile(r"__[a-z]+\d+$")


@dataclass(frozen=True)
class PlannedClip:
    """A clip to be made.

    Parameters
    ----------
    number : int
        Its folder's name.
    split : str
        train, val or test.
    score : Path
        What is played.
    movement : int
        Which movement of it, from 0.
    take : int
        Which one of the clips of this movement, from 0.
    """

    number: int
    split: str
    score: Path
    movement: int
    take: int

    @property
    def folder(self) -> str:
        """Where it lies in the corpus."""
        return f"{self.split}/{self.number}"


def work_of(score: Path) -> str:
    """The work a score file belongs to: its name without a movement and a number of its own."""
    return _NUMBER.sub("", _without_movement(score))


def _without_movement(score: Path) -> str:
    match = _MOVEMENT.match(score.stem)
    return match[1] if match else score.stem


def composer_of(score: Path) -> str:
    """The composer's family name by the file's name."""
    return re.split(r"[,_]", score.stem)[0]


def splits_of(scores: Sequence[Path]) -> dict[Path, str]:
    """The split of each score: that of the first file, by name, of its work."""
    first: dict[str, str] = {}
    for score in sorted(scores, key=lambda path: path.name):
        first.setdefault(work_of(score), split_of(_without_movement(score)))
    return {score: first[work_of(score)] for score in scores}


def split_of(name: str) -> str:
    """train, val or test by a name alone: 80, 10 and 10 of 100."""
    digest = hashlib.sha256(f"virtual-conductor corpus {name}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return SPLITS[sum(share >= limit for limit in _SHARES)]


def find_scores(places: Sequence[Path]) -> list[Path]:
    """Score files among files and folders, sorted by name.

    Raises
    ------
    ConductorError
        If a place does not exist or there is no score at all.
    """
    found: set[Path] = set()
    for place in places:
        if place.is_dir():
            found |= {path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES}
        elif place.is_file():
            found.add(place)
        else:
            raise ConductorError(f"{place} does not exist; check the path.")
    if not found:
        raise ConductorError(
            "There are no scores here; give MusicXML (.mxl, .musicxml) or MIDI files."
        )
    return sorted(found, key=lambda path: (path.name, str(path)))


def plan_clips(
    movements: Sequence[Surveyed], shares: Array, clip_s: float, hours: float
) -> list[PlannedClip]:
    """Clips enough for `hours`, a longer plan beginning with the shorter one.

    Parameters
    ----------
    movements : sequence of Surveyed
    shares : (M,) array
        How often each is to be played; those with 0 are left out.
    clip_s, hours : float
    """
    splits = splits_of(list({m.score for m in movements}))
    # Each turn goes to the movement that is furthest behind (stride scheduling).
    queue = [(1.0 / share, index) for index, share in enumerate(shares) if share > 0.0]
    heapq.heapify(queue)
    takes = [0] * len(movements)
    clips = []
    for number in range(max(round(hours * 3600.0 / clip_s), 1)):
        due, index = heapq.heappop(queue)
        one = movements[index]
        clips.append(PlannedClip(number, splits[one.score], one.score, one.movement, takes[index]))
        takes[index] += 1
        heapq.heappush(queue, (due + 1.0 / shares[index], index))
    return clips
