"""Which movements are played how often."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from small_scores import quartet

from backend.corpus.balance import balanced
from backend.corpus.plan import plan_clips, work_of
from backend.corpus.survey import Surveyed, survey
from retarget.errors import Cancelled


def movement(name: str, **values: object) -> Surveyed:
    given = {"movement": 0, "seconds": 120.0, "beats_in_bar": 4, "tempo": 80.0, "marked": True}
    return Surveyed(Path(name), **(given | values))  # type: ignore[arg-type]


def shares(movements: list[Surveyed], **wanted: object) -> float:
    """The share of the clips that movements of some kind have."""
    weights = balanced(movements)
    chosen = [all(getattr(m, k) == v for k, v in wanted.items()) for m in movements]
    return float(weights[chosen].sum())


def test_a_score_is_surveyed_once(tmp_path: Path) -> None:
    score = quartet(tmp_path / "Somebody_Op.1_1.musicxml", 24, 96.0)
    broken = tmp_path / "Somebody_Op.2_1.musicxml"
    broken.write_text("no score")
    short = quartet(tmp_path / "Somebody_Op.3_1.musicxml", 2)
    kept = tmp_path / "survey.json"
    movements, faults = survey([score, broken, short], kept, 1)
    assert movements == [Surveyed(score, 0, 60.0, 4, 96.0, marked=True)]
    assert set(faults) == {broken.name, short.name}
    assert "shorter than a clip" in faults[short.name]
    kept.write_text(kept.read_text().replace("96.0", "97.0"))
    assert survey([score, broken, short], kept, 1)[0][0].tempo == 97.0


def test_a_survey_that_is_broken_off_goes_on(tmp_path: Path) -> None:
    scores = [quartet(tmp_path / f"Somebody_Op.{i}_1.musicxml") for i in range(3)]

    def stop(fraction: float, phase: str) -> None:
        if fraction > 0.0:
            raise Cancelled

    kept = tmp_path / "survey.json"
    with pytest.raises(Cancelled):
        survey(scores, kept, 1, stop)
    assert len(json.loads(kept.read_text())) == 2
    assert [m.score for m in survey(scores, kept, 1)[0]] == scores


def test_a_score_without_a_tempo_mark_is_known(tmp_path: Path) -> None:
    score = quartet(tmp_path / "Somebody_Op.1_1.musicxml")
    score.write_text(score.read_text().replace('<sound tempo="100.0"/>', ""))
    (found,), _ = survey([score], tmp_path / "survey.json", 1)
    assert not found.marked
    assert shares([found, movement("Other_Op.1_1.mxl")], marked=False) == 0.0
    assert balanced([found]) == pytest.approx([1.0])


def test_no_work_has_a_tenth_of_the_clips() -> None:
    songs = [movement(f"songs/Composer_{i}__Song__lc{i}.mxl") for i in range(60)]
    symphony = [
        movement(f"orchestra/Composer_Op.9_{i}.mxl", seconds=900.0, movement=i) for i in range(4)
    ]
    weights = balanced(songs + symphony)
    assert weights[60:].sum() < 0.05
    assert weights[60:].sum() > 2.0 * weights[0]


def test_beats_in_a_bar_and_tempi_are_balanced() -> None:
    rng = np.random.default_rng(0)
    common = [movement(f"Many_Op.{i}_1.mxl", tempo=rng.uniform(100, 125)) for i in range(160)]
    slow = [movement(f"Slow_Op.{i}_1.mxl", tempo=rng.uniform(40, 60)) for i in range(40)]
    rare = [
        movement(f"Rare_Op.{i}_1.mxl", beats_in_bar=6, tempo=rng.uniform(100, 125))
        for i in range(20)
    ]
    every = [*common, *slow, *rare]
    weights = balanced(every)
    tempi = np.array([m.tempo for m in every])
    assert weights.sum() == pytest.approx(1.0)
    assert 0.35 < weights[tempi < 70].sum() < 0.7
    assert shares(every, beats_in_bar=6) > 1.8 * 20 / 220


def test_a_longer_plan_begins_with_the_shorter_one() -> None:
    movements = [
        movement("Composer_Op.1_1.mxl", seconds=40.0),
        movement("Composer_Op.1_2.mxl", seconds=400.0, movement=1),
        movement("Composer_Op.2_1.mxl"),
    ]
    weights = np.array([0.2, 0.5, 0.3])
    long, short = (plan_clips(movements, weights, 60.0, hours) for hours in (1.0, 0.5))
    assert len(long) == 60
    assert long[:30] == short
    assert Counter(clip.score.name for clip in long) == {
        "Composer_Op.1_1.mxl": 12,
        "Composer_Op.1_2.mxl": 30,
        "Composer_Op.2_1.mxl": 18,
    }
    assert len({(clip.score, clip.movement, clip.take) for clip in long}) == 60
    for work in ("Composer_Op.1", "Composer_Op.2"):
        assert len({clip.split for clip in long if work_of(clip.score) == work}) == 1
