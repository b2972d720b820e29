"""One photo to a character, and a character with a guide to the frames in which it conducts."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget import rotation, skeleton
from retarget.body.model import FINGERS
from retarget.character import Character
from retarget.guide import Guide
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .backdrop import check_background, make_backdrop
from .drawing import Painter, draw_frames
from .drive import drive
from .frame import Box, Framing, check_size, default_size, frame_person, frame_stage, reach_box
from .proportions import cut_off, skull_of
from .sitting import character_from_photo
from .staging import seen_faces
from .take import Take

Frame = NDArray[np.uint8]

# Flesh around the joints that must stay in the picture, metres of the person.
_FINGER_M, _CROWN_M = 0.04, 0.20
# Before a photo that has no floor for its shoes, concert dress is shown to this share of the shin.
_SHIN: Final = 0.8


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
        What the user should know.
    transparent : bool
        Whether frames are RGBA.
    character, take : Character, Take
        Who is seen, how they move, and the camera that sees them.
    scale, shift : float, (2,) array
        picture = scale · pixels of the take's camera + shift; pixel middles at whole numbers.
    """

    count: int
    size: tuple[int, int]
    fps: float
    warnings: tuple[str, ...]
    transparent: bool
    character: Character
    take: Take
    scale: float
    shift: Array
    _backdrop: Frame | None

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, frame: int) -> Frame:
        """Frame `frame` alone, (H, W, 3) uint8 RGB, or (H, W, 4) with straight alpha."""
        if not 0 <= frame < self.count:
            raise IndexError(frame)
        with Painter(
            self.character,
            self.size,
            scale=self.scale,
            shift=self.shift,
            backdrop=self._backdrop,
            take=self.take,
        ) as painter:
            return painter.draw(self.take, frame)

    def __iter__(self) -> Iterator[Frame]:
        """All frames in order, as `__getitem__` gives them."""
        return draw_frames(
            self.character,
            self.take,
            self.size,
            scale=self.scale,
            shift=self.shift,
            backdrop=self._backdrop,
        )


def likeness_frames(
    guide: Guide,
    person: str | os.PathLike[str] | Character,
    *,
    background: str = "photo",
    plate: Path | None = None,
    size: tuple[int, int] | None = None,
    progress: Progress = no_progress,
) -> LikenessFrames:
    """Prepare the video of the photographed person conducting.

    Parameters
    ----------
    guide : Guide
        The animation as evaluated in Blender, and its camera.
    person : path or Character
        The photo, or who was made of it.
    background : str
        As for `backdrop.make_backdrop`; "alpha" gives transparent frames.
    plate : path, optional
        Picture of the empty stage through the guide's camera; needed for "stage".
    size : (int, int), optional
        Width and height; made even. Left out it is the guide's for the stage, else the photo's.
    progress : Progress
        Over the preparation only.

    Raises
    ------
    ConductorError
        If the photo cannot be used, the background is unknown or the plate is missing.
    """
    check_background(background)
    character = (
        person if isinstance(person, Character) else character_from_photo(person, progress=progress)
    )
    progress(0.95, "finding the frame")
    on_stage = background == "stage"
    take = drive(character, guide, grounded=on_stage)
    view = _View(character, guide, take)
    if on_stage:
        framing = view.on_stage(check_size(size or guide.size))
        scale, shift = framing.scale, framing.shift
    else:
        framing = view.on_photo(check_size(size or default_size(character.camera.size)))
        scale, shift = framing.scale * view.scale, framing.to_picture(view.shift)
    backdrop = make_backdrop(background, framing, photo=character.backdrop, plate=plate)
    warnings = list(character.warnings)
    character = character.only(seen_faces(character, take))
    if character.backdrop is None and background in ("photo", "blur"):
        warnings.append("The photo has no background of its own, so a plain wall is shown.")
    if _seen_from_behind(guide):
        warnings.append(
            "The camera sees the person's back, which the photo does not show, so it is a guess; "
            "choose a camera in front."
        )
    progress(1.0, "finding the frame")
    return LikenessFrames(
        count=len(take),
        size=framing.size,
        fps=guide.fps,
        warnings=tuple(warnings),
        transparent=backdrop is None,
        character=character,
        take=take,
        scale=scale,
        shift=np.asarray(shift),
        _backdrop=backdrop,
    )


def _seen_from_behind(guide: Guide) -> bool:
    """Whether the camera is behind the avatar in most frames."""
    hips = skeleton.INDEX["hips"]
    forward = rotation.rotate(guide.rotations[:, hips], np.array([0.0, -1.0, 0.0]))
    seen = np.einsum("tij,tj->ti", guide.view[:, :3, :3], forward)
    to_hips = guide.to_camera(guide.positions[:, [hips]])[:, 0]
    return bool(np.median(np.sum(seen * to_hips, axis=-1)) > 0.0)


class _View:
    """Where the guide's camera sees the person, and where the photo does.

    `scale` and `shift` take pixels of the guide's picture to pixels of the photo.
    """

    def __init__(self, character: Character, guide: Guide, take: Take) -> None:
        self._character, self._guide = character, guide
        pixels = _joint_pixels(character, take)
        hips = character.bone("hips")
        camera = character.camera
        at = camera.to_pixels(character.heads[hips])
        per_metre = take.pixels_per_metre(character)
        size = float(np.cbrt(np.abs(np.linalg.det(take.matrices[0, hips, :, :3].astype(float)))))
        self.scale = camera.focal / at[2] / (per_metre * size)
        self._per_metre = per_metre * size
        self._hips = pixels[:, hips]
        self.shift = at[:2] - self.scale * np.median(self._hips, axis=0)
        self._pixels = pixels
        self._tips = _to_pixels(take, take.baton[:, 1])

    def on_photo(self, size: tuple[int, int]) -> Framing:
        character = self._character
        camera = character.camera
        seen = camera.to_pixels(character.vertices)[:, :2]
        width, height = (float(n) for n in camera.size)
        rise = self.scale * float(np.median(self._hips[:, 1]) - self._hips[:, 1].min())
        cut = height - 1.5 - rise if cut_off(character) else None
        if character.dress != "photo":
            # It goes on below the photo.
            knee, ankle = (self._joint(stem) for stem in ("shin", "foot"))
            cut = knee + _SHIN * (ankle - knee) - rise
            width, height = np.inf, cut
        inside = seen[(seen[:, 1] < height) & (seen[:, 1] >= 0)]
        body = Box(
            float(max(inside[:, 0].min(), 0.0)),
            float(inside[:, 1].min()),
            float(min(inside[:, 0].max(), width - 1.0)),
            float(min(inside[:, 1].max(), height - 1.0)),
        )
        hips = min(self._joint("thigh"), body.bottom)
        reach = self._reach(self.scale, self.shift)
        return frame_person(body, reach, camera.size, size, hips=hips, cut=cut)

    def _joint(self, stem: str) -> float:
        """Height (y) of a joint of both sides in the photo."""
        character = self._character
        heads = [character.heads[character.bone(f"{stem}.{side}")] for side in "LR"]
        return float(character.camera.to_pixels(heads)[:, 1].mean())

    def on_stage(self, size: tuple[int, int]) -> Framing:
        framing = self._cut_in_guide()
        reach = self._reach(1.0, np.zeros(2))
        return frame_stage(self._guide.size, size, reach, cut=framing)

    def _cut_in_guide(self) -> float | None:
        if not cut_off(self._character):
            return None
        camera = self._character.camera
        hips = float(camera.to_pixels(self._character.heads[self._character.bone("hips")])[1])
        below = (camera.size[1] - 1.5 - hips) / self.scale
        return float(self._hips[:, 1].min()) + below

    def _reach(self, scale: float, shift: Array) -> Box:
        bones = self._character.bones
        hands = [i for i, name in enumerate(bones) if name.split(".")[0] in ("hand", *FINGERS)]
        head = self._pixels[:, bones.index("head")]
        crown = (
            _CROWN_M + (skull_of(self._character) - self._character.heads[bones.index("head")])[2]
        )
        finger = _FINGER_M * self._per_metre
        always = np.concatenate(
            [
                (self._pixels[:, hands] - finger).reshape(-1, 2),
                (self._pixels[:, hands] + finger).reshape(-1, 2),
                head - np.array([0.0, crown * self._per_metre]),
            ]
        )
        tips = self._tips[np.isfinite(self._tips).all(axis=1)]
        return reach_box(always * scale + shift, tips * scale + shift)


def _joint_pixels(character: Character, take: Take) -> Array:
    """Where the take's camera sees the head of every bone, (T, B, 2)."""
    matrices = take.matrices.astype(np.float64)
    world = (matrices[..., :3] @ character.heads[..., None])[..., 0] + matrices[..., 3]
    return np.stack([_to_pixels(take, world[:, i]) for i in range(world.shape[1])], axis=1)


def _to_pixels(take: Take, points: Array) -> Array:
    """World points (T, 3) to pixels (T, 2), counted from the middle of the first pixel."""
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    clip = np.einsum("tij,tjk,tk->ti", take.projection, take.view, homogeneous)
    flat = clip[:, :2] / clip[:, 3:] * np.array([0.5, -0.5]) + 0.5
    return flat * np.array(take.size) - 0.5


__all__: Final = ["LikenessFrames", "character_from_photo", "likeness_frames"]
