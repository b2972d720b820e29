"""Small scores, and sound that plays them in any order and tempo."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from backend.alignment.align import Aligned, align_score, open_score
from backend.alignment.score_is import ScoreIs
from backend.audio.features import analyse
from backend.audio.rates import SAMPLE_RATE
from backend.grid.beat_grid import BeatGrid
from retarget.progress import Progress

Samples = NDArray[np.float32]
Bar = list[list[int]]
"""The keys that begin on each of its quarters; the lowest of the first one is held."""

_SCALE = (0, 2, 4, 5, 7, 9, 11)
_CHORDS = ((0, 4, 7), (2, 5, 9), (4, 7, 11), (5, 9, 12), (7, 11, 14), (9, 12, 16))
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def bars(count: int, seed: int = 0, home: int = 60, in_bar: int = 4) -> list[Bar]:
    """Bars with a bass, a chord and a melody that no two bars share."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        chord = [home + step for step in _CHORDS[int(rng.integers(len(_CHORDS)))]]
        melody = [home + 12 + int(rng.choice(_SCALE)) for _ in range(in_bar)]
        made.append([[chord[0] - 12, *chord, melody[0]], *([key] for key in melody[1:])])
    return made


def write_score(
    path: Path, written: Sequence[Bar], *, repeat: tuple[int, int] | None = None, qpm: float = 0.0
) -> Path:
    """A MusicXML file of bars, of which those from the first to the second are repeated."""
    text = []
    for number, bar in enumerate(written):
        inside = ""
        if number == 0:
            inside += (
                "<attributes><divisions>1</divisions>"
                f"<time><beats>{len(bar)}</beats><beat-type>4</beat-type></time></attributes>"
            )
            if qpm:
                inside += f'<sound tempo="{qpm:g}"/>'
        if repeat and number == repeat[0]:
            inside += '<barline location="left"><repeat direction="forward"/></barline>'
        for keys in bar:
            for place, key in enumerate(keys):
                inside += _note(key, chord=place > 0)
        if repeat and number == repeat[1]:
            inside += '<barline location="right"><repeat direction="backward"/></barline>'
        text.append(f'<measure number="{number + 1}">{inside}</measure>')
    path.write_text(
        '<score-partwise><part-list><score-part id="P1"><part-name>Piano</part-name></score-part>'
        f'</part-list><part id="P1">{"".join(text)}</part></score-partwise>',
        encoding="utf-8",
    )
    return path


def _note(key: int, *, chord: bool) -> str:
    name = _NAMES[key % 12]
    alter = "<alter>1</alter>" if len(name) > 1 else ""
    return (
        f"<note>{'<chord/>' if chord else ''}<pitch><step>{name[0]}</step>{alter}"
        f"<octave>{key // 12 - 1}</octave></pitch><duration>1</duration></note>"
    )


def freely(count: int, start: float, beat: float = 0.55, sway: float = 0.1) -> NDArray:
    """Times of quarters in a tempo that sways, seconds."""
    pace = beat * (1.0 + sway * np.sin(np.arange(count) / 9.0))
    return start + np.r_[0.0, np.cumsum(pace)[:-1]]


def play(order: Sequence[Bar], times: NDArray, end: float, *, cents: float = 0.0) -> Samples:
    """Sound of bars whose quarters are at `times`, as of struck strings."""
    sound = 1e-4 * np.random.default_rng(1).standard_normal(int(end * SAMPLE_RATE))
    length = np.diff(times, append=2.0 * times[-1] - times[-2])
    quarters = [keys for bar in order for keys in bar]
    for at, lasts, keys in zip(times, length, quarters, strict=False):
        first = round(at * SAMPLE_RATE)
        t = np.arange(max(min(int(1.2 * lasts * SAMPLE_RATE), len(sound) - first), 0)) / SAMPLE_RATE
        for key in keys:
            pitch = 440.0 * 2.0 ** ((key - 69 + cents / 100.0) / 12.0)
            tone = sum(np.sin(2 * np.pi * h * pitch * t) / h**1.5 for h in (1, 2, 3, 4))
            sound[first : first + len(t)] += 0.08 * tone * np.exp(-3 * t) * np.minimum(200 * t, 1)
    return sound.astype(np.float32)


def clapping(seconds: float, seed: int = 0) -> Samples:
    """Applause: many short bursts of noise."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    fall = np.exp(-np.arange(400) / 90.0)
    for first in rng.integers(0, len(sound) - 400, int(150 * seconds)):
        sound[first : first + 400] += (0.1 * rng.standard_normal(400) * fall).astype(np.float32)
    return sound


def not_heard(progress: Progress) -> BeatGrid:
    """Where the score tells all, nothing is heard."""
    raise AssertionError("nothing is to be heard here")


def align(
    score: Path,
    sound: Samples,
    *,
    mode: ScoreIs = "aligned",
    hear: Callable[[Progress], BeatGrid] = not_heard,
    start: float = 0.0,
) -> Aligned:
    """The score beside a sound file."""
    music = score.parent / "music.wav"
    soundfile.write(music, sound, SAMPLE_RATE)
    asked = sound[round(start * SAMPLE_RATE) :]
    return align_score(open_score(score), music, analyse(asked), start=start, mode=mode, hear=hear)


def assert_beats(grid: BeatGrid, times: NDArray, numbers: NDArray, within: float = 0.05) -> None:
    """The grid has the beats, no others, each near its time and the most much nearer."""
    assert len(grid) == len(times)
    assert (grid.numbers == numbers).all()
    away = np.abs(grid.times - times)
    assert np.mean(away < within) >= 0.95
    assert np.median(away) < 0.02


def numbers_of(count: int, in_bar: int = 4) -> NDArray:
    return np.arange(count) % in_bar + 1
