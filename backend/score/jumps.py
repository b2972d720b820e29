"""What the signs of one movement mean: those that are not written, and jumps without a target."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from backend.score.endings import endings
from backend.score.sign_places import SignPlaces
from backend.score.written_bar import Bar

# What comes before a minuet without a final barline is a movement if it is longer than this, and
# else its introduction.
_INTRODUCTION: Final = 16
_DANCES: Final = ((3, 4), (3, 8))
_NAMES: Final = {"dalsegno": "dal segno", "dacapo": "da capo"}
_JUMP_MARKS: Final = frozenset({*_NAMES, "alfine", "alcoda", "alsegno", "withrepeats"})


def with_meant_signs(bars: Sequence[Bar]) -> tuple[list[Bar], list[str]]:
    """Bars of one movement with the signs that are meant but not written, and what is doubtful.

    The first of two coda signs is where the coda is left for, a "D.C. al segno" ends at the
    segno, and without a "fine" a minuet ends where its trio begins or its final barline is. A
    jump whose target is missing is taken out, and a sentence says so.
    """
    found = [replace(bar, marks=set(bar.marks)) for bar in bars]
    places = SignPlaces(found)
    jumps = [_settle_jump(found, jump) for jump in places.all(*_NAMES)]
    if not jumps:
        return found, []
    places = SignPlaces(found)
    codas = places.all("coda")
    if len(codas) > 1 and codas[0] <= jumps[-1] and not places.all("tocoda"):
        found[codas[0]].marks.remove("coda")
        found[codas[0]].marks.add("tocoda")
    _mark_ends(found, jumps)
    places = SignPlaces(found)
    doubts = []
    for jump in jumps:
        missing = _missing(found[jump].marks, places, jump, len(found))
        if missing:
            name = next(name for sign, name in _NAMES.items() if sign in found[jump].marks)
            doubts.append(
                f"Bar {label(bars, jump)} asks for a {name}, but the score has {missing}; "
                "it is played through there."
            )
            found[jump].marks -= set(_NAMES)
    return found, doubts


def label(bars: Sequence[Bar], i: int) -> str:
    """What a bar is called: its number, or its place where it has none."""
    number = bars[i].number
    return str(i + 1 if number is None else number)


def named_targets(marks: set[str], sign: str, target: str) -> list[str]:
    """The marks of a target that the names of a sign among `marks` ask for."""
    start = f"{sign}="
    return [f"{target}={mark.removeprefix(start)}" for mark in marks if mark.startswith(start)]


def segno_before(places: SignPlaces, jump: int, marks: set[str]) -> int | None:
    """The segno that a dal segno in bar `jump` goes back to: the one of its name, or the last."""
    before = range(jump + 1)
    named = places.last(before, *named_targets(marks, "dalsegno", "segno"))
    return places.last(before, "segno") if named is None else named


def da_capo_start(bars: Sequence[Bar], places: SignPlaces, start: int, jump: int) -> int:
    """The bar a da capo in bar `jump` goes back to, where nothing marks a beginning after `start`.

    Several movements may be written as one, without barlines between them and counted on. The one
    meant then begins with its heading, or in a meter of its own with a repeat or a pickup.
    """
    end = places.first(range(start, jump + 1), "fine", "tocoda")
    end = jump if end is None else end
    reach = range(start + _INTRODUCTION, end + 1)
    heading = places.last(reach, "title")
    if heading is not None and "trio" not in bars[heading].marks:
        return heading
    new = next((i for i in range(start, end) if bars[i].meter == bars[end].meter), end)
    if new not in reach or new == end:
        return start
    pickup = bars[new].length < bars[new].nominal and bars[new + 1].length >= bars[new].nominal
    return new if pickup or bars[new].repeat_from else start


def _settle_jump(bars: Sequence[Bar], jump: int) -> int:
    """Put a jump that is written a bar early into the last bar of its section.

    That bar has the repeat sign, or is the short one before another meter.
    """
    here, *later = bars[jump : jump + 3]
    if not later or here.closes or later[0].marks & set(_NAMES):
        return jump
    last = later[0]
    short = last.meter == here.meter and last.length < last.nominal <= here.length
    rest = short and len(later) == 2 and later[1].meter != last.meter
    if not rest and (last.repeat_from or not last.repeat_times or last.ending):
        return jump
    moved = {mark for mark in here.marks if mark.partition("=")[0] in _JUMP_MARKS}
    here.marks -= moved
    last.marks |= moved
    return jump + 1


def _mark_ends(bars: Sequence[Bar], jumps: Sequence[int]) -> None:
    """Put a "fine" where a da capo ends and the score has no sign of its own for it."""
    places = SignPlaces(bars)
    start = 0
    ended = False
    for jump in jumps:
        own = range(start, jump + 1)
        start = jump + 1
        marks = bars[jump].marks
        end = None
        if {"dacapo", "alsegno"} <= marks:
            end = places.first(range(jump + 1), "segno")
        elif "dacapo" in marks and not places.within(own, "fine", "tocoda"):
            end = _minuet_end(bars, places, own, ended)
        if end is not None:
            bars[end].marks.add("fine")
        ended = ended or end is not None or places.within(own, "fine", "tocoda")


def _minuet_end(bars: Sequence[Bar], places: SignPlaces, own: range, second: bool) -> int | None:
    """The last bar of the minuet whose da capo is the last one of the bars `own`.

    If `second`, a minuet was there before, and these may be another trio of it.
    """
    trio = places.first(own[1:], "trio")
    if trio is None or (second and "trio" in bars[own.start].marks):
        line = next((i for i in own[:-1] if bars[i].final), None)
        return None if second else _unmarked_end(bars, own) if line is None else line
    upbeat = trio - own.start > 1 and bars[trio - 1].length < bars[trio - 1].nominal
    return trio - 2 if upbeat and bars[trio - 2].closes and not bars[trio - 1].closes else trio - 1


def _unmarked_end(bars: Sequence[Bar], own: range) -> int | None:
    """The last bar of a minuet whose trio nothing marks, if its sections or its key tell it.

    Of four repeated sections two are the minuet's; or of a dance in three one section alone, which
    is repeated, is followed by another key.
    """
    ends = _section_ends(bars[own.start : own.stop])
    if len(ends) == 4 and ends[-1] + 1 == len(own):
        return own.start + ends[1]
    first = bars[own.start]
    if first.meter not in _DANCES and "title" not in first.marks:
        return None
    before = [own.start + i for i in ends if i + 1 < len(own)]
    new_key = [i for i in before if bars[i + 1].new_key]
    return new_key[0] if len(new_key) == 1 else None


def _section_ends(part: Sequence[Bar]) -> list[int]:
    """The last bars of repeated sections."""
    inside = {i: e for e in endings(part).values() for i in range(e.start, e.stop + 1)}
    ends = []
    for i, bar in enumerate(part):
        ending = inside.get(i)
        last = bar.repeat_times > 0 if ending is None else ending.last and ending.stop == i
        if last:
            ends.append(i)
    return ends


def _missing(marks: set[str], places: SignPlaces, jump: int, count: int) -> str:
    """What a jump would need that the score does not have, or nothing."""
    target = 0
    if "dalsegno" in marks:
        segno = segno_before(places, jump, marks)
        if segno is None:
            return "no segno before it"
        target = segno
    played = range(target, jump + 1)
    leaves = places.first(played, "tocoda")
    if leaves is not None and not places.within(range(leaves + 1, count), "coda"):
        return "no coda after it"
    ends = places.within(range(target, count), "fine")
    at_once = places.within(range(jump + 1, jump + 2), "coda")
    if "alcoda" in marks and leaves is None and not ends and not at_once:
        return "no sign at which to leave for the coda"
    heading = range(min(2, jump))
    if "dacapo" in marks and leaves is None and not ends and places.within(heading, "trio"):
        return "nothing before its trio"
    if "alsegno" in marks and "dacapo" in marks and not places.within(played, "segno"):
        return "no segno before it"
    return "no fine" if "alfine" in marks and not ends else ""
