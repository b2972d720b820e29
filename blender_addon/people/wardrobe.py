"""`Look`: what the person wears and the colours of skin, hair and eyes."""

from dataclasses import dataclass
from typing import Final, Literal

from ..stage.materials import Colour


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made darker or lighter by a factor, at most white."""
    r, g, b = (min(channel * factor, 1.0) for channel in colour)
    return (r, g, b)


@dataclass(frozen=True)
class Look:
    """Appearance of an avatar.

    Parameters
    ----------
    dress : str
        "tailcoat": evening dress with white tie; "pullover": shirt, V-neck pullover, chinos.
    hair : str
        "swept": combed back, of some length; "short": short, with a parting.
    skin, lips, hair_colour, iris, outer, trousers, shoes : (r, g, b)
        sRGB colours. `outer` is the coat or the pullover.
    """

    dress: Literal["tailcoat", "pullover"] = "tailcoat"
    hair: Literal["swept", "short"] = "swept"
    skin: Colour = (0.86, 0.67, 0.56)
    lips: Colour = (0.76, 0.53, 0.46)
    hair_colour: Colour = (0.25, 0.21, 0.19)
    iris: Colour = (0.30, 0.38, 0.42)
    outer: Colour = (0.100, 0.101, 0.116)
    trousers: Colour = (0.088, 0.088, 0.100)
    shoes: Colour = (0.05, 0.05, 0.055)


GUEST: Final = Look(
    dress="pullover",
    hair="short",
    skin=(0.80, 0.60, 0.47),
    lips=(0.70, 0.43, 0.38),
    hair_colour=(0.36, 0.24, 0.15),
    iris=(0.36, 0.26, 0.17),
    outer=(0.13, 0.24, 0.36),
    trousers=(0.42, 0.38, 0.33),
    shoes=(0.30, 0.19, 0.12),
)
"""The person of the sample photo: pullover and chinos, short brown hair."""
