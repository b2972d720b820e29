"""The generator's shapes, and what its frames depend on."""

import numpy as np
import pytest
import torch

from backend.models.amcnet import MEL_FRAMES, AmcConfig
from backend.models.generator import POSE_DIM, ConditioningConfig, Generator, GeneratorConfig
from backend.models.latent import LATENT_DIM, interpolated, kl_divergence, sample_prior
from backend.models.posterior import PosteriorEncoder, reparameterised

SMALL = GeneratorConfig(
    ConditioningConfig(grid_encoding=1, grid_channels=36, style=(("size", 0.5), ("lead", 0.0))),
    music=AmcConfig(front_channels=2, channels=8, features=4, dilations=(1, 2)),
    channels=16,
    dilations=(1, 2, 4),
)


def test_a_frame_depends_on_its_context_alone() -> None:
    torch.manual_seed(0)
    network = Generator(SMALL).eval()
    count = 120
    mel = torch.rand(1, count * MEL_FRAMES, 128) * -80.0
    conditioning = torch.randn(1, count, SMALL.conditioning.channels)
    latent = torch.randn(1, count, LATENT_DIM)
    reach = SMALL.context
    with torch.inference_mode():
        whole = network(mel, conditioning, latent)
        low, high = 40 - reach, 80 + reach
        piece = network(
            mel[:, low * MEL_FRAMES : high * MEL_FRAMES],
            conditioning[:, low:high],
            latent[:, low:high],
        )
    assert whole.shape == (1, count, POSE_DIM)
    torch.testing.assert_close(piece[:, reach : reach + 40], whole[:, 40:80])


@pytest.mark.parametrize("count", [1, 30, 31, 200])
def test_the_latent_is_drawn_for_every_frame_and_flows(count: int) -> None:
    latent = sample_prior(count, torch.Generator().manual_seed(1))
    assert latent.shape == (count, LATENT_DIM)
    if count > 1:
        assert torch.diff(latent, dim=0).abs().max() < 0.3


def test_slow_channels_of_the_latent_stay_and_fast_ones_go() -> None:
    latent = sample_prior(30 * 3000, torch.Generator().manual_seed(2))[::30]
    assert latent.std(dim=0) == pytest.approx(np.ones(LATENT_DIM), abs=0.2)
    now, then = latent[:-1], latent[1:]
    alike = (now * then).mean(dim=0) / (now**2).mean(dim=0)
    assert alike[0] == pytest.approx(np.exp(-1.0), abs=0.08)
    assert alike[-1] == pytest.approx(np.exp(-1.0 / 30.0), abs=0.03)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_divergence_is_that_of_normal_distributions(count: int) -> None:
    torch.manual_seed(3)
    mean, log_variance = torch.randn(2, count, LATENT_DIM), torch.randn(2, count, LATENT_DIM)
    expected = 0.0
    seconds = torch.arange(count).float()
    for channel, pace in enumerate((1, 2, 2, 4, 4, 8, 8, 8, 16, 16, 30, 30)):
        prior = torch.distributions.MultivariateNormal(
            torch.zeros(count), torch.exp(-(seconds[:, None] - seconds).abs() / pace)
        )
        for m, v in zip(mean[..., channel], log_variance[..., channel], strict=True):
            known = torch.distributions.MultivariateNormal(m, torch.diag(v.exp()))
            expected += float(torch.distributions.kl_divergence(known, prior))
    assert float(kl_divergence(mean, log_variance)) == pytest.approx(expected / 2 / count, rel=1e-3)


@pytest.mark.parametrize("count", [1, 30, 31, 165])
def test_the_posterior_gives_a_latent_for_every_frame(count: int) -> None:
    torch.manual_seed(4)
    posterior = PosteriorEncoder(SMALL.conditioning.channels).eval()
    mean, log_variance = posterior(
        torch.randn(2, count, POSE_DIM), torch.randn(2, count, SMALL.conditioning.channels)
    )
    assert mean.shape == log_variance.shape
    assert interpolated(reparameterised(mean, log_variance), count).shape == (2, count, LATENT_DIM)
