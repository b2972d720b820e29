"""Beat tables as people edit them, and as nobody should."""

from pathlib import Path

import numpy as np
import pytest

from backend.grid.beat_grid import BeatGrid
from retarget.errors import ConductorError


def test_columns_may_be_left_out_and_are_counted(tmp_path: Path) -> None:
    (tmp_path / "beats.txt").write_text("# mine\n0.5 3\n1.0 1\n1.5, 2\n2.0\t3\n2.5 1\n")
    grid = BeatGrid.load(tmp_path / "beats.txt")
    np.testing.assert_array_equal(grid.times, [0.5, 1.0, 1.5, 2.0, 2.5])
    np.testing.assert_array_equal(grid.beats_in_bar, 3)
    assert set(grid.meters) == {"3/4"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("0 1\n5e-324 2\n1 3\n", "less than 0.02 s after"),
        ("0 1\n0.001 2\n", "less than 0.02 s after"),
        ("1 1\n0.5 2\n", "does not come after"),
        ("1e300 1\n", "out of range"),
        ("nan 1\n", "out of range"),
        ("0 1 4 4/4 nan\n", "out of range"),
        ("0 " + "1" * 5000, "not a beat"),
        ("0 1 4 4/7\n", "not a meter"),
        ("0 1 4 4/" + "9" * 5000, "^'4/999999999999999999…' is not a meter"),
        ("# nothing\n", "holds no beats"),
        ("# " + "long" * (5 << 20), "too large"),
    ],
)
def test_what_nobody_can_conduct_is_refused_in_one_sentence(
    tmp_path: Path, table: str, words: str
) -> None:
    (tmp_path / "beats.txt").write_text(table)
    with pytest.raises(ConductorError, match=words):
        BeatGrid.load(tmp_path / "beats.txt")
