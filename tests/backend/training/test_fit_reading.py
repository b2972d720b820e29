"""Fitting of the weights by which level and meter are read."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from backend.beats.bar_states import BARS
from backend.beats.reading import FEATURES
from backend.training.reading import Example, fit_reading, save_reading
from retarget.errors import ConductorError


def examples(count: int, seed: int = 0) -> list[Example]:
    """Where pulses and the tempo squared say what is right, the second one wrongly."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        right = np.arange(len(BARS)) == rng.integers(len(BARS))
        values = rng.normal(0.0, 0.1, (len(BARS), len(FEATURES)))
        values[:, FEATURES.index("pulses")] += 2.0 * right
        values[:, FEATURES.index("tempo squared")] += 2.0 * right
        found.append(Example(values, np.zeros(len(BARS)), right, f"work {number}"))
    return found


def test_what_tells_the_right_bars_gains_weight() -> None:
    weights = dict(zip(FEATURES, fit_reading(examples(60)), strict=True))
    assert weights["pulses"] > 1.0
    assert max(abs(weights[name]) for name in ("tempo head", "bar", "3 in a bar")) < 0.5


def test_being_unusual_never_speaks_for_a_tempo() -> None:
    weights = dict(zip(FEATURES, fit_reading(examples(60)), strict=True))
    assert weights["tempo squared"] <= 0.0


def test_a_work_of_many_clips_counts_no_more_than_one_of_few() -> None:
    one, *others = examples(20)
    often = fit_reading([one] * 50 + others)
    np.testing.assert_allclose(often, fit_reading([one, *others]), atol=1e-3)


def test_no_clips_are_one_sentence() -> None:
    with pytest.raises(ConductorError, match="no bars to learn from"):
        fit_reading([])


def test_the_table_holds_every_weight(tmp_path: Path) -> None:
    weights = np.linspace(-1.0, 1.0, len(FEATURES))
    save_reading(weights, tmp_path / "reading.toml")
    table = tomllib.loads((tmp_path / "reading.toml").read_text())["weights"]
    assert [table[name] for name in FEATURES] == pytest.approx(weights.tolist(), abs=1e-4)
