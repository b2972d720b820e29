"""What the likeness is measured on: photos, videos, and rendered people with known truth."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from pose_transfer.landmarks import detect_person
from retarget.character import PARTS
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.rotation import Array

Frame = NDArray[np.uint8]
Landmarks = Mapping[str, Array]

SIDE: Final = 512
"""Longest side of the frames of a video that are compared, pixels."""

PHOTOS: Final = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
VIDEOS: Final = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")

_TRUTH: Final = "person.json"
# Across a cut the colours of two neighbouring frames share less than this of their histograms
# (Boreczky & Rowe 1996), which are taken on small copies with so many levels a channel.
_SHARED: Final = 0.4
_SMALL: Final = (96, 64)
_LEVELS: Final = 8
_SEEN: Final = 0.5
_FACE: Final = ("eye.L", "eye.R", "mouth.L", "mouth.R")
# Half sizes in distances from the middle of the eyes to the middle of the mouth.
_FACE_WIDE, _FACE_HIGH = 1.25, 1.55
# Radius of a hand about the roots of its fingers, in lengths from there to the wrist.
_HAND: Final = 1.15


@dataclass(frozen=True)
class Truth:
    """What only a rendered person has.

    Parameters
    ----------
    guide : Guide
        Joints and camera of every frame.
    parts : tuple of (H, W) uint8 arrays
        0 is nobody, k + 1 is `retarget.character.PARTS[k]`.
    mattes : tuple of (H, W) float32 arrays
        How far each pixel is the person.
    points : dict of str to (T, 2) array
        Joints and points of the face, pixels from the middle of the first one.
    """

    guide: Guide
    parts: tuple[NDArray[np.uint8], ...]
    mattes: tuple[NDArray[np.float32], ...]
    points: dict[str, Array]


@dataclass(frozen=True)
class Clip:
    """A short video of one person.

    Parameters
    ----------
    name : str
    fps : float
    frames : tuple of (H, W, 3) uint8 arrays
        RGB, all of one size.
    truth : Truth or None
        None for a video of a real person.
    """

    name: str
    fps: float
    frames: tuple[Frame, ...]
    truth: Truth | None = None


@dataclass(frozen=True)
class Person:
    """What can be seen of a person in one picture.

    Parameters
    ----------
    landmarks : mapping of str to (2,) array, or None
        As `pose_transfer.landmarks`; None if nobody is found.
    person, hands, face : (H, W) float arrays
        Masks in [0, 1].
    """

    landmarks: Landmarks | None
    person: NDArray
    hands: NDArray
    face: NDArray


def find_sets(folder: Path) -> tuple[list[Path], list[Path]]:
    """Photos, and videos or folders of rendered people, in a folder or one such by itself.

    Pictures whose names end in _mask are mattes of photos, and none themselves.

    Raises
    ------
    ConductorError
        If there are none.
    """
    if not folder.exists():
        raise ConductorError(f"{folder} does not exist; check the path.")
    inside = (
        [folder] if (folder / _TRUTH).is_file() or folder.is_file() else sorted(folder.iterdir())
    )
    rendered = [path for path in inside if (path / _TRUTH).is_file()]
    photos = [path / "photo.png" for path in rendered]
    photos += [p for p in inside if p.suffix.lower() in PHOTOS and not p.stem.endswith("_mask")]
    clips = [path for path in rendered if (path / "guide.npz").is_file()]
    clips += [p for p in inside if p.suffix.lower() in VIDEOS]
    if not photos and not clips:
        raise ConductorError(
            f"{folder} holds no photos, videos or rendered people; give a folder that does, or "
            "make one with python -m blender_addon.commands people."
        )
    return photos, clips


def read_clip(path: Path, seconds: float) -> Clip:
    """The first seconds of a video file or of a rendered person, `SIDE` pixels at most.

    A video counts up to its first cut: what comes after it is not the person of the first frame.

    Raises
    ------
    ConductorError
        If it cannot be read or has less than two frames.
    """
    clip = _read_rendered(path, seconds) if path.is_dir() else _read_video(path, seconds)
    if len(clip.frames) < 2:
        raise ConductorError(f"{path.name} has no two frames; give a video that moves.")
    return clip


def read_matte(photo: Path) -> NDArray[np.float32] | None:
    """The known matte of a rendered person's photo, or None for any other photo."""
    parts = photo.with_name("photo_parts.png")
    if not (photo.with_name(_TRUTH).is_file() and parts.is_file()):
        return None
    return _parts_and_matte(parts)[1]


def look_at(picture: Frame) -> Person:
    """Find the person in a picture: landmarks, and masks made of them."""
    nobody = np.zeros(picture.shape[:2])
    try:
        found = detect_person(picture, "picture")
    except ConductorError:
        return Person(None, nobody, nobody, nobody)
    points = found.landmarks.points
    person = (found.segmentation > _SEEN).astype(np.float64)
    hands = nobody.copy()
    for side in "LR":
        if found.landmarks.visibility[f"hand.{side}"] < _SEEN:
            continue
        wrist = points[f"hand.{side}"]
        roots = (points[f"index.{side}"] + points[f"little.{side}"]) / 2.0
        middle = wrist + 1.1 * (roots - wrist)
        _ellipse(hands, middle, (_HAND * float(np.linalg.norm(roots - wrist)),) * 2)
    return Person(points, person, hands * person, face_mask(picture.shape, points))


def known(clip: Clip, frame: int) -> Person | None:
    """The truth of a rendered frame as `look_at` would give it, or None."""
    truth = clip.truth
    if truth is None:
        return None
    points = {name: places[frame] for name, places in truth.points.items()}
    hands = hands_of(truth.parts[frame]).astype(np.float64)
    return Person(points, truth.mattes[frame], hands, face_mask(clip.frames[frame].shape, points))


def hands_of(parts: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where both hands are in a picture of parts."""
    return np.isin(parts, [PARTS.index(f"hand.{side}") + 1 for side in "LR"])


def face_mask(shape: Sequence[int], points: Landmarks) -> NDArray:
    """An upright ellipse from brow to chin."""
    mask = np.zeros(tuple(shape[:2]))
    if not all(name in points for name in _FACE):
        return mask
    eyes = (points["eye.L"] + points["eye.R"]) / 2.0
    mouth = (points["mouth.L"] + points["mouth.R"]) / 2.0
    down = float(np.linalg.norm(mouth - eyes))
    _ellipse(mask, (eyes + mouth) / 2.0, (_FACE_WIDE * down, _FACE_HIGH * down))
    return mask


def resized(picture: Frame, side: int = SIDE) -> Frame:
    """The picture with at most `side` pixels along its longer side, both sides even."""
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2)))
    if size == (width, height):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ellipse(mask: NDArray, middle: Array, radii: tuple[float, float]) -> None:
    y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
    inside = ((x - middle[0]) / max(radii[0], 1.0)) ** 2 + (
        (y - middle[1]) / max(radii[1], 1.0)
    ) ** 2 <= 1.0
    mask[inside] = 1.0


def _read_video(path: Path, seconds: float) -> Clip:
    try:
        with av.open(str(path)) as container:
            fps = float(container.streams.video[0].average_rate or 25.0)
            frames = tuple(_decoded(container, seconds))
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise ConductorError(f"{path.name} cannot be read as a video; check the file.") from error
    return Clip(path.stem, fps, frames)


def _decoded(container: InputContainer, seconds: float) -> Iterator[Frame]:
    start: float | None = None
    before: NDArray[np.float64] | None = None
    for frame in container.decode(video=0):
        time = float(frame.time or 0.0)
        start = time if start is None else start
        if time - start >= seconds:
            return
        picture = resized(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
        colours = _histogram(picture)
        if before is not None and np.minimum(before, colours).sum() < _SHARED:
            return
        before = colours
        yield picture


def _histogram(picture: Frame) -> NDArray[np.float64]:
    """Shares of colours (levels³,) that add up to one."""
    small = np.asarray(cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA))
    bins = (small.reshape(-1, 3) * (_LEVELS / 256.0)).astype(np.int64)
    flat = np.ravel_multi_index((bins[:, 0], bins[:, 1], bins[:, 2]), (_LEVELS,) * 3)
    return np.bincount(flat, minlength=_LEVELS**3) / len(flat)


def _read_rendered(folder: Path, seconds: float) -> Clip:
    about = json.loads((folder / _TRUTH).read_text(encoding="utf-8"))
    fps = float(about["fps"])
    names = sorted(path.name for path in (folder / "frames").glob("*.png"))
    names = names[: max(2, int(seconds * fps))]
    frames = tuple(_read_rgb(folder / "frames" / name) for name in names)
    both = [_parts_and_matte(folder / "parts" / name) for name in names]
    points = {
        name: np.array(places)[: len(names)] for name, places in about["points"]["video"].items()
    }
    truth = Truth(
        Guide.load(folder / "guide.npz"),
        tuple(parts for parts, _ in both),
        tuple(matte for _, matte in both),
        points,
    )
    return Clip(folder.name, fps, frames, truth)


def _parts_and_matte(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Parts and coverage of a part picture, which is twice as large as what it is of."""
    bits = (_read_rgb(path) > 127).astype(np.uint8)
    fine = bits[..., 0] + 2 * bits[..., 1] + 4 * bits[..., 2]
    height, width = fine.shape[0] // 2, fine.shape[1] // 2
    blocks = fine.reshape(height, 2, width, 2).swapaxes(1, 2).reshape(height, width, 4)
    return fine[::2, ::2].copy(), (blocks > 0).mean(axis=2, dtype=np.float32)


def _read_rgb(path: Path) -> Frame:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ConductorError(f"{path} is missing or damaged; render the people again.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
