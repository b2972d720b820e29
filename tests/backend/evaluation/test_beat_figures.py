"""Figures of beat trackers over groups of clips."""

import json
from pathlib import Path

import librosa
import numpy as np
import pytest
from typer.testing import CliRunner

from backend.audio.analysis import Analysis
from backend.audio.features import analyse
from backend.audio.rates import HOP, SAMPLE_RATE
from backend.cli import app
from backend.corpus.dataset import Clip
from backend.evaluation.beats import WORKS_ALIKE, evaluate_beats, librosa_beats
from backend.grid.beat_grid import BeatGrid


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


def test_the_octave_is_right_where_the_median_tempo_is(tmp_path: Path) -> None:
    clips = [write_clip(tmp_path / str(i), "long", 4) for i in range(3)]
    clips.append(write_clip(tmp_path / "3", "short", 4))
    tempi = iter([125.0, 118.0, 60.0, 240.0])

    def at_some_tempo(analysis: Analysis, meter: str | None) -> BeatGrid:
        return grid(4, next(tempi))

    rows = {row.group: row for row in evaluate_beats(clips, {"some": at_some_tempo})}
    assert rows["all"].values["octave"] == pytest.approx(0.5)
    assert rows[WORKS_ALIKE].values["octave"] == pytest.approx(0.5)


def test_figures_stand_by_bar_meter_kind_and_soundfont(tmp_path: Path) -> None:
    clips = [write_clip(tmp_path / str(bar), "work", bar) for bar in (3, 4)]
    about = {"work": "work", "kind": "drums", "soundfont": "Some.sf2"}
    (clips[0].folder / "meta.json").write_text(json.dumps(about))
    groups = {row.group: row.clips for row in evaluate_beats(clips, {"four": lambda *_: grid(4)})}
    assert groups == {
        "all": 2,
        WORKS_ALIKE: 2,
        "3 in a bar": 1,
        "4 in a bar": 1,
        "3/4": 1,
        "4/4": 1,
        "drums": 1,
        "quartet": 1,
        "Some.sf2": 1,
    }


def test_another_program_s_beats_stand_beside_ours(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "0", "work", 4)
    (clip.folder / "beats_other.txt").write_text("0.5 1\n1.5 2\n2.5 3\n3.5 4\n4.5 1\n")
    rows = evaluate_beats([clip], {"four": lambda *_: grid(4)}, tables=["other"])
    octave = {row.tracker: row.values["octave"] for row in rows if row.group == "all"}
    assert octave == {"four": 1.0, "other": 0.0}


def test_beats_without_bars_are_told_no_downbeats(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "0", "work", 4)

    def times(analysis: Analysis, meter: str | None) -> np.ndarray:
        return grid(4).times

    values = evaluate_beats([clip], {"times": times})[0].values
    assert values["F"] == values["CMLt"] == pytest.approx(1.0)
    assert np.isnan(values["downbeat F"])
    assert np.isnan(values["meter"])


def test_librosa_s_tracker_is_librosa_s_own() -> None:
    sound = np.zeros(22 * SAMPLE_RATE, np.float32)
    rng = np.random.default_rng(0)
    for at in (grid(4, 110.0).times * SAMPLE_RATE).astype(int):
        sound[at : at + 400] = np.hanning(400) * rng.standard_normal(400)
    _, frames = librosa.beat.beat_track(y=sound, sr=SAMPLE_RATE, hop_length=HOP)
    times = librosa.frames_to_time(frames, sr=SAMPLE_RATE, hop_length=HOP)
    found = librosa_beats(analyse(sound))
    assert len(times) > 15
    np.testing.assert_allclose(found, times, atol=1e-6)


def test_the_command_names_the_trackers_and_writes_no_figure_for_what_is_not_told(
    tmp_path: Path,
) -> None:
    write_clip(tmp_path / "test" / "0", "work", 4)
    report = tmp_path / "beats.json"
    result = CliRunner().invoke(app, ["evaluate", "beats", str(tmp_path), "-o", str(report)])
    assert result.exit_code == 0, result.output
    rows = {row["tracker"]: row["values"] for row in json.loads(report.read_text())}
    assert list(rows) == ["network", "onset", "librosa"]
    assert rows["librosa"]["downbeat F"] is rows["librosa"]["meter"] is None
    assert rows["onset"]["meter"] is not None
