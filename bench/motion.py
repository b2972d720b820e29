"""Music file to Motion: seconds, share of each phase and peak memory; decoding alone is the floor.

`python -m bench.motion [--json] [--minutes M] [--beats-model learned|onset]
[--model learned|teacher]` synthesises an mp3 (31 minutes if nothing is said), and in a process of
its own each decodes it, turns it into a Motion, and does the same with a quarter of its length:
memory should grow with the result alone.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any, get_args

from backend.options import BeatsModel, Conductor
from bench.features import write_piece
from bench.memory import peak_mb


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--minutes", type=float, default=31.0)
    parser.add_argument("--beats-model", default="learned", choices=get_args(BeatsModel))
    parser.add_argument("--model", default="learned", choices=get_args(Conductor))
    options = parser.parse_args()
    result = measure(options.minutes, {"beats_model": options.beats_model, "model": options.model})
    if options.json:
        print(json.dumps(result))
        return
    whole = result["seconds"]
    print(f"{result['minutes']:.0f} minutes of mp3 to Motion: {whole:.1f} s", end=", ")
    print(f"peak memory {result['peak_mb']} MB ({result['peak_quarter_mb']} MB for a quarter)")
    for name, seconds in result["phases_s"].items():
        print(f"  {name:<22} {seconds:7.2f} s  {seconds / whole:5.0%}")
    print(f"floor, decoding alone    {result['floor_s']:7.2f} s  ratio {result['ratio']:.2f}")


def measure(minutes: float, models: dict[str, Any]) -> dict[str, Any]:
    """Run everything once; times exclude starting Python and importing."""
    with tempfile.TemporaryDirectory() as folder:
        whole, quarter = Path(folder) / "whole.mp3", Path(folder) / "quarter.mp3"
        write_piece(whole, 60.0 * minutes)
        write_piece(quarter, 15.0 * minutes)
        floor_s, _, _ = _apart(_decode, whole, models)
        seconds, peak, phases = _apart(_conduct, whole, models)
        _, peak_quarter, _ = _apart(_conduct, quarter, models)
    return {
        "minutes": minutes,
        **models,
        "seconds": round(seconds, 2),
        "phases_s": {name: round(value, 2) for name, value in phases.items()},
        "peak_mb": round(peak),
        "peak_quarter_mb": round(peak_quarter),
        "floor_s": round(floor_s, 2),
        "ratio": round(seconds / floor_s, 2),
    }


def _apart(work: Any, path: Path, models: dict[str, Any]) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (path, models))


def _decode(path: Path, _models: dict[str, Any]) -> tuple[float, float, dict[str, float]]:
    from backend.audio.decode import load_audio

    began = time.perf_counter()
    load_audio(path)
    return time.perf_counter() - began, peak_mb(), {}


def _conduct(path: Path, models: dict[str, Any]) -> tuple[float, float, dict[str, float]]:
    from backend.motion_request import MotionRequest, make_motion

    phases: dict[str, float] = {}
    last_name, last_time = "starting", time.perf_counter()

    def report(_fraction: float, phase: str, /) -> None:
        nonlocal last_name, last_time
        now = time.perf_counter()
        phases[last_name] = phases.get(last_name, 0.0) + now - last_time
        last_name, last_time = phase, now

    began = time.perf_counter()
    make_motion(MotionRequest(music=path, **models), report)
    report(1.0, "done")
    return time.perf_counter() - began, peak_mb(), phases


if __name__ == "__main__":
    main()
