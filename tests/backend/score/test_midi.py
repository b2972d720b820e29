"""MIDI files to beats and movements: what is read, stepped over, doubted and refused."""

from pathlib import Path

import numpy as np
import pytest

from backend.grid.beat_grid import BeatGrid
from backend.score.beats import beats_from_score
from backend.score.movements import read_score
from retarget.errors import ConductorError

TICKS = 480
END = b"\x00\xff\x2f\x00"
AT_100 = b"\x00\xff\x51\x03\x09\x27\xc0"


def number(value: int) -> bytes:
    """Of variable length."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, value & 0x7F | 0x80)
    return bytes(digits)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4) + body


def header(tracks: int, kind: int = 1, division: int = TICKS) -> bytes:
    return chunk(b"MThd", kind.to_bytes(2) + tracks.to_bytes(2) + division.to_bytes(2))


def meter(numerator: int, power: int) -> bytes:
    return bytes((0, 0xFF, 0x58, 4, numerator, power, 24, 8))


def notes(
    onsets: np.ndarray, lengths: np.ndarray, keys: np.ndarray, velocities: np.ndarray | None = None
) -> bytes:
    """A track's events of notes that are given in quarter notes."""
    loud = np.full(len(onsets), 80) if velocities is None else velocities
    ons = np.round(onsets * TICKS).astype(int)
    offs = np.round((onsets + lengths) * TICKS).astype(int)
    events = sorted(
        [(on, 1, *note) for on, *note in zip(ons.tolist(), keys, loud, strict=True)]
        + [(off, 0, key, 0) for off, key in zip(offs.tolist(), keys, strict=True)]
    )
    track, now = b"", 0
    for tick, begins, key, velocity in events:
        track += number(tick - now) + bytes((0x90 if begins else 0x80, key, velocity))
        now = tick
    return track


def steps(count: int = 32, step: float = 1.0) -> bytes:
    onsets = np.arange(count) * step
    return notes(onsets, np.full(count, step / 2), np.full(count, 60))


def file_of(*tracks: bytes, kind: int = 1, division: int = TICKS) -> bytes:
    chunks = b"".join(chunk(b"MTrk", track + END) for track in tracks)
    return header(len(tracks), kind, division) + chunks


def read(folder: Path, data: bytes, name: str = "a.mid") -> tuple[BeatGrid, list[str]]:
    (folder / name).write_bytes(data)
    score = beats_from_score(folder / name)
    return score.grid, score.doubts


def assert_32_beats_at_100(found: tuple[BeatGrid, list[str]]) -> None:
    grid, doubts = found
    np.testing.assert_allclose(grid.times, 0.6 * np.arange(32), atol=1e-9)
    assert grid.numbers.tolist() == [1, 2, 3, 4] * 8
    assert (grid.confidence == 1.0).all()
    assert doubts == []


@pytest.mark.parametrize(
    "event",
    [
        b"\xff\x59\x02\xfe\xff",  # a key signature that is neither major nor minor
        b"\xff\x59\x02\x09\x00",  # of nine sharps
        b"\xff\x59\x01\x00",  # too short
        b"\xff\x00\x01\x05",  # a sequence number of one byte
        b"\xff\x54\x05\xff\xff\xff\xff\xff",  # a film time in no known frame rate
        b"\xff\x21\x00",  # a port without a number
        b"\xff\x01\x03\xff\xfe\xfd",  # text in no known encoding
        b"\xff\x77\x02\x01\x02",  # no known kind
        b"\xff\x51\x02\x01\x02",  # a tempo of two bytes
        b"\xf0\x03\xc0\xff\x01",  # system-exclusive data without their end
        b"\xf0\x03\x43\x12\x00\x00\xf7\x02\x01\xf7",  # divided
        b"\xf7\x02\xf3\x01",  # a song select that is sent as it is
        b"\xf8",  # a tick of the clock
    ],
)
def test_what_is_not_needed_may_be_wrong(tmp_path: Path, event: bytes) -> None:
    data = file_of(AT_100 + meter(4, 2) + b"\x00" + event, steps())
    assert_32_beats_at_100(read(tmp_path, data))


@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_unknown_chunks_are_skipped(tmp_path: Path, place: int, counted: int) -> None:
    chunks = [chunk(b"MTrk", AT_100 + END), chunk(b"MTrk", steps() + END)]
    chunks.insert(place, chunk(b"XFIH", b"\x01\x02\x03"))
    assert_32_beats_at_100(read(tmp_path, header(2 + counted) + b"".join(chunks)))


@pytest.mark.parametrize("wrong", [b"\xff\x00\x80\x01", b"\0\0\0\0", b"a\nb\x7f"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_chunks_whose_name_is_no_text_are_skipped(tmp_path: Path, place: int, wrong: bytes) -> None:
    chunks = [chunk(b"MTrk", AT_100 + END), chunk(b"MTrk", steps() + END)]
    chunks.insert(place, chunk(wrong, b"\x01\x02\x03"))
    assert_32_beats_at_100(read(tmp_path, header(2) + b"".join(chunks)))


@pytest.mark.parametrize("promised", [3, 200])
def test_tracks_that_a_header_counts_and_a_file_lacks_are_said(
    tmp_path: Path, promised: int
) -> None:
    tracks = chunk(b"MTrk", AT_100 + END) + chunk(b"MTrk", steps() + END)
    grid, (doubt,) = read(tmp_path, header(promised) + tracks)
    assert f"lacks {promised - 2} of the tracks" in doubt
    assert_32_beats_at_100((grid, []))


@pytest.mark.parametrize("size", [None, 0, 20, 10_000, 0xFFFFFFFF])
@pytest.mark.parametrize("name", ["a.rmi", "a.mid"])
def test_midi_in_riff_is_read(tmp_path: Path, name: str, size: int | None) -> None:
    midi = file_of(AT_100, steps())
    body = b"RMID" + b"DISP" + (3).to_bytes(4, "little") + b"abc\x00"
    body += b"data" + (len(midi) if size is None else size).to_bytes(4, "little") + midi
    body += bytes(len(midi) % 2) + b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    data = b"RIFF" + len(body).to_bytes(4, "little") + body
    assert_32_beats_at_100(read(tmp_path, data, name))
    (movement,) = read_score(tmp_path / name)
    assert len(movement.notes) == 32


def test_a_longer_header_and_padding_are_read_over(tmp_path: Path) -> None:
    data = file_of(AT_100 + steps(), kind=0)
    longer = chunk(b"MThd", data[8:14] + b"\x00\x00") + data[14:]
    assert_32_beats_at_100(read(tmp_path, longer + bytes(32)))


def test_running_status_goes_on_after_other_events(tmp_path: Path) -> None:
    first = b"\x00\x90\x3c\x50\x00\xff\x01\x00\x83\x60\x3c\x00"
    (tmp_path / "a.mid").write_bytes(file_of(first + b"\x00\x3e\x50\x83\x60\x3e\x00"))
    (movement,) = read_score(tmp_path / "a.mid")
    assert movement.notes.pitch.tolist() == [60, 62]
    np.testing.assert_allclose(movement.notes.onset, [0, 1])


def test_every_channel_of_every_track_is_a_part(tmp_path: Path) -> None:
    conductor = AT_100 + b"\x00\xff\x03\x05Piece"
    two = b"\x00\xff\x03\x04Duet\x00\xc0\x28\x00\xc1\x49"
    two += b"\x00\x90\x43\x50\x00\x91\x48\x40\x83\x60\x80\x43\x00\x00\x81\x48\x00"
    drums = b"\x00\x99\x23\x70\x87\x40\x99\x23\x70\x83\x60\xff\x01\x00"
    (tmp_path / "a.mid").write_bytes(file_of(conductor, two, drums))
    (movement,) = read_score(tmp_path / "a.mid")
    assert movement.parts == ("Duet", "Duet", "channel 10")
    assert [i.programs for i in movement.instruments] == [(40,), (73,), (0,)]
    assert movement.notes.part.tolist() == [0, 1, 2, 2]
    assert movement.notes.velocity.tolist() == [80, 64, 112, 112]
    # The drum is never released and ends with its next stroke, the last one with its track.
    np.testing.assert_allclose(movement.notes.duration, [1, 1, 2, 1])


def test_a_file_of_independent_pieces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="type 2"):
        read(tmp_path, file_of(steps(), steps(), kind=2))


def test_notes_that_keep_to_no_beat_are_said_and_uncertain(tmp_path: Path) -> None:
    played = np.cumsum(np.random.default_rng(1).uniform(0.2, 1.1, 80))
    few, many = steps(16, 450 / TICKS), steps(32, 437 / TICKS)
    for track in (few, many, notes(played, np.full(80, 0.1), np.full(80, 60))):
        grid, (doubt,) = read(tmp_path, file_of(track))
        assert "do not keep to its beats" in doubt
        assert (grid.confidence < 0.2).all()


def rhythm(name: str) -> np.ndarray:
    """Onsets in quarter notes of 32 quarter notes."""
    beats = np.arange(32)[:, None]
    patterns = {
        "triplets": [0, 1 / 3, 2 / 3],
        "swing": [0, 0.62],
        "dotted": [0, 0.75],
        "sixteenths": [0, 0.25, 0.5, 0.75],
        "syncopated": [0.5],
        "quintuplets": [0, 0.2, 0.4, 0.6, 0.8],
    }
    if name == "three against four":
        return np.unique(np.r_[np.arange(32), np.arange(24) * 4 / 3])
    if name == "a hand's unevenness":
        even = (beats + np.array([0, 0.25, 0.5, 0.75])).ravel()
        return np.sort(np.maximum(even + np.random.default_rng(2).normal(0, 0.02, len(even)), 0))
    return (beats + np.array(patterns[name])).ravel()


@pytest.mark.parametrize(
    "name",
    [
        *("triplets", "swing", "dotted", "sixteenths", "syncopated", "quintuplets"),
        *("three against four", "a hand's unevenness"),
    ],
)
def test_rhythms_that_keep_to_the_beat_are_not_doubted(tmp_path: Path, name: str) -> None:
    onsets = rhythm(name)
    data = file_of(AT_100, notes(onsets, np.full(len(onsets), 0.1), np.full(len(onsets), 60)))
    grid, doubts = read(tmp_path, data)
    assert doubts == []
    assert (grid.confidence == 1.0).all()


def test_rubato_of_tempo_changes_is_not_doubted(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    tempos = b"\x00\xff\x51\x03\x09\x27\xc0"
    for tempo in rng.integers(400_000, 900_000, 31).tolist():
        tempos += number(TICKS) + b"\xff\x51\x03" + tempo.to_bytes(3)
    grid, doubts = read(tmp_path, file_of(tempos, steps()))
    assert doubts == []
    assert np.ptp(np.diff(grid.times)) > 0.2


def waltz(pickup: int) -> bytes:
    """16 bars of 3/4, a bass and two chords each, after a pickup of some quarter notes."""
    bass = pickup + 3.0 * np.arange(16)
    chords = np.r_[bass + 1, bass + 2]
    lead = np.arange(float(pickup))
    onsets = np.r_[lead, bass, chords]
    keys = np.r_[np.full(pickup, 67), np.full(16, 43), np.full(32, 64)]
    lengths = np.r_[np.full(pickup, 0.9), np.full(16, 2.8), np.full(32, 0.8)]
    return notes(onsets, lengths, keys)


def test_bars_that_begin_with_a_pickup_are_said(tmp_path: Path) -> None:
    grid, doubts = read(tmp_path, file_of(meter(3, 2) + waltz(0)))
    assert (grid.numbers[0], doubts) == (1, [])
    grid, (doubt,) = read(tmp_path, file_of(meter(3, 2) + waltz(1)))
    assert "1 quarter notes after the bar lines" in doubt
    assert "--beats" in doubt
    # A pickup that has a bar of its own is right.
    own = meter(1, 2) + number(TICKS) + meter(3, 2)[1:]
    grid, doubts = read(tmp_path, file_of(own, waltz(1)))
    assert grid.numbers[:5].tolist() == [3, 1, 2, 3, 1]
    assert doubts == []


LONG = b"\x00\x90\x3c\x50\xff\xff\xff\x7f\x80\x3c\x00\x00\x90\x3c\x50"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (file_of(meter(1, 255) + steps()), "1/2^255"),
        (file_of(meter(4, 24) + steps()), "4/2^24"),
        (file_of(meter(200, 2) + steps()), "200/4"),
        (file_of(LONG, division=1), "hours"),
        (file_of(b"\x00\xff\x51\x03\xff\xff\xff" + LONG), "hours"),
        (file_of(b"\x00\xff\x51\x03\x00\x00\x01" + steps()), "quarter notes a minute"),
        (file_of(meter(1, 5) + LONG, division=32767), "bars"),
    ],
)
def test_what_nobody_conducts_is_refused_at_once(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(ConductorError) as fault:
        read(tmp_path, data)
    assert said in str(fault.value)
    assert len(str(fault.value)) < 150
    assert str(fault.value).count(". ") == 0


@pytest.mark.parametrize(
    ("track", "said"),
    [
        (b"\x00\x90\x3c\x50" + b"\x01\x3c\x00\x01\x3c\x50" * 500_001, "notes"),
        (b"\x00\x90\x3c\x50" + b"\x01\xff\x51\x03\x05\x06\x07" * 100_001, "changes of tempo"),
        (b"\x00\x90\x3c\x50" + b"\x00\xb0\x07\x40" * (1 << 22), "16 MB"),
    ],
)
def test_files_without_end_are_refused(tmp_path: Path, track: bytes, said: str) -> None:
    with pytest.raises(ConductorError, match=said):
        read(tmp_path, file_of(track))


@pytest.mark.parametrize(
    "data",
    [
        file_of(AT_100, steps())[:-60],  # cut off within a note
        file_of(AT_100, steps())[:-9],  # and between two
        header(2),
        header(2) + chunk(b"MTrk", steps())[:-8] + chunk(b"MTrk", steps() + END),  # wrong length
        file_of(b"\x00\x3c\x50" + steps()),  # data without a status
        file_of(b"\xff\xff\xff\xff\x7f\x90\x3c\x50"),  # a time of five bytes
        file_of(steps(), kind=7),
        b"RIFF\x20\x00\x00\x00RMID",
        b"RIFF\x20\x00\x00\x00WAVEfmt ",
        b"no music",
    ],
)
def test_damaged_files_are_named_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ConductorError, match=r"a\.mid is not a MIDI file, or it is damaged; .*\.$"):
        read(tmp_path, data)


def accented(pickup: int, in_bar: int, velocities: list[int], bars: int = 20) -> bytes:
    """Bars of equal quarter notes whose velocities alone tell them apart, after a pickup."""
    count = pickup + bars * in_bar
    places = (np.arange(count) - pickup) % in_bar
    rng = np.random.default_rng(4)
    loud = np.array(velocities)[places] + rng.integers(-6, 7, count)
    return notes(np.arange(count) * 1.0, np.full(count, 0.9), np.full(count, 60), loud)


@pytest.mark.parametrize("bars", [7, 20])
@pytest.mark.parametrize(
    ("in_bar", "velocities"),
    [(4, [100, 70, 70, 70]), (4, [100, 70, 85, 70]), (3, [96, 80, 80])],
)
def test_a_pickup_that_shows_by_velocity_alone_is_said(
    tmp_path: Path, in_bar: int, velocities: list[int], bars: int
) -> None:
    for pickup in range(in_bar):
        data = file_of(meter(in_bar, 2) + accented(pickup, in_bar, velocities, bars))
        _, doubts = read(tmp_path, data)
        if pickup:
            assert f"{pickup} quarter notes after the bar lines" in doubts[0]
        else:
            assert doubts == []


@pytest.mark.parametrize(
    "velocities",
    [
        [80, 80, 80, 80],
        [80, 83, 80, 80],  # no accent
        [70, 100, 70, 100],  # the backbeat
        [90, 70, 96, 70],  # no louder than the bar line by an accent
    ],
)
def test_velocities_that_do_not_tell_the_bar_line_are_not_doubted(
    tmp_path: Path, velocities: list[int]
) -> None:
    _, doubts = read(tmp_path, file_of(meter(4, 2) + accented(0, 4, velocities)))
    assert doubts == []


def test_loud_notes_after_a_heavy_bar_line_are_syncopes(tmp_path: Path) -> None:
    """A mazurka: the bass at the bar line, the accent on the second quarter note."""
    places = np.arange(60) % 3
    keys = np.where(places == 0, 43, 64)
    lengths = np.where(places == 0, 2.8, 0.9)
    track = notes(np.arange(60) * 1.0, lengths, keys, np.where(places == 1, 100, 70))
    _, doubts = read(tmp_path, file_of(meter(3, 2) + track))
    assert doubts == []


FAR = number(9_600_000)


@pytest.mark.parametrize(
    "track",
    [
        b"\x00\x90\x30\x50" + steps() + FAR + b"\x80\x30\x00",  # released far too late
        b"\x00\x90\x30\x50" + steps() + FAR + b"\xff\x01\x00",  # never released
        b"\x00\x90\x30\x50" + steps() + FAR + b"\xff\x2f\x00",
        steps(31) + number(TICKS // 2) + b"\x90\x30\x50" + FAR + b"\x80\x30\x00",  # alone
        steps(31) + number(TICKS // 2) + b"\x90\x30\x50" + FAR + b"\xff\x2f\x00",
    ],
)
def test_a_stuck_note_ends_with_the_music_and_is_said(tmp_path: Path, track: bytes) -> None:
    grid, (doubt,) = read(tmp_path, file_of(AT_100, track))
    assert doubt.startswith("A note of a.mid would sound on long after all others")
    assert_32_beats_at_100((grid, []))
    (movement,) = read_score(tmp_path / "a.mid")
    assert (movement.notes.onset + movement.notes.duration).max() <= 32.0


def test_a_long_last_chord_and_a_track_that_goes_on_are_not_doubted(tmp_path: Path) -> None:
    held = steps(28) + number(TICKS // 2) + b"\x90\x30\x50" + number(4 * TICKS) + b"\x80\x30\x00"
    assert_32_beats_at_100(read(tmp_path, file_of(AT_100, held)))
    assert_32_beats_at_100(read(tmp_path, file_of(AT_100, steps() + FAR + b"\xff\x01\x00")))
    organ = steps(28) + number(TICKS // 2) + b"\x90\x30\x50" + number(40 * TICKS) + b"\x80\x30\x00"
    grid, doubts = read(tmp_path, file_of(AT_100, organ))
    assert (len(grid), doubts) == (68, [])


@pytest.mark.parametrize("track", [b"", AT_100, b"\x00\x90\x3c\x50\x00\x80\x3c\x00"])
def test_files_without_notes_are_refused(tmp_path: Path, track: bytes) -> None:
    with pytest.raises(ConductorError, match="holds no notes"):
        read(tmp_path, file_of(track))


def test_film_frames_are_no_beats(tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="film frames"):
        read(tmp_path, file_of(steps(), division=0xE728))
