"""The curve that shares, folds and colours rise by."""

import numpy as np
from numpy.typing import ArrayLike

from retarget.rotation import Array


def smoothstep(x: ArrayLike, low: ArrayLike = 0.0, high: ArrayLike = 1.0) -> Array:
    """0 at and before `low`, 1 at and after `high`, smooth between; either may be the larger."""
    t: Array = np.clip((np.asarray(x) - low) / (np.asarray(high) - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))
