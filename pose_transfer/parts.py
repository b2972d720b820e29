"""The layers of the photo: body without arms, and upper arm, forearm and hand of each side.

Neighbouring layers overlap in a disc around the joint they share. Where an arm covered the body,
the body's cloth is carried on.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array
from retarget.skeleton import mirror_name

from .flank import carry_on, mend_flank
from .mesh.skinning import Strip
from .posing import CHAIN
from .sheet import FINENESS, Sheet
from .subject import SIDES

Mask = NDArray[np.float32]

# Half widths of a clothed arm at shoulder, elbow and wrist as shares of the shoulder width
# (0.345 m), used where the photo shows no edge.
_USUAL_RADII: Final = (0.17, 0.14, 0.10)
# A measured half width may be this far from the usual one.
_NARROW, _WIDE = 0.5, 1.6
# Share of its half width that the arm takes along on the inner side of the shoulder joint, and from
# where on it takes all, in radii.
_AT_SHOULDER: Final = 0.45
_FREE: Final = 1.6
# Averaging along a foreshortened bone, standard deviation in output pixels.
_AVERAGED_PX: Final = 1.6
# How soft a cut through cloth is, output pixels.
_SOFT_PX: Final = 1.8


@dataclass(frozen=True)
class Layer:
    """A piece of texture.

    Parameters
    ----------
    texture : (h, w, 4) uint8 array
        Premultiplied RGBA.
    offset : (2,) array
        Texture pixel of the picture's pixel (0, 0): texture = FINENESS · picture + offset.
    """

    texture: NDArray[np.uint8]
    offset: Array


@dataclass(frozen=True)
class Limb:
    """An arm's bone: its texture, where it lies in the photo, and how far around it there is any.

    Parameters
    ----------
    layer : Layer
    strip : Strip
        Joints and radii in picture pixels of the photo at rest.
    reach : float
        Distance in pixels from the bone to the farthest texture.
    averaged : Layer
        The same texture averaged along the bone, for when it is seen foreshortened: its weave would
        crowd into streaks.
    """

    layer: Layer
    strip: Strip
    reach: float
    averaged: Layer


@dataclass(frozen=True)
class Parts:
    """All layers; `arms` by side from shoulder to hand."""

    body: Layer
    arms: dict[str, tuple[Limb, ...]]


@dataclass(frozen=True)
class _Arm:
    """An arm measured on a sheet, in texture pixels."""

    joints: Array
    radii: Array
    inward: float
    inner: tuple[Array, Array]
    outer: tuple[Array, Array]


def cut_parts(
    sheet: Sheet, points: dict[str, Array], hand_length: float, hidden: str | None
) -> Parts:
    """Take the person apart.

    Parameters
    ----------
    sheet : Sheet
    points : dict of str to (2,) array
        Landmarks in picture pixels.
    hand_length : float
        Wrist to fingertips in picture pixels.
    hidden : str or None
        The side whose arm is replaced by a mirror image of the other.
    """
    across = float(np.linalg.norm(points["upper_arm.L"] - points["upper_arm.R"])) * FINENESS
    arms: dict[str, tuple[Limb, ...]] = {}
    body = sheet.matte.copy()
    hole = np.zeros(body.shape, bool)
    flanks = np.zeros(body.shape, np.float32)
    for side in SIDES:
        inward = -1.0 if side == "L" else 1.0
        joints = _joints(points, side, hand_length)
        arm = _measure(sheet.matte, sheet.at(joints), inward, across)
        if side == hidden:
            twin, twin_points = sheet.mirrored(), _swapped(sheet, points)
            joints = _joints(twin_points, side, hand_length)
            twin_arm = _measure(twin.matte, twin.at(joints), inward, across)
            beside = _beside_trunk(twin, twin_points, side, twin_arm)
            arms[side] = _cut_arm(twin, twin_arm, beside)
            body *= 1.0 - _clear_side(sheet, points, side, arm)
        else:
            arms[side] = _cut_arm(sheet, arm, _beside_trunk(sheet, points, side, arm))
            removed, covered = _clear_arm(sheet, points, side, arm)
            body *= 1.0 - removed
            flanks = np.maximum(flanks, _below_armpit(removed, arm))
            hole |= covered
    colours = carry_on(sheet.rgb, (body > 0.9) & ~hole, hole)
    colours = mend_flank(colours, body, flanks, across)
    return Parts(_layer(colours, body, sheet.offset), arms)


def _joints(points: dict[str, Array], side: str, hand_length: float) -> Array:
    """Shoulder, elbow, wrist, fingertips in picture pixels, (4, 2)."""
    joints = [points[f"{name}.{side}"] for name in CHAIN]
    fingers = (points[f"index.{side}"] + points[f"little.{side}"]) / 2 - joints[2]
    length = float(np.linalg.norm(fingers))
    if length < 0.1 * hand_length:
        fingers = joints[2] - joints[1]
        length = float(np.linalg.norm(fingers))
    return np.array([*joints, joints[2] + fingers * (hand_length / length)])


def _measure(matte: Mask, joints: Array, inward: float, across: float) -> _Arm:
    """Half widths along the arm, from its silhouette on both sides.

    Next to the body only the outer edge can be seen; the arm is then taken as wide inside.
    """
    stations, outer, inner = [], [], []
    start = 0.0
    usual = np.array(_USUAL_RADII) * across
    for bone in range(2):
        head, tail = joints[bone], joints[bone + 1]
        length = float(np.linalg.norm(tail - head))
        direction = (tail - head) / max(length, 1e-6)
        normal = np.array([direction[1], -direction[0]]) * inward
        for share in np.linspace(0.08 if bone == 0 else 0.1, 0.95, 10):
            point = head + share * (tail - head)
            expected = usual[bone] + share * (usual[bone + 1] - usual[bone])
            out = _edge(matte, point, -normal, _WIDE * expected)
            into = _edge(matte, point, normal, _WIDE * expected)
            stations.append(start + share * length)
            outer.append(np.nan if out is None else np.clip(out, _NARROW * expected, None))
            inner.append(np.nan if into is None else np.clip(into, _NARROW * expected, None))
        start += length
    at = np.array(stations)
    expected = np.interp(at, [0.0, at[-1] / 2, at[-1]], usual)
    outside = np.where(np.isnan(outer), expected, outer)
    outside = _median(outside)
    seen = ~np.isnan(inner)
    inside = outside.copy()
    if seen.any():
        # Air begins below the armpit; up to there the inner edge goes evenly from the shoulder.
        inside = np.interp(at, np.r_[0.0, at[seen]], np.r_[outside[0], np.array(inner)[seen]])
    inside = _median(inside)
    radii = np.array(
        [
            np.median(outside[:3]),
            np.mean((outside + inside)[8:12]) / 2,
            np.mean((outside + inside)[-3:]) / 2,
        ]
    )
    return _Arm(joints, radii, inward, (at, inside), (at, outside))


def _median(values: Array) -> Array:
    padded = np.pad(values, 1, mode="edge")
    return np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)


def _edge(matte: Mask, start: Array, direction: Array, limit: float) -> float | None:
    """Distance to where the matte ends; None if it goes on to the limit."""
    distances = np.arange(0.0, limit, 0.5)
    at = np.round(start + distances[:, None] * direction).astype(int)
    height, width = matte.shape
    ok = (at >= 0).all(axis=1) & (at[:, 0] < width) & (at[:, 1] < height)
    values = np.zeros(len(at))
    values[ok] = matte[at[ok, 1], at[ok, 0]]
    ends = np.flatnonzero(values < 0.5)
    return float(distances[ends[0]]) if ends.size and ends[0] > 0 else None


def _swapped(sheet: Sheet, points: dict[str, Array]) -> dict[str, Array]:
    """The landmarks as they are on the mirrored sheet."""
    return {mirror_name(name): sheet.mirrored_points(point) for name, point in points.items()}


def _beside_trunk(sheet: Sheet, points: dict[str, Array], side: str, arm: _Arm) -> Mask:
    """1 where an arm may be, 0 on the trunk that can be seen beside it."""
    edge, seen = _flank_edge(sheet, points, side, arm)
    mask = np.zeros(sheet.matte.shape, np.uint8)
    if seen:
        armpit = _armpit(arm)
        far = armpit[0] + 3.0 * arm.inward * arm.radii[0]
        corners = np.array([armpit, *edge, [far, edge[-1][1]], [far, armpit[1]]])
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], (255,), cv2.LINE_AA)
    return 1.0 - _blurred(mask, _SOFT_PX * FINENESS)


def _armpit(arm: _Arm) -> Array:
    """Where the flank begins under the shoulder, texture pixels."""
    return arm.joints[0] + np.array([-0.05 * arm.inward, 0.85]) * arm.radii[0]


def _cut_arm(sheet: Sheet, arm: _Arm, beside: Mask) -> tuple[Limb, ...]:
    soft = _SOFT_PX * FINENESS
    limbs = []
    start = 0.0
    wrist_radius = arm.radii[2]
    hand = float(np.linalg.norm(arm.joints[3] - arm.joints[2]))
    radii = np.array([*arm.radii, 0.62 * hand])
    for bone in range(3):
        head, tail = arm.joints[bone], arm.joints[bone + 1]
        s, d, length = _coordinates(sheet.matte.shape, head, tail, arm.inward)
        if bone < 2:
            inside = np.interp(start + s, *arm.inner).astype(np.float32)
            if bone == 0:
                # Less at the shoulder, or a raised arm would carry a piece of the chest along.
                rise = np.clip(s / (_FREE * radii[0]), 0.0, 1.0)
                inside *= _AT_SHOULDER + (1.0 - _AT_SHOULDER) * rise
            outside = np.interp(start + s, *arm.outer).astype(np.float32) * 1.3 + soft
            sides = _soft_below(d, inside + 1.0, soft) * _soft_below(-d, outside, soft)
            ahead = _cap(s - length, d, arm, start + length, float(radii[bone + 1]), soft)
            ahead = np.where(s > length, ahead, 1.0)
        else:
            sides = _soft_below(np.abs(d), np.full_like(d, 0.6 * hand), soft)
            ahead = _soft_below(s, np.full_like(s, 1.35 * hand), soft)
        radius = radii[bone]
        if bone == 1:
            disc = _cap(s, d, arm, start, float(radius), soft)
        else:
            disc = _soft_below(_distance(sheet.matte.shape, head), radius * 1.06, soft)
        # The cap lies over the layer before: it fades in along the bone.
        depth = np.clip((s + 0.85 * radius) / (1.1 * radius), 0.0, 1.0)
        behind = np.where(s < 0.25 * radius, depth * depth * (3.0 - 2.0 * depth), 1.0)
        behind = np.where(s < 0.0, behind * disc, behind)
        alpha = sheet.matte * sides * ahead * behind * (beside if bone < 2 else 1.0)
        reach = float(np.max(arm.outer[1]) * 1.35 if bone < 2 else 0.7 * hand) + radius
        layer = _layer(sheet.rgb, alpha.astype(np.float32), sheet.offset)
        limbs.append(
            Limb(
                layer,
                Strip(
                    (head - sheet.offset) / FINENESS,
                    (tail - sheet.offset) / FINENESS,
                    float(radius) / FINENESS,
                    float(wrist_radius if bone == 2 else radii[bone + 1]) / FINENESS,
                ),
                reach / FINENESS,
                _averaged(layer, tail - head),
            )
        )
        start += length
    return tuple(limbs)


def _cap(s: Mask, d: Mask, arm: _Arm, station: float, radius: float, soft: float) -> Mask:
    """The rounded end of a sleeve at a joint, as wide on each side as the sleeve is there.

    A circle would leave a corner where the joint lies beside the middle of the sleeve.
    """
    inside = max(float(np.interp(station, *arm.inner)), 0.5 * radius)
    outside = max(float(np.interp(station, *arm.outer)), 0.5 * radius)
    across = d * np.where(d > 0.0, radius / inside, radius / outside).astype(np.float32)
    return _soft_below(np.hypot(s, across), radius * 1.06, soft)


def _clear_arm(
    sheet: Sheet, points: dict[str, Array], side: str, arm: _Arm
) -> tuple[Mask, NDArray[np.bool_]]:
    """What to take off the body with this arm, and where the arm covers the body."""
    shape = sheet.matte.shape
    soft = _SOFT_PX * FINENESS
    removed = np.zeros(shape, np.float32)
    start = 0.0
    for bone in range(2):
        head, tail = arm.joints[bone], arm.joints[bone + 1]
        s, d, length = _coordinates(shape, head, tail, arm.inward)
        inside = np.interp(start + s, *arm.inner).astype(np.float32)
        outside = np.interp(start + s, *arm.outer).astype(np.float32) * 1.5 + 3 * soft
        # Generous inside too: what is the trunk's own is put back below.
        strip = _soft_below(d, 1.3 * inside + 2.0 * soft, soft) * _soft_below(-d, outside, soft)
        strip = strip * (s > (-2.0 * arm.radii[0] if bone == 0 else 0.0)) * (s <= length)
        joint = _soft_below(_distance(shape, tail), arm.radii[bone + 1] * 1.25 + soft, soft)
        removed = np.maximum(removed, np.maximum(strip, joint))
        start += length
    hand = float(np.linalg.norm(arm.joints[3] - arm.joints[2]))
    s, d, _ = _coordinates(shape, arm.joints[2], arm.joints[3], arm.inward)
    palm = (s >= 0.0) * _soft_below(np.abs(d), np.full_like(d, 0.65 * hand), soft)
    removed = np.maximum(removed, palm * _soft_below(s, np.full_like(s, 1.4 * hand), soft))
    trunk, flank = _trunk(sheet, points, side, arm)
    if _flank_edge(sheet, points, side, arm)[1]:
        # With air beside it the trunk is all there.
        flank[:] = False
    return removed * (1.0 - trunk), (removed > 0.02) & flank & (sheet.matte > 0.02)


def _clear_side(sheet: Sheet, points: dict[str, Array], side: str, arm: _Arm) -> Mask:
    """Take off everything beside the trunk: an arm of which too little can be seen."""
    trunk, _ = _trunk(sheet, points, side, arm)
    shape = sheet.matte.shape
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    shoulder = sheet.at(points[f"upper_arm.{side}"])
    hip = sheet.at(points[f"thigh.{side}"])
    radius = float(arm.radii[0])
    outward = (columns - shoulder[0]) * -arm.inward
    beside = (outward > 0.0) & (rows > shoulder[1] - 1.5 * radius) & (rows < hip[1] + 2.0 * radius)
    return (beside * (1.0 - trunk)).astype(np.float32)


def _trunk(
    sheet: Sheet, points: dict[str, Array], side: str, arm: _Arm
) -> tuple[Mask, NDArray[np.bool_]]:
    """What stays with the body beside an arm, softly cut, and which part of it is the flank."""
    shape = sheet.matte.shape
    outward = -arm.inward
    radius = float(arm.radii[0])
    shoulder = sheet.at(points[f"upper_arm.{side}"])
    other = sheet.at(points[f"upper_arm.{'R' if side == 'L' else 'L'}"])
    edge, _ = _flank_edge(sheet, points, side, arm)
    corners = np.array(
        [
            [other[0], shoulder[1]],
            shoulder,
            _armpit(arm),
            *edge,
            [other[0], edge[-1][1]],
        ]
    )
    flank = np.zeros(shape, np.uint8)
    cv2.fillPoly(flank, [np.round(corners).astype(np.int32)], (255,), cv2.LINE_AA)
    keep = np.zeros(shape, np.uint8)
    centre = (round(float(shoulder[0])), round(float(shoulder[1])))
    cv2.circle(keep, centre, max(1, round(radius * 0.92)), (255,), -1, cv2.LINE_AA)
    # The cloth under the armpit belongs to both, so that no notch opens when the arm is raised.
    web = edge[0] - shoulder
    web = shoulder + web * min(1.0, 2.0 * radius / max(float(np.linalg.norm(web)), 1e-6))
    outer = shoulder + np.array([0.65 * outward, 0.6]) * radius
    cv2.fillPoly(keep, [np.round([shoulder, outer, web]).astype(np.int32)], (255,), cv2.LINE_AA)
    # No hanging arm covers the neck and what lies above and inside of the shoulder.
    inner = [0, centre[0]] if outward > 0.0 else [centre[0], shape[1]]
    keep[: centre[1], inner[0] : inner[1]] = 255
    trunk = _blurred(np.maximum(keep, flank), _SOFT_PX * FINENESS * 0.5)
    return trunk, (flank > 127) & (keep < 128)


def _flank_edge(
    sheet: Sheet, points: dict[str, Array], side: str, arm: _Arm
) -> tuple[list[Array], bool]:
    """The side of the trunk from the armpit down, (x, y) in texture pixels, and if it can be seen.

    Where there is air between arm and trunk it is the silhouette; above that it is left to a
    straight line from the shoulder; without any air it ends at the hips' usual width.
    """
    outward = -arm.inward
    shoulder = sheet.at(points[f"upper_arm.{side}"])
    hips = sheet.at(np.array([points[f"thigh.{s}"] for s in SIDES]))
    hip = hips[SIDES.index(side)]
    wide = float(np.linalg.norm(hips[0] - hips[1]))
    bottom = max(hip[1], float(arm.joints[3, 1])) + float(arm.radii[0])
    height, width = sheet.matte.shape
    first = int(shoulder[1] + 1.2 * arm.radii[0])
    found = []
    for row in range(first, min(int(bottom), height), 2):
        start = shoulder[0] - outward * 0.6 * abs(shoulder[0] - hips[:, 0].mean())
        limit = float(np.interp(row, arm.joints[:, 1], arm.joints[:, 0]))
        reach = (limit - start) * outward
        steps = np.round(start + outward * np.arange(0.0, max(reach, 0.0))).astype(int)
        steps = steps[(steps >= 0) & (steps < width)]
        air = np.flatnonzero(sheet.matte[row, steps] < 0.5)
        if air.size and air[0] > 0:
            found.append(np.array([float(steps[air[0]]), float(row)]))
    if len(found) < 5:
        x = hip[0] + outward * 0.42 * wide
        return [np.array([x, hip[1]]), np.array([x, bottom])], False
    return found, True


def _blurred(mask: NDArray[np.uint8], sigma: float) -> Mask:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32) / 255.0, (0, 0), sigma), np.float32)


def _below_armpit(removed: Mask, arm: _Arm) -> Mask:
    """Only the part of a removed arm that lay beside the flank."""
    mask = removed.copy()
    mask[: max(0, round(float(_armpit(arm)[1] - 0.4 * arm.radii[0])))] = 0.0
    return mask


def _averaged(layer: Layer, along: Array) -> Layer:
    """The layer blurred along one direction."""
    sigma = _AVERAGED_PX * FINENESS
    half = round(2.5 * sigma)
    ax, ay = along / max(float(np.linalg.norm(along)), 1e-6)
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    s, d = ax * columns + ay * rows, ax * rows - ay * columns
    kernel = np.exp(-0.5 * ((s / sigma) ** 2 + (d / 0.5) ** 2))
    # Alpha stays sharp where it is: only the colours under it are averaged.
    blurred = cv2.filter2D(layer.texture, cv2.CV_32F, kernel / kernel.sum())
    alpha = layer.texture[..., 3:].astype(np.float32)
    colours = blurred[..., :3] * (alpha / np.maximum(blurred[..., 3:], 1.0))
    texture = np.concatenate([np.minimum(colours + 0.5, alpha), alpha], axis=-1)
    return Layer(texture.astype(np.uint8), layer.offset)


def _coordinates(
    shape: tuple[int, ...], head: Array, tail: Array, inward: float
) -> tuple[Mask, Mask, float]:
    """Along the bone and across it, positive towards the body, for every pixel."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    length = float(np.linalg.norm(tail - head))
    ax, ay = (tail - head) / max(length, 1e-6)
    x, y = columns - np.float32(head[0]), rows - np.float32(head[1])
    across = (ay * x - ax * y) * inward
    return (ax * x + ay * y).astype(np.float32), across.astype(np.float32), length


def _distance(shape: tuple[int, ...], centre: Array) -> Mask:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.hypot(columns - np.float32(centre[0]), rows - np.float32(centre[1]))


def _soft_below(values: Mask, limit: Mask | float, soft: float) -> Mask:
    """1 well below the limit, 0 above it, `soft` pixels between."""
    return np.clip((limit - values) / np.float32(soft) + 0.5, 0.0, 1.0).astype(np.float32)


def _layer(rgb: NDArray[np.uint8], alpha: Mask, offset: Array) -> Layer:
    rows = np.flatnonzero((alpha > 0.002).any(axis=1))
    columns = np.flatnonzero((alpha > 0.002).any(axis=0))
    if rows.size == 0:
        return Layer(np.zeros((1, 1, 4), np.uint8), offset)
    y0, y1 = max(rows[0] - 1, 0), rows[-1] + 2
    x0, x1 = max(columns[0] - 1, 0), columns[-1] + 2
    part = np.clip(alpha[y0:y1, x0:x1, None], 0.0, 1.0)
    premultiplied = np.concatenate([rgb[y0:y1, x0:x1] * part, part * 255.0], axis=-1)
    return Layer(
        np.ascontiguousarray(np.clip(premultiplied + 0.5, 0.0, 255.0).astype(np.uint8)),
        offset - np.array([x0, y0]),
    )
