"""Numbers as MusicXML writes them."""

import re
from fractions import Fraction


def rational(text: str) -> Fraction | None:
    """A number with a point or without; None for what is none.

    `Fraction` itself takes "1/0" as well, and works on "1e5000000" for minutes.
    """
    if not re.fullmatch(r"\s*[+-]?\d{1,18}(\.\d{0,18})?\s*", text, re.ASCII):
        return None
    return Fraction(text.strip())
