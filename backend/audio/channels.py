"""Decoded frames as planes of samples by channel, and their mix to one or two channels."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# Channel names by layout: asking FFmpeg for them costs more than decoding a frame.
_known_names: dict[str, tuple[str, ...]] = {}

# ITU-R BS.775 downmix to left and right; names are FFmpeg's channel names. Low-frequency effects
# are left out.
_HALF: Final = 0.5**0.5
_DOWNMIX: Final[dict[str, tuple[float, float]]] = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "DL": (1.0, 0.0),
    "DR": (0.0, 1.0),
    "FC": (_HALF, _HALF),
    "FLC": (1.0, _HALF),
    "FRC": (_HALF, 1.0),
    "LFE": (0.0, 0.0),
    "LFE2": (0.0, 0.0),
    "BL": (_HALF, 0.0),
    "SL": (_HALF, 0.0),
    "WL": (_HALF, 0.0),
    "BR": (0.0, _HALF),
    "SR": (0.0, _HALF),
    "WR": (0.0, _HALF),
    "BC": (0.5, 0.5),
}
_OTHER_CHANNEL: Final = (0.5, 0.5)
# A mono mix with less than this share of the energy of what it cancels has lost the music: over
# left and right of opposite sign, what both have in common is a hum.
_CANCELLED: Final = 0.5
# What channels are where a file does not name them.
_UNNAMED: Final[dict[int, tuple[str, ...]]] = {
    2: ("FL", "FR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


@dataclass(frozen=True)
class Planes:
    """Decoded samples (C, n), float32, with FFmpeg's channel names."""

    samples: Samples
    names: tuple[str, ...]


def to_planes(frame: Any) -> Planes:
    """The samples of a PyAV audio frame of any format."""
    names = _names(frame.layout)
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, len(names)).T
    if samples.dtype == np.uint8:
        return Planes((samples.astype(np.float32) - 128.0) / 128.0, names)
    if samples.dtype.kind == "i":
        full_scale = float(2 ** (8 * samples.dtype.itemsize - 1))
        return Planes((samples / full_scale).astype(np.float32), names)
    return Planes(samples.astype(np.float32, copy=False), names)


def _names(layout: Any) -> tuple[str, ...]:
    """FFmpeg's names of the channels of a layout."""
    names = _known_names.get(layout.name)
    if names is None:
        names = tuple(channel.name for channel in layout.channels)
        if not any(name in _DOWNMIX for name in names):
            names = _UNNAMED.get(len(names), names)
        _known_names[layout.name] = names
    return names


def downmix(planes: Planes, channels: int) -> Samples:
    """Mix to `channels` (1 or 2); returns (n, channels), contiguous for the resampler."""
    mixed = np.zeros((planes.samples.shape[1], channels), np.float32)
    # Sums of a few rows: a matrix product would wake threads for each block, and wait for them.
    for side, weights in enumerate(_weights(planes.names, channels)):
        for weight, plane in zip(weights, planes.samples, strict=True):
            mixed[:, side] += weight * plane
    return mixed


@cache
def _weights(names: tuple[str, ...], channels: int) -> Samples:
    """The (channels, C) matrix that mixes channels of these names without clipping."""
    sides = np.array([_DOWNMIX.get(name, _OTHER_CHANNEL) for name in names], np.float32)
    weights = sides.T if channels == 2 else sides.mean(axis=1)[None]
    if len(names) == 1 or (weights.sum(axis=1) == 0.0).any():
        weights = np.ones_like(weights)
    return weights / weights.sum(axis=1, keepdims=True)


@dataclass
class Balance:
    """Energies of left and right and of what they have in common, summed over all samples.

    Parameters
    ----------
    left, right : float
        Sums of the squares.
    common : float
        Sum of the products; less than 0 where they are of opposite sign.
    """

    left: float = 0.0
    right: float = 0.0
    common: float = 0.0

    def add(self, planes: Planes) -> None:
        """Count samples; a single channel has no sides."""
        if len(planes.names) == 1:
            return
        left, right = planes.samples if len(planes.names) == 2 else downmix(planes, 2).T
        # Not a matrix product, whose sum depends on the number of threads.
        self.left += float(np.einsum("i,i", left, left))
        self.right += float(np.einsum("i,i", right, right))
        self.common += float(np.einsum("i,i", left, right))

    @property
    def cancels(self) -> bool:
        """Whether left and right cancel each other in their mean."""
        both = self.left + self.right
        return both + 2.0 * self.common < _CANCELLED * (both - 2.0 * self.common)
