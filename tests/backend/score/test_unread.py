"""MusicXML that is unusual, incomplete or none: read as far as it goes, and said."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from backend.score.beats import beats_from_score
from backend.score.movements import read_score
from backend.score.notes import Touch
from backend.score.score_beats import ScoreBeats
from retarget.errors import ConductorError

PITCH = "<pitch><step>C</step><octave>4</octave></pitch>"
QUARTER = f"<note>{PITCH}<duration>1</duration><type>quarter</type></note>"
FOUR = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def attributes(inside: str) -> str:
    return f"<attributes>{inside}</attributes>"


def part(*bars: str) -> str:
    inside = "".join(f'<measure number="{i}">{bar}</measure>' for i, bar in enumerate(bars, 1))
    return f'<part id="P1">{inside}</part>'


def document(*parts: str, root: str = "score-partwise", space: str = "") -> str:
    return f"<{root}{space}>{''.join(parts)}</{root}>"


def read(folder: Path, text: str) -> ScoreBeats:
    """What is read of a score, to which the usual tempo is added where it has none."""
    if "<sound" not in text:
        text = text.replace("</attributes>", '</attributes><sound tempo="120"/>', 1)
    (folder / "a.musicxml").write_text(text)
    return beats_from_score(folder / "a.musicxml")


def refused(folder: Path, text: str) -> str:
    """What both readers say; the same."""
    said = set()
    for reader in (beats_from_score, read_score):
        (folder / "a.musicxml").write_text(text)
        with pytest.raises(ConductorError) as fault:
            reader(folder / "a.musicxml")
        said.add(str(fault.value))
    (sentence,) = said
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    return sentence


@pytest.mark.parametrize(
    ("beats", "unit"),
    [
        *(("4", "3"), ("4", "0"), ("4", str(2**31)), ("4", "-4"), ("4", "four"), ("4", "")),
        *(
            ("", "4"),
            ("0", "4"),
            ("2.5", "4"),
            ("1/2", "4"),
            ("-3", "4"),
            ("27", "16"),
            ("3+", "8"),
        ),
    ],
)
def test_a_meter_nobody_conducts_is_said_and_the_one_before_holds(
    tmp_path: Path, beats: str, unit: str
) -> None:
    three = attributes(
        "<divisions>1</divisions><time><beats>3</beats><beat-type>4</beat-type></time>"
    )
    odd = attributes(f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>")
    found = read(tmp_path, document(part(three + QUARTER * 3, odd + QUARTER * 3)))
    assert found.grid.meters == ("3/4",) * 6
    (said,) = found.doubts
    assert f"left out: the meter {beats or '?'}/{unit or '?'} (bar 2);" in said


def test_a_meter_without_figures_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, document(part(attributes("<time/>") + QUARTER * 4)))
    assert found.grid.meters == ("4/4",) * 4
    assert "the meter ?/? (bar 1);" in found.doubts[0]


@pytest.mark.parametrize(
    ("time", "meter", "beats"),
    [
        ("<beats>3+2</beats><beat-type>8</beat-type>", "3+2/8", 5),
        ("<beats> 3 + 2 </beats><beat-type> 8 </beat-type>", "3+2/8", 5),
        (
            "<beats>3</beats><beat-type>8</beat-type><beats>1</beats><beat-type>4</beat-type>",
            "3+2/8",
            5,
        ),
        (
            "<beats>5</beats><beat-type>8</beat-type><interchangeable><beats>2</beats>"
            "<beat-type>4</beat-type></interchangeable>",
            "5/8",
            5,
        ),
    ],
)
def test_composite_and_interchangeable_meters(
    tmp_path: Path, time: str, meter: str, beats: int
) -> None:
    first = attributes(f"<divisions>2</divisions><time>{time}</time>")
    slow = '<sound tempo="40"/>'
    found = read(tmp_path, document(part(first + slow + QUARTER * 5, QUARTER * 5)))
    assert found.grid.meters == (meter,) * 2 * beats
    assert found.doubts == []


def test_a_part_without_a_meter_goes_in_the_others(tmp_path: Path) -> None:
    three = attributes(
        "<divisions>1</divisions><time><beats>3</beats><beat-type>4</beat-type></time>"
    )
    text = document(part(three + QUARTER * 3), part(QUARTER * 3))
    assert read(tmp_path, text).grid.meters == ("3/4",) * 3


def test_of_the_parts_meters_the_one_that_fills_the_bar_or_the_first_holds(tmp_path: Path) -> None:
    def bars(beats: int, unit: int, length: int) -> str:
        time = f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>"
        note = f"<note>{PITCH}<duration>{length}</duration></note>"
        return part(attributes("<divisions>2</divisions>" + time) + note, note)

    two, three_eighths, six = bars(2, 4, 4), bars(3, 8, 3), bars(6, 8, 6)
    for parts in ((two, three_eighths), (three_eighths, two)):
        assert set(read(tmp_path, document(*parts)).grid.meters) == {"2/4"}
    assert set(read(tmp_path, document(bars(3, 4, 6), six)).grid.meters) == {"3/4"}


def test_a_pickup_has_the_meter_of_its_next_bar_where_the_parts_write_two(tmp_path: Path) -> None:
    def bars(beats: int, length: int) -> str:
        unit = 4 if beats == 2 else 8
        time = f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>"
        notes = [f"<note>{PITCH}<duration>{it}</duration></note>" for it in (3, length, 3)]
        return part(attributes("<divisions>2</divisions>" + time) + notes[0], *notes[1:])

    grid = read(tmp_path, document(bars(2, 4), bars(6, 6))).grid
    assert grid.meters == ("6/8",) * 4
    assert grid.numbers.tolist() == [2, 1, 2, 1]


def test_a_meter_at_the_end_of_a_bar_is_the_next_one_s(tmp_path: Path) -> None:
    three = attributes("<time><beats>3</beats><beat-type>4</beat-type></time>")
    first = attributes("<divisions>1</divisions>" + FOUR)
    found = read(tmp_path, document(part(first + QUARTER * 4 + three, three + QUARTER * 3)))
    assert found.grid.meters == ("4/4",) * 4 + ("3/4",) * 3


def test_a_chord_without_a_first_note_is_a_note(tmp_path: Path) -> None:
    found = read(tmp_path, document(part(QUARTER.replace("<note>", "<note><chord/>") * 4)))
    assert len(found.grid) == 1


def test_signs_with_numbers_that_are_none_are_said(tmp_path: Path) -> None:
    repeat = '<barline><repeat direction="backward" times="often"/></barline>'
    place = '<direction><offset>soon</offset><sound tempo="60"/></direction>'
    found = read(tmp_path, document(part(place + QUARTER * 4 + repeat)))
    np.testing.assert_allclose(found.grid.times, np.arange(8.0))
    assert "a repeat of often times (bar 1), an offset of soon (bar 1)" in found.doubts[0]


def test_a_tempo_without_a_sign_stands_at_its_offset(tmp_path: Path) -> None:
    sound = '<sound tempo="60"><offset>2</offset></sound>'
    found = read(tmp_path, document(part(QUARTER * 4, sound + QUARTER * 4)))
    np.testing.assert_allclose(found.grid.times, [0, 0.5, 1, 1.5, 2, 2.5, 3, 4])


def test_a_score_packed_by_hand_is_read_if_it_is_the_only_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mxl"
    text = document(part(QUARTER * 4))
    for names, known in (
        (("b.musicxml", "__MACOSX/b.musicxml"), True),
        (("b.xml", "c.xml"), False),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, text)
        if known:
            assert len(beats_from_score(path).grid) == 4
        else:
            with pytest.raises(ConductorError, match="which of its files"):
                beats_from_score(path)


def test_what_many_bars_ask_for_is_said_once_and_briefly(tmp_path: Path) -> None:
    bars = [
        attributes(f"<time><beats>4</beats><beat-type>{3 + i // 2 * 2}</beat-type></time>")
        + QUARTER * 4
        for i in range(20)
    ]
    (said,) = read(tmp_path, document(part(*bars), part(*bars))).doubts
    assert "the meter 4/3 (bar 1), the meter 4/5 (bar 3), the meter 4/7 (bar 5) and 7 more" in said


@pytest.mark.parametrize("prefix", ["", "m:"])
@pytest.mark.parametrize("root", ["score-partwise", "score-timewise"])
def test_a_score_in_a_namespace_is_read(tmp_path: Path, root: str, prefix: str) -> None:
    first = attributes("<divisions>1</divisions>" + FOUR)
    text = document(part(first + QUARTER * 4, '<sound tempo="60"/>' + QUARTER * 4))
    if root == "score-timewise":
        text = document(
            f'<measure number="1"><part id="P1">{first}{QUARTER * 4}</part></measure>',
            f'<measure number="2"><part id="P1"><sound tempo="60"/>{QUARTER * 4}</part></measure>',
            root=root,
        )
    listed = '<part-list><score-part id="P1"><part-name>Flöte</part-name></score-part></part-list>'
    text = text.replace(f"<{root}>", f"<{root}>{listed}")
    colon = f":{prefix[:-1]}" if prefix else ""
    text = text.replace("</", "\0").replace("<", f"<{prefix}").replace("\0", f"</{prefix}")
    text = text.replace(f"<{prefix}{root}", f'<{prefix}{root} xmlns{colon}="urn:music"', 1)
    found = read(tmp_path, text)
    np.testing.assert_allclose(found.grid.times, [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0])
    (movement,) = read_score(tmp_path / "a.musicxml")
    assert len(movement.notes) == 8
    assert movement.parts == ("Flöte",)


def test_names_of_parts_are_read_in_the_encoding_of_the_file(tmp_path: Path) -> None:
    listed = '<part-list><score-part id="P1"><part-name>Flöte</part-name></score-part></part-list>'
    for name in ("iso-8859-1", "utf-16"):
        text = f'<?xml version="1.0" encoding="{name}"?>{document(listed, part(QUARTER * 4))}'
        (tmp_path / "a.musicxml").write_bytes(text.encode(name))
        (movement,) = read_score(tmp_path / "a.musicxml")
        assert movement.parts == ("Flöte",)


@pytest.mark.parametrize("root", ["html", "opus", "museScore", "mei"])
def test_other_xml_is_refused_by_its_name(tmp_path: Path, root: str) -> None:
    space = ' xmlns="http://www.music-encoding.org/ns/mei"' if root == "mei" else ""
    said = refused(tmp_path, document(part(QUARTER * 4), root=root, space=space))
    assert f"no MusicXML score, its XML is <{root}>" in said


def test_a_note_without_its_duration_lasts_as_it_is_drawn(tmp_path: Path) -> None:
    first = attributes("<divisions>1</divisions>" + FOUR)

    def note(kind: str, more: str = "", duration: str = "<duration/>") -> str:
        return f"<note>{PITCH}{duration}<type>{kind}</type>{more}</note>"

    triplet = (
        "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
        "</time-modification>"
    )
    bars = [
        first + note("half", "<dot/>") + note("eighth", duration="") + note("eighth"),
        note("quarter", triplet) * 3 + note("half"),
        '<note><rest measure="yes"/></note>',
        QUARTER * 4,
    ]
    found = read(tmp_path, document(part(*bars)))
    np.testing.assert_allclose(found.grid.times, np.arange(16) * 0.5)
    assert found.doubts == []
    assert len(read_score(tmp_path / "a.musicxml")[0].notes) == 11


def test_empty_divisions_leave_what_is_drawn_and_are_said(tmp_path: Path) -> None:
    for empty in ("<divisions/>", "<divisions>0</divisions>"):
        first = attributes(empty + FOUR)
        back = "<backup><duration>96</duration></backup>"
        bar = QUARTER.replace("<duration>1", "<duration>24") * 4
        found = read(tmp_path, document(part(first + bar + back + bar, bar)))
        np.testing.assert_allclose(found.grid.times, np.arange(8) * 0.5)
        (said,) = found.doubts
        assert "<divisions> of " in said


def test_notes_without_any_length_are_the_reason_that_is_told(tmp_path: Path) -> None:
    text = document(part(f"<note>{PITCH}<duration/></note>"))
    assert "left out: a note without its length (bar 1)" in refused(tmp_path, text)
    found = read(tmp_path, document(part(f"<note>{PITCH}<duration/></note>" + QUARTER * 4)))
    assert len(found.grid) == 4
    assert "a note without its length (bar 1)" in found.doubts[0]


def test_a_length_below_nothing_is_damage(tmp_path: Path) -> None:
    for tag in ("note", "forward", "backup"):
        odd = f"<{tag}><duration>-4</duration></{tag}>"
        assert "damaged" in refused(tmp_path, document(part(QUARTER * 4 + odd)))


def test_a_slur_ends_where_its_end_stands_in_a_second_notations(tmp_path: Path) -> None:
    def slur(kind: str) -> str:
        mark = f'<notations><slur type="{kind}"/></notations></note>'
        return QUARTER.replace("</note>", "<notations><tuplet/></notations>" + mark)

    read(tmp_path, document(part(slur("start") + slur("stop") + QUARTER * 2)))
    (movement,) = read_score(tmp_path / "a.musicxml")
    legato = [bool(touch & Touch.LEGATO) for touch in movement.notes.touch.tolist()]
    assert legato == [True, False, False, False]


def test_pitches_that_are_none_are_said_and_the_beats_are_read(tmp_path: Path) -> None:
    odd = QUARTER.replace("<step>C", "<step>H")
    found = read(tmp_path, document(part(attributes("<divisions>1</divisions>") + odd * 4)))
    assert len(found.grid) == 4
    assert "the pitch H 0 4 (bar 1)" in found.doubts[0]
