"""A score whose lead-in, length or tempo is not that of the music is doubted, with the seconds."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from backend.alignment.score_fit import score_doubts
from backend.audio.analysis import Analysis
from backend.audio.features import analyse
from backend.audio.rates import SAMPLE_RATE
from backend.grid.beat_grid import BeatGrid
from backend.motion_request import MotionRequest, make_motion
from backend.score.score_beats import Sounding

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"


def click_samples(
    first: float, period: float, count: int, tail: float = 1.0
) -> NDArray[np.float32]:
    samples = np.zeros(round((first + count * period + tail) * SAMPLE_RATE), np.float32)
    decay = np.exp(-np.arange(2000) / 300.0) * np.sin(np.arange(2000) * 0.3)
    for k in range(count):
        at = round((first + k * period) * SAMPLE_RATE)
        samples[at : at + 2000] += decay.astype(np.float32) * (0.8 if k % 4 == 0 else 0.4)
    return samples


def clicks(first: float, period: float, count: int, tail: float = 1.0) -> Analysis:
    return analyse(click_samples(first, period, count, tail))


def beats(first: float, period: float, count: int) -> BeatGrid:
    numbers = np.arange(count) % 4 + 1
    times = first + period * np.arange(count)
    return BeatGrid(times, numbers, np.full(count, 4), ("4/4",) * count, np.ones(count))


def doubts(grid: BeatGrid, music: Analysis, *, begins: bool = True, ends: bool = True) -> list[str]:
    """Of a score with a note on every beat."""
    first, last = (float(grid.times[i]) for i in (0, -1))
    notes = Sounding(first, last, last + float(np.diff(grid.times).mean() if len(grid) > 1 else 1))
    return score_doubts(grid, music, notes, begins=begins, ends=ends)


def test_a_score_that_fits_is_not_doubted() -> None:
    assert doubts(beats(1.0, 0.6, 24), clicks(1.0, 0.6, 24)) == []
    # Nor one that is beaten at half or twice what is heard, or whose last chord rings.
    assert doubts(beats(0.0, 1.2, 12), clicks(0.0, 0.6, 24, tail=4.0)) == []
    assert doubts(beats(0.0, 0.3, 48), clicks(0.0, 0.6, 24)) == []


def test_a_lead_in_is_said_with_its_seconds() -> None:
    (said,) = doubts(beats(0.0, 0.6, 24), clicks(1.0, 0.6, 24))
    assert "1.0 seconds after the score's first note" in said
    assert "with --score-is aligned" in said
    (said,) = doubts(beats(3.0, 0.6, 24), clicks(0.0, 0.6, 24))
    assert "3.0 seconds before the score's first note" in said


def test_another_length_is_said_with_both() -> None:
    (said,) = doubts(beats(0.0, 0.5, 36), clicks(0.0, 0.6, 36))
    assert "The score lasts 18.0 seconds and the music 21." in said


def test_bars_of_rest_at_both_ends_are_no_doubt() -> None:
    music = clicks(4.8, 0.6, 24)
    rests = beats(0.0, 0.6, 40)
    assert score_doubts(rests, music, Sounding(4.8, 18.6, 19.2)) == []
    # The recording that leaves them out is said to begin early, by the first note.
    (said,) = score_doubts(rests, clicks(0.0, 0.6, 24), Sounding(4.8, 18.6, 19.2))
    assert "4.8 seconds before the score's first note" in said


def test_a_last_note_may_be_silent_before_it_ends() -> None:
    """A drum's whole note over a long fermata; a score whose notes go on is still too long."""
    music = clicks(0.0, 0.6, 24)
    assert score_doubts(beats(0.0, 0.6, 32), music, Sounding(0.0, 13.8, 19.2)) == []
    (said,) = score_doubts(beats(0.0, 0.6, 32), music, Sounding(0.0, 18.6, 19.2))
    assert "The score lasts 19.2 seconds and the music 13.9" in said


def test_a_score_without_notes_is_compared_by_its_tempo_alone() -> None:
    assert score_doubts(beats(0.0, 0.6, 12), clicks(4.8, 0.6, 24), None) == []
    (said,) = score_doubts(beats(0.0, 0.5, 12), clicks(4.8, 0.6, 24), None)
    assert "The score beats 120 a minute" in said


def test_rests_at_both_ends_of_a_score_file_are_no_doubt(tmp_path: Path) -> None:
    rest = '<note><rest measure="yes"/><duration>4</duration></note>'
    bars = [rest, rest, *[NOTE * 4] * 6, rest, rest]
    bars[0] = '<sound tempo="100"/>' + bars[0]
    text = "".join(f"<measure>{bar}</measure>" for bar in bars)
    score = tmp_path / "a.musicxml"
    score.write_text(f'<score-partwise><part id="P1">{text}</part></score-partwise>')
    music = tmp_path / "a.wav"
    soundfile.write(music, click_samples(4.8, 0.6, 24), SAMPLE_RATE)
    result = make_motion(MotionRequest(music=music, score=score, score_is="exact", model="teacher"))
    assert result.warnings == []
    assert result.grid.confidence.min() == 1.0


def test_another_tempo_is_said_within_a_stretch_of_the_music() -> None:
    music = clicks(0.0, 0.6, 36)
    (said,) = doubts(beats(0.1, 0.5, 36), music, begins=False, ends=False)
    assert "The score beats 120 a minute and the music seems to have 100" in said
    assert doubts(beats(0.1, 0.6, 36), music, begins=False, ends=False) == []


def test_a_short_score_without_its_tempo_is_said_to_have_another(tmp_path: Path) -> None:
    bars = "".join(f"<measure>{NOTE * 4}</measure>" for _ in range(6))
    score = tmp_path / "a.musicxml"
    score.write_text(f'<score-partwise><part id="P1">{bars}</part></score-partwise>')
    music = tmp_path / "a.wav"
    soundfile.write(music, click_samples(1.0, 0.6, 24), SAMPLE_RATE)
    result = make_motion(MotionRequest(music=music, score=score, score_is="exact", model="teacher"))
    assert result.grid.confidence.max() < 0.3
    said = " ".join(result.warnings)
    assert "1.0 seconds after the score" in said
    assert "The score beats 120 a minute and the music seems to have 100" in said
    assert len(result.warnings) == 3


def test_silence_and_single_beats_say_nothing() -> None:
    assert doubts(beats(0.0, 0.6, 24), analyse(np.zeros(SAMPLE_RATE, np.float32))) == []
    assert doubts(beats(0.0, 0.6, 1), clicks(1.0, 0.6, 24)) == []
