"""Score files to exact beats."""

import zipfile
from pathlib import Path

import mido
import numpy as np
import pytest

from backend.grid.beat_grid import BeatGrid
from backend.score.beats import beats_from_score
from retarget.errors import ConductorError


def note(quarters: float, chord: bool = False) -> str:
    mark = "<chord/>" if chord else ""
    return (
        f"<note>{mark}<pitch><step>C</step><octave>4</octave></pitch>"
        f"<duration>{round(quarters * 24)}</duration></note>"
    )


def meter(beats: str, unit: int, symbol: str = "normal") -> str:
    return (
        f'<attributes><divisions>24</divisions><time symbol="{symbol}">'
        f"<beats>{beats}</beats>"
        f"<beat-type>{unit}</beat-type></time></attributes>"
    )


def tempo(bpm: float) -> str:
    return f'<sound tempo="{bpm}"/>'


def repeat(direction: str) -> str:
    return f'<barline><repeat direction="{direction}"/></barline>'


def ending(kind: str, number: str) -> str:
    return f'<barline><ending type="{kind}" number="{number}"/></barline>'


def score(*parts: list[str]) -> str:
    text = "".join(
        f'<part id="P{i}">'
        + "".join(f'<measure number="{j}">{bar}</measure>' for j, bar in enumerate(bars))
        + "</part>"
        for i, bars in enumerate(parts)
    )
    return f'<?xml version="1.0"?><score-partwise version="4.0">{text}</score-partwise>'


def read(folder: Path, *parts: list[str]) -> BeatGrid:
    path = folder / "score.musicxml"
    path.write_text(score(*parts))
    return beats_from_score(path).grid


def test_without_a_tempo_mark_it_is_120_quarters_a_minute_and_that_is_doubted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.musicxml"
    path.write_text(score([meter("4", 4) + note(4), note(4)]))
    found = beats_from_score(path)
    grid = found.grid
    np.testing.assert_allclose(grid.times, np.arange(8) * 0.5)
    assert grid.numbers.tolist() == [1, 2, 3, 4] * 2
    assert set(grid.meters) == {"4/4"}
    assert not found.tempo_is_written
    assert (grid.confidence < 0.5).all()
    assert "a.musicxml has no tempo mark" in found.doubts[0]


def test_a_tempo_in_numbers_is_sure_and_words_alone_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.musicxml"
    words = "<direction><direction-type><words>Allegro</words></direction-type></direction>"
    for mark, told in ((tempo(90), True), (words, False)):
        path.write_text(score([meter("4", 4) + mark + note(4), note(4)]))
        found = beats_from_score(path)
        assert found.tempo_is_written == told
        assert (found.grid.confidence == (1.0 if told else 0.25)).all()
        assert bool(found.doubts) != told


def test_tempo_marks_hold_from_their_place_on(tmp_path: Path) -> None:
    bars = [meter("4", 4) + tempo(60) + note(2) + tempo(120) + note(2), note(4)]
    np.testing.assert_allclose(read(tmp_path, bars).times, [0, 1, 2, 2.5, 3, 3.5, 4, 4.5])


def test_a_metronome_mark_counts_its_own_note_value(tmp_path: Path) -> None:
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>c. 60</per-minute></metronome></direction-type></direction>"
    )
    grid = read(tmp_path, [meter("6", 8) + mark + note(3), note(3)])
    np.testing.assert_allclose(grid.times, [0, 1, 2, 3])
    assert grid.beats_in_bar.tolist() == [2] * 4


def test_a_pickup_counts_on_to_the_bar_line(tmp_path: Path) -> None:
    grid = read(tmp_path, [meter("4", 4) + note(1), note(4), note(3)])
    assert grid.numbers.tolist() == [4, 1, 2, 3, 4, 1, 2, 3]
    assert grid.downbeats.tolist() == [0.5, 2.5]


def test_repeats_are_played_with_their_endings(tmp_path: Path) -> None:
    bars = [
        meter("2", 4) + tempo(60) + note(2),
        repeat("forward") + tempo(120) + note(2),
        ending("start", "1") + note(2) + ending("stop", "1") + repeat("backward"),
        ending("start", "2") + note(2) + ending("discontinue", "2"),
        note(2),
    ]
    grid = read(tmp_path, bars)
    # Bars 0 1 2 1 3 4: the first lasts 2 s, the others 1 s.
    np.testing.assert_allclose(grid.downbeats, [0, 2, 3, 4, 5, 6])


def test_a_repeat_that_cuts_a_bar_goes_on_counting(tmp_path: Path) -> None:
    bars = [meter("4", 4) + note(1), note(4), note(3) + repeat("backward"), note(1), note(3)]
    grid = read(tmp_path, bars)
    assert grid.numbers.tolist() == [4, 1, 2, 3, 4, 1, 2, 3] * 2 + [4, 1, 2, 3]


def test_da_capo_al_fine_leaves_repeats_out(tmp_path: Path) -> None:
    bars = [
        meter("1", 4) + tempo(60) + note(1),
        note(1) + repeat("backward"),
        note(1) + '<sound fine="yes"/>',
        note(1) + '<sound dacapo="yes"/>',
    ]
    # 0 1 0 1 2 3, then 0 1 2.
    assert len(read(tmp_path, bars)) == 9


def test_dal_segno_al_coda_jumps(tmp_path: Path) -> None:
    bars = [
        meter("1", 4) + tempo(60) + note(1),
        '<sound segno="s"/>' + note(1),
        note(1) + '<sound tocoda="c"/>',
        note(1) + '<sound dalsegno="s"/>',
        '<sound coda="c"/>' + note(1),
    ]
    # 0 1 2 3, then 1 2 4.
    assert len(read(tmp_path, bars)) == 7


@pytest.mark.parametrize(
    ("beats", "unit", "quarters", "bpm", "conducted"),
    [
        ("6", 8, 3.0, 100, 2),
        ("6", 8, 3.0, 50, 6),
        ("3", 8, 1.5, 120, 1),
        ("3", 8, 1.5, 50, 3),
        ("9", 8, 4.5, 100, 3),
        ("12", 8, 6.0, 100, 4),
        ("2", 2, 4.0, 160, 2),
        ("2", 2, 4.0, 110, 4),
        ("3", 4, 3.0, 100, 3),
        ("3", 4, 3.0, 240, 1),
        ("4", 4, 4.0, 100, 4),
        ("4", 4, 4.0, 150, 2),
        ("2", 4, 2.0, 144, 2),
        ("2", 4, 2.0, 160, 1),
        ("5", 4, 5.0, 100, 5),
        ("3+2", 8, 2.5, 60, 5),
        ("2", 4, 2.0, 40, 4),
    ],
)
def test_what_is_conducted_follows_meter_and_tempo(
    tmp_path: Path, beats: str, unit: int, quarters: float, bpm: float, conducted: int
) -> None:
    grid = read(tmp_path, [meter(beats, unit) + tempo(bpm) + note(quarters), note(quarters)])
    assert grid.beats_in_bar.tolist() == [conducted] * 2 * conducted
    np.testing.assert_allclose(np.diff(grid.times), quarters * 60 / bpm / conducted)


def test_alla_breve_is_conducted_in_two_however_its_bar_is_written(tmp_path: Path) -> None:
    grid = read(tmp_path, [meter("4", 4, "cut") + tempo(150) + note(4.0)])
    assert grid.meters == ("2/2", "2/2")
    np.testing.assert_allclose(grid.times, [0.0, 0.8])


def test_a_fast_five_is_beaten_in_uneven_two(tmp_path: Path) -> None:
    grid = read(tmp_path, [meter("5", 8) + tempo(120) + note(2.5)])
    np.testing.assert_allclose(grid.times, [0.0, 0.75])


def test_a_ritardando_does_not_change_the_beat(tmp_path: Path) -> None:
    bars = [meter("6", 8)] + [tempo(bpm) + note(3) for bpm in (80, 75, 70, 65, 60)]
    bars = [bars[0] + bars[1], *bars[2:]]
    assert set(read(tmp_path, bars).beats_in_bar.tolist()) == {2}


def test_a_tempo_that_comes_back_brings_its_beat_back(tmp_path: Path) -> None:
    bars = [tempo(bpm) + note(4) for bpm in (144, 144, 92, 92, 144, 144)]
    grid = read(tmp_path, [meter("2", 2) + bars[0], *bars[1:]])
    assert grid.beats_in_bar[grid.numbers == 1].tolist() == [2, 2, 4, 4, 2, 2]


def test_the_longest_part_sets_the_bar(tmp_path: Path) -> None:
    short, long = [meter("4", 4) + note(1), note(4)], [meter("4", 4) + note(4), note(4)]
    assert len(read(tmp_path, short, long)) == 8


def test_chords_and_second_voices_take_no_time(tmp_path: Path) -> None:
    back = "<backup><duration>96</duration></backup>"
    bar = note(2) + note(2, chord=True) + note(2) + back + note(4)
    assert len(read(tmp_path, [meter("4", 4) + bar, bar])) == 8


def test_compressed_scores_read_like_plain_ones(tmp_path: Path) -> None:
    text = score([meter("3", 4) + tempo(90) + note(3)] * 4)
    (tmp_path / "a.musicxml").write_text(text)
    container = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", text)
    plain, packed = (beats_from_score(tmp_path / name).grid for name in ("a.musicxml", "a.mxl"))
    np.testing.assert_array_equal(plain.times, packed.times)
    assert plain.meters == packed.meters


def midi(path: Path, events: list[tuple[float, mido.MetaMessage]], quarters: float) -> Path:
    file = mido.MidiFile(ticks_per_beat=480)
    track, now = mido.MidiTrack(), 0
    for at, event in events:
        track.append(event.copy(time=round(at * 480) - now))
        now = round(at * 480)
    file.tracks.append(track)
    notes = mido.MidiTrack()
    notes.append(mido.Message("note_on", note=60, time=0))
    notes.append(mido.Message("note_off", note=60, time=round(quarters * 480)))
    file.tracks.append(notes)
    file.save(path)
    return path


def set_tempo(bpm: float) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))


def set_meter(numerator: int, denominator: int) -> mido.MetaMessage:
    return mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def test_midi_follows_meter_and_tempo_changes(tmp_path: Path) -> None:
    events = [
        (0.0, set_meter(4, 4)),
        (0.0, set_tempo(60)),
        (2.0, set_tempo(120)),
        (4.0, set_meter(3, 4)),
    ]
    grid = beats_from_score(midi(tmp_path / "a.mid", events, 10.0)).grid
    np.testing.assert_allclose(grid.times, [0, 1, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5], atol=1e-6)
    assert grid.numbers.tolist() == [1, 2, 3, 4, 1, 2, 3, 1, 2, 3]
    assert grid.meters == ("4/4",) * 4 + ("3/4",) * 6


def test_midi_without_a_meter_is_in_four_and_beaten_to_the_end_of_the_bar(tmp_path: Path) -> None:
    grid = beats_from_score(midi(tmp_path / "a.mid", [], 6.0)).grid
    assert grid.numbers.tolist() == [1, 2, 3, 4] * 2


def test_silence_before_the_first_midi_note_is_not_beaten(tmp_path: Path) -> None:
    path = midi(tmp_path / "late.mid", [(0, set_tempo(60)), (0, set_meter(3, 4))], 3)
    file = mido.MidiFile(path)
    next(m for m in file.tracks[1] if m.type == "note_on").time = 7 * 480
    file.save(path)
    grid = beats_from_score(path).grid
    # The first note is the second beat of the third bar; its bar is beaten whole.
    assert grid.times[0] == pytest.approx(6.0)
    assert grid.numbers[0] == 1


def test_a_first_midi_bar_of_its_own_short_meter_is_a_pickup(tmp_path: Path) -> None:
    events = [(0.0, set_meter(1, 4)), (1.0, set_meter(4, 4))]
    grid = beats_from_score(midi(tmp_path / "a.mid", events, 9.0)).grid
    assert grid.numbers.tolist() == [4, 1, 2, 3, 4, 1, 2, 3, 4]


def test_faults_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.mid").write_bytes(b"")
    (tmp_path / "text.mid").write_text("no music")
    (tmp_path / "broken.mid").write_bytes(b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk")
    (tmp_path / "broken.mxl").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "cut.xml").write_text(score([meter("4", 4) + note(4)])[:-40])
    (tmp_path / "other.xml").write_text("<html><body>no music</body></html>")
    (tmp_path / "silent.xml").write_text(score([]))
    midi(tmp_path / "still.mid", [], 0.0)
    for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "missing.mid"):
        with pytest.raises(ConductorError) as fault:
            beats_from_score(path)
        assert str(fault.value).endswith(".")
        assert str(fault.value).count(". ") == 0
