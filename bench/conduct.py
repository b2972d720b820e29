"""The whole way for 30 seconds of music at 960 x 540: seconds per phase and peak memory.

The floor, in the same run: writing as many ready-made frames of that size as PNG and as H.264,
which is what is left if motion, rendering and warping cost nothing.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import soundfile

from backend.demo import demo_file
from backend.video import Footage, encode

SECONDS = 30.0
FPS = 30.0
SIZE = (960, 540)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(Path(scratch))
    if arguments.json:
        print(json.dumps(result))
        return
    for name, seconds in result["phases_s"].items():
        print(f"{name:<20} {seconds:8.1f} s")
    print(f"{'all':<20} {result['total_s']:8.1f} s  peak memory {result['peak_memory_mb']} MB")
    print(f"{'floor':<20} {result['floor_s']:8.1f} s  ratio {result['ratio']:.1f}")


def measure(folder: Path) -> dict:
    """Run the command and the floor in `folder`."""
    sound, rate = soundfile.read(demo_file("ode_to_joy.ogg"))
    music = folder / "music.flac"
    repeats = int(np.ceil(SECONDS * rate / len(sound)))
    soundfile.write(music, np.tile(sound, (repeats, 1))[: int(SECONDS * rate)], rate)
    out = folder / "out"
    command = [sys.executable, "-m", "backend", "conduct", str(music), "-o", str(out)]
    command += ["--photo", str(demo_file("photo.png")), "--size", f"{SIZE[0]}x{SIZE[1]}"]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = _peak_memory(process)
    total = time.monotonic() - began
    if process.returncode:
        raise SystemExit(f"conduct ended with code {process.returncode}")
    phases = json.loads((out / "report.json").read_text())["timings_s"]
    floor = _floor(folder)
    return {
        "seconds_of_music": SECONDS,
        "size": SIZE,
        "fps": FPS,
        "phases_s": phases,
        "total_s": round(total, 1),
        "peak_memory_mb": round(peak / 1e6),
        "floor_s": round(floor, 1),
        "ratio": round(total / floor, 2),
    }


def _peak_memory(process: subprocess.Popen) -> int:
    """Highest sum of the proportional memory of the process and its children, bytes."""
    peak = 0
    parent = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            family = [parent, *parent.children(recursive=True)]
            peak = max(peak, sum(member.memory_full_info().pss for member in family))
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.5)
    return peak


def _floor(folder: Path) -> float:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (27, 48, 3), dtype=np.uint8)
    frame = cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC)
    count = int(SECONDS * FPS)
    began = time.monotonic()
    for _ in range(count):
        cv2.imwrite(str(folder / "frame.png"), frame)
    encode(Footage([frame] * count, FPS, SIZE, count), folder / "floor.mp4")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
