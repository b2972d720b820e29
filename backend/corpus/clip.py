"""One clip of the corpus: a stretch of one performance, its sound's features and its beats."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from backend.audio.features import analyse, mel_spectrogram
from backend.audio.rates import SAMPLE_RATE
from backend.corpus.augment import Recording, record
from backend.corpus.casting import cast
from backend.corpus.clock import Clock, play_after, play_freely
from backend.corpus.conduct import checksum, conduct_clip
from backend.corpus.drums import with_drums
from backend.corpus.performance import perform
from backend.corpus.plan import PlannedClip, composer_of, work_of
from backend.corpus.recordings import recorded_tempos
from backend.corpus.rubato import rubato_curves
from backend.corpus.synthesis import Hall, synthesise
from backend.corpus.whole_folder import seed_of, whole_folder
from backend.grid.beat_grid import BeatGrid
from backend.score.movement import Movement
from backend.score.movements import read_score
from retarget.rotation import Array

LAYOUT_VERSION: Final = 1
_AFTER_RECORDING: Final = 0.5
_WITH_RUBATO: Final = 0.5
_BEGINS, _ENDS = 0.12, 0.12
_LONGEST_SILENCE_S: Final = 2.0
_TRIES, _FEWEST_BEATS = 8, 4


@dataclass(frozen=True)
class ClipOptions:
    """What is made of every clip.

    Parameters
    ----------
    clip_s : float
        Length in seconds.
    seed : int
    soundfonts : tuple of Path
        One is drawn for each clip.
    held_out_soundfonts : tuple of Path
        For the clips of val and test; the same ones if there are none.
    alignments : Path or None
        Folder of alignment tables; beside the scores if None.
    beat_times : Path or None
        Folder of beat times of real recordings, whose rubato half of the other clips take.
    motion, keep_audio : bool
        Also write the teacher's motion, and the sound.
    drums : float
        Share of the clips that a drum set joins in.
    """

    clip_s: float
    seed: int
    soundfonts: tuple[Path, ...]
    alignments: Path | None
    motion: bool
    keep_audio: bool
    drums: float = 0.0
    held_out_soundfonts: tuple[Path, ...] = ()
    beat_times: Path | None = None

    def soundfonts_of(self, split: str) -> tuple[Path, ...]:
        """Those that clips of a split are played with."""
        return self.soundfonts if split == "train" else self.held_out_soundfonts or self.soundfonts


@lru_cache(maxsize=1)
def _movements(score: Path) -> list[Movement]:
    return read_score(score)


@lru_cache(maxsize=1)
def _rubato(folder: Path) -> list[Array]:
    return rubato_curves(folder)


def make_clip(clip: PlannedClip, options: ClipOptions, corpus: Path) -> dict[str, Any]:
    """Make a clip's folder, whole or not at all, and return what its `meta.json` says.

    Raises
    ------
    ConductorError
        If the score cannot be read, is too short, or FluidSynth fails.
    """
    stream = [options.seed, seed_of(clip.score.name), clip.movement, clip.take]
    rng = np.random.default_rng(stream)
    players = cast(_movements(clip.score)[clip.movement], rng, training=clip.split == "train")
    movement, kind = players.movement, players.kind
    clock, tempo_factors, source = _play(clip, movement, options, rng)
    beats = movement.beats(tempo_factors)
    times = clock.onset(movement.places(beats))
    recording = Recording.draw(rng)
    begin, played_s = _stretch(clock, times, options.clip_s * recording.speed, rng)
    # A stream of its own: the rest of a clip is the same with and without drums.
    drummer = np.random.default_rng([*stream, 1])
    if drummer.random() < options.drums:
        movement, kind = with_drums(movement, tempo_factors, drummer), "drums"
    performance = perform(
        movement, clock, begin, begin + played_s, orchestral=players.orchestral, rng=rng
    )
    hall = Hall(reverb=bool(rng.random() < 0.5), chorus=bool(rng.random() < 0.2), gain=0.35)
    soundfonts = options.soundfonts_of(clip.split)
    soundfont = soundfonts[int(rng.integers(len(soundfonts)))]
    sound = record(synthesise(performance, played_s, soundfont, hall), recording, rng)
    grid = beats.at(times).excerpt(begin, played_s)
    grid = replace(grid, times=grid.times / recording.speed)
    about = {
        "version": LAYOUT_VERSION,
        "work": work_of(clip.score),
        "composer": composer_of(clip.score),
        "kind": kind,
        "score": clip.score.name,
        "movement": clip.movement,
        "take": clip.take,
        "seed": options.seed,
        "begin_s": round(begin, 3),
        "duration_s": round(len(sound) / SAMPLE_RATE, 6),
        "tempo_from": source,
        "tempo_factor": round(float(np.median(tempo_factors)), 4),
        "tempo_bpm": round(grid.tempo, 2),
        "parts": len(movement.parts),
        "programs": sorted({channel.program for channel in performance.channels.values()}),
        "soundfont": soundfont.name,
        "hall": {"reverb": hall.reverb, "chorus": hall.chorus},
        "recording": recording.as_dict(),
    }
    return _write(corpus / clip.folder, sound, grid, about, options)


def _stretch(
    clock: Clock, beats: Array, wanted: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Where the clip begins and how long it is; beginnings and ends are heard often enough."""
    silence = rng.uniform(0.1, _LONGEST_SILENCE_S)
    whole = clock.duration
    if whole <= wanted:
        return -silence, min(whole + 2.0 * silence, wanted)
    place = rng.random()
    if place < _BEGINS:
        return -silence, wanted
    if place > 1.0 - _ENDS:
        return whole + silence - wanted, wanted
    for _ in range(_TRIES):
        begin = float(rng.uniform(0.0, whole - wanted))
        if np.count_nonzero((beats >= begin) & (beats < begin + wanted)) >= _FEWEST_BEATS:
            break
    return begin, wanted


def _play(
    clip: PlannedClip, movement: Movement, options: ClipOptions, rng: np.random.Generator
) -> tuple[Clock, Array, str]:
    """A clock, its tempos as multiples of the written ones, and whose tempo it is."""
    if rng.random() < _AFTER_RECORDING:
        curves = recorded_tempos(clip.score, options.alignments, movement)
        if curves:
            which = int(rng.integers(len(curves)))
            return (*play_after(movement, curves[which], rng), f"recording {which}")
    if options.beat_times is not None and rng.random() < _WITH_RUBATO:
        curves = _rubato(options.beat_times)
        return (*play_freely(movement, rng, curves), "the marks, with a recording's rubato")
    return (*play_freely(movement, rng), "the marks")


def _write(
    target: Path,
    sound: NDArray[np.float32],
    grid: BeatGrid,
    about: dict[str, Any],
    options: ClipOptions,
) -> dict[str, Any]:
    with whole_folder(target) as temporary:
        grid.save(temporary / "beats.txt")
        if options.motion:
            analysis = analyse(sound)
            mel = analysis.mel
            about |= conduct_clip(temporary, grid, analysis, options.seed, int(target.name))
        else:
            mel = mel_spectrogram(sound)
        np.save(temporary / "mel.npy", mel.astype(np.float16))
        if options.keep_audio:
            soundfile.write(temporary / "audio.flac", sound, SAMPLE_RATE)
        about["sha256"] = {path.name: checksum(path) for path in sorted(temporary.iterdir())}
        # Written last: a clip that has it is complete.
        (temporary / "meta.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    return about
