"""Damaged, hostile and oversized scores: each ends in one sentence, and soon."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from backend.score import musicxml, unpack
from backend.score.beats import beats_from_score
from backend.score.movements import read_score
from retarget.errors import ConductorError

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>"
FOUR = "<divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"


def xml(*bars: str, attributes: str = FOUR) -> str:
    first = f"<attributes>{attributes}</attributes>"
    text = "".join(
        f"<measure>{first if i == 0 else ''}{bar}</measure>" for i, bar in enumerate(bars)
    )
    return f'<score-partwise><part id="P1">{text}</part></score-partwise>'


def packed(text: str, container: str = '<c><rootfile full-path="a.xml"/></c>') -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", text)
    return buffer.getvalue()


def sentence(path: Path, data: bytes) -> str:
    """What both readers say; the same."""
    path.write_bytes(data)
    said = []
    for reader in (beats_from_score, read_score):
        with pytest.raises(ConductorError) as fault:
            reader(path)
        said.append(str(fault.value))
        assert said[-1].endswith(".")
        assert said[-1].count(". ") == 0
    assert said[0] == said[1]
    return said[0]


def test_any_damaged_byte_of_a_compressed_score_is_one_sentence_or_none(tmp_path: Path) -> None:
    good = packed(xml(*[NOTE] * 20))
    path = tmp_path / "a.mxl"
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        for reader in (beats_from_score, read_score):
            with suppress(ConductorError):
                reader(path)


def test_an_archive_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.mxl"
    assert "which of its files" in sentence(path, packed(xml(NOTE), "<c/>"))
    whole = bytearray(packed(xml(NOTE)))
    entries = [i for i in range(len(whole)) if whole[i : i + 4] in (b"PK\1\2", b"PK\3\4")]
    encrypted, unknown = bytearray(whole), bytearray(whole)
    for i in entries:
        central = whole[i + 2] == 1
        encrypted[i + (8 if central else 6)] |= 1
        unknown[i + (10 if central else 8)] = 77
    assert "encrypted" in sentence(path, bytes(encrypted))
    assert "damaged" in sentence(path, bytes(unknown))
    assert "damaged" in sentence(path, packed(xml(NOTE), '<c><rootfile full-path="b.xml"/></c>'))
    assert "damaged" in sentence(path, packed(xml(NOTE), "<c><rootfile/></c>"))


@pytest.mark.parametrize(
    "duration", ["1/0", "1e-5000000", "1e5000000", "nan", "inf", "9" * 5000, "four"]
)
def test_durations_that_are_no_numbers(tmp_path: Path, duration: str) -> None:
    bar = NOTE.replace("<duration>4", f"<duration>{duration}")
    assert "damaged" in sentence(tmp_path / "a.xml", xml(bar).encode())
    silly = FOUR.replace("<divisions>1", f"<divisions>{duration}")
    assert "damaged" in sentence(tmp_path / "a.xml", xml(NOTE, attributes=silly).encode())


def test_a_bar_without_end(tmp_path: Path) -> None:
    trill = "<notations><ornaments><trill-mark/></ornaments></notations></note>"
    for bar in (NOTE, NOTE.replace("</note>", trill)):
        long = bar.replace("<duration>4", "<duration>1000000000")
        assert "more than 1,000 quarter" in sentence(tmp_path / "a.xml", xml(long).encode())
    assert "more than 1,000 quarter" in sentence(tmp_path / "a.xml", xml(NOTE * 300).encode())


def test_a_tremolo_without_end(tmp_path: Path) -> None:
    mark = "<notations><ornaments><tremolo>999999999</tremolo></ornaments></notations></note>"
    path = tmp_path / "a.xml"
    path.write_text(xml(NOTE.replace("</note>", mark)))
    assert len(read_score(path)[0].notes) == 48


def test_an_unknown_encoding(tmp_path: Path) -> None:
    for name in ("klingon", "utf-7", "utf-32"):
        text = f'<?xml version="1.0" encoding="{name}"?>{xml(NOTE)}'
        assert "damaged" in sentence(tmp_path / "a.xml", text.encode())


@pytest.mark.parametrize(("beats", "unit"), [("1", "64"), ("1", "0"), ("0", "4"), ("9" * 9, "1")])
def test_a_meter_nobody_conducts_leaves_the_one_before(
    tmp_path: Path, beats: str, unit: str
) -> None:
    odd = (
        f"<attributes><time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>"
    )
    path = tmp_path / "a.xml"
    path.write_text(xml(NOTE, odd + NOTE))
    assert set(beats_from_score(path).grid.meters) == {"4/4"}
    assert len(read_score(path)[0].bars) == 2


def test_more_bars_than_anybody_writes(tmp_path: Path) -> None:
    short = "<note><rest/><duration>1</duration></note>"
    text = xml(*[short] * (musicxml.MOST_BARS + 1))
    assert "20,000 bars" in sentence(tmp_path / "a.xml", text.encode())


def test_a_very_long_score_with_words_in_every_bar_is_read(tmp_path: Path) -> None:
    """Work that grows with the square of the bars would take minutes here."""
    count = musicxml.MOST_BARS // 4
    bar = (
        "<direction><direction-type><words>rit.</words></direction-type>"
        '<sound tempo="90"/></direction>' + NOTE
    )
    path = tmp_path / "a.xml"
    path.write_text(xml(*[bar] * count))
    assert len(beats_from_score(path).grid) == 4 * count
    assert len(read_score(path)[0].turns) == count


def test_more_than_fits_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "MOST_TAGS", 1000)
    monkeypatch.setattr(unpack, "MOST_BYTES", 1 << 20)
    assert "million notes" in sentence(tmp_path / "a.mxl", packed("<note/>" * 1001))
    assert "1 MB" in sentence(tmp_path / "a.mxl", packed(" " * ((1 << 20) + 1)))
