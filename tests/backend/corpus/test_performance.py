"""Clocks and players: the time map, freedoms, articulation, channels."""

from pathlib import Path

import numpy as np
import pytest
from small_scores import (
    articulation,
    attributes,
    barline,
    grace,
    note,
    read,
    scale,
    tempo,
    words,
    write_score,
)

from backend.corpus.clock import play_after, play_freely
from backend.corpus.drums import with_drums
from backend.corpus.performance import DRUM_CHANNEL, perform
from backend.corpus.recordings import recorded_tempos
from backend.grid.conducted import conducting_limits
from backend.score.movements import read_score


def seeds(count: int = 20) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


def test_time_only_runs_forward(tmp_path: Path) -> None:
    movement = read(tmp_path, *scale(40))
    places = np.linspace(0.0, movement.length, 2000)
    for rng in seeds():
        clock, _ = play_freely(movement, rng)
        assert (np.diff(clock.onset(places)) > 0).all()
        assert clock.onset(np.zeros(1))[0] == 0.0
        assert (clock.offset(places) <= clock.onset(places) + 1e-9).all()


def test_the_tempo_lies_around_the_mark_and_the_end_broadens(tmp_path: Path) -> None:
    movement = read(tmp_path, *scale(60, qpm=120.0))
    slower = 0
    for rng in seeds():
        clock, factor = play_freely(movement, rng)
        assert (factor > 1 / 1.26).all()
        assert (factor < 1.26).all()
        gaps = np.diff(clock.onset(np.arange(0.0, movement.length)))
        assert 60.0 / np.median(gaps) == pytest.approx(120.0 * factor, rel=0.12)
        slower += gaps[-1] > 1.15 * np.median(gaps)
    assert slower > 12


def test_no_orchestra_plays_faster_than_is_conducted(tmp_path: Path) -> None:
    movement = read(tmp_path, *scale(60, qpm=136.0))
    fastest = max(float(play_freely(movement, rng)[1].max()) for rng in seeds())
    assert 136.0 * fastest == pytest.approx(conducting_limits().fastest, rel=0.03)


def test_fermatas_hold(tmp_path: Path) -> None:
    held = note("C", 1, notations="<fermata/>")
    bars = scale(30)
    bars[10] = note("C", 3) + held
    movement = read(tmp_path, *bars)
    assert movement.holds == ((43.0, 44.0),)
    ratios = []
    for rng in seeds():
        clock, _ = play_freely(movement, rng)
        gaps = np.diff(clock.offset(np.arange(30.0, 60.0)))
        ratios.append(gaps[13] / np.median(gaps))
    assert np.median(ratios) > 1.3


def test_fermatas_of_several_parts_hold_once(tmp_path: Path) -> None:
    one, other = scale(30), scale(30)
    one[10] = note("C", 3) + note("C", 1, notations="<fermata/>")
    other[10] = note("C", 2) + note("C", 2, notations="<fermata/>")
    path = write_score(tmp_path / "duo.musicxml", {"Violin": one, "Viola": other})
    (movement,) = read_score(path)
    for rng in seeds():
        clock, _ = play_freely(movement, rng)
        gaps = np.diff(clock.offset(np.arange(30.0, 60.0)))
        assert gaps.max() < 3.0 * np.median(gaps)


def test_a_written_ritardando_slows_until_a_tempo(tmp_path: Path) -> None:
    bars = scale(30)
    bars[10] = words("rit.") + bars[10]
    bars[12] = words("a tempo") + bars[12]
    movement = read(tmp_path, *bars)
    ratios = []
    for rng in seeds():
        clock, _ = play_freely(movement, rng)
        gaps = np.diff(clock.onset(np.arange(32.0, 60.0)))
        ratios.append(gaps[15] / gaps[17])
    assert np.median(ratios) > 1.1


def test_the_same_generator_plays_the_same(tmp_path: Path) -> None:
    movement = read(tmp_path, *scale(20))
    clocks = [play_freely(movement, np.random.default_rng(5))[0] for _ in range(2)]
    np.testing.assert_array_equal(clocks[0].seconds, clocks[1].seconds)


def test_notes_at_a_beat_are_heard_at_the_beat(tmp_path: Path) -> None:
    movement = read(tmp_path, *scale(20))
    rng = np.random.default_rng(0)
    clock, factor = play_freely(movement, rng)
    beats = clock.onset(movement.places(movement.beats(factor)))
    played = perform(movement, clock, 0.0, clock.duration, orchestral=False, rng=rng)
    assert abs(np.sort(played.on) - beats).max() < 0.05


def test_articulation_decides_how_long_notes_sound(tmp_path: Path) -> None:
    bars = scale(8)
    bars[2] = "".join(note(step, notations=articulation("staccato")) for step in "CDEF")
    movement = read(tmp_path, *bars)
    rng = np.random.default_rng(1)
    clock, _ = play_freely(movement, rng)
    played = perform(movement, clock, 0.0, clock.duration, orchestral=False, rng=rng)
    length = (played.off - played.on)[np.argsort(played.on)]
    assert length[8:12].max() < 0.7 * np.delete(length, range(8, 12)).min()


def test_grace_notes_come_before_the_beat(tmp_path: Path) -> None:
    bars = scale(8)
    bars[2] = grace("A") + grace("B") + note("C", 4)
    movement = read(tmp_path, *bars)
    rng = np.random.default_rng(1)
    clock, _ = play_freely(movement, rng)
    played = perform(movement, clock, 0.0, clock.duration, orchestral=False, rng=rng)
    beat = clock.onset(np.array([8.0]))[0]
    a, b = (played.on[played.key == key][0] for key in (69, 71))
    assert beat - 0.3 < a < b < beat


def test_every_channel_sounds_a_key_once_at_a_time(tmp_path: Path) -> None:
    names = [f"{name} {i}" for name in ("Violin", "Flute", "F Horn", "Oboe") for i in range(1, 6)]
    path = write_score(tmp_path / "tutti.musicxml", {name: scale(6) for name in names})
    (movement,) = read_score(path)
    rng = np.random.default_rng(3)
    clock, _ = play_freely(movement, rng)
    played = perform(movement, clock, 0.0, clock.duration, orchestral=True, rng=rng)
    assert set(played.channel.tolist()) <= set(played.channels) <= set(range(16)) - {DRUM_CHANNEL}
    for channel in played.channels:
        for key in np.unique(played.key):
            mine = (played.channel == channel) & (played.key == key)
            order = np.argsort(played.on[mine])
            assert (played.off[mine][order][:-1] < played.on[mine][order][1:]).all()


def test_plucked_strings_play_pizzicato(tmp_path: Path) -> None:
    bars = scale(6)
    bars[3] = words("pizz.") + bars[3]
    movement = read(tmp_path, *bars)
    rng = np.random.default_rng(0)
    clock, _ = play_freely(movement, rng)
    played = perform(movement, clock, 0.0, clock.duration, orchestral=False, rng=rng)
    programs = [played.channels[c].program for c in played.channel[np.argsort(played.on)]]
    assert 45 not in programs[:12]
    assert set(programs[12:]) == {45}


def alignment(path: Path, movement_length: float, *, slip: bool = False) -> Path:
    """A table of two recordings: one at 80 with a slower middle, one of something else."""
    quarters = np.arange(0.0, movement_length)
    qpm = np.where((quarters > 40) & (quarters < 80), 70.0, 90.0)
    times = np.r_[0.0, np.cumsum(60.0 / qpm[:-1])]
    if slip:
        times[60:64] = times[60]
    rows = [
        f"{q},{q},{int(q // 4) + 1},{q % 4 + 1},{t:.4f},{t / 4:.4f}"
        for q, t in zip(quarters, times, strict=True)
    ]
    table = path.with_name(f"{path.stem}_alignment.csv")
    header = "score_qstamp,qstamp,measure,beat,1_tstamp,2_tstamp"
    table.write_text("\n".join([header, *rows]) + "\n")
    return table


def test_a_recording_lends_its_tempo_and_others_are_refused(tmp_path: Path) -> None:
    path = write_score(tmp_path / "piece.musicxml", {"Violin": scale(30, qpm=85.0)})
    (movement,) = read_score(path)
    alignment(path, movement.length)
    (curve,) = recorded_tempos(path, None, movement)
    np.testing.assert_allclose(curve[[2, 15, 25]], [90, 70, 90], rtol=0.02)
    clock, factors = play_after(movement, curve, np.random.default_rng(0))
    assert factors == pytest.approx(np.ones(len(factors)), abs=0.15)
    bars = np.diff(clock.onset(movement.starts))
    assert bars[15] / bars[5] == pytest.approx(90 / 70, rel=0.08)


def test_each_mark_is_conducted_at_the_tempo_it_is_played_in(tmp_path: Path) -> None:
    """Marks of 60 and 100, played at 100 throughout: 6/8 at 120 eighths and then at 200."""
    bars = [note("C", 3)] * 20
    bars[0] = attributes(6, 8) + tempo(60) + bars[0]
    bars[10] = tempo(100) + bars[10]
    movement = read(tmp_path, *bars)
    _, factors = play_after(movement, np.full(20, 100.0), np.random.default_rng(0))
    assert set(movement.beats().beats_in_bar.tolist()) == {2, 6}
    assert set(movement.beats(factors).beats_in_bar.tolist()) == {2}


def test_a_slip_of_the_alignment_is_smoothed_over(tmp_path: Path) -> None:
    path = write_score(tmp_path / "piece.musicxml", {"Violin": scale(30, qpm=85.0)})
    (movement,) = read_score(path)
    alignment(path, movement.length, slip=True)
    (curve,) = recorded_tempos(path, None, movement)
    assert curve.max() < 1.4 * curve.min()


def test_a_long_plateau_of_the_alignment_is_refused(tmp_path: Path) -> None:
    path = write_score(tmp_path / "piece.musicxml", {"Violin": scale(30, qpm=85.0)})
    (movement,) = read_score(path)
    table = alignment(path, movement.length)
    rows = table.read_text().splitlines()
    for i in range(40, 80):
        rows[i] = ",".join([*rows[i].split(",")[:4], rows[40].split(",")[4], "0"])
    table.write_text("\n".join(rows) + "\n")
    assert recorded_tempos(path, None, movement) == []


def test_an_alignment_with_other_repeats_is_not_used(tmp_path: Path) -> None:
    bars = scale(30)
    path = write_score(tmp_path / "piece.musicxml", {"Violin": bars})
    alignment(path, 120.0)
    bars[-1] += barline(repeat="backward")
    (movement,) = read_score(write_score(path, {"Violin": bars}))
    assert recorded_tempos(path, None, movement) == []


def test_a_fast_performance_is_beaten_in_fewer_beats(tmp_path: Path) -> None:
    bars = [attributes(6, 8) + tempo(65) + note("C", 3)] + [note("C", 3)] * 9
    movement = read(tmp_path, *bars)
    assert set(movement.beats(1.0).beats_in_bar.tolist()) == {6}
    assert set(movement.beats(1.2).beats_in_bar.tolist()) == {2}


def test_a_ritardando_does_not_change_the_number_of_beats(tmp_path: Path) -> None:
    bars = scale(20, qpm=172.0)
    bars[18] = words("rit.") + bars[18]
    movement = read(tmp_path, *bars)
    _, factor = play_freely(movement, np.random.default_rng(0))
    assert len(set(movement.beats(factor).beats_in_bar.tolist())) == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_drum_set_keeps_the_conducted_beats(tmp_path: Path, seed: int) -> None:
    plain = read(tmp_path, *scale(12, qpm=110.0))
    movement = with_drums(plain, 1.0, np.random.default_rng(seed))
    drums = movement.notes.part == len(plain.parts)
    places = movement.notes.onset[drums]
    kicks = places[movement.notes.pitch[drums] == 36]
    beats = movement.beats()
    downbeats = movement.places(beats)[beats.numbers == 1]
    assert set(downbeats) <= set(kicks)
    assert (np.diff(movement.notes.onset) >= 0.0).all()
    assert np.array_equal(np.sort(movement.notes.onset[~drums]), np.sort(plain.notes.onset))
    clock, _ = play_freely(movement, np.random.default_rng(1))
    played = perform(movement, clock, 0.0, 60.0, orchestral=False, rng=np.random.default_rng(2))
    assert (played.channel == DRUM_CHANNEL).sum() > 40
