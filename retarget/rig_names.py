"""Bone names without what differs from maker to maker: case, separators, prefixes, sides.

"mixamorig:LeftArm", "left_arm", "Arm.L" and "lArm" all say the same. A name is cut into words, the
prefix that most bones of the armature share is dropped, and so is the word for the side.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_WORDS = Path(__file__).parent / "rig_words.toml"

# Camel case, acronyms, runs of digits, and the East Asian characters for left and right.
_TOKEN: Final = re.compile(r"[左右]|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z左右]+")
# Short forms that some add: "NPC L UpperArm [LUar]".
_BRACKETS: Final = re.compile(r"\s*\[[^\]]*\]")
_DUPLICATE: Final = re.compile(r"\.\d{3}$")
# Exporters that number every bone: "Hips_01", "LeftUpLeg_055".
_NUMBERED: Final = re.compile(r"_\d{1,4}$")
# A prefix or suffix is shared if this part of the bones has it, and no fewer than so many.
_SHARED: Final = 0.4
_FEWEST: Final = 8
# The words of the longest prefix: "ValveBiped.Bip01_" and the like.
_PREFIXES: Final = 6
# The same for one that no separator or capital marks.
_SHARED_LETTERS: Final = 0.6
_LETTERS: Final = 4


@dataclass(frozen=True)
class BoneName:
    """What a bone's name says.

    Parameters
    ----------
    bone : str
        The whole name.
    side : str
        "L", "R" or "" for neither.
    words : frozenset of str
        The words, lower case, without side, numbers and what says nothing.
    number : int
        The last number, −1 where there is none.
    kind : int
        How well such bones serve: 0 plain bones and FK controls, then deform bones, then copies of
        the original bones; −1 for helpers that play no joint (twist, IK, mechanism, ends).
    """

    bone: str
    side: str
    words: frozenset[str]
    number: int
    kind: int


def squash(name: str) -> str:
    """A name's letters and digits, lower case: the same for all separators."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isalnum())


def name_keys(bones: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Squashed names to the bones they may mean.

    Each bone is found by its whole name, by what follows its namespace, and by what is left
    without shared prefixes, suffixes and Blender's numbers of duplicates.
    """
    bones = tuple(bones)
    keys: dict[str, dict[str, None]] = {}
    stripped = _stripped(bones)
    for name in bones:
        keys.setdefault(squash(name), {})[name] = None
    for name in bones:
        bare = re.split(r"[:|]", name)[-1]
        for form in (bare, "".join(stripped[name]), _DUPLICATE.sub("", bare)):
            keys.setdefault(squash(form), {})[name] = None
    return {key: tuple(names) for key, names in keys.items() if key}


def read_names(bones: Iterable[str]) -> tuple[BoneName, ...]:
    """What each bone's name says, in the order of the bones."""
    words = _vocabulary()
    return tuple(_read(name, tokens, words) for name, tokens in _stripped(tuple(bones)).items())


def side_of(name: str) -> str:
    """The side a single bone's name tells: "L", "R" or ""."""
    return _read(name, _tokens(name), _vocabulary()).side


_OTHER: Final = {"left": "right", "l": "r", "左": "右", "lf": "rt", "lft": "rgt"}
# Words for sides within a name: whole words anywhere, short ones with no letter beside them, single
# letters also where capitals part them from the rest ("lShldr", "FootL").
_SIDE: Final = re.compile(
    r"(?i:left|right|左|右)|(?i:(?<![a-z])(?:lft|rgt|lf|rt|l|r)(?![a-z]))"
    r"|^[lr](?=[A-Z])|(?<![A-Za-z])[LR](?=[A-Z][A-Za-z])|(?<=[a-z0-9])[LR](?=$|[^a-zA-Z])"
)


def mirrored_name(name: str) -> str:
    """The name with the word for the other side, the same where there is no such word."""
    other = _OTHER | {right: left for left, right in _OTHER.items()}

    def swapped(found: re.Match[str]) -> str:
        word = found.group()
        new = other[word.lower()]
        if word.isupper():
            return new.upper()
        return new.capitalize() if word[0].isupper() else new

    return _SIDE.sub(swapped, name, count=1)


@cache
def word_table() -> dict[str, Any]:
    """The data of `rig_words.toml`."""
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class _Vocabulary:
    sides: dict[str, str]
    body: frozenset[str]
    silent: frozenset[str]
    helpers: frozenset[str]
    kinds: dict[str, int]


@cache
def _vocabulary() -> _Vocabulary:
    table = word_table()
    body = set()
    groups = [*table["joints"].values(), *table["digits"].values()]
    groups += [names for scheme in table["arms"] + table["legs"] for names in scheme.values()]
    for group in groups:
        body |= {word for name in group for word in name.split()}
    helpers = frozenset(table["helpers"])
    return _Vocabulary(
        sides={word: side for side, words in table["sides"].items() for word in words},
        body=frozenset(body),
        silent=frozenset(table["silent"]),
        helpers=helpers,
        kinds={word: kind for kind, words in enumerate(table["kinds"]) for word in words},
    )


def _tokens(name: str) -> tuple[str, ...]:
    bare = _BRACKETS.sub("", re.split(r"[:|]", name)[-1])
    folded = unicodedata.normalize("NFKC", bare or name)
    return tuple(token.lower() for token in _TOKEN.findall(folded))


def _stripped(bones: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Bone to the words of its name without the prefix and suffix that most bones share."""
    names = {bone: bone for bone in bones}
    numbers = Counter(found.group() for bone in bones if (found := _NUMBERED.search(bone)))
    if len(numbers) >= max(_FEWEST, 0.7 * len(bones)):
        names = {bone: _NUMBERED.sub("", bone) for bone in bones}
    rows = {bone: _tokens(name) for bone, name in names.items()}
    for end in (0,) * _PREFIXES + (-1,):
        rows = _without_shared(rows, end)
    return _without_shared_letters(rows)


def _without_shared(rows: dict[str, tuple[str, ...]], end: int) -> dict[str, tuple[str, ...]]:
    words = _vocabulary()
    kept = words.body | set(words.sides) | words.helpers | set(words.kinds)
    counts = Counter(row[end] for row in rows.values() if len(row) > 1)
    for token, count in counts.most_common(3):
        if count < max(_FEWEST, _SHARED * len(rows)):
            break
        if token in kept or (token.isdigit() and end != 0):
            continue
        cut = slice(1, None) if end == 0 else slice(None, -1)
        return {
            bone: row[cut] if len(row) > 1 and row[end] == token else row
            for bone, row in rows.items()
        }
    return rows


def _without_shared_letters(rows: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Drop a prefix that nothing parts from the name, as in "mixamorigleftarm"."""
    firsts = sorted(row[0] for row in rows.values() if row)
    if len(firsts) < _FEWEST:
        return rows
    words = _vocabulary()
    middle = firsts[len(firsts) // 2]
    for length in range(len(middle) - 1, _LETTERS - 1, -1):
        prefix = middle[:length]
        longer = sum(first.startswith(prefix) and len(first) > length for first in firsts)
        if prefix not in words.body and longer >= _SHARED_LETTERS * len(rows):
            return {
                bone: (row[0][length:], *row[1:])
                if row and row[0].startswith(prefix) and len(row[0]) > length
                else row
                for bone, row in rows.items()
            }
    return rows


def _read(name: str, tokens: tuple[str, ...], words: _Vocabulary) -> BoneName:
    side, number, kind = "", -1, 0
    found: list[str] = []
    helper = False
    whole = _in_words(tokens, words)
    for place, token in enumerate(whole):
        if token.isdigit():
            number = int(token)
        elif token in words.sides and (len(token) > 1 or _at_edge(place, whole)):
            side = side or words.sides[token]
        elif token in words.helpers:
            helper = True
        elif token in words.kinds:
            kind = max(kind, words.kinds[token])
        elif token not in words.silent:
            found.append(token)
    return BoneName(name, side, frozenset(found), number, -1 if helper else kind)


def _at_edge(place: int, tokens: list[str]) -> bool:
    """Whether a single letter stands where makers put the side: first, last, or after a prefix."""
    rest = [token for token in tokens[place + 1 :] if not token.isdigit()]
    return place <= 2 or not rest


def _in_words(tokens: tuple[str, ...], words: _Vocabulary) -> list[str]:
    """Tokens in which known words run together ("leftupperarm", "larm"), taken apart."""
    whole: list[str] = []
    for token in tokens:
        if token.isdigit() or token in words.body or token in words.sides:
            whole.append(token)
        else:
            whole += _taken_apart(token)
    return whole


@cache
def _taken_apart(token: str) -> list[str]:
    """A token as a row of known words, or itself where it is none."""
    words = _vocabulary()
    known = words.body | words.helpers | words.silent | set(words.kinds)
    longer = {word for word in words.sides if len(word) > 1} | {
        word for word in known if len(word) > 1
    }
    best: list[list[str] | None] = [[]] + [None] * len(token)
    for end in range(1, len(token) + 1):
        for start in range(end):
            head, word = best[start], token[start:end]
            edge = start == 0 or end == len(token)
            if head is None or not (word in longer or (edge and word in ("l", "r"))):
                continue
            row = [*head, word]
            if best[end] is None or len(row) < len(best[end] or ()):
                best[end] = row
    row = best[-1] or []
    if any(word in words.body or word in words.helpers for word in row):
        return row
    return [token]
