"""Recordings of scores whose beats are known: played with the tempo of real ones, in a hall."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

from backend.alignment.conducted_level import tempo_of_bars
from backend.alignment.performed import Run, performed
from backend.alignment.score_sound import pitched
from backend.audio.rates import SAMPLE_RATE
from backend.corpus.augment import Recording, record
from backend.corpus.clock import Clock, play_after, play_freely
from backend.corpus.performance import perform
from backend.corpus.recordings import recorded_tempos
from backend.corpus.rubato import rubato_curves
from backend.corpus.synthesis import Hall, synthesise
from backend.corpus.whole_folder import seed_of, whole_folder
from backend.grid.beat_grid import BeatGrid
from backend.score.movement import Movement
from backend.score.movements import read_score
from backend.score.played_bars import beat_places
from retarget.rotation import Array

KINDS: Final = (
    "as written",
    "lead-in",
    "applause",
    "repeat left out",
    "cut",
    "50 cents off",
    "transposed",
    "ends early",
    "noise",
)
"""What is done to a performance."""

_ORCHESTRAL_PARTS: Final = 6
_LONGEST_S: Final = 240.0
# Music against noise where there is much of it, dB.
_NOISY_DB: Final = 10.0
_BEFORE_S: Final = {"lead-in": (1.0, 4.0), "applause": (5.0, 12.0)}


@dataclass(frozen=True)
class Case:
    """A recording with its truth.

    Parameters
    ----------
    score : Path
    kind : str
        One of `KINDS`.
    music : Path
        The recording.
    grid : BeatGrid
        Its beats.
    seams : tuple of float
        Where bars of the score were left out, seconds.
    about : dict
        What else is known.
    """

    score: Path
    kind: str
    music: Path
    grid: BeatGrid
    seams: tuple[float, ...]
    about: dict[str, object]


def cases(
    scores: Sequence[Path],
    folder: Path,
    *,
    soundfont: Path,
    timing: Path | None,
    seed: int,
    kinds: Sequence[str] = KINDS,
) -> Iterator[Case]:
    """A case of each score, the kinds in turn; those that the folder holds are not made anew.

    Parameters
    ----------
    scores : sequence of Path
    folder : Path
        Where the recordings are kept.
    soundfont : Path
    timing : Path, optional
        Folder of beat tables of real recordings, whose rubato scores without a recording's tempo
        of their own take; see `backend.corpus.rubato`.
    seed : int

    Raises
    ------
    ConductorError
        If a score cannot be read, there is no usable beat table, or FluidSynth fails.
    """
    rubato = [] if timing is None else rubato_curves(timing)
    for index, score in enumerate(scores):
        kind = kinds[index % len(kinds)]
        name = f"{score.stem}, {kind}"
        target = folder / name
        if not (target / "about.json").is_file():
            rng = np.random.default_rng([seed, seed_of(name)])
            _make(score, kind, target, soundfont, rubato, rng)
        about = json.loads((target / "about.json").read_text(encoding="utf-8"))
        grid = BeatGrid.load(target / "beats.txt")
        yield Case(score, kind, target / "audio.flac", grid, tuple(about["seams"]), about)


def _make(
    score: Path,
    kind: str,
    target: Path,
    soundfont: Path,
    rubato: Sequence[Array],
    rng: np.random.Generator,
) -> None:
    movement = max(read_score(score), key=lambda it: min(it.duration, _LONGEST_S))
    curves = recorded_tempos(score, None, movement)
    qpm = curves[int(rng.integers(len(curves)))] if curves else None
    runs = _runs(movement, qpm, kind, rng)
    steps = int(rng.choice([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5])) if kind == "transposed" else 0
    played = transposed(performed(movement, runs), steps)
    if qpm is None:
        clock, _ = play_freely(played, rng, rubato)
    else:
        clock, _ = play_after(played, _of_runs(qpm, runs), rng)
    before = rng.uniform(*_BEFORE_S[kind]) if kind in _BEFORE_S else 0.05
    recording = _recording(kind, rng)
    sound, end = _sound(played, clock, kind, before, soundfont, rng)
    # How many beats are conducted is decided by the tempo that is played, as everywhere.
    tempo = tempo_of_bars(movement, [(played, clock.onset(played.starts))])
    beats = beat_places(played.bars, tempo)
    grid = beats.at(clock.onset(played.places(beats)) + before).excerpt(0.0, end + before - 0.1)
    grid = replace(grid, times=grid.times / recording.speed)
    joins = np.cumsum([stop - first for first, stop in runs])[:-1]
    seams = (clock.onset(played.starts[joins]) + before) / recording.speed
    sound = record(sound, recording, rng)
    about: dict[str, Any] = {
        "seams": seams.round(3).tolist(),
        "runs": [list(run) for run in runs],
        "steps": steps,
        "before_s": round(before, 3),
        "tempo_from": "a recording" if curves else "the marks",
        "duration_s": round(len(sound) / SAMPLE_RATE, 3),
        "recording": recording.as_dict(),
        "soundfont": soundfont.name,
    }
    with whole_folder(target) as temporary:
        grid.save(temporary / "beats.txt")
        soundfile.write(temporary / "audio.flac", sound, SAMPLE_RATE)
        (temporary / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def transposed(movement: Movement, steps: int) -> Movement:
    """The same some semitones higher; drums without a pitch stay as they are."""
    pitch = np.clip(movement.notes.pitch + steps * pitched(movement), 0, 127)
    return replace(movement, notes=replace(movement.notes, pitch=pitch))


def _recording(kind: str, rng: np.random.Generator) -> Recording:
    """A likely recording, tuned well and heard clearly if that is not the kind of the case."""
    recording = Recording.draw(rng)
    cents = float(rng.choice([-1.0, 1.0]) * rng.uniform(40.0, 50.0))
    if kind == "noise":
        recording = replace(recording, noise="pink", snr_db=_NOISY_DB)
    return replace(recording, cents=cents if kind == "50 cents off" else recording.cents / 5)


def _sound(
    movement: Movement,
    clock: Clock,
    kind: str,
    before: float,
    soundfont: Path,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """The performance as sound from `before` seconds before it, and where it ends."""
    after = rng.uniform(4.0, 8.0) if kind == "applause" else 1.5
    end = clock.duration + after
    if kind == "ends early":
        end = clock.duration * rng.uniform(0.5, 0.8)
    orchestral = len(movement.parts) > _ORCHESTRAL_PARTS
    performance = perform(movement, clock, -before, end, orchestral=orchestral, rng=rng)
    hall = Hall(reverb=True, chorus=False, gain=0.35)
    sound = synthesise(performance, end + before, soundfont, hall)
    if kind == "applause":
        level = 2.0 * float(np.sqrt(np.square(sound).mean()))
        first, last = before - 0.5, clock.duration + before + 1.0
        sound = sound + _clapping(len(sound), first, last, level, rng)
    return sound, end


def _runs(movement: Movement, qpm: Array | None, kind: str, rng: np.random.Generator) -> list[Run]:
    """Which bars are played, in their order."""
    count = len(movement.bars)
    pace = movement.written_qpm(movement.starts[:-1]) if qpm is None else qpm
    seconds = np.r_[0.0, np.cumsum(np.diff(movement.starts) * 60.0 / pace)]
    stop = int(np.searchsorted(seconds, _LONGEST_S)) if seconds[-1] > _LONGEST_S else count
    if kind == "repeat left out":
        for back in range(1, stop):
            # Played anew from there on: the first time is left out.
            if movement.bars[back].start < movement.bars[back - 1].start:
                again = movement.bars[back].start
                first = next(i for i in range(back) if movement.bars[i].start == again)
                if back - first >= 4 and seconds[stop] - seconds[back] > 10.0:
                    return [(0, first), (back, stop)] if first else [(back, stop)]
    if kind in ("repeat left out", "cut"):
        length = int(min(rng.integers(6, 25), stop // 4))
        first = int(rng.integers(stop // 3, max(2 * stop // 3 - length, stop // 3 + 1)))
        return [(0, first), (first + length, stop)]
    return [(0, stop)]


def _of_runs(values: Array, runs: Sequence[Run]) -> Array:
    return np.concatenate([values[first:stop] for first, stop in runs])


def _clapping(
    count: int, until: float, from_s: float, level: float, rng: np.random.Generator
) -> np.ndarray:
    """Applause up to one time and from another one on, (count,)."""
    sound = np.zeros(count, np.float32)
    burst = int(0.02 * SAMPLE_RATE)
    fall = np.exp(-np.arange(burst) / (0.004 * SAMPLE_RATE))
    for begin, end in ((0.0, until), (from_s, count / SAMPLE_RATE)):
        for at in rng.uniform(begin, end, max(int(120 * (end - begin)), 0)):
            first = int(at * SAMPLE_RATE)
            clap = (rng.standard_normal(burst) * fall * rng.uniform(0.2, 1.0)).astype(np.float32)
            sound[first : first + burst] += clap[: max(count - first, 0)]
    rms = float(np.sqrt(np.square(sound[sound != 0.0]).mean())) if sound.any() else 1.0
    return sound * np.float32(level / max(rms, 1e-9))
