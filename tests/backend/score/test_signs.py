"""Words and signs of MusicXML that lead through a score, as engravers write them."""

import pytest

from backend.score.musicxml import read_written
from backend.score.playing_order import playing_order
from backend.score.signs import ending_numbers

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>"


def direction(*parts: str, kind: str = "words") -> str:
    """A direction of texts; a part in angle brackets is an element of its own."""
    inside = "".join(p if p.startswith("<") else f"<{kind}>{p}</{kind}>" for p in parts)
    return f"<direction><direction-type>{inside}</direction-type></direction>"


def order(*bars: str) -> tuple[list[int], tuple[str, ...]]:
    """Places of the bars played, from 1, and the doubts; a bar of text has it in words."""
    text = ""
    for number, bar in enumerate(bars, 1):
        signs = bar if bar.startswith("<") else direction(bar) if bar else ""
        text += f'<measure number="{number}">{signs}{NOTE}</measure>'
    xml = f'<score-partwise><part id="P1">{text}</part></score-partwise>'
    playing = playing_order(read_written(xml.encode()).bars)
    return [i + 1 for i in playing], playing.doubts


@pytest.mark.parametrize(
    "text",
    [
        "D.C. al Fine",
        "D. C. al Fine",
        "D.C.al Fine",
        "DC al Fine",
        "da capo al fine",
        "Dacapo al Fine",
        "Da Capo al Fine senza replica",
        "Intermezzo D.C. sin al Fine",
        "Menuetto D.C.",
        "Menuet D. C.",
        "Menuetto da capo",
        "Scherzo da Capo",
        "M.D.C.",
        "&lt;b&gt;Da Capo\nal Fine.&lt;/b&gt;",
        "(D.C.)",
        "Von Anfang bis Fine",
        "Menuett von Anfang",
        "Reprendre au commencement",
    ],
)
def test_da_capo(text: str) -> None:
    assert order("", "Fine", text, "") == ([1, 2, 3, 1, 2, 4], ())


@pytest.mark.parametrize(
    "text",
    [
        "D.S. al Fine",
        "D. S.",
        "Dal Segno al Fine",
        "Dal 𝄋 al Fine",
        "Scherzo D.S.",
        "D.S. &lt;sym&gt;segno&lt;/sym&gt;",
        "Vom Zeichen bis zum Ende",
        "Reprendre au signe",
    ],
)
def test_dal_segno(text: str) -> None:
    assert order("", "𝄋", "Fine", text, "") == ([1, 2, 3, 4, 2, 3, 5], ())


@pytest.mark.parametrize(
    "text", ["Fine", "Fine.", "(Fine)", "[Fine]", "FINE.", "il Fine", "Fin", "Fine last time"]
)
def test_fine(text: str) -> None:
    assert order("", text, "D.C. al Fine", "") == ([1, 2, 3, 1, 2, 4], ())
    assert order("", direction(text, kind="rehearsal"), "D.C. al Fine", "")[0][3:] == [1, 2, 4]


@pytest.mark.parametrize(
    "leave", ["To Coda", "to 𝄌", "To Coda 𝄌", "[To] 𝄌 Coda", "al Coda", "𝄌 (to Coda)", "To Coda I"]
)
@pytest.mark.parametrize("arrive", ["Coda", "CODA.", "𝄌", "𝄌 Coda", "Coda. Presto"])
@pytest.mark.parametrize(
    "jump",
    [
        "D.C. al Coda",
        "D.C. al 𝄌",
        "Da Capo sin' al 𝄌 e poi la Coda",
        "Da capo, poi segue la Coda",
    ],
)
def test_coda(leave: str, arrive: str, jump: str) -> None:
    assert order("", leave, jump, "", arrive, "") == ([1, 2, 3, 1, 2, 5, 6], ())


def test_a_coda_is_found_in_a_rehearsal_mark_and_as_a_sign() -> None:
    for coda in (direction("Coda", kind="rehearsal"), direction("<coda/>", "Coda")):
        assert order("", "To Coda", "D.C. al Coda", "", coda)[0] == [1, 2, 3, 1, 2, 5]


def test_an_instruction_in_pieces_is_one() -> None:
    jump = direction("D.S.", "al", "<coda/>", "e poi la Coda")
    assert order("", "𝄋", "To Coda", jump, "", "Coda") == ([1, 2, 3, 4, 2, 3, 6], ())
    jump = direction("D.C.", "al", "Fine")
    assert order("Fine", "", jump, "") == ([1, 2, 3, 1, 4], ())


def test_da_capo_to_the_segno() -> None:
    assert order("", "𝄋", "", "D. C. al Segno", "") == ([1, 2, 3, 4, 1, 2, 5], ())
    assert order("", "𝄋", "D.C. al 𝄋 e poi la Coda", "Coda")[0] == [1, 2, 3, 1, 2, 4]


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("Da Capo al Fine senza replica", [1, 2]),
        ("Da Capo ohne Wiederholung", [1, 2]),
        ("Da Capo con replica", [1, 1, 2]),
        ("D.C. al Fine con le repliche", [1, 1, 2]),
        ("D.C. mit Wiederholungen", [1, 1, 2]),
        ("D.C. with repeats", [1, 1, 2]),
    ],
)
def test_repeats_after_a_jump(text: str, again: list[int]) -> None:
    repeat = '<barline><repeat direction="backward"/></barline>'
    assert order(repeat, "Fine", text, "")[0] == [1, 1, 2, 3, *again, 4]


@pytest.mark.parametrize(
    "text",
    [
        "Reprenez comme au commencement",
        "Wie im Anfang",
        "Von Anfang an sehr ruhig",
        "rall. al fine",
        "Alla ripetizione dal 𝄋 al 𝄌",
        "bis zum Schluss",
        "decresc.",
    ],
)
def test_words_that_ask_for_no_jump(text: str) -> None:
    assert order("Fine", "𝄋", text, "") == ([1, 2, 3, 4], ())


def barline(side: str, repeat: str) -> str:
    return f'<barline location="{side}"><repeat direction="{repeat}"/></barline>'


def test_a_repeat_sign_is_for_the_side_of_the_barline_it_is_on() -> None:
    right, left = barline("right", "forward"), barline("left", "backward")
    assert order("", right, "", barline("right", "backward"), "")[0] == [1, 2, 3, 4, 3, 4, 5]
    assert order("", barline("left", "forward"), "", left, "")[0] == [1, 2, 3, 2, 3, 4, 5]


def test_a_sign_between_two_repeats_written_as_the_second_alone_is_both() -> None:
    first, last = barline("left", "forward"), barline("right", "backward")
    played = order(first, barline("right", "forward"), "", last, "")[0]
    assert played == [1, 2, 1, 2, 3, 4, 3, 4, 5]


def test_headings_of_trios() -> None:
    for heading in ("Trio", "TRIO I", "II. Trio", "Quasi Trio.", "Minore", "Menuetto II"):
        assert order("", "", heading, "M. D. C.", "")[0] == [1, 2, 3, 4, 1, 2, 5], heading


def test_a_trio_without_its_scherzo_is_played_once_and_that_is_said() -> None:
    played, doubts = order("Trio", "", "Scherzo da capo")
    assert played == [1, 2, 3]
    assert "nothing before its trio" in doubts[0]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", {1}),
        ("1, 2", {1, 2}),
        ("1.2.", {1, 2}),
        ("1-3", {1, 2, 3}),
        ("1.-3.", {1, 2, 3}),
        ("1. – 3.", {1, 2, 3}),
        ("1-2, 4", {1, 2, 4}),
        ("", {1}),
    ],
)
def test_numbers_of_endings(text: str, numbers: set[int]) -> None:
    assert ending_numbers(text) == numbers
