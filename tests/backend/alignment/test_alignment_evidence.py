"""A score is taken where the recording plays it, however short, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from played_scores import (
    align,
    assert_beats,
    bars,
    freely,
    not_heard,
    numbers_of,
    play,
    write_score,
)

from backend.alignment.align import Aligned, align_score, open_score
from backend.alignment.evidence import where_played
from backend.alignment.find import find
from backend.alignment.piece import follow_pieces
from backend.alignment.sound import sound_of as hear_samples
from backend.audio.decode import load_audio
from backend.audio.features import analyse, analyse_file
from backend.audio.rates import SAMPLE_RATE
from backend.corpus.simple_tunes import notes_of, simple_tunes, sound_of
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid
from backend.score.movements import read_score
from backend.score.score_beats import ScoreBeats
from retarget.errors import ConductorError

PIECE = bars(24)
OTHER = bars(24, seed=20, in_bar=3)
DEMO = demo_file("ode_to_joy.mid")


def steady(end: float, beat: float = 0.4) -> BeatGrid:
    """What is heard: three in a bar."""
    times = np.arange(0.0, end, beat)
    count = len(times)
    return BeatGrid(
        times, numbers_of(count, 3), np.full(count, 3), ("3/4",) * count, np.full(count, 0.6)
    )


def demo_sound() -> np.ndarray:
    return load_audio(demo_file("ode_to_joy.ogg"))


def test_another_tune_in_the_same_harmony_is_refused(tmp_path: Path) -> None:
    tunes = [tune for tune in simple_tunes() if tune.meter in {"2/4", "4/4"}][:3]
    music = tmp_path / "music.wav"
    for tune in tunes:
        soundfile.write(
            music, sound_of(notes_of(tune, tune.tempo), "struck")[: 17 * SAMPLE_RATE], SAMPLE_RATE
        )
        analysis = analyse_file(music)
        heard = steady(analysis.duration)
        found = align_score(open_score(DEMO), music, analysis, hear=lambda _, it=heard: it)
        assert "does not seem to be that of ode_to_joy.mid" in found.notes[0], tune.title
        assert (found.grid.times == heard.times).all()


def test_its_own_score_is_taken_for_seven_seconds_of_music(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", PIECE)
    times = freely(96, 0.3)
    found = align(score, play(PIECE, times, 7.0), mode="auto")
    inside = times < 6.9
    assert not found.parted
    assert np.abs(found.grid.times[: inside.sum()] - times[inside]).max() < 0.07


def test_a_stretch_that_is_unclear_is_of_the_score_where_it_goes_on_at_its_pace(
    tmp_path: Path,
) -> None:
    (movement,) = read_score(write_score(tmp_path / "score.musicxml", PIECE))
    sound = hear_samples(play(PIECE, freely(96, 0.5, sway=0.03), 55.0))
    (piece,) = follow_pieces(movement, find(movement, sound, [0]).stretches, sound, 0)
    ((begin, end),) = where_played([piece], sound)[0]
    low, high = 20.0, 31.0
    followed, onsets = piece.followed, piece.onsets
    faint = (followed.times > low) & (followed.times < high)
    vague = (onsets.times > low) & (onsets.times < high)
    unclear = replace(
        piece,
        followed=replace(followed, match=np.where(faint, 0.6, followed.match)),
        onsets=replace(onsets, spread=np.where(vague, 0.06, onsets.spread)),
    )
    assert where_played([unclear], sound) == [[(begin, end)]]
    foreign = replace(
        unclear,
        followed=replace(unclear.followed, match=np.where(faint, 0.3, followed.match)),
    )
    assert len(where_played([foreign], sound)[0]) == 2
    # What takes another time than the score's bars there is no music of the score.
    turn = 0.5 * (low + high)
    uneven = np.interp(followed.times, [low, turn, high], [low, turn - 2.5, high])
    moved = np.where(faint, np.interp(uneven, followed.times, followed.quarters), followed.quarters)
    held = replace(unclear, followed=replace(unclear.followed, quarters=moved))
    assert len(where_played([held], sound)[0]) == 2


def test_another_score_that_must_be_aligned_is_refused_in_one_sentence(tmp_path: Path) -> None:
    score = write_score(tmp_path / "score.musicxml", bars(24, seed=11, home=61))
    with pytest.raises(ConductorError, match=r"not seem to be that of score\.musicxml; choose an"):
        align(score, play(PIECE, freely(96, 0.5), 55.0), mode="aligned")


def test_a_score_of_the_beginning_alone_is_followed_to_its_end(tmp_path: Path) -> None:
    whole = bars(32)
    score = write_score(tmp_path / "score.musicxml", whole[:8])
    times = freely(128, 0.5)
    end = float(times[-1]) + 2.0
    found = align(score, play(whole, times, end), mode="auto", hear=lambda _: steady(end))
    (parted,) = found.parted
    assert abs(parted.start - times[32]) < 2.0
    assert parted.end == pytest.approx(end, abs=0.1)
    assert any("From 0:1" in note and "to 1:1" in note for note in found.notes)
    followed = found.grid.beats_in_bar == 4
    assert_beats(found.grid.selected(followed), times[:32], numbers_of(32))
    assert (~followed).sum() > 100


def test_an_exact_score_that_ends_before_the_music_is_no_reason_to_stop(tmp_path: Path) -> None:
    other = 0.3 * play(OTHER, np.arange(0.3, 20.0, 0.4), 20.0)
    sound = np.concatenate([demo_sound(), other])
    music = tmp_path / "music.wav"
    soundfile.write(music, sound, SAMPLE_RATE)
    end = len(sound) / SAMPLE_RATE
    found = align_score(open_score(DEMO), music, analyse(sound), hear=lambda _: steady(end))
    assert found.parted[-1].end == pytest.approx(end, abs=0.1)
    assert found.grid.times[-1] > end - 1.0


def test_music_before_and_after_the_score_is_heard(tmp_path: Path) -> None:
    whole = bars(32)
    score = write_score(tmp_path / "score.musicxml", whole[8:20])
    times = freely(128, 0.5)
    end = float(times[-1]) + 2.0
    found = align(score, play(whole, times, end), mode="auto", hear=lambda _: steady(end))
    before, after = found.parted
    assert before.start == 0.0
    assert abs(before.end - times[32]) < 2.0
    assert abs(after.start - times[80]) < 2.0
    followed = found.grid.beats_in_bar == 4
    assert_beats(found.grid.selected(followed), times[32:80], numbers_of(48))


def test_five_seconds_from_the_middle_keep_their_score(tmp_path: Path) -> None:
    found = stretch_of_demo(tmp_path, 4.0, 5.0)
    written = demo_beats().grid.excerpt(4.0, 5.0)
    assert len(found.grid) == len(written)
    assert np.abs(found.grid.times - written.times).max() < 0.05
    assert (found.grid.numbers == written.numbers).all()
    assert not found.parted


def test_seven_seconds_from_the_middle_have_no_beat_more(tmp_path: Path) -> None:
    for start in (3.0, 6.0, 8.0):
        found = stretch_of_demo(tmp_path, start, 7.0)
        written = demo_beats().grid.excerpt(start, 7.0)
        near = np.abs(found.grid.times[:, None] - written.times).min(axis=1)
        assert near.max() < 0.06
        assert abs(len(found.grid) - len(written)) <= 1


def stretch_of_demo(folder: Path, start: float, duration: float) -> Aligned:
    """The demo piece's score beside a stretch of its sound."""
    music = folder / "music.wav"
    sound = demo_sound()
    soundfile.write(music, sound, SAMPLE_RATE)
    asked = sound[int(start * SAMPLE_RATE) : int((start + duration) * SAMPLE_RATE)]
    return align_score(
        open_score(DEMO),
        music,
        analyse(asked),
        start=start,
        duration=duration,
        mode="aligned",
        hear=not_heard,
    )


def demo_beats() -> ScoreBeats:
    return open_score(DEMO).beats
