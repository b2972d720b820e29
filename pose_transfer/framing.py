"""Which part of the photo the video shows, and where the person stands on a stage plate."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from retarget import skeleton
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.rotation import Array

from .posing import Pose
from .subject import Subject

MAX_SIDE: Final = 1280
"""Longest side of a video whose size was not given, pixels."""

MIN_SIDE: Final = 64

# A small photo is enlarged to this.
_USUAL_SIDE: Final = 720
# Air around the reach of the arms and above the head, as shares of the framed height.
_AIR: Final = 0.035
# Pictures wider than this end at the knees, narrower than 1:1 at the feet.
_WIDE_ASPECT: Final = 1.3
# How much of the thighs a wide picture shows, and what lies below the ankles, metres.
_THIGH_SHOWN_M: Final = 0.18
_SOLES_M: Final = 0.12


@dataclass(frozen=True)
class Framing:
    """picture = scale · photo + shift, in a picture of `size` (width, height).

    `plate` is the same for a stage plate of the guide's size; None without one.
    """

    size: tuple[int, int]
    scale: float
    shift: Array
    plate: tuple[float, Array] | None = None


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Even width and height that a video can have.

    Raises
    ------
    ConductorError
        If it is too small or too large.
    """
    width, height = size
    if min(size) < MIN_SIDE or max(size) > 4096:
        raise ConductorError(
            f"The size {width}x{height} cannot be used; give {MIN_SIDE} to 4096 pixels each way."
        )
    return width - width % 2, height - height % 2


def default_size(photo_size: tuple[int, int]) -> tuple[int, int]:
    """The photo's shape, even, at most MAX_SIDE long."""
    longest = max(photo_size)
    scale = min(max(longest, _USUAL_SIDE), MAX_SIDE) / longest
    width, height = (max(MIN_SIDE, round(n * scale)) for n in photo_size)
    return width - width % 2, height - height % 2


def frame_photo(subject: Subject, pose: Pose, size: tuple[int, int]) -> Framing:
    """Zoom onto the person so that the whole reach of the arms stays in the picture."""
    left, top, right, bottom = _reach(subject, pose)
    width, height = subject.size
    aspect = size[0] / size[1]
    low = _lowest(subject, aspect)
    air = _AIR * (low - top)
    lowest = np.inf if subject.feet_seen else float(height)
    low = min(max(low, bottom + air), lowest)
    tall = low - top + air
    wide = max(tall * aspect, right - left + 2.0 * air)
    tall = wide / aspect
    if tall > low - top + air:
        # Room to spare: show more of the legs before more of the ceiling.
        low = max(low, min(top - air + tall, _lowest(subject, 0.0)))
    upper = low - tall
    middle = float((subject.points["upper_arm.L"] + subject.points["upper_arm.R"])[0] / 2)
    start = np.clip(middle - wide / 2, right + air - wide, left - air)
    if wide <= width:
        # Stay on the photo where the reach allows it.
        kept = np.clip(start, 0.0, width - wide)
        start = float(np.clip(kept, right + air - wide, left - air))
    if upper < 0.0 and tall <= height and subject.feet_seen:
        upper = max(upper, min(0.0, top - air))
    scale = size[0] / wide
    # Pixel centres at whole numbers: the picture's edge −½ is the crop's edge.
    shift = -scale * (np.array([float(start), upper]) + 0.0) - 0.5 + 0.5 * scale
    return Framing(size, scale, shift)


def frame_stage(subject: Subject, pose: Pose, guide: Guide, size: tuple[int, int]) -> Framing:
    """Put the person where the avatar stands in the guide's picture."""
    index = skeleton.INDEX
    pixels = guide.to_pixels(guide.positions)[..., :2]

    def avatar(name: str) -> Array:
        return pixels[:, [index[f"{name}.L"], index[f"{name}.R"]]].mean(axis=(0, 1))

    def person(name: str) -> Array:
        return (subject.points[f"{name}.L"] + subject.points[f"{name}.R"]) / 2

    foot = "foot" if subject.feet_seen else "thigh"
    body = float(avatar(foot)[1] - avatar("upper_arm")[1])
    if subject.feet_seen:
        scale = body / float(person(foot)[1] - person("upper_arm")[1])
    else:
        # Hips below the edge of the photo are a guess; the shoulders are seen.
        metres = float(guide.rest[index["upper_arm.L"], 2] - guide.rest[index["thigh.L"], 2])
        scale = body / (metres * subject.pixels_per_metre)
    anchor = "foot" if subject.feet_seen else "upper_arm"
    shift = avatar(anchor) - scale * person(anchor)
    # The plate fills the picture, whatever its shape.
    cover = max(size[0] / guide.size[0], size[1] / guide.size[1])
    centre = (np.array(size) - cover * np.array(guide.size)) / 2
    plate_shift = centre + 0.5 * cover - 0.5
    # `to_pixels` counts from the corner of the first pixel, not from its centre.
    shift = cover * (shift - 0.5) + plate_shift
    scale *= cover
    if not subject.feet_seen:
        zoom, move = _zoom_to_cut(subject, pose, scale, shift, size)
        scale, shift = zoom * scale, zoom * shift + move
        cover, plate_shift = zoom * cover, zoom * plate_shift + move
    return Framing(size, scale, shift, (cover, plate_shift))


def _zoom_to_cut(
    subject: Subject, pose: Pose, scale: float, shift: Array, size: tuple[int, int]
) -> tuple[float, Array]:
    """Zoom so that the edge that cuts the body lies at the lower edge of the picture."""
    cut = scale * subject.size[1] + shift[1]
    if cut >= size[1]:
        return 1.0, np.zeros(2)
    left, top, right, _ = _reach(subject, pose)
    tall, wide = scale * (subject.size[1] - top), scale * (right - left)
    zoom = max(1.0, min(0.92 * size[1] / tall, 0.92 * size[0] / wide))
    middle = scale * (left + right) / 2 + shift[0]
    return zoom, np.array([size[0] / 2 - zoom * middle, size[1] - zoom * cut])


def _reach(subject: Subject, pose: Pose) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of everything the person's head, arms and baton sweep over."""
    matte = subject.matte > 0.5
    rows = np.flatnonzero(matte.any(axis=1))
    points = [pose.baton.reshape(-1, 2)]
    hand = 0.06 * subject.pixels_per_metre
    for arm in pose.arms.values():
        points += [arm.joints.reshape(-1, 2) - hand, arm.joints.reshape(-1, 2) + hand]
    sway = np.abs(pose.body.hips).max(axis=0)
    hips = np.array([subject.points["thigh.L"], subject.points["thigh.R"]])
    wide = float(np.abs(hips[0, 0] - hips[1, 0]))
    head = np.array([[hips[:, 0].mean(), rows[0] - sway[1]]])
    body = np.array([[hips[:, 0].min() - wide, hips[0, 1]], [hips[:, 0].max() + wide, hips[0, 1]]])
    every = np.concatenate([*points, head, body])
    left, top = every.min(axis=0)
    right, bottom = every.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _lowest(subject: Subject, aspect: float) -> float:
    """Where the picture ends below: the knees when wide, under the feet when tall."""
    points = subject.points
    hips = float(points["thigh.L"][1] + points["thigh.R"][1]) / 2
    wide_end = hips + _THIGH_SHOWN_M * subject.pixels_per_metre
    soles = float(subject.size[1])
    if subject.feet_seen:
        soles = subject.ground + _SOLES_M * subject.pixels_per_metre
    share = np.clip((aspect - 1.0) / (_WIDE_ASPECT - 1.0), 0.0, 1.0)
    return float(min(soles + share * (wide_end - soles), soles))
