"""Parts that several networks are made of."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad, relu
from torch.nn.utils.fusion import fuse_conv_bn_weights


class Residual(nn.Module):
    """A dilated convolution, mixed and added to what came in."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.dilated = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout1d(dropout)
        self.pointwise = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.pointwise(self.dropout(relu(self.norm(self.dilated(x)))))
        return x + inner

    def use(self, x: Tensor) -> Tensor:
        """What `forward` gives for one piece when nothing is learned, but for rounding.

        Three products of matrices, with the batch norm in their weights, are on one core up to
        twice as fast as the convolution.

        Parameters
        ----------
        x : (T, C) tensor
        """
        norm, outer = self.norm, self.pointwise
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert outer.bias is not None
        weight, bias = fuse_conv_bn_weights(
            self.dilated.weight,
            self.dilated.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        before, here, after = (tap.t() for tap in weight.unbind(2))
        around = pad(x, (0, 0, self.dilation, self.dilation))
        inner = torch.addmm(bias, x, here)
        inner.addmm_(around[: len(x)], before)
        inner.addmm_(around[2 * self.dilation :], after).relu_()
        return torch.addmm(x, inner, outer.weight[:, :, 0].t()).add_(outer.bias)


def through(layers: Iterable[Any], x: Tensor) -> Tensor:
    """What comes out of residual layers one after the other, (B, C, T), as what goes in."""
    if len(x) > 1 or not torch.is_inference_mode_enabled():
        for layer in layers:
            x = layer(x)
        return x
    rows = x[0].t().contiguous()
    for layer in layers:
        rows = layer.use(rows)
    return rows.t()[None]


def over_bands(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """A convolution of one frame's width over all bands at once, (B, T, F).

    Parameters
    ----------
    layer : Conv1d
        Of C · M channels, the bands of each of C channels in turn.
    x : (B, C, T, M) tensor
        Stored with the channels last.
    """
    # A matrix product over the bands as they lie: a convolution would have them all moved.
    weight = torch.unflatten(layer.weight, 1, (x.shape[1], -1))
    return linear(x.movedim(1, 3).flatten(2), weight.movedim(1, 2).flatten(1), layer.bias)


def level_and_rise(mel: Tensor, pool: int) -> Tensor:
    """Level and rise of each band of a mel spectrogram, about unit size.

    Parameters
    ----------
    mel : (B, N, M) tensor
        dB below the loudest bin, −80 to 0.
    pool : int
        Frames that become one.

    Returns
    -------
    (B, 2, N // pool, M) tensor
        Stored with the channels last, which is five times as fast in a convolution on a CPU.
    """
    count = mel.shape[1] // pool
    bands = (mel[:, : count * pool] / 40.0).add_(1.0)
    rise = pad((bands[:, 1:] - bands[:, :-1]).clamp_min_(0.0), (0, 0, 1, 0))
    level, rise = (torch.unflatten(x, 1, (count, pool)).mean(2) for x in (bands, rise))
    # Complex numbers are stored as pairs, and faster than by putting them together otherwise.
    return torch.view_as_real(torch.complex(level, 4.0 * rise)).permute(0, 3, 1, 2)


def shifted(mel: Tensor, bands: int) -> Tensor:
    """A mel spectrogram (..., M) moved up by some bands, the end band repeated."""
    moved = torch.roll(mel, bands, dims=-1)
    if bands > 0:
        moved[..., :bands] = mel[..., :1]
    elif bands < 0:
        moved[..., bands:] = mel[..., -1:]
    return moved


def moving_average(x: Tensor, reach: int) -> Tensor:
    """Mean over `reach` frames on either side, as far as there are any."""
    count, width = x.shape[-1], 2 * reach + 1
    # Differences of sums, whose cost does not grow with the reach; beyond the ends is nothing.
    sums = pad(x.double(), (reach + 1, reach)).cumsum(-1)
    frames = torch.arange(count, device=x.device)
    there = (frames + reach + 1).clamp_max(count) - (frames - reach).clamp_min(0)
    return ((sums[..., width:] - sums[..., :-width]) / there).to(x.dtype)
