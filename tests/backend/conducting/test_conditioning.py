"""What the generator is told besides the music, and that old weights are told what they know."""

from dataclasses import replace

import numpy as np
import pytest

from backend.conducting.learned.conditioning import (
    STYLE_CONDITIONS,
    encode_conditioning,
    latest_conditioning,
)
from backend.conducting.learned.grid_encoding import GRID_ENCODINGS
from backend.grid.beat_grid import BeatGrid
from backend.models.checkpoint import shipped
from backend.models.generator import ConditioningConfig, load_generator
from backend.style import Style
from retarget.errors import ConductorError

FIRST = ConditioningConfig(1, 36, (("size", 0.5), ("sway", 0.4), ("lead", 0.0)))


def grid(times: list[float], numbers: list[int], in_bar: int, meter: str = "") -> BeatGrid:
    count = len(times)
    return BeatGrid(
        np.array(times),
        np.array(numbers),
        np.full(count, in_bar),
        (meter or f"{in_bar}/4",) * count,
        np.ones(count),
    )


def bars(in_bar: int, meter: str) -> BeatGrid:
    """Three bars, a beat a second."""
    numbers = np.arange(3 * in_bar) % in_bar + 1
    return grid(np.arange(3.0 * in_bar).tolist(), numbers.tolist(), in_bar, meter)


@pytest.mark.parametrize("config", [FIRST, latest_conditioning()])
def test_it_says_where_in_beat_and_bar_a_frame_lies(config: ConditioningConfig) -> None:
    told = encode_conditioning(grid([1.0, 2.0, 3.0], [1, 2, 1], 2), Style(), 120, config)
    assert told.shape == (120, config.channels)
    assert np.isfinite(told).all()
    # Inside, half way through the first beat: cosine −1, sine 0.
    assert told[:30, 0].max() == 0.0
    assert told[45, 0] == 1.0
    np.testing.assert_allclose(told[45, 4:6], [-1.0, 0.0], atol=1e-6)
    # The bar repeats after two beats.
    np.testing.assert_allclose(told[31, 8:10], told[89, 8:10] * [1, -1], atol=1e-6)


def test_lead_moves_it_ahead() -> None:
    beats = grid([1.0, 2.0, 3.0], [1, 2, 1], 2)
    plain, ahead = (encode_conditioning(beats, Style(lead=lead), 120, FIRST) for lead in (0.0, 0.2))
    np.testing.assert_allclose(ahead[30:80, :12], plain[36:86, :12], atol=1e-5)
    assert ahead[0, -1] == pytest.approx(2.0 / 3.0)


def test_without_beats_there_is_only_the_style() -> None:
    told = encode_conditioning(BeatGrid.empty(), Style(size=0.25), 10, FIRST)
    assert told.shape == (10, FIRST.channels)
    assert told[:, :-3].max() == 0.0
    assert told[0, -3] == pytest.approx(0.25)


def test_the_face_is_not_told_to_the_body() -> None:
    config = latest_conditioning()
    assert [name for name, _ in config.style] == list(STYLE_CONDITIONS)
    told = [
        encode_conditioning(grid([1.0], [1], 2), Style(face=face), 40, config)
        for face in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(*told)


def test_a_style_value_that_weights_do_not_know_is_not_told_to_them() -> None:
    beats = grid([1.0, 2.0], [1, 2], 2)
    plain, other = (
        encode_conditioning(beats, Style(rebound=rebound), 60, FIRST) for rebound in (0.2, 0.9)
    )
    np.testing.assert_array_equal(plain, other)


def test_a_style_value_that_is_gone_takes_its_default() -> None:
    config = replace(FIRST, style=(("swing", 0.7), *FIRST.style))
    told = encode_conditioning(grid([1.0, 2.0], [1, 2], 2), Style(size=0.1), 60, config)
    np.testing.assert_allclose(told[:, 36:38], [[0.7, 0.1]] * 60, rtol=1e-6)


def test_beats_that_are_told_in_an_unknown_way_are_named() -> None:
    for config in (replace(FIRST, grid_encoding=99), replace(FIRST, grid_channels=35)):
        with pytest.raises(ConductorError, match="install the version that it was trained with"):
            encode_conditioning(BeatGrid.empty(), Style(), 10, config)


def test_the_shipped_generator_names_what_it_is_told() -> None:
    config = load_generator(shipped("generator")).config.conditioning
    assert config.grid_channels == GRID_ENCODINGS[config.grid_encoding].channels
    assert dict(config.style).keys() <= Style().as_dict().keys()


@pytest.mark.parametrize(("in_bar", "meters"), [(5, ("2+3/8", "3+2/8")), (7, ("3+4/8", "4+3/8"))])
def test_groups_of_a_bar_are_told_apart(in_bar: int, meters: tuple[str, str]) -> None:
    config = latest_conditioning()
    told = [encode_conditioning(bars(in_bar, meter), Style(), 240, config) for meter in meters]
    assert (np.abs(told[0] - told[1]).max(axis=1)[15 : 30 * in_bar] > 0.5).mean() > 0.9
    # The first version knew no groups.
    old = [encode_conditioning(bars(in_bar, meter), Style(), 240, FIRST) for meter in meters]
    np.testing.assert_array_equal(*old)


def test_unequal_beats_are_told_before_they_come() -> None:
    config = latest_conditioning()
    short, long = (
        encode_conditioning(bars(2, meter), Style(), 20, config) for meter in ("2+3/8", "3+2/8")
    )
    apart = np.flatnonzero(np.abs(short - long).max(axis=0) > 0.1)
    assert len(apart) > 0
    assert (apart >= FIRST.grid_channels).all()
