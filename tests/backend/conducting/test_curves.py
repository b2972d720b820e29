"""Curves that the rules are made of."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from backend.conducting.rules.curves import smoothed


@pytest.mark.parametrize("count", [1, 5, 4000])
@pytest.mark.parametrize("deviation", [0.7, 18.0, 99.0])
def test_smoothing_is_a_gaussian_s_whose_ends_go_on(count: int, deviation: float) -> None:
    values = np.random.default_rng(count).random(count)
    theirs = gaussian_filter1d(values, deviation, mode="nearest")
    np.testing.assert_allclose(smoothed(values, deviation), theirs, atol=1e-12)


def test_smoothing_leaves_what_is_even_exactly_as_it_is() -> None:
    assert np.array_equal(smoothed(np.zeros(500), 20.0), np.zeros(500))
    assert np.array_equal(smoothed(np.full(500, 0.7), 20.0), np.full(500, 0.7))
