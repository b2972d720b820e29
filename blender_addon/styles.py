"""The conducting styles and their sliders, from the tables that travel with the extension."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Slider:
    """One value of a style as the panel shows it.

    Parameters
    ----------
    name : str
        Name the backend knows it by.
    label, description : str
        What the user reads.
    default, maximum : float
        Value of the neutral style, and the largest one; the smallest is 0.
    """

    name: str
    label: str
    description: str
    default: float
    maximum: float


@cache
def sliders() -> tuple[Slider, ...]:
    """The style's values in the order they are shown."""
    table = tomllib.loads((_HERE / "sliders.toml").read_text(encoding="utf-8"))
    return tuple(Slider(name=name, **row) for name, row in table.items())


@cache
def presets() -> dict[str, dict[str, float]]:
    """Every value of every style that comes with the program; the first is the default."""
    table = tomllib.loads((_HERE / "styles.toml").read_text(encoding="utf-8"))
    defaults = {slider.name: slider.default for slider in sliders()}
    return {name: defaults | values for name, values in table.items()}
