"""`Style`: how it is conducted, in a musician's words."""

import dataclasses
import os
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from backend.toml_file import read_toml
from retarget.errors import ConductorError


@dataclass(frozen=True)
class Style:
    """A named vector that steers the conductor. All in [0, 1] except `lead`, in seconds.

    Parameters
    ----------
    size : float
        Size of the beat pattern at medium loudness: 0 chamber, 1 the largest gesture.
    sharpness : float
        0 legato, round and sustained; 1 staccato, angular with a quick stop after the ictus.
    articulation : float
        How far the stroke follows the music's own articulation and accents: 0 the same stroke
        throughout, 1 legato, staccato, marcato and tenuto as they are heard.
    subdivision : float
        How far slow beats are divided: 0 one flowing stroke, 0.5 the hand hesitates halfway, 1 a
        second, smaller stroke.
    rebound : float
        How high the hand springs back from the ictus.
    plane_height : float
        Height of the beat plane: 0 at the belt, 1 at the shoulders.
    expression : float
        How far size follows the loudness of the music.
    left_hand : float
        Independence of the left hand: 0 mirrors the right, 1 mostly rests or shapes.
    sway : float
        Movement of the trunk and head.
    weight : float
        0 light from wrist and forearm, 1 heavy from the shoulder.
    face : float
        How much the face shows: 0 blinks and small looks alone, 1 everything the music asks for.
    lead : float
        How far the gesture runs ahead of the sound, 0 to 0.3 seconds.
    """

    size: float = 0.5
    sharpness: float = 0.4
    articulation: float = 0.6
    subdivision: float = 0.3
    rebound: float = 0.5
    plane_height: float = 0.5
    expression: float = 0.6
    left_hand: float = 0.4
    sway: float = 0.4
    weight: float = 0.5
    face: float = 0.6
    lead: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            high = MAX_LEAD if field.name == "lead" else 1.0
            if not 0.0 <= value <= high:
                raise ConductorError(
                    f"The style's {field.name} is {value:g}; it lies between 0 and {high:g}."
                )

    def as_dict(self) -> dict[str, float]:
        """Name to value, in the order of the fields."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


MAX_LEAD: Final = 0.3
"""Largest lead in seconds: conductors run up to about 150 ms ahead of a recording (Lee et al.)."""


def presets() -> dict[str, Style]:
    """The styles that come with the program, by name; "neutral" is the default."""
    text = files(__package__).joinpath("styles.toml").read_text(encoding="utf-8")
    return {name: Style(**values) for name, values in tomllib.loads(text).items()}


def load_style(name_or_path: str | os.PathLike[str]) -> Style:
    """A preset by name, or a TOML file with any of the style's values.

    Raises
    ------
    ConductorError
        If there is no such preset or file, or a value is unknown or out of range.
    """
    known = presets()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path)
    if not path.is_file():
        raise ConductorError(
            f"There is no style '{name_or_path}'; choose {', '.join(known)} or give a TOML file."
        )
    values = read_toml(path)
    try:
        return Style(**{key: float(value) for key, value in values.items()})
    except (TypeError, ValueError) as error:
        names = ", ".join(field.name for field in dataclasses.fields(Style))
        raise ConductorError(
            f"{path.name} holds something that is no style value; it may set {names} to numbers."
        ) from error
