"""A score is found in a recording of it: where it begins, what is played, when each beat sounds."""

from pathlib import Path

import numpy as np
from played_scores import (
    Bar,
    align,
    assert_beats,
    bars,
    clapping,
    freely,
    numbers_of,
    play,
    write_score,
)

from backend.audio.rates import SAMPLE_RATE
from backend.grid.beat_grid import BeatGrid

PIECE = bars(24)


def heard_everywhere(end: float) -> BeatGrid:
    """Beats that seem sure, three in a bar."""
    times = np.arange(0.0, end, 0.4)
    count = len(times)
    return BeatGrid(
        times, numbers_of(count, 3), np.full(count, 3), ("3/4",) * count, np.full(count, 0.6)
    )


def test_a_score_without_tempo_is_found_after_a_lead_in_and_at_its_onsets(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 1.7)
    found = align(score, play(PIECE, times, 56.0), mode="auto")
    assert_beats(found.grid, times, numbers_of(96), within=0.03)
    assert not found.exact
    assert not found.parted
    assert found.grid.confidence.mean() > 0.8
    assert any("1.7 seconds into" in note or "1.6 seconds into" in note for note in found.notes)


def test_a_slow_recording_of_a_score_without_tempo_is_found(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 0.5, beat=1.2, sway=0.15)
    found = align(score, play(PIECE, times, 118.0))
    assert_beats(found.grid, times, numbers_of(96))


def test_a_repeat_that_is_left_out_is_left_out(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE, repeat=(6, 13))
    times = freely(96, 0.5)
    found = align(score, play(PIECE, times, 55.0))
    assert_beats(found.grid, times, numbers_of(96))
    assert any("leaves out a repeat: bars 7 to 14" in note for note in found.notes)


def test_a_repeat_that_is_played_once_more_is_found(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE, repeat=(6, 13))
    order = PIECE[:14] + PIECE[6:14] + PIECE[6:14] + PIECE[14:]
    times = freely(160, 0.5)
    found = align(score, play(order, times, 90.0))
    assert_beats(found.grid, times, numbers_of(160))
    assert any("goes back to bar 7" in note for note in found.notes)


def test_a_cut_is_found(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", bars(40, seed=3))
    order = bars(40, seed=3)[:17] + bars(40, seed=3)[27:]
    times = freely(120, 0.5)
    found = align(score, play(order, times, 68.0))
    assert_beats(found.grid, times, numbers_of(120))
    assert any("leaves out bars 18 to 27" in note for note in found.notes)


def test_there_are_no_beats_in_applause(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 7.0)
    sound = play(PIECE, times, 70.0)
    clap = clapping(6.5)
    sound[: len(clap)] += clap
    sound[-len(clap) :] += clap
    found = align(score, sound)
    assert_beats(found.grid, times, numbers_of(96))


def test_beats_that_are_heard_in_applause_are_not_taken(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 12.0)
    sound = play(PIECE, times, 80.0)
    clap = clapping(11.5)
    sound[: len(clap)] += clap
    sound[-len(clap) :] += clap
    found = align(score, sound, hear=lambda _: heard_everywhere(80.0))
    assert_beats(found.grid, times, numbers_of(96))
    assert not found.parted


def test_another_tuning_and_key_are_found_and_told(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    order = [[[key + 3 for key in keys] for keys in bar] for bar in PIECE]
    times = freely(96, 0.5)
    found = align(score, play(order, times, 55.0, cents=-42.0))
    assert_beats(found.grid, times, numbers_of(96))
    assert any("3 semitones higher" in note for note in found.notes)
    assert any("42 cents below" in note or "41 cents below" in note for note in found.notes)


def test_half_an_octave_has_no_direction(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    order = [[[key - 6 for key in keys] for keys in bar] for bar in PIECE]
    times = freely(96, 0.5)
    found = align(score, play(order, times, 55.0))
    assert_beats(found.grid, times, numbers_of(96))
    assert "The recording is 6 semitones away from the score." in found.notes


def test_the_first_beat_is_there_where_sound_begins_at_once(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE[:12])
    # The first attack is cut off, so that the beat seems to lie before the sound.
    times = freely(48, 0.1)
    found = align(score, play(PIECE[:12], times, 28.0)[round(0.19 * SAMPLE_RATE) :])
    assert_beats(found.grid, np.maximum(times - 0.19, 0.0), numbers_of(48))
    assert found.grid.times[0] == 0.0


def test_a_recording_that_ends_early_has_no_beats_after_its_end(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 0.5)
    end = times[61] - 0.1
    found = align(score, play(PIECE, times, 55.0)[: int(end * 22050)])
    assert_beats(found.grid, times[:61], numbers_of(61))
    assert any("ends with bar 16" in note for note in found.notes)


def test_of_several_movements_the_one_that_is_played_is_found(tmp_path: Path) -> None:
    first, second = bars(20, seed=5), bars(20, seed=6, in_bar=3)
    path = write_score(tmp_path / "score.musicxml", first)
    text = path.read_text(encoding="utf-8")
    other = write_score(tmp_path / "other.musicxml", second).read_text(encoding="utf-8")
    # Counting begins again with the second movement.
    path.write_text(
        text.replace("</part>", other.split('<part id="P1">')[1].split("</part>")[0] + "</part>"),
        encoding="utf-8",
    )
    times = freely(60, 0.5)
    found = align(path, play(second, times, 35.0))
    assert_beats(found.grid, times, numbers_of(60, 3))
    assert any("movements the recording plays number 2" in note for note in found.notes)


def test_what_rings_after_the_end_does_not_slow_the_last_bars(tmp_path: Path) -> None:
    """The last bars repeat a chord that goes on sounding, so that only its onsets tell."""
    chord = [48, 60, 64, 67]
    last: list[Bar] = [[chord, chord, chord, chord]] * 3
    score = write_score(tmp_path / "score.musicxml", PIECE[:12] + last)
    times = freely(60, 0.5)
    sound = play(PIECE[:12] + last, times, 38.0)
    ringing = np.arange(len(sound) - round(times[-1] * SAMPLE_RATE)) / SAMPLE_RATE
    for key in chord:
        tone = np.sin(2.0 * np.pi * 440.0 * 2.0 ** ((key - 69) / 12.0) * ringing)
        sound[-len(ringing) :] += (0.06 * tone * np.exp(-0.5 * ringing)).astype(np.float32)
    found = align(score, sound)
    assert_beats(found.grid, times, numbers_of(60))
    assert np.abs(found.grid.times[-12:] - times[-12:]).max() < 0.05


def test_the_beats_of_a_last_fermata_end_when_it_is_let_go(tmp_path: Path) -> None:
    """A whole note at the end is held for 1.8 times its length."""
    score = write_score(tmp_path / "score.musicxml", PIECE)
    last = (
        '<measure number="25"><note><pitch><step>C</step><octave>4</octave></pitch>'
        "<duration>4</duration></note></measure></part>"
    )
    score.write_text(score.read_text(encoding="utf-8").replace("</part>", last), encoding="utf-8")
    times = freely(97, 0.5)
    beat = 1.8 * float(times[-1] - times[-2])
    let_go = float(times[-1]) + 4.0 * beat
    sound = play(PIECE, times[:-1], let_go + 2.0)
    at = np.arange(round(times[-1] * SAMPLE_RATE), round(let_go * SAMPLE_RATE))
    tone = sum(np.sin(2.0 * np.pi * h * 261.63 * at / SAMPLE_RATE) / h for h in (1, 2, 3, 4))
    sound[at[0] : at[-1] + 1] += (0.1 * tone).astype(np.float32)
    found = align(score, sound)
    true = np.r_[times[:-1], times[-1] + beat * np.arange(4)]
    assert_beats(found.grid, true, numbers_of(100))
    assert np.abs(found.grid.times[-4:] - true[-4:]).max() < 0.07


def test_another_piece_is_heard_without_the_score(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", bars(24, seed=11, home=61))
    times = freely(96, 0.5)
    heard = BeatGrid(times, numbers_of(96), np.full(96, 4), ("4/4",) * 96, np.full(96, 0.7))
    found = align(score, play(PIECE, times, 55.0), mode="auto", hear=lambda _: heard)
    assert (found.grid.times == times).all()
    assert len(found.notes) == 1
    assert "does not seem to be that of score.musicxml" in found.notes[0]


def test_where_music_and_score_part_ways_the_heard_beats_are_taken(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    before, after = freely(48, 0.5), freely(48, 46.0)
    cadenza = bars(20, seed=20, home=66, in_bar=3)
    between = np.arange(27.6, 45.6, 0.4)
    sound = play(PIECE[:12], before, 73.0)
    sound += play(PIECE[12:], after, 73.0) + play(cadenza, between, 73.0)
    steady = np.arange(0.0, 72.0, 0.4)
    count = len(steady)
    heard = BeatGrid(
        steady, numbers_of(count, 3), np.full(count, 3), ("3/4",) * count, np.full(count, 0.6)
    )
    found = align(score, sound, hear=lambda _: heard)
    (parted,) = found.parted
    assert abs(parted.start - 27.4) < 2.0
    assert abs(parted.end - 45.8) < 2.0
    assert any("From 0:2" in note and "are heard" in note for note in found.notes)
    own = found.grid.beats_in_bar == 4
    assert_beats(found.grid.selected(own), np.r_[before, after], numbers_of(96))
    assert np.isin(found.grid.times[~own], steady).all()
    assert (~own).sum() > 35
    gaps = np.diff(found.grid.times)
    assert gaps.min() > 0.2
    assert gaps.max() < 1.0


def test_a_score_that_is_the_performance_keeps_its_own_times(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE, qpm=100.0)
    times = np.arange(96) * 0.6
    found = align(score, play(PIECE, times, 59.0), mode="auto")
    assert found.exact
    assert not found.notes
    assert np.abs(found.grid.times - times).max() < 1e-9
    late = align(score, play(PIECE, times + 0.06, 59.0), mode="auto")
    assert not late.exact
    assert_beats(late.grid, times + 0.06, numbers_of(96))


def test_one_tempo_that_drifts_away_is_not_exact(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE, qpm=100.0)
    times = np.arange(96) * 0.601
    found = align(score, play(PIECE, times, 59.0), mode="auto")
    assert not found.exact
    assert_beats(found.grid, times, numbers_of(96))


def test_a_stretch_from_the_middle_is_found(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 0.5)
    found = align(score, play(PIECE, times, 55.0), start=20.0)
    inside = times > 20.0
    kept = found.grid.times > 0.3
    clear = times[inside] - 20.0 > 0.3
    assert np.abs(found.grid.times[kept] - (times[inside] - 20.0)[clear]).max() < 0.05
    assert (found.grid.numbers[kept] == numbers_of(96)[inside][clear]).all()
