"""How alike two pictures, two outlines and two videos of a person are.

Pictures are (H, W, 3) uint8 or float arrays in [0, 255]; everything is computed in float64. A mask
is an (H, W) array of weights in [0, 1] (or bool): figures are means over it, None is the whole
picture. What a pixel's neighbourhood brings in from outside the mask is not cut off.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import affine_transform, correlate1d, gaussian_filter
from skimage.metrics import structural_similarity
from skimage.registration import phase_cross_correlation

from retarget.errors import ConductorError
from retarget.rotation import Array

PSNR_LIMIT: Final = 100.0
"""What equal pictures get, dB; 8-bit pictures that differ anywhere in 10⁵ pixels stay below."""

FACE_SIZE: Final = 96
"""Width and height of an aligned face, pixels."""

_PEAK: Final = 255.0
# BT.601, as Wang and Xue take their grey pictures.
_LUMA: Final = np.array([0.299, 0.587, 0.114])
_SIGMA: Final = 1.5
_WINDOW: Final = 11
_C1, _C2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
_SCALES: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_GMSD_C: Final = 170.0
# Where the middle of the eyes and the middle of the mouth come to lie on an aligned face.
_EYES_AT, _MOUTH_AT = np.array([0.5, 0.40]), np.array([0.5, 0.73])


def psnr(truth: ArrayLike, picture: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Peak signal-to-noise ratio: 10 log₁₀(255² / mean squared error over pixels and channels).

    Returns
    -------
    float
        dB, at most `PSNR_LIMIT`; more is better. NaN where the mask is empty.
    """
    a, b = _pair(truth, picture)
    error = _mean(((a - b) ** 2).mean(axis=2), mask)
    if np.isnan(error):
        return error
    return float(min(10.0 * np.log10(_PEAK**2 / max(error, 1e-12)), PSNR_LIMIT))


def ssim(truth: ArrayLike, picture: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Structural similarity (Wang et al. 2004), Gaussian window of σ 1.5, mean of the channels.

    Returns
    -------
    float
        −1 to 1; 1 is equal. NaN where the mask is empty.
    """
    a, b = _pair(truth, picture)
    _, similarity = structural_similarity(
        a,
        b,
        channel_axis=2,
        data_range=_PEAK,
        gaussian_weights=True,
        sigma=_SIGMA,
        use_sample_covariance=False,
        full=True,
    )
    return _mean(similarity.mean(axis=2), mask)


def ms_ssim(truth: ArrayLike, picture: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Multi-scale structural similarity (Wang, Simoncelli, Bovik 2003) of the luma.

    Π over five scales of the mean contrast and structure, and of the luminance at the coarsest
    one, to the published powers; each scale is the mean of 2 × 2 pixels of the one before. Means
    below zero count as zero.

    Returns
    -------
    float
        0 to 1; 1 is equal. NaN where the mask is empty.

    Raises
    ------
    ConductorError
        If a side has less than 176 pixels: the coarsest scale would not hold a window.
    """
    a, b = (_luma(picture) for picture in _pair(truth, picture))
    if min(a.shape) < _WINDOW * 2 ** (len(_SCALES) - 1):
        raise ConductorError(
            f"Pictures of {a.shape[1]} × {a.shape[0]} are too small for MS-SSIM; 176 pixels a side "
            "are the least."
        )
    weight = None if mask is None else np.asarray(mask, dtype=np.float64)
    product = 1.0
    for scale, power in enumerate(_SCALES):
        if scale:
            a, b = _halved(a), _halved(b)
            weight = None if weight is None else _halved(weight)
        mean_a, mean_b = _blurred(a), _blurred(b)
        var_a = _blurred(a * a) - mean_a**2
        var_b = _blurred(b * b) - mean_b**2
        both = _blurred(a * b) - mean_a * mean_b
        similarity = (2.0 * both + _C2) / (var_a + var_b + _C2)
        if scale == len(_SCALES) - 1:
            luminance = (2.0 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
            similarity = similarity * luminance
        mean = _mean(similarity, weight)
        if np.isnan(mean):
            return mean
        product *= max(mean, 0.0) ** power
    return float(product)


def gmsd(truth: ArrayLike, picture: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Gradient magnitude similarity deviation (Xue et al. 2014) of the luma at half size.

    The standard deviation of (2 g₁ g₂ + c) / (g₁² + g₂² + c), where g are the magnitudes of
    Prewitt gradients and c = 170.

    Returns
    -------
    float
        0 is equal, about 0.35 is the worst seen; less is better. NaN where the mask is empty.
    """
    a, b = (_gradient(_halved(_luma(picture))) for picture in _pair(truth, picture))
    similarity = (2.0 * a * b + _GMSD_C) / (a * a + b * b + _GMSD_C)
    weight = None if mask is None else _halved(np.asarray(mask, dtype=np.float64))
    mean = _mean(similarity, weight)
    return float(np.sqrt(_mean((similarity - mean) ** 2, weight)))


def silhouette_iou(truth: ArrayLike, outline: ArrayLike) -> float:
    """Intersection over union of two masks, Σ min / Σ max; 0 to 1, NaN if both are empty."""
    a, b = np.asarray(truth, dtype=np.float64), np.asarray(outline, dtype=np.float64)
    union = np.maximum(a, b).sum()
    return float(np.minimum(a, b).sum() / union) if union > 0.0 else float("nan")


def landmark_error(
    truth: Mapping[str, ArrayLike], found: Mapping[str, ArrayLike], names: Sequence[str]
) -> float:
    """Mean distance of landmarks over the truth's shoulder width (`upper_arm.L` to `.R`).

    Returns
    -------
    float
        0 is equal, 1 a shoulder width; less is better.
    """
    left, right = (np.asarray(truth[f"upper_arm.{side}"], dtype=np.float64) for side in "LR")
    away = [
        np.linalg.norm(np.asarray(truth[name], float) - np.asarray(found[name], float))
        for name in names
    ]
    return float(np.mean(away) / np.linalg.norm(left - right))


def flicker(
    truth: Sequence[NDArray], video: Sequence[NDArray], masks: Sequence[NDArray] | None = None
) -> float:
    """How restless a video is beside the truth.

    The mean absolute second difference in time of the luma, |Y(t − 1) − 2 Y(t) + Y(t + 1)|, over
    the person in any of the three frames, divided by the truth's.

    Returns
    -------
    float
        1 is as restless as the truth, more flickers, 0 stands still. NaN for fewer than three
        frames, or where nothing moves in the truth.
    """
    sums = np.zeros(2)
    for t in range(1, len(truth) - 1):
        mask = None if masks is None else np.maximum.reduce([masks[t + k] for k in (-1, 0, 1)])
        for k, frames in enumerate((truth, video)):
            before, now, after = (_luma(np.asarray(frames[t + i], float)) for i in (-1, 0, 1))
            sums[k] += np.nan_to_num(_mean(np.abs(before - 2.0 * now + after), mask))
    return float(sums[1] / sums[0]) if sums[0] > 0.0 else float("nan")


def align_face(picture: ArrayLike, landmarks: Mapping[str, ArrayLike]) -> Array:
    """The face upright in a square, by the middles of the eyes and of the mouth.

    Parameters
    ----------
    picture : (H, W, 3) array
    landmarks : mapping
        "eye.L", "eye.R", "mouth.L", "mouth.R": pixels (x, y).

    Returns
    -------
    (FACE_SIZE, FACE_SIZE, 3) array
    """
    at = {name: np.asarray(landmarks[name], float) for name in
          ("eye.L", "eye.R", "mouth.L", "mouth.R")}  # fmt: skip
    eyes, mouth = (at["eye.L"] + at["eye.R"]) / 2.0, (at["mouth.L"] + at["mouth.R"]) / 2.0
    down = mouth - eyes
    # A similarity from the square to the picture; x, y as a complex plane.
    step = complex(*down) / complex(*((_MOUTH_AT - _EYES_AT) * FACE_SIZE))
    linear = np.array([[step.real, step.imag], [-step.imag, step.real]])
    first = eyes[::-1] - linear @ (_EYES_AT * FACE_SIZE)[::-1]
    channels = np.moveaxis(np.asarray(picture, dtype=np.float64), 2, 0)
    shape = (FACE_SIZE, FACE_SIZE)
    return np.stack(
        [affine_transform(c, linear, first, shape, order=1, mode="nearest") for c in channels], 2
    )


def compare_faces(truth: ArrayLike, face: ArrayLike) -> tuple[float, float]:
    """PSNR and SSIM of two faces of `align_face`, after the rest of their shift is taken out.

    The shift is where the cross-correlation of the windowed faces is highest (Guizar-Sicairos et
    al. 2008), to a tenth of a pixel and at most a tenth of the square.
    """
    a, b = _pair(truth, face)
    window = np.outer(np.hanning(FACE_SIZE), np.hanning(FACE_SIZE))
    flat = [(luma - luma.mean()) * window for luma in (_luma(a), _luma(b))]
    # Without normalisation: faces are smooth, and their high frequencies are noise.
    shift, _, _ = phase_cross_correlation(*flat, upsample_factor=10, normalization=None)
    limit = 0.1 * FACE_SIZE
    shift = np.clip(shift, -limit, limit)
    moved = np.stack(
        [affine_transform(b[..., c], np.eye(2), -shift, order=1, mode="nearest") for c in range(3)],
        axis=2,
    )
    edge = int(np.ceil(limit))
    inner = (slice(edge, -edge), slice(edge, -edge))
    # A wrong peak of the correlation must not make a good face worse.
    best = max((b, moved), key=lambda candidate: psnr(a[inner], candidate[inner]))
    return psnr(a[inner], best[inner]), ssim(a[inner], best[inner])


def _pair(truth: ArrayLike, picture: ArrayLike) -> tuple[Array, Array]:
    a, b = np.asarray(truth, dtype=np.float64), np.asarray(picture, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 3 or a.shape[2] != 3:
        raise ConductorError(
            f"Pictures of shapes {a.shape} and {b.shape} cannot be compared; give both as RGB of "
            "one size."
        )
    return a, b


def _mean(values: Array, mask: ArrayLike | None) -> float:
    if mask is None:
        return float(values.mean())
    weights = np.asarray(mask, dtype=np.float64)
    total = weights.sum()
    return float((values * weights).sum() / total) if total > 0.0 else float("nan")


def _luma(picture: Array) -> Array:
    return picture @ _LUMA


def _halved(values: Array) -> Array:
    height, width = (n // 2 * 2 for n in values.shape)
    return values[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def _blurred(values: Array) -> Array:
    return gaussian_filter(values, _SIGMA, radius=_WINDOW // 2, mode="reflect")


def _gradient(values: Array) -> Array:
    smooth, slope = np.full(3, 1.0 / 3.0), np.array([1.0, 0.0, -1.0])
    parts = [
        correlate1d(correlate1d(values, smooth, axis=1 - axis), slope, axis=axis) for axis in (0, 1)
    ]
    return np.hypot(*parts)
