"""`Recipe`: who the built-in conductors are, read from `conductors.toml`."""

import tomllib
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .figure import Build
from .hair.brows import Brow
from .parts import Colour


class Recipe(BaseModel):
    """One conductor.

    Parameters
    ----------
    title : str
        As the panel shows it.
    outfit, hair : str
        Names of `tailor.OUTFITS` and `hair.STYLES`.
    accessories : tuple of str
        "Glasses", "Earrings".
    skin, palm, lips, hair_colour, iris : (r, g, b)
        sRGB, 0 to 1.
    flush : float
        How red cheeks, nose, ears and knuckles are; 1 on fair skin.
    lines, freckles, stubble, eyeshadow : float
        How much of it, [0, 1].
    brow, brow_colour : Brow, (r, g, b)
        Shape and colour of the brows.
    lash_line : float
        How dark it is at the lashes' roots; 1 is usual.
    head, eyes, phenotype, changes, mood : float, float, dict, dict, dict
        See `Build`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    outfit: str
    hair: str
    accessories: tuple[Literal["Glasses", "Earrings"], ...] = ()
    skin: Colour
    lips: Colour
    hair_colour: Colour
    iris: Colour
    palm: Colour
    brow: Brow
    brow_colour: Colour
    flush: float = 1.0
    lines: float = 0.0
    freckles: float = 0.0
    stubble: float = 0.0
    eyeshadow: float = 0.0
    lash_line: float = 1.0
    head: float = 1.0
    eyes: float = 1.0
    phenotype: dict[str, float]
    changes: dict[str, float] = Field(default_factory=dict)
    mood: dict[str, float] = Field(default_factory=dict)

    @property
    def build(self) -> Build:
        """The body."""
        return Build(self.phenotype, self.changes, self.head, self.eyes, self.mood)


def recipes() -> dict[str, Recipe]:
    """All of them by name, in the order of the file."""
    text = files(__package__).joinpath("conductors.toml").read_text(encoding="utf-8")
    return {name: Recipe(**values) for name, values in tomllib.loads(text).items()}
