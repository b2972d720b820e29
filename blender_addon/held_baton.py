"""The baton that we gave an armature, which is an object of its own."""

from typing import Any, Final

import numpy as np

from retarget.rotation import Array

MARK: Final = "conducting_baton"
"""Custom property of our batons: the user's own have none."""


def baton_of(armature: Any) -> Any:
    """The baton that we gave an armature, or None."""
    ours = (item for item in armature.children if MARK in item and item.users_scene)
    return next(ours, None)


def tip_of(baton: Any) -> Array:
    """Where a baton ends, (3,), in its own space: the middle of the end of its bounds."""
    corners = np.array(baton.bound_box, dtype=np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return np.array([low[0], *((low + high) / 2.0)[1:]])
