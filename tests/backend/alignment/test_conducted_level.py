"""How many beats are conducted goes by the score's mark where it is nearly kept."""

from pathlib import Path

import pytest
from played_scores import bars, write_score

from backend.alignment.conducted_level import tempo_of_bars
from backend.score.movements import read_score
from backend.score.played_bars import beat_places


@pytest.mark.parametrize(("played", "in_bar"), [(132.0, 4), (145.0, 4), (119.0, 4), (165.0, 2)])
def test_four_at_132_stay_four_until_they_are_much_faster(
    tmp_path: Path, played: float, in_bar: int
) -> None:
    (score,) = read_score(write_score(tmp_path / "score.musicxml", bars(12), qpm=132.0))
    tempo = tempo_of_bars(score, [(score, score.starts * 60.0 / played)])
    assert set(beat_places(score.bars, tempo).beats_in_bar.tolist()) == {in_bar}


def test_two_at_144_stay_two_when_they_are_a_little_slower(tmp_path: Path) -> None:
    (score,) = read_score(write_score(tmp_path / "score.musicxml", bars(12), qpm=144.0))
    tempo = tempo_of_bars(score, [(score, score.starts * 60.0 / 134.0)])
    assert set(beat_places(score.bars, tempo).beats_in_bar.tolist()) == {2}
