"""The signs that lead through a MusicXML score: segno, coda, da capo, dal segno, fine."""

import re
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from backend.score.written_bar import Bar

_SIGNS: Final = ("dacapo", "dalsegno", "tocoda", "fine", "segno", "coda")
# Longer texts are verses or notes to the edition.
_LONGEST: Final = 200
_NAMED_SIGNS: Final = frozenset({"dalsegno", "tocoda", "segno", "coda"})
_JUMPS: Final = frozenset({"dacapo", "dalsegno"})

# Signs as characters: those of Unicode, those of SMuFL fonts, and MuseScore's names for them.
_TRANSLATION: Final = str.maketrans(
    {
        **dict.fromkeys("𝄋\ue047\ue04a", " segno "),
        **dict.fromkeys("𝄌\ue048\ue049", " coda "),
        **dict.fromkeys('()[]{}"“”„«»*', " "),
        **dict.fromkeys("’‘`", "'"),
    }
)
_NAMED: Final = re.compile(r"<sym>(segno|coda)\w*</sym>", re.IGNORECASE)

_DANCE: Final = (
    r"(men+u?et+o?|minuet+o?|scherz[oi]|allemande|bourr[eé]e|gavot+[ea]|musette|passepied|"
    r"polonaise|rigaudon|l[aä]ndler|walzer|waltz|valse)"
)
_REPEATS: Final = r"(replica|repliche|r[ei]petizion[ei]|r[ée]p[ée]titions?|ritornell[oi]|repeats?)"
# What is written where the file does not say in its own terms where the playing goes on.
_JUMP_WORDS: Final = {
    "dacapo": re.compile(
        r"\bd\s*\.\s*c\b|\bda\s*capo\b|"
        rf"^({_DANCE} )?dc( al\b|$)|"
        rf"(^|\b(wieder|{_DANCE}) )(von|vom) (anfang|vorne?)( bis\b| ohne\b| mit\b|$)|"
        r"\b(reprendre|reprenez|retourner) (au|du) (d[ée]but|commencement)\b|"
        r"\b(repeat|return|go back|again) (from|to) (the )?(beginning|start|top)\b"
    ),
    "dalsegno": re.compile(
        rf"\bd\s*\.\s*s\b|\bdal\s+segno\b|^({_DANCE} )?ds( al\b|$)|\bvom (zeichen|segno)\b|"
        r"\b(reprendre|reprenez|retourner) (au|du) signe\b|"
        r"\b(repeat|return|go back|again) (from|to) (the )?sign\b"
    ),
}
# How far, and how, the player goes after the jump.
_JUMP_ENDS: Final = {
    "alfine": re.compile(
        r"\b(al|sin|sino|fino|bis|to|until|jusqu'[aà]u?)( (al|a|il|zum|zur|la|the))* "
        r"(fine?|ende|schlu(ss|ß))\b"
    ),
    "alcoda": re.compile(r"\b(al|alla|to|zur|à la|sin'? al|fino al)( the)? coda\b"),
    "alsegno": re.compile(r"\bal segno\b"),
    "withrepeats": re.compile(
        rf"\b(con|with|avec|mit)( (la|le|les|the))? {_REPEATS}\b|\bmit wiederholung"
    ),
}
# An instruction for another time through, which stands where it is followed; no jump ends there.
_ANOTHER_TIME: Final = re.compile(r"^alla (seconda|2da|r[ei]petizione)\b")
_PLACE_WORDS: Final = {
    "tocoda": re.compile(r"^(coda )?(to|al|alla|zur|à la)( the)? coda( (coda|[i1-9]+))*$"),
    "fine": re.compile(
        r"^(il |la )?(fine?|ende)( (del|della|du|de|des|last|2nd|second|3rd|third|l'ultima) .*)?$"
    ),
    "coda": re.compile(r"^coda\b(\W+\w+){0,3}$"),
    "segno": re.compile(r"^segno$"),
    "trio": re.compile(
        r"^(quasi |[ivx]+\W+)?trio\b|"
        r"^(minore|maggiore|mineur|majeur|alternativo|alternativement)$|"
        rf"^{_DANCE} (ii|2|2do|2de|secondo|seconda|alternativ\w+)\b"
    ),
    "title": re.compile(rf"^([ivx]+\W+)?(tempo di )?{_DANCE}\b"),
}


def add_signs(bar: Bar, sound: ElementTree.Element) -> None:
    """Take in the signs of a `sound` element."""
    for sign in _SIGNS:
        name = sound.get(sign)
        if name not in (None, "no"):
            bar.marks.add(sign)
            if sign in _NAMED_SIGNS and name != "yes":
                bar.marks.add(f"{sign}={name}")
    _leave(bar)


def add_written_signs(bar: Bar, direction: ElementTree.Element) -> None:
    """Take in the signs, words and rehearsal marks of a direction."""
    texts = [_plain(element) for kind in direction.iter("direction-type") for element in kind]
    texts = [text for text in texts if text]
    whole = " ".join(texts)
    if len(whole) > _LONGEST:
        return
    if _ANOTHER_TIME.search(whole):
        return
    # "D.S.", "al" and a coda sign are one instruction, in which the sign is no place.
    signs = signs_of_words(whole)
    if not signs & _JUMPS:
        signs = signs.union(*map(signs_of_words, texts))
    bar.marks.update(signs)
    _leave(bar)


@lru_cache(maxsize=4096)
def signs_of_words(text: str) -> frozenset[str]:
    """What plain words ask for: marks as in `Bar`, none for most words.

    Parameters
    ----------
    text : str
        In small letters, without brackets and dots at its ends, "segno" and "coda" for the signs.
    """
    jumps = {sign for sign, pattern in _JUMP_WORDS.items() if pattern.search(text)}
    words = _JUMP_ENDS if jumps else _PLACE_WORDS
    return frozenset(jumps | {sign for sign, pattern in words.items() if pattern.search(text)})


def ending_numbers(text: str) -> frozenset[int]:
    """The passes an ending is for: of "1, 2", "1.-3." or "1.2."; the first if it does not say."""
    numbers: set[int] = set()
    for first, last in re.findall(r"(\d{1,3})(?:\s*\.?\s*[-–—]\s*(\d{1,3}))?", text):
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers) or frozenset({1})


def _plain(element: ElementTree.Element) -> str:
    """The text of a part of a direction as `signs_of_words` takes it."""
    if element.tag in ("segno", "coda"):
        return element.tag
    if element.tag not in ("words", "rehearsal"):
        return ""
    # Some programs leave the markup of their own text in.
    text = re.sub(r"<[^>]*>", " ", _NAMED.sub(r" \1 ", element.text or ""))
    return " ".join(text.translate(_TRANSLATION).lower().split()).strip(" .,:;-–—!'")


def _leave(bar: Bar) -> None:
    # The coda sign at the place one leaves from is no place to arrive at.
    if "tocoda" in bar.marks:
        bar.marks.discard("coda")
