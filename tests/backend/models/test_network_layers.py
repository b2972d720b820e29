"""Parts of networks: what is faster in use gives what training computes."""

import pytest
import torch

from backend.models.layers import Residual, level_and_rise, moving_average, over_bands, through


def layers(channels: int, dilations: tuple[int, ...]) -> list[Residual]:
    """Layers as they are after training: with statistics and weights of any size."""
    torch.manual_seed(7)
    made = [Residual(channels, dilation, 0.1).eval() for dilation in dilations]
    for layer in made:
        layer.norm.running_mean.normal_()
        layer.norm.running_var.uniform_(0.5, 2.0)
        torch.nn.init.normal_(layer.norm.weight)
        torch.nn.init.normal_(layer.norm.bias)
    return made


@pytest.mark.parametrize("frames", [1, 5, 200])
def test_layers_in_use_give_what_they_give_in_training(frames: int) -> None:
    made = layers(16, (1, 4, 32))
    x = torch.randn(1, 16, frames)
    with torch.no_grad():
        expected = through(made, x)
    with torch.inference_mode():
        found = through(made, x)
    assert found.shape == x.shape
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_several_pieces_at_once_do_not_mix() -> None:
    made = layers(16, (1, 4))
    x = torch.randn(3, 16, 50)
    with torch.inference_mode():
        together = through(made, x)
        for i in range(3):
            torch.testing.assert_close(
                through(made, x[i : i + 1])[0], together[i], rtol=1e-4, atol=1e-4
            )


def test_a_product_over_bands_is_the_convolution() -> None:
    torch.manual_seed(1)
    layer = torch.nn.Conv1d(3 * 5, 7, 1)
    x = torch.randn(2, 3, 11, 5).to(memory_format=torch.channels_last)
    expected = layer(x.transpose(2, 3).flatten(1, 2)).transpose(1, 2)
    torch.testing.assert_close(over_bands(layer, x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reach", [0, 2, 30])
def test_an_average_reaches_as_far_as_there_are_frames(reach: int) -> None:
    x = torch.randn(2, 3, 20)
    expected = torch.stack(
        [x[..., max(i - reach, 0) : i + reach + 1].mean(-1) for i in range(20)], dim=-1
    )
    torch.testing.assert_close(moving_average(x, reach), expected)


def test_level_and_rise_of_a_sound_that_sets_in() -> None:
    mel = torch.full((1, 6, 4), -80.0)
    mel[0, 3:, 1] = -40.0
    level, rise = level_and_rise(mel, 2)[0]
    assert level[:, 0].tolist() == [-1.0, -1.0, -1.0]
    assert level[:, 1].tolist() == [-1.0, -0.5, 0.0]
    assert rise[:, 1].tolist() == [0.0, 2.0, 0.0]
    assert (rise >= 0.0).all()
    assert not rise[:, 0].any()
