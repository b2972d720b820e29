"""The generator's shapes, and what its frames depend on."""

import numpy as np
import pytest
import torch

from backend.conducting.learned.conditions import CONDITIONS, STYLE_CONDITIONS, conditions_of
from backend.grid.beat_grid import BeatGrid
from backend.models.amcnet import MEL_FRAMES, AmcConfig
from backend.models.generator import VALUES, Generator, GeneratorConfig
from backend.models.noise import NOISE, divergence, draw_noise, lines
from backend.models.recogniser import Recogniser, sampled
from backend.style import Style

SMALL = GeneratorConfig(
    music=AmcConfig(patterns=2, channels=8, features=4, dilations=(1, 2)),
    channels=16,
    dilations=(1, 2, 4),
)


def grid(times: list[float], numbers: list[int], in_bar: int) -> BeatGrid:
    count = len(times)
    return BeatGrid(
        np.array(times),
        np.array(numbers),
        np.full(count, in_bar),
        (f"{in_bar}/4",) * count,
        np.ones(count),
    )


def test_a_frame_depends_on_its_context_alone() -> None:
    torch.manual_seed(0)
    network = Generator(SMALL).eval()
    count = 120
    mel = torch.rand(1, count * MEL_FRAMES, 128) * -80.0
    told = torch.randn(1, count, CONDITIONS)
    noise = torch.randn(1, count, NOISE)
    reach = SMALL.context
    with torch.inference_mode():
        whole = network(mel, told, noise)
        low, high = 40 - reach, 80 + reach
        piece = network(
            mel[:, low * MEL_FRAMES : high * MEL_FRAMES], told[:, low:high], noise[:, low:high]
        )
    assert whole.shape == (1, count, VALUES)
    torch.testing.assert_close(piece[:, reach : reach + 40], whole[:, 40:80])


def test_conditions_say_where_in_beat_and_bar_a_frame_lies() -> None:
    told = conditions_of(grid([1.0, 2.0, 3.0], [1, 2, 1], 2), Style(), 120)
    assert told.shape == (120, CONDITIONS)
    assert np.isfinite(told).all()
    # Inside, half way through the first beat: cosine −1, sine 0.
    assert told[:30, 0].max() == 0.0
    assert told[45, 0] == 1.0
    np.testing.assert_allclose(told[45, 4:6], [-1.0, 0.0], atol=1e-6)
    # The bar repeats after two beats.
    np.testing.assert_allclose(told[31, 8:10], told[89, 8:10] * [1, -1], atol=1e-6)


def test_lead_moves_the_conditions_ahead() -> None:
    beats = grid([1.0, 2.0, 3.0], [1, 2, 1], 2)
    plain, ahead = (conditions_of(beats, Style(lead=lead), 120) for lead in (0.0, 0.2))
    np.testing.assert_allclose(ahead[30:80, :12], plain[36:86, :12], atol=1e-5)


def test_without_beats_there_is_only_the_style() -> None:
    told = conditions_of(grid([], [], 2), Style(size=0.25), 10)
    assert told.shape == (10, CONDITIONS)
    assert told[:, :-11].max() == 0.0
    assert told[0, -11] == pytest.approx(0.25)


def test_the_face_is_no_condition_of_the_body() -> None:
    """The shipped weights are told these values in this order."""
    assert (
        *("size", "sharpness", "articulation", "subdivision", "rebound", "plane_height"),
        *("expression", "left_hand", "sway", "weight", "lead"),
    ) == STYLE_CONDITIONS
    told = [conditions_of(grid([1.0], [1], 2), Style(face=face), 40) for face in (0.0, 1.0)]
    np.testing.assert_array_equal(*told)


@pytest.mark.parametrize("count", [1, 30, 31, 200])
def test_noise_is_drawn_for_every_frame_and_flows(count: int) -> None:
    noise = draw_noise(count, torch.Generator().manual_seed(1))
    assert noise.shape == (count, NOISE)
    if count > 1:
        assert torch.diff(noise, dim=0).abs().max() < 0.3


def test_slow_channels_of_the_noise_stay_and_fast_ones_go() -> None:
    noise = draw_noise(30 * 3000, torch.Generator().manual_seed(2))[::30]
    assert noise.std(dim=0) == pytest.approx(np.ones(NOISE), abs=0.2)
    now, then = noise[:-1], noise[1:]
    alike = (now * then).mean(dim=0) / (now**2).mean(dim=0)
    assert alike[0] == pytest.approx(np.exp(-1.0), abs=0.08)
    assert alike[-1] == pytest.approx(np.exp(-1.0 / 30.0), abs=0.03)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_divergence_is_that_of_normal_distributions(count: int) -> None:
    torch.manual_seed(3)
    mean, log_variance = torch.randn(2, count, NOISE), torch.randn(2, count, NOISE)
    expected = 0.0
    seconds = torch.arange(count).float()
    for channel, pace in enumerate((1, 2, 2, 4, 4, 8, 8, 8, 16, 16, 30, 30)):
        noise = torch.distributions.MultivariateNormal(
            torch.zeros(count), torch.exp(-(seconds[:, None] - seconds).abs() / pace)
        )
        for m, v in zip(mean[..., channel], log_variance[..., channel], strict=True):
            known = torch.distributions.MultivariateNormal(m, torch.diag(v.exp()))
            expected += float(torch.distributions.kl_divergence(known, noise))
    assert float(divergence(mean, log_variance)) == pytest.approx(expected / 2 / count, rel=1e-3)


@pytest.mark.parametrize("count", [1, 30, 31, 165])
def test_what_is_recognised_is_noise_for_every_frame(count: int) -> None:
    torch.manual_seed(4)
    recogniser = Recogniser().eval()
    mean, log_variance = recogniser(
        torch.randn(2, count, VALUES), torch.randn(2, count, CONDITIONS)
    )
    assert mean.shape == log_variance.shape
    assert lines(sampled(mean, log_variance), count).shape == (2, count, NOISE)
