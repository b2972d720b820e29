"""The likeness of eight seconds: frames per second with their encoding.

At 720p and 512 x 512 in the photo's clothes, and at 720p in concert dress, the finest of meshes.

The peer, in the same run: decoding and encoding the very same frames alone, which is what any video
program does with them and all that is left if drawing costs nothing.
"""

import argparse
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from backend.conducting.rules import conduct
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from backend.video import Footage, encode
from bench.memory import peak_mb
from pose_transfer.likeness import character_from_photo, likeness_frames
from retarget import skeleton
from retarget.character import Character
from retarget.guide import Guide

SECONDS = 8.0
FPS = 30.0
SIZES = {"720p": (1280, 720), "512": (512, 512), "720p_concert": (1280, 720)}
OWN_CLOTHES = ("720p", "512")
# Frames that are kept to be encoded again, there and back, so that memory stays small.
KEPT = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--photo", type=Path, default=demo_file("photo.png"))
    arguments = parser.parse_args()
    result = measure(arguments.photo)
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{result['frames']} frames, {result['cores']} cores, {result['load']} processes busy")
    print(f"preparing the photo   {result['prepare_s']:8.2f} s")
    print(f"peak memory           {result['peak_mb']:8d} MB")
    for name in SIZES:
        print(f"{name:<12} likeness        {result[f'fps_{name}']:8.1f} frames/s, with encoding")
        print(f"{name:<12} on all cores    {result[f'cpu_ms_{name}']:8.1f} ms for each frame")
        print(f"{name:<12} decoding alone  {result[f'decode_fps_{name}']:8.1f} frames/s")
        print(f"{name:<12} encoding alone  {result[f'encode_fps_{name}']:8.1f} frames/s")
        print(f"{name:<12} times encoding  {result[f'ratio_{name}']:8.2f}")


def measure(photo: Path) -> dict[str, float]:
    """All figures of one run."""
    guide = _guide()
    began = time.monotonic()
    character = character_from_photo(photo)
    prepare_s = time.monotonic() - began
    result: dict[str, float] = {
        "frames": len(guide),
        "cores": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 1),
        "prepare_s": round(prepare_s, 2),
    }
    with tempfile.TemporaryDirectory() as scratch:
        videos = {name: Path(scratch) / f"{name}.mp4" for name in SIZES}
        for name in OWN_CLOTHES:
            result |= _likeness(guide, character, name, videos[name])
        # Of one character, prepared and drawn.
        result["peak_mb"] = round(peak_mb())
        concert = character_from_photo(photo, dress="concert")
        for name in SIZES.keys() - OWN_CLOTHES:
            result |= _likeness(guide, concert, name, videos[name])
        for name, video in videos.items():
            size, again = SIZES[name], video.with_stem("again")
            result[f"decode_fps_{name}"] = _decode(video)
            result[f"encode_fps_{name}"] = _encode(video, size, len(guide), again)
            ratio = result[f"encode_fps_{name}"] / result[f"fps_{name}"]
            result[f"ratio_{name}"] = round(ratio, 2)
    return result


def _likeness(guide: Guide, character: Character, name: str, out: Path) -> dict[str, float]:
    """Frames per second, and processor time for each, which a busy machine changes less."""
    size = SIZES[name]
    frames = likeness_frames(guide, character, size=size)
    began, busy = time.monotonic(), time.process_time()
    encode(Footage(frames, FPS, size, len(frames)), out)
    passed, busy = time.monotonic() - began, time.process_time() - busy
    return {
        f"fps_{name}": round(len(frames) / passed, 1),
        f"cpu_ms_{name}": round(1e3 * busy / len(frames), 1),
    }


def _decode(video: Path) -> float:
    began = time.monotonic()
    count = sum(1 for _ in _decoded(video))
    return round(count / (time.monotonic() - began), 1)


def _encode(video: Path, size: tuple[int, int], count: int, out: Path) -> float:
    kept = list(itertools.islice(_decoded(video), KEPT))
    there_and_back = itertools.cycle([*kept, *kept[-2:0:-1]])
    began = time.monotonic()
    encode(Footage(itertools.islice(there_and_back, count), FPS, size, count), out)
    return round(count / (time.monotonic() - began), 1)


def _decoded(video: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def _guide() -> Guide:
    """Four-four at 96 beats a minute by the teacher, seen from the front."""
    beats = np.arange(0.8, SECONDS - 0.4, 60.0 / 96.0)
    count = len(beats)
    grid = BeatGrid(
        beats, np.arange(count) % 4 + 1, np.full(count, 4), ("4/4",) * count, np.ones(count)
    )
    loudness = np.full(int(SECONDS * 90), 0.6)
    motion = conduct(grid, duration=SECONDS, loudness=loudness, style=Style(), seed=0, fps=FPS)
    positions, rotations = motion.world()
    view = np.array([[1.0, 0, 0, 0], [0, 0, 1, -1.3], [0, -1, 0, -4], [0, 0, 0, 1]])
    projection = np.array([[2.1, 0, 0, 0], [0, 3.7, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]])
    shape = (len(motion), 1, 1)
    return Guide(
        fps=FPS,
        size=SIZES["720p"],
        positions=positions,
        rotations=rotations,
        rest=skeleton.REST.copy(),
        view=np.tile(view, shape),
        projection=np.tile(projection, shape),
    )


if __name__ == "__main__":
    main()
