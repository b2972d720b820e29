"""One photo and a guide to the frames in which the person of the photo conducts."""

import os
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part

from .baton import draw_baton
from .compose import over, shade, shade_fold, soft_shadow
from .framing import Framing, check_size, default_size, frame_photo, frame_stage
from .inpaint import clean_background, extend, studio
from .mesh.body import BodyRig
from .mesh.skinning import StripPose, bend_between, shared_bend, source_points, turned
from .parts import Layer, Limb, Parts, cut_parts
from .photo import read_photo
from .posing import Pose, arm_lengths, bones_behind, pose_subject
from .sheet import FINENESS, make_sheet, resample
from .subject import SIDES, Subject, read_subject
from .warp import BODY_STEP, LIMB_STEP, Tile, draw_layer

Frame = NDArray[np.uint8]

BACKGROUNDS: Final = ("photo", "stage")
"""Named backgrounds; a colour as "#rrggbb" is the third kind."""

_COLOUR: Final = re.compile(r"^#[0-9a-fA-F]{6}$")
# Bends between which an arm counts as more and more folded, radians, and how much narrower a sleeve
# is at a folded elbow.
_FOLD_BEGINS, _FOLD_ENDS = np.radians(50.0), np.radians(130.0)
_ELBOW_NARROWS: Final = 0.16
# Lengths of a bone in the picture, as shares of the photo's, between which its averaged texture
# comes in.
_AVERAGE_BEGINS, _AVERAGE_ENDS = 0.85, 0.45


@dataclass(frozen=True)
class LikenessFrames:
    """The finished video, frame by frame; iterate as often as you like.

    Parameters
    ----------
    count : int
        Number of frames, one for each of the guide's.
    size : (int, int)
        Width and height in pixels, both even.
    fps : float
        Frames per second, the guide's.
    warnings : tuple of str
        What the user should know of the photo.
    framing : Framing
        Which part of the photo is shown.
    """

    count: int
    size: tuple[int, int]
    fps: float
    warnings: tuple[str, ...]
    framing: Framing
    _scene: "_Scene"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, frame: int) -> Frame:
        """Frame `frame` alone, (H, W, 3) uint8 RGB."""
        if not 0 <= frame < self.count:
            raise IndexError(frame)
        return self._scene.draw(frame)

    def __iter__(self) -> Iterator[Frame]:
        """All frames in order, (H, W, 3) uint8 RGB; several are drawn at once."""
        workers = max(1, len(os.sched_getaffinity(0)))
        threads = cv2.getNumThreads()
        # One thread per frame beats threads within a frame.
        cv2.setNumThreads(1)
        try:
            with ThreadPoolExecutor(workers, thread_name_prefix="likeness") as pool:
                waiting: deque[Future[Frame]] = deque()
                try:
                    for frame in range(self.count):
                        waiting.append(pool.submit(self._scene.draw, frame))
                        if len(waiting) > 2 * workers:
                            yield waiting.popleft().result()
                    while waiting:
                        yield waiting.popleft().result()
                finally:
                    for future in waiting:
                        future.cancel()
        finally:
            cv2.setNumThreads(threads)


def likeness_frames(
    guide: Guide,
    photo: str | os.PathLike[str] | Subject,
    *,
    background: str = "photo",
    plate: Path | None = None,
    size: tuple[int, int] | None = None,
    progress: Progress = no_progress,
) -> LikenessFrames:
    """Prepare the video of the photographed person conducting.

    Everything that depends on the photo alone is done here, once; iterating draws the frames.

    Parameters
    ----------
    guide : Guide
        The animation as evaluated in Blender, and its camera.
    photo : path or Subject
        The photo, or a person already read from it.
    background : str
        "photo" (the photo without the person), "stage" (the plate) or a colour "#rrggbb".
    plate : path, optional
        Picture of the empty stage through the guide's camera; needed for "stage".
    size : (int, int), optional
        Width and height; made even. Left out it is the plate's size, or follows the photo's shape.
    progress : Progress
        Over the preparation only.

    Raises
    ------
    ConductorError
        If the photo cannot be used, the background is unknown or the plate is missing.
    """
    if background not in BACKGROUNDS and not _COLOUR.match(background):
        raise ConductorError(
            f"'{background}' is no background; choose photo, stage or a colour like #203040."
        )
    stage = _read_plate(plate) if background == "stage" else None
    subject = (
        photo
        if isinstance(photo, Subject)
        else read_subject(photo, progress=part(progress, 0.0, 0.5))
    )
    warnings = list(subject.warnings)
    rig = BodyRig.from_points(subject.points, subject.ground)
    pose = pose_subject(subject, rig, guide)
    if stage is not None:
        framing = frame_stage(subject, pose, guide, check_size(size or guide.size))
    else:
        framing = frame_photo(subject, pose, check_size(size or default_size(subject.size)))
    progress(0.6, "preparing the background")
    if stage is not None:
        backdrop = _stage_backdrop(stage, guide, framing)
    elif background != "photo":
        colour = [int(background[i : i + 2], 16) for i in (1, 3, 5)]
        backdrop = np.full((framing.size[1], framing.size[0], 3), colour, np.uint8)
    elif subject.cutout:
        backdrop = studio(framing.size)
        warnings.append("The photo is a cut-out without a background, so a plain wall is shown.")
    else:
        rows = np.flatnonzero((subject.matte > 0.5).any(axis=1))
        clean = clean_background(subject.rgb, subject.matte, float(np.ptp(rows)) + 1.0)
        backdrop = extend(clean, framing.scale, framing.shift, framing.size)
    progress(0.8, "cutting out the arms")
    scale, shift = framing.scale, framing.shift
    points = {name: point * scale + shift for name, point in subject.points.items()}
    hand_length = float(arm_lengths(subject)[2]) * scale
    parts = cut_parts(
        make_sheet(subject, scale, shift, framing.size), points, hand_length, subject.hidden
    )
    scene = _Scene(
        parts=parts,
        rig=rig.moved(scale, shift),
        pose=pose.moved(scale, shift),
        backdrop=backdrop,
        pixels_per_metre=subject.pixels_per_metre * scale,
    )
    progress(1.0, "cutting out the arms")
    return LikenessFrames(len(pose), framing.size, guide.fps, tuple(warnings), framing, scene)


@dataclass(frozen=True)
class _Scene:
    """All that a frame is drawn from, in picture pixels."""

    parts: Parts
    rig: BodyRig
    pose: Pose
    backdrop: Frame
    pixels_per_metre: float

    @cached_property
    def across(self) -> float:
        """Shoulder width in pixels."""
        return float(np.linalg.norm(self.rig.shoulders[0] - self.rig.shoulders[1]))

    @cached_property
    def still_shadow(self) -> Frame:
        """Shadow of the arms as they are in the photo, (H, W)."""
        size = (self.backdrop.shape[1], self.backdrop.shape[0])
        tiles = []
        for limb in (limb for limbs in self.parts.arms.values() for limb in limbs):
            low = np.minimum(limb.strip.head, limb.strip.tail) - limb.reach
            high = np.maximum(limb.strip.head, limb.strip.tail) + limb.reach
            tiles.append(draw_layer(limb.layer, (*low, *high), size, lambda at: at, LIMB_STEP))
        return soft_shadow([tile for tile in tiles if tile is not None], size, self.across)

    @cached_property
    def behind(self) -> dict[str, NDArray[np.bool_]]:
        """Which bones of each arm are behind the body, (T, 3), with hysteresis over time."""
        return {side: bones_behind(arm.depth) for side, arm in self.pose.arms.items()}

    def draw(self, frame: int) -> Frame:
        """Frame `frame`, (H, W, 3) uint8 RGB."""
        picture = self.backdrop.copy()
        size = (picture.shape[1], picture.shape[0])
        behind: list[Tile] = []
        front: list[list[Tile]] = [[], [], []]
        for side in SIDES:
            for bone, tile in enumerate(self._draw_arm(side, frame, size)):
                if tile is None:
                    continue
                if bone == 2 and side == "R":
                    baton = self._draw_baton(frame, size)
                    front[2] += [baton] if baton is not None else []
                (behind if self.behind[side][frame, bone] else front[bone]).append(tile)
        for tile in behind:
            over(picture, tile)
        body = self._draw_body(frame, size)
        if body is not None:
            shadow = soft_shadow([tile for tiles in front for tile in tiles], size, self.across)
            over(picture, shade(body, shadow, self.still_shadow))
        for tiles in front:
            for tile in tiles:
                over(picture, tile)
        return picture

    def _draw_body(self, frame: int, size: tuple[int, int]) -> Tile | None:
        def source(points: NDArray) -> NDArray:
            return self.rig.inverse(points, self.pose.body, frame)

        # Sway, lean and shrug stay well within half a shoulder width.
        left, top = -self.parts.body.offset / FINENESS - 0.5 * self.across
        height, width = self.parts.body.texture.shape[:2]
        right = left + width / FINENESS + self.across
        bottom = top + height / FINENESS + self.across
        return draw_layer(self.parts.body, (left, top, right, bottom), size, source, BODY_STEP)

    def _draw_arm(self, side: str, frame: int, size: tuple[int, int]) -> list[Tile | None]:
        limbs, arm = self.parts.arms[side], self.pose.arms[side]
        turns = [float(self.pose.body.lean[frame])]
        for bone, limb in enumerate(limbs):
            head, tail = arm.joints[frame, bone], arm.joints[frame, bone + 1]
            turns.append(turned(limb.strip, head, tail, turns[-1]))
        bends = [shared_bend(a, b) for a, b in pairwise(turns)] + [0.0]
        fold = _smooth(abs(bend_between(turns[1], turns[2])), _FOLD_BEGINS, _FOLD_ENDS)
        widths = arm.widths[frame] * np.array([1.0, 1.0 - _ELBOW_NARROWS * fold, 1.0, 1.0])
        tiles: list[Tile | None] = []
        for bone, limb in enumerate(limbs):
            head, tail = arm.joints[frame, bone], arm.joints[frame, bone + 1]
            pose = StripPose(
                head,
                tail,
                float(widths[bone]),
                float(widths[bone + 1]),
                bends[bone],
                bends[bone + 1],
            )
            tiles.append(_draw_limb(limb, pose, size))
        upper, *above = tiles
        if upper is not None and fold > 0.0:
            folded = [tile for tile in above if tile is not None]
            tiles[0] = shade_fold(upper, folded, self.across, fold)
        return tiles

    def _draw_baton(self, frame: int, size: tuple[int, int]) -> Tile | None:
        grip, tip = self.pose.baton[frame]
        near = float(self.pose.arms["R"].widths[frame, 3])
        return draw_baton(grip, tip, self.pixels_per_metre * near, size)


def _draw_limb(limb: Limb, pose: StripPose, size: tuple[int, int]) -> Tile | None:
    def source(points: NDArray) -> NDArray:
        return source_points(points, limb.strip, pose)

    reach = limb.reach * max(pose.head_width, pose.tail_width) + 2.0
    low = np.minimum(pose.head, pose.tail) - reach
    high = np.maximum(pose.head, pose.tail) + reach
    seen = float(np.linalg.norm(pose.tail - pose.head)) / limb.strip.length
    share = _smooth(-seen, -_AVERAGE_BEGINS, -_AVERAGE_ENDS)
    return draw_layer(_averaged(limb, share), (*low, *high), size, source, LIMB_STEP)


def _averaged(limb: Limb, share: float) -> Layer:
    if share <= 0.0:
        return limb.layer
    mixed = cv2.addWeighted(limb.layer.texture, 1.0 - share, limb.averaged.texture, share, 0.0)
    return Layer(np.asarray(mixed, np.uint8), limb.layer.offset)


def _smooth(value: float, start: float, end: float) -> float:
    """Smooth step from 0 at `start` to 1 at `end`."""
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def _read_plate(path: Path | None) -> Frame:
    if path is None:
        raise ConductorError(
            "The stage background needs a picture of the empty stage; render the scene first or "
            "choose the photo's background."
        )
    return read_photo(path).rgb


def _stage_backdrop(stage: Frame, guide: Guide, framing: Framing) -> Frame:
    assert framing.plate is not None
    scale, shift = framing.plate
    # The plate may have been rendered at another size than the guide names.
    ratio = guide.size[0] / stage.shape[1]
    centre = scale * (0.5 * ratio - 0.5)
    return resample(stage, scale * ratio, shift + centre, framing.size, border=cv2.BORDER_REPLICATE)
