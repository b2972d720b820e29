"""Following a score in a long recording: seconds and memory, beside hearing alone in the same run.

`python -m bench.alignment [--json] [--minutes M]` makes a score and an mp3 that plays it (31
minutes if nothing is said) in a tempo that sways, and finds its beats in processes of their own:
heard without the score, and with the score aligned. It tells for both seconds by the clock, seconds
of processor time, and the most memory; how many times longer the score takes; and the share of
beats that are within 70 ms, which shows that the work was done.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import mido
import numpy as np
import soundfile

from backend.audio.rates import SAMPLE_RATE

_BEAT_S: Final = 0.5
_TICKS: Final = 480
_NEAR_S: Final = 0.07
_CHORDS: Final = ((0, 4, 7), (2, 5, 9), (4, 7, 11), (5, 9, 12), (7, 11, 14), (9, 12, 16))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--minutes", type=float, default=31.0)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(_work(options.work[0], Path(options.work[1]))))
        return
    figures = measure(options.minutes)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<24}{value:10.3f}")


def measure(minutes: float) -> dict[str, float]:
    """Make the piece and find its beats in both ways; see the file's first lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_piece(folder, 60.0 * minutes)
        heard, aligned = (_apart(how, folder) for how in ("heard", "aligned"))
    return {
        "minutes": minutes,
        **{f"heard_{key}": heard[key] for key in ("seconds", "cpu_s", "peak_mb")},
        **{f"aligned_{key}": aligned[key] for key in ("seconds", "cpu_s", "peak_mb")},
        "aligned_over_heard": round(aligned["cpu_s"] / heard["cpu_s"], 3),
        "near": aligned["near"],
    }


def _apart(how: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.alignment", "--work", how, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _work(how: str, folder: Path) -> dict[str, float]:
    """Find the beats in this process, which has done nothing before."""
    from backend.alignment.align import align_score, open_score
    from backend.audio.features import analyse_file
    from backend.beats.hear import hear_beats

    music = folder / "music.mp3"
    begun, spent = time.perf_counter(), time.process_time()
    near = float("nan")
    if how == "heard":
        hear_beats(analyse_file(music))
    else:
        score = open_score(folder / "score.mid")
        analysis = analyse_file(music)
        grid = align_score(
            score, music, analysis, hear=lambda told: hear_beats(analysis, progress=told).grid
        ).grid
        truth = np.load(folder / "beats.npy")
        at = np.clip(np.searchsorted(grid.times, truth), 1, len(grid) - 1)
        away = np.minimum(np.abs(grid.times[at] - truth), np.abs(grid.times[at - 1] - truth))
        near = round(float(np.mean(away < _NEAR_S)), 4)
    return {
        "seconds": round(time.perf_counter() - begun, 2),
        "cpu_s": round(time.process_time() - spent, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "near": near,
    }


def _write_piece(folder: Path, seconds: float) -> None:
    """A score in 4/4, its sound after a second of silence, and the times of its beats."""
    rng = np.random.default_rng(0)
    count = int(seconds / _BEAT_S) // 4 * 4
    pace = _BEAT_S * (1.0 + 0.1 * np.sin(np.arange(count) / 23.0))
    beats = 1.0 + np.r_[0.0, np.cumsum(pace)[:-1]]
    notes: list[tuple[float, float, int]] = []
    for bar in range(count // 4):
        chord = _CHORDS[int(rng.integers(len(_CHORDS)))]
        notes += [(4.0 * bar, 4.0, 48 + chord[0])]
        notes += [(4.0 * bar + at, 2.0, 60 + step) for at in (0.0, 2.0) for step in chord]
        notes += [(4.0 * bar + 0.5 * k, 0.5, 72 + int(rng.choice(chord))) for k in range(8)]
    _write_midi(folder / "score.mid", notes)
    np.save(folder / "beats.npy", beats)
    sound = np.zeros(int((beats[-1] + 3.0) * SAMPLE_RATE), np.float32)
    times = np.interp([at for at, _, _ in notes], np.arange(count), beats)
    for first, (_, lasts, key) in zip((times * SAMPLE_RATE).astype(int), notes, strict=True):
        t = np.arange(int(1.1 * lasts * _BEAT_S * SAMPLE_RATE)) / SAMPLE_RATE
        pitch = 440.0 * 2.0 ** ((key - 69) / 12.0)
        tone = sum(np.sin(2 * np.pi * h * pitch * t) / h for h in (1, 2, 3))
        room = len(sound[first : first + len(t)])
        sound[first : first + len(t)] += (0.05 * tone * np.exp(-3 * t)).astype(np.float32)[:room]
    with soundfile.SoundFile(folder / "music.mp3", "w", SAMPLE_RATE, 1) as file:
        for block in np.array_split(sound, max(len(sound) // SAMPLE_RATE, 1)):
            file.write(block)


def _write_midi(path: Path, notes: list[tuple[float, float, int]]) -> None:
    events = [(on, 1, key) for on, _, key in notes] + [(on + d, 0, key) for on, d, key in notes]
    track, now = mido.MidiTrack(), 0
    for at, begins, key in sorted(events):
        tick = round(at * _TICKS)
        kind = "note_on" if begins else "note_off"
        track.append(mido.Message(kind, note=key, velocity=70, time=tick - now))
        now = tick
    midi = mido.MidiFile(ticks_per_beat=_TICKS)
    midi.tracks.append(track)
    midi.save(path)


if __name__ == "__main__":
    main()
