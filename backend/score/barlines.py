"""Barlines of a MusicXML score: repeats, endings, final lines."""

import re
from fractions import Fraction
from xml.etree import ElementTree

from backend.score.signs import ending_numbers
from backend.score.written_bar import Bar


def read_barline(element: ElementTree.Element, bar: Bar, at: Fraction) -> None:
    """Take in the repeat, ending and signs of a barline, quarter notes from the bar's beginning.

    A line within the bar shows how its beats are grouped.
    """
    if element.get("location") == "middle":
        bar.groups.lines.add(at)
    repeat = element.find("repeat")
    if repeat is not None:
        side = element.get("location")
        if repeat.get("direction") == "forward":
            bar.repeat_from |= side != "right"
            bar.opens_next |= side == "right"
        else:
            times = (repeat.get("times") or "2").strip()
            known = re.fullmatch(r"\d{1,6}", times, re.ASCII)
            passes = max(int(times), 2) if known else 2
            if side == "left":
                bar.closes_before = passes
            else:
                bar.repeat_times = passes
            if not known:
                bar.cannot_read(f"a repeat of {times} times")
    elif element.findtext("bar-style") == "light-heavy":
        bar.final = True
    ending = element.find("ending")
    if ending is not None:
        if ending.get("type") == "start":
            bar.ending = ending_numbers(ending.get("number", ""))
        else:
            bar.ending_stops = True
    for mark in ("segno", "coda"):
        if element.find(mark) is not None:
            bar.marks.add(mark)
