"""Recordings of scores whose beats are known: played with the tempo of real ones, in a hall."""

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from backend.alignment.performed import Run, performed
from backend.audio.rates import SAMPLE_RATE
from backend.corpus.augment import Recording, record
from backend.corpus.clock import play_after, play_freely
from backend.corpus.performance import perform
from backend.corpus.recordings import recorded_tempos
from backend.corpus.synthesis import Hall, synthesise
from backend.grid.beat_grid import BeatGrid
from backend.score.movement import Movement
from backend.score.movements import read_score
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
)
"""What is done to a performance."""

_ORCHESTRAL_PARTS: Final = 6
_LONGEST_S: Final = 240.0
_SHORTEST_S: Final = 40.0
# Beat intervals of a recording that change more than this from one to the next are wrong ones.
_JUMP: Final = 1.6


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
    timing: Sequence[Path],
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
    timing : sequence of Path
        Tables of beat times of real recordings, seconds and number; for scores without a table of
        their own.
    seed : int
    """
    for index, score in enumerate(scores):
        kind = kinds[index % len(kinds)]
        name = f"{score.stem}, {kind}"
        target = folder / name
        if not (target / "about.json").is_file():
            named = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
            rng = np.random.default_rng([seed, named])
            _make(score, kind, target, soundfont, timing, rng)
        about = json.loads((target / "about.json").read_text(encoding="utf-8"))
        grid = BeatGrid.load(target / "beats.txt")
        yield Case(score, kind, target / "audio.flac", grid, tuple(about["seams"]), about)


def _make(
    score: Path,
    kind: str,
    target: Path,
    soundfont: Path,
    timing: Sequence[Path],
    rng: np.random.Generator,
) -> None:
    movement = max(read_score(score), key=lambda it: min(it.duration, _LONGEST_S))
    qpm, source = _tempo(score, movement, timing, rng)
    runs = _runs(movement, qpm, kind, rng)
    played = performed(movement, runs)
    if kind == "transposed":
        steps = int(rng.choice([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]))
        pitch = np.clip(played.notes.pitch + steps, 0, 127)
        drums = np.array([it.kind in ("kit", "drum") for it in played.instruments])
        pitch = np.where(drums[played.notes.part], played.notes.pitch, pitch)
        played = replace(played, notes=replace(played.notes, pitch=pitch))
    else:
        steps = 0
    if qpm is None:
        clock, factors = play_freely(played, rng)
    else:
        clock, factors = play_after(played, _of_runs(qpm, runs), rng)
    recording = Recording.draw(rng)
    cents = float(rng.choice([-1.0, 1.0]) * rng.uniform(40.0, 50.0))
    recording = replace(recording, cents=cents if kind == "50 cents off" else recording.cents / 5)
    before = {"lead-in": rng.uniform(1.0, 4.0), "applause": rng.uniform(5.0, 12.0)}.get(kind, 0.05)
    after = rng.uniform(4.0, 8.0) if kind == "applause" else 1.5
    end = clock.duration + after
    if kind == "ends early":
        end = clock.duration * rng.uniform(0.5, 0.8)
    orchestral = len(played.parts) > _ORCHESTRAL_PARTS
    performance = perform(played, clock, -before, end, orchestral=orchestral, rng=rng)
    hall = Hall(reverb=True, chorus=False, gain=0.35)
    sound = synthesise(performance, end + before, soundfont, hall)
    if kind == "applause":
        level = 2.0 * float(np.sqrt(np.square(sound).mean()))
        sound = sound + _clapping(
            len(sound), before - 0.5, clock.duration + before + 1.0, level, rng
        )
    sound = record(sound, recording, rng)
    beats = played.beats(factors)
    grid = beats.at(clock.onset(played.places(beats)) + before)
    grid = grid.excerpt(0.0, end + before - 0.1)
    grid = replace(grid, times=grid.times / recording.speed)
    joins = np.cumsum([stop - first for first, stop in runs])[:-1]
    seams = (clock.onset(played.starts[joins]) + before) / recording.speed
    about = {
        "seams": seams.round(3).tolist(),
        "runs": [list(run) for run in runs],
        "steps": steps,
        "before_s": round(before, 3),
        "tempo_from": source,
        "duration_s": round(len(sound) / SAMPLE_RATE, 3),
        "recording": recording.as_dict(),
        "soundfont": soundfont.name,
    }
    _write(target, sound, grid, about)


def _tempo(
    score: Path, movement: Movement, timing: Sequence[Path], rng: np.random.Generator
) -> tuple[Array | None, str]:
    """Quarter notes a minute in each bar, (K,), as in a real recording, and which it is."""
    curves = recorded_tempos(score, None, movement)
    if curves:
        which = int(rng.integers(len(curves)))
        return curves[which], f"recording {which}"
    for _ in range(20 if len(timing) else 0):
        table = timing[int(rng.integers(len(timing)))]
        times = np.loadtxt(table, usecols=0, ndmin=1)
        steps = np.diff(times)
        if len(steps) < 60 or np.abs(np.diff(np.log(steps))).max() > np.log(_JUMP):
            continue
        places = movement.places(movement.beats())
        # From the beginning, and back again where the recording is shorter.
        there_and_back = np.r_[steps, steps[::-1]]
        pace = np.resize(there_and_back / np.median(steps), len(places))
        mean = np.interp(0.5 * (movement.starts[1:] + movement.starts[:-1]), places, pace)
        return movement.written_qpm(movement.starts[:-1]) / mean, table.stem
    return None, "the marks"


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


def _write(target: Path, sound: np.ndarray, grid: BeatGrid, about: dict[str, object]) -> None:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    temporary.mkdir(parents=True)
    try:
        grid.save(temporary / "beats.txt")
        soundfile.write(temporary / "audio.flac", sound, SAMPLE_RATE)
        (temporary / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
