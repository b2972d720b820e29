"""Parts that several networks are made of."""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, relu


class Residual(nn.Module):
    """A dilated convolution, mixed and added to what came in."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilated = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout1d(dropout)
        self.pointwise = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.pointwise(self.dropout(relu(self.norm(self.dilated(x)))))
        return x + inner


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
    """
    count = mel.shape[1] // pool
    bands = mel.transpose(1, 2)[..., : count * pool] / 40.0 + 1.0
    level = avg_pool1d(bands, pool)
    rise = torch.diff(bands, dim=-1, prepend=bands[..., :1]).clamp_min(0.0)
    rise = 4.0 * avg_pool1d(rise, pool)
    return torch.stack([level, rise], dim=1).transpose(2, 3)


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
    return avg_pool1d(x, 2 * reach + 1, stride=1, padding=reach, count_include_pad=False)
