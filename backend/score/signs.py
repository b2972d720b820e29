"""The signs that lead through a MusicXML score: segno, coda, da capo, dal segno, fine."""

import re
from typing import Final
from xml.etree import ElementTree

from backend.score.written_bar import Bar

_SIGNS: Final = ("dacapo", "dalsegno", "tocoda", "fine", "segno", "coda")
# What is written where the file does not say in its own terms where the playing goes on.
_WORDS: Final = {
    "dacapo": re.compile(r"\bd\.\s*c\b|\bda\s*capo\b|^dc\b"),
    "dalsegno": re.compile(r"\bd\.\s*s\b|\bdal\s+segno\b|^ds\b"),
    "tocoda": re.compile(r"^(to|alla)\s+coda\W*$"),
    "fine": re.compile(r"^(il\s+)?fine\W*$"),
    "coda": re.compile(r"^coda\W*$"),
    "trio": re.compile(r"^trio\b"),
}


def add_signs(bar: Bar, sound: ElementTree.Element) -> None:
    """Take in the signs of a `sound` element."""
    for sign in _SIGNS:
        if sound.get(sign) not in (None, "no"):
            bar.marks.add(sign)
    _leave(bar)


def add_written_signs(bar: Bar, direction: ElementTree.Element) -> None:
    """Take in the signs and words of a direction."""
    for sign in ("segno", "coda"):
        if direction.find(f"direction-type/{sign}") is not None:
            bar.marks.add(sign)
    for words in direction.iter("words"):
        text = " ".join((words.text or "").lower().split())
        bar.marks.update(sign for sign, pattern in _WORDS.items() if pattern.search(text))
    _leave(bar)


def _leave(bar: Bar) -> None:
    # The coda sign at the place one leaves from is no place to arrive at.
    if "tocoda" in bar.marks:
        bar.marks.discard("coda")
