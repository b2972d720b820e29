"""The kinds of jobs: what each may be given, what runs it, what comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from backend.options import Options, SubjectOptions
from backend.server.limits import Limits
from backend.server.params import LikenessParams, MotionParams
from retarget.progress import Progress

_MB: Final = 1_000_000


@dataclass(frozen=True)
class Task:
    """What the worker hands to the work of a job.

    Parameters
    ----------
    params : dict
        The checked parameters.
    files : dict
        Name of the upload field to the file in the job's folder.
    names : dict
        Name of the upload field to what the user calls the file.
    out : Path
        Empty folder for the results.
    """

    params: dict[str, Any]
    files: dict[str, Path]
    names: dict[str, str]
    out: Path


@dataclass(frozen=True)
class Outcome:
    """What a job made: names of files in `Task.out`, the main one first, and its warnings."""

    results: tuple[str, ...]
    warnings: tuple[str, ...] = ()


Work = Callable[[Task, Progress], Outcome]


@dataclass(frozen=True)
class FileRule:
    """A file a job may be given.

    Parameters
    ----------
    suffixes : tuple of str
        Endings that are taken, lower case with the dot.
    max_bytes : int
        Largest size.
    required : bool
        Whether the job cannot do without it.
    """

    suffixes: tuple[str, ...]
    max_bytes: int
    required: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Parameters
    ----------
    params : type
        The model its parameters are checked by.
    files : mapping
        Name of the upload field to its rule.
    run : str
        "module:function" of its `Work`; imported in the worker alone.
    limits : Limits
        What its worker may take.
    """

    params: type[Options]
    files: Mapping[str, FileRule]
    run: str
    limits: Limits = field(default_factory=Limits)


_SOUND = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".wma"),
    *(".mp4", ".m4v", ".mov", ".mka", ".mkv", ".webm", ".avi", ".mpg", ".mpeg"),
)
_PICTURE = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".tif", ".tiff")
_SUBJECT = (".subject",)
# An hour of 96 kHz stereo in 24 bits is 2.1 GB; longer films go in compressed.
_MUSIC_BYTES = 2500 * _MB

KINDS: Final[Mapping[str, Kind]] = {
    "motion": Kind(
        params=MotionParams,
        files={
            "music": FileRule(_SOUND, _MUSIC_BYTES, required=True),
            "score": FileRule((".mid", ".midi", ".rmi", ".musicxml", ".xml", ".mxl"), 100 * _MB),
            "beats": FileRule((".txt", ".tsv", ".csv"), 10 * _MB),
            "style": FileRule((".toml",), _MB),
        },
        run="backend.server.work:make_motion_files",
    ),
    "likeness": Kind(
        params=LikenessParams,
        files={
            "guide": FileRule((".npz",), 500 * _MB, required=True),
            "photo": FileRule((*_PICTURE, *_SUBJECT), 100 * _MB, required=True),
            "landmarks": FileRule((".json",), _MB),
            "background": FileRule(_PICTURE, 100 * _MB),
            "plate": FileRule(_PICTURE, 100 * _MB),
            "music": FileRule(_SOUND, _MUSIC_BYTES),
        },
        run="backend.server.work:make_likeness_file",
    ),
    "subject": Kind(
        params=SubjectOptions,
        files={
            "photo": FileRule(_PICTURE, 100 * _MB, required=True),
            "landmarks": FileRule((".json",), _MB),
        },
        run="backend.server.work:make_subject_files",
    ),
}
