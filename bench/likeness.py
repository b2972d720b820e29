"""The likeness pass alone: frames per second at 960 x 540, and what preparing a photo takes.

The floor, in the same run: one `cv2.remap` of the picture and one blend over the background per
frame with the same threads, which is what is left if posing, maps, layers and shadow cost nothing.
"""

import argparse
import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.beats.grid import BeatGrid
from backend.demo import demo_file
from backend.style import Style
from backend.teacher import conduct
from pose_transfer.render import likeness_frames
from pose_transfer.subject import read_subject
from retarget import skeleton
from retarget.guide import Guide

SECONDS = 8.0
FPS = 30.0
SIZE = (960, 540)


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
    print(f"{result['frames']} frames of {SIZE[0]} x {SIZE[1]} on {result['threads']} threads")
    print(f"reading the photo       {result['subject_s']:8.2f} s")
    print(f"preparing the layers    {result['prepare_s']:8.2f} s")
    print(f"likeness                {result['frames_per_second']:8.1f} frames/s")
    print(f"floor, remap and blend  {result['floor_frames_per_second']:8.1f} frames/s")
    print(f"times the floor         {result['ratio']:8.2f}")


def measure(photo: Path) -> dict[str, float]:
    """All figures of one run."""
    guide = _guide()
    began = time.monotonic()
    subject = read_subject(photo)
    subject_s = time.monotonic() - began
    began = time.monotonic()
    frames = likeness_frames(guide, subject, size=SIZE)
    prepare_s = time.monotonic() - began
    first = frames[0]
    began = time.monotonic()
    count = sum(1 for _ in frames)
    seconds = time.monotonic() - began
    floor = _floor(first, count)
    return {
        "frames": count,
        "threads": _threads(),
        "subject_s": round(subject_s, 2),
        "prepare_s": round(prepare_s, 2),
        "frames_per_second": round(count / seconds, 1),
        "floor_frames_per_second": round(count / floor, 1),
        "ratio": round(seconds / floor, 2),
    }


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
        size=SIZE,
        positions=positions,
        rotations=rotations,
        rest=skeleton.REST.copy(),
        view=np.tile(view, shape),
        projection=np.tile(projection, shape),
    )


def _floor(picture: NDArray[np.uint8], count: int) -> float:
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    wave = np.sin(rows / 40.0) * 3.0
    weight = np.clip(1.5 - np.abs(columns / SIZE[0] - 0.5) * 4.0, 0.0, 1.0)
    rest = 1.0 - weight
    background = cv2.GaussianBlur(picture, (0, 0), 5.0)

    def frame() -> NDArray:
        warped = cv2.remap(picture, columns + wave, rows, cv2.INTER_LINEAR)
        return cv2.blendLinear(warped, background, weight, rest)

    cv2.setNumThreads(1)
    began = time.monotonic()
    for _ in _in_order(frame, count):
        pass
    return time.monotonic() - began


def _in_order(work: Callable[[], NDArray], count: int) -> Iterator[NDArray]:
    with ThreadPoolExecutor(_threads()) as pool:
        waiting: deque[Future[NDArray]] = deque()
        for _ in range(count):
            waiting.append(pool.submit(work))
            if len(waiting) > 2 * _threads():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _threads() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
