"""Which pixels of the photo show a part's own cloth and skin, and which of them carry on."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from retarget.body.model import INDEX
from retarget.rotation import Array

from .fit import SHOULDERS_M
from .labels import ARM_L, ARM_R, BACKGROUND, HAND_L, HAND_R, TRUNK
from .person_parts import PersonParts, close_to

# Where the upper arm meets the trunk both share the photo, so near to the joint, metres; further
# off only where the body says so too.
_JOINT_M, _SHOULDER_M = 0.10, 0.16
# How far the shadow of an arm that lies on the trunk reaches, in shoulder breadths, and how much
# darker than around it cloth in that shadow is, 8-bit levels of Lab.
_SHADE: Final = 0.04
# Cuffs, and fingers that were missed, lie so near to a hand.
_CUFF: Final = 0.12
# So far from what is known of a hand its other fingers may lie, shoulder breadths; that is at most
# this share of the trunk, or nothing is known of the rest. Their colours are nowhere else.
_FINGERS: Final = 0.3
_BESIDE, _ALONE = 0.5, 0.85
_SHADOW_LEVELS, _SHADOW_REACH = 14.0, 0.11
# The shadow of arms that lie across the trunk is so much darker than the cloth where it ends, and
# somewhere so much (natural logarithms of light); so far down it must end, in shoulder breadths.
# Cloth is plain if in so much of its lit half all colours depart from their median alike, within
# the third; and so far from that median, lighter or darker, it is the same cloth. In the dark its
# colours part by so much more for each step down; what parts further is another cloth.
_DIM, _DARK, _ONE_HUE, _SAME_CLOTH = 0.3, 0.8, 0.25, 1.6
_DARK_HUE: Final = 0.15
_CAST_REACH, _PLAIN_SHARE = 0.8, 0.6
# Share of the cloth from the limb to the shadow's end that lies in the dark.
_FROM_LIMB: Final = 0.6
# Colours so near to the person's skin (weighted Lab) are skin; an arm that shows more of it than
# this share is bare. Colours this much rarer than a limb's commonest do not carry on.
_LIKE_SKIN, _BARE, _RARE = 22.0, 0.2, 0.06


def known_pixels(parts: PersonParts, part: int, shown: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Pixels whose colours are the part's own."""
    labels, fit = parts.labels.labels, parts.fit
    known = labels == part
    sides = {"L": ARM_L, "R": ARM_R}
    for side, arm in sides.items():
        if part not in (TRUNK, arm):
            continue
        # Sleeve and trunk are one cloth at the shoulder, wherever the border was drawn.
        at = fit.camera.to_pixels(fit.positions[INDEX[f"upper_arm.{side}"]])
        window = _around(at, max(_JOINT_M, _SHOULDER_M) * fit.camera.focal / at[2], labels.shape)
        rows, columns = np.mgrid[window]
        away = np.hypot(columns - at[0], rows - at[1]) * at[2] / fit.camera.focal
        shared = (away < _JOINT_M) | ((away < _SHOULDER_M) & (shown[window] == part))
        known[window] |= shared & np.isin(labels[window], (TRUNK, arm))
    solid = known & (parts.matte > 0.6)
    # The last pixel before another part holds a mixture of both; beside arms and hands lies
    # their shadow too, which must not stay when they go.
    breadth = fit.camera.focal * SHOULDERS_M / float(fit.camera.to_pixels(fit.positions[0])[2])
    limbs = np.isin(labels, (ARM_L, ARM_R, HAND_L, HAND_R)) & ~known
    others = close_to(~known & (labels != BACKGROUND), 1.5)
    inner = solid & ~others & ~close_to(limbs, max(1.5, _SHADE * breadth))
    if part == TRUNK:
        inner &= ~close_to(np.isin(labels, (HAND_L, HAND_R)), _CUFF * breadth)
        inner &= ~_beside_hands_alone(parts, inner, breadth)
        inner &= ~_shaded(parts.foreground, inner, limbs, breadth)
        inner &= ~_cast_shadow(parts.foreground, inner, limbs, breadth)
    else:
        inner &= ~_stray_skin(parts, inner)
    return inner if inner.any() else solid


def _around(at: Array, reach: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns within `reach` pixels of a place, x first."""
    first = np.clip(np.floor(at[[1, 0]] - reach), 0, shape).astype(int)
    last = np.clip(np.ceil(at[[1, 0]] + reach) + 1, 0, shape).astype(int)
    return slice(first[0], last[0]), slice(first[1], last[1])


def main_colours(rgb: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of a part's pixels those that carry on where it is hidden: not cuffs, watches or ties."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    bins = np.minimum(lab[known] // 16, 15).astype(int)
    flat = np.ravel_multi_index((bins[:, 0], bins[:, 1], bins[:, 2]), (16,) * 3)
    counts = ndimage.gaussian_filter(
        np.bincount(flat, minlength=16**3).reshape((16,) * 3).astype(float), 0.8
    ).ravel()
    share = counts[flat] / max(counts.max(), 1e-9)
    out = known.copy()
    out[known] = share > _RARE
    return out


def _shaded(
    rgb: NDArray[np.uint8], known: NDArray[np.bool_], limbs: NDArray[np.bool_], breadth: float
) -> NDArray[np.bool_]:
    """Where hands and arms darken the cloth beside them, and slivers between fingers."""
    near = close_to(limbs, _SHADOW_REACH * breadth)
    light = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[..., 0].astype(np.float32)
    weight = known.astype(np.float32)
    sigma = 0.12 * breadth
    mean = cv2.GaussianBlur(light * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3
    )
    size = 2 * max(1, round(0.03 * breadth)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    slivers = known & (cv2.morphologyEx(known.astype(np.uint8), cv2.MORPH_OPEN, disc) == 0)
    return near & ((light < mean - _SHADOW_LEVELS) | slivers)


def _cast_shadow(
    rgb: NDArray[np.uint8], known: NDArray[np.bool_], limbs: NDArray[np.bool_], breadth: float
) -> NDArray[np.bool_]:
    """What lies in the dark on plain cloth below arms and hands that lie across the trunk.

    It begins below a limb that has cloth above it too, and fades out before the cloth ends: where
    no lighter cloth of the same colour comes again, the dark is another cloth and stays.
    """
    rows = np.arange(known.shape[0])[:, None]
    across = limbs & np.maximum.accumulate(known, axis=0)
    last = np.where(across, rows, -1).max(axis=0)
    below = rows - last
    reach = _CAST_REACH * breadth
    cloth = known & (last >= 0) & (below < reach)
    if not (cloth & (below > 0)).any():
        return np.zeros(known.shape, bool)
    light = 2.2 * np.log(cv2.GaussianBlur(rgb, (0, 0), 1.0) / 255.0 + 0.02)
    mean = light.mean(axis=-1)
    lit = cloth & (mean >= np.median(mean[cloth]))
    off = light - np.median(light[lit], axis=0)
    if (np.ptp(off, axis=-1)[lit] < _ONE_HUE).mean() < _PLAIN_SHARE:
        return np.zeros(known.shape, bool)
    dim = off.mean(axis=-1)
    own = (np.ptp(off, axis=-1) < 2.0 * _ONE_HUE) & (np.abs(dim) < _SAME_CLOTH)
    level = np.where(cloth & own & (below > 0), dim, -np.inf)
    best, end = level.max(axis=0), level.argmax(axis=0)
    same_hue = np.ptp(off, axis=-1) < 2.0 * _ONE_HUE + _DARK_HUE * np.abs(dim)
    shadow = known & (below > 0) & (rows < end) & (dim < best - _DIM) & same_hue
    shadow &= (shadow & (dim < best - _DARK)).any(axis=0)
    # It begins at the limb: what is dark further down alone is dyed.
    stretch = (known & (below > 0) & (rows <= np.where(shadow, rows, -1).max(axis=0))).sum(axis=0)
    shadow &= shadow.sum(axis=0) > _FROM_LIMB * stretch
    # Up to the limb: what it leaves of itself there is no cloth.
    size = 2 * max(1, round(2.0 * _SHADE * breadth)) + 1
    end = ndimage.maximum_filter1d(np.where(shadow, rows, -1).max(axis=0), size)
    shadow = known & (below > 0) & (rows <= end)
    size = 2 * max(1, round(_SHADE * breadth)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    even = cv2.morphologyEx(shadow.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return known & (cv2.dilate(even, disc) > 0)


def _beside_hands_alone(
    parts: PersonParts, known: NDArray[np.bool_], breadth: float
) -> NDArray[np.bool_]:
    """Colours of the trunk that are seen beside the hands alone: missed fingers, their shadow."""
    hands = np.isin(parts.labels.labels, (HAND_L, HAND_R))
    near = known & close_to(hands, _FINGERS * breadth)
    if not near.any() or np.count_nonzero(near) > _BESIDE * np.count_nonzero(known):
        return np.zeros(known.shape, bool)
    lab = cv2.cvtColor(parts.foreground, cv2.COLOR_RGB2Lab)
    bins = (lab[known] // 8).astype(int)
    flat = np.ravel_multi_index((bins[:, 0], bins[:, 1], bins[:, 2]), (32,) * 3)
    beside, everywhere = (
        ndimage.gaussian_filter(
            np.bincount(flat, weights, minlength=32**3).reshape((32,) * 3), 0.8
        ).ravel()[flat]
        for weights in (near[known].astype(float), None)
    )
    alone = np.zeros(known.shape, np.uint8)
    alone[known] = beside > _ALONE * everywhere
    return near & (cv2.dilate(alone, np.ones((5, 5), np.uint8)) > 0)


def _stray_skin(parts: PersonParts, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a hand that lies on a long sleeve."""
    lab = cv2.cvtColor(parts.foreground, cv2.COLOR_RGB2Lab).astype(np.float32)
    tone = np.clip(parts.tone + 0.5, 0, 255).astype(np.uint8).reshape(1, 1, 3)
    skin = cv2.cvtColor(tone, cv2.COLOR_RGB2Lab)[0, 0].astype(np.float32)
    alike = known & (np.linalg.norm((lab - skin) * [0.4, 1.2, 1.2], axis=-1) < _LIKE_SKIN)
    if np.count_nonzero(alike) > _BARE * np.count_nonzero(known):
        return np.zeros(known.shape, bool)
    return cv2.dilate(alike.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
