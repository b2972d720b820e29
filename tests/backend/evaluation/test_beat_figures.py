"""Figures of beat trackers over groups of clips."""

import json
from pathlib import Path

import numpy as np
import pytest

from backend.audio.analysis import Analysis
from backend.beats.grid import BeatGrid
from backend.corpus.dataset import Clip
from backend.evaluation.beats import WORKS_ALIKE, evaluate_beats


def grid(bar: int, bpm: float = 120.0) -> BeatGrid:
    count = 24
    return BeatGrid(
        0.5 + np.arange(count) * 60.0 / bpm,
        np.arange(count) % bar + 1,
        np.full(count, bar),
        (f"{bar}/4",) * count,
        np.ones(count),
    )


def write_clip(folder: Path, work: str, bar: int) -> Clip:
    folder.mkdir(parents=True)
    grid(bar).save(folder / "beats.txt")
    np.save(folder / "mel.npy", np.full((1300, 128), -60.0, np.float16))
    (folder / "meta.json").write_text(json.dumps({"work": work, "kind": "quartet"}))
    return Clip(folder)


def test_a_long_work_counts_no_more_than_a_short_one(tmp_path: Path) -> None:
    clips = [write_clip(tmp_path / str(i), "long", 3) for i in range(3)]
    clips.append(write_clip(tmp_path / "3", "short", 4))

    def in_three(analysis: Analysis, meter: str | None) -> BeatGrid:
        return grid(3)

    rows = {row.group: row for row in evaluate_beats(clips, {"three": in_three})}
    assert rows["all"].values["meter"] == pytest.approx(0.75)
    assert rows[WORKS_ALIKE].values["meter"] == pytest.approx(0.5)
    assert rows["3 in a bar"].clips == 3
    assert rows["4 in a bar"].values["F"] == pytest.approx(1.0)
    assert rows["4 in a bar"].values["meter"] == 0.0
