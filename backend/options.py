"""The options of a motion and of a likeness, whoever asks: the command, the panel, the server.

Apart from the requests that carry them out, which need torch and the rest: the server stays small,
and only the worker that runs a job loads those.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.alignment.score_is import ScoreIs
from backend.grid.meter import parse_meter
from backend.style import Style
from blender_addon.overlays import OverlayName
from retarget.errors import ConductorError

BeatsModel = Literal["learned", "onset"]
BeatLevel = Literal["auto", "double", "half"]
Conductor = Literal["learned", "teacher"]
Dress = Literal["auto", "photo", "concert", "gown"]
LikenessFormat = Literal["mp4", "prores", "vp9", "png"]

BACKGROUNDS: Final = ("photo", "blur", "stage", "studio", "alpha")
"""Backgrounds of a likeness with a name (`pose_transfer.backdrop`)."""

FORMATS: Final = {"mp4": ".mp4", "prores": ".mov", "vp9": ".webm", "png": ""}
"""Formats of a likeness, and the ending of each one's files; PNG files lie in a folder."""

MAX_LIKENESS_SIDE: Final = 4096
"""Longest side of a likeness, pixels."""

USUAL_FPS: Final = 30.0
"""Frames per second of a motion where nothing says another."""

_MOST_BEATS: Final = 100_000
_Second = Annotated[float, Field(ge=-86_400, le=864_000)]
_BeatNumber = Annotated[int, Field(ge=1, le=99)]


class Options(BaseModel):
    """Nothing beyond the named fields, and no number that is none."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class HearingOptions(Options):
    """How the beats of music are found.

    Parameters
    ----------
    meter : str
        "auto" or a meter like "3/4", or "2+3/8" with the groups of its beats.
    tempo : float, optional
        About this many beats per minute, 20 to 300.
    beats_model : str
        Who listens for the beats: "learned", the trained network, or "onset", strong onsets a beat
        apart.
    beat_level : str
        "double" or "half" as many beats as were found, or "auto": as they were.
    first_downbeat : float, optional
        Second of the whole music at which a bar begins.
    shift_bars : int
        Bars begin so many beats later than they were found to, below 0 earlier.
    score_is : str
        Whether the times of a score are those of the music ("exact") or are to be found
        ("aligned"); "auto" takes its own where they agree throughout.
    start, duration : float
        The stretch of the music, seconds; `duration` None is up to the end.
    audio_track : int, optional
        Which of the music file's sound tracks, from 1 on; None is its default track.
    """

    meter: str = "auto"
    tempo: float | None = Field(default=None, ge=20, le=300)
    beats_model: BeatsModel = "learned"
    beat_level: BeatLevel = "auto"
    first_downbeat: float | None = Field(default=None, ge=0)
    shift_bars: int = Field(default=0, ge=-24, le=24)
    score_is: ScoreIs = "auto"
    start: float = Field(default=0.0, ge=0)
    duration: float | None = Field(default=None, gt=0)
    audio_track: int | None = Field(default=None, ge=1, le=99)

    @field_validator("meter")
    @classmethod
    def _known_meter(cls, value: str) -> str:
        if value != "auto":
            _in_pydantic_s_words(parse_meter, value)
        return value


class MotionOptions(HearingOptions):
    """How music is conducted.

    Parameters
    ----------
    model : str
        Who conducts: "learned", the trained generator, or "teacher", the rules behind it.
    seed : int
        Same seed, same motion.
    style : str
        Name of a preset, or path of a TOML file.
    style_values : dict
        Single style values that replace the preset's.
    fps : float, optional
        Frames per second of the motion, 10 to 120; if not given, those of the avatar's own scene
        or `USUAL_FPS`.
    face : bool
        Whether the face plays too.
    """

    model: Conductor = "learned"
    seed: int = Field(default=0, ge=0, lt=2**63)
    style: str = "neutral"
    style_values: dict[str, float] = Field(default_factory=dict)
    fps: float | None = Field(default=None, ge=10, le=120)
    face: bool = True

    @field_validator("style_values")
    @classmethod
    def _known_values(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = set(value) - set(Style().as_dict())
        if unknown:
            raise ValueError(f"a style has the values {', '.join(Style().as_dict())}")
        _in_pydantic_s_words(lambda values: Style(**values), value)
        return value


class SubjectOptions(Options):
    """Who of a photo conducts, and in what.

    Parameters
    ----------
    dress : str
        "photo", as photographed, "concert", a tailcoat, "gown", or "auto": a tailcoat where the
        photo's own clothes cannot be completed well.
    person : int, optional
        Which of several people, counted from the left, from 1 on.
    """

    dress: Dress = "auto"
    person: int | None = Field(default=None, ge=1, le=99)


class LikenessOptions(SubjectOptions):
    """How a likeness video looks.

    Parameters
    ----------
    start : float
        Second of the music at which the animation starts; below 0 where the music starts later.
    audio_track : int, optional
        Which of the music file's sound tracks, from 1 on; None is its default track.
    background : str
        One of BACKGROUNDS, a colour "#rrggbb", or the path of a picture.
    size : (int, int), optional
        Width and height of the video; None follows the photo, or the plate.
    format : str, optional
        One of FORMATS; None is "mp4", or in a request what the ending of the output says.
    overlays : tuple of str
        What is drawn over the person.
    beats : tuple of (float, int)
        Seconds after the first frame and numbers in the bar, for the overlays.
    """

    start: float = Field(default=0.0, ge=-86_400)
    audio_track: int | None = Field(default=None, ge=1, le=99)
    background: str = "photo"
    size: tuple[int, int] | None = None
    format: LikenessFormat | None = None
    overlays: tuple[OverlayName, ...] = ()
    beats: tuple[tuple[_Second, _BeatNumber], ...] = Field(default=(), max_length=_MOST_BEATS)

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        if is_background_name(value) or Path(value).is_file():
            return value
        raise ValueError(
            f"'{value}' is neither {', '.join(BACKGROUNDS)}, nor a colour like #223344, nor a "
            "picture file"
        )

    @field_validator("size")
    @classmethod
    def _possible_size(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None:
            _in_pydantic_s_words(check_size, value)
            if max(value) > MAX_LIKENESS_SIDE:
                raise ValueError(
                    f"a likeness has at most {MAX_LIKENESS_SIDE} pixels each way, not "
                    f"{value[0]}x{value[1]}"
                )
        return value


def is_background_name(value: str) -> bool:
    """Whether a background is a name or a colour, and no file."""
    return value in BACKGROUNDS or re.fullmatch(r"#[0-9a-fA-F]{6}", value) is not None


def format_of(path: Path, wanted: str | None = None) -> str:
    """The format a likeness is written in: what its name says, which `wanted` may not contradict.

    Raises
    ------
    ConductorError
        If the name has no ending that is known.
    """
    named = next((name for name, ending in FORMATS.items() if ending == path.suffix.lower()), None)
    if wanted not in (None, named):
        ending = FORMATS[wanted]
        raise ConductorError(
            f"{path.name} does not end like a likeness in {wanted}; "
            + (f"let it end in {ending}." if ending else "give a folder's name without an ending.")
        )
    if named is None:
        endings = ", ".join(ending for ending in FORMATS.values() if ending)
        raise ConductorError(
            f"{path.name} does not end like a video; let it end in {endings}, or give a folder's "
            "name without an ending for PNG files."
        )
    return named


def check_alpha(background: str, format_name: str) -> None:
    """Refuse a transparent background where it would be lost.

    Raises
    ------
    ConductorError
        If the format has no alpha.
    """
    if background == "alpha" and format_name == "mp4":
        raise ConductorError(
            "An .mp4 cannot hold a transparent background; choose prores (.mov), vp9 (.webm) or "
            "png (a folder), or another background."
        )


def check_size(size: tuple[int, int]) -> None:
    """Refuse what cannot be a video: H.264 stores colour for two by two pixels, hence even sides.

    Raises
    ------
    ConductorError
        If a side is odd or out of range.
    """
    width, height = size
    if width % 2 or height % 2 or not (64 <= width <= 7680 and 64 <= height <= 4320):
        raise ConductorError(
            f"The size {width}x{height} is not possible; take even numbers from 64x64 to 7680x4320."
        )


def _in_pydantic_s_words(check: Callable[[Any], object], value: object) -> None:
    try:
        check(value)
    except ConductorError as error:
        raise ValueError(str(error)) from error
