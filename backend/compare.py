"""Skeleton, avatar and likeness side by side in one video, made of the finished ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.blender_sessions import Blender
from backend.film import Film, open_film
from backend.folders import check_outputs, scratch_folder
from backend.options import FORMATS
from backend.overlay.ink import Frame, Ink
from backend.overlay.seen import seen_in_scene
from backend.overlay.skeleton import Skeleton
from backend.scenes import export_guide
from backend.video import Footage, encode
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part

# Behind the skeleton, and around everything.
_GROUND: Final = (26, 29, 36)
_AROUND: Final = (14, 16, 20)
_CAPTION: Final = (214, 218, 226)
# Shares of the panels' height.
_MARGIN: Final = 0.035
_STRIP: Final = 0.1
_LETTERS: Final = 0.045
# Wider pictures are more than common players show.
_WIDEST: Final = 4096
_FPS_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Layout:
    """Where the panels lie, pixels; every number is even.

    Parameters
    ----------
    size : (int, int)
        Width and height of the whole.
    panels : tuple of (x, y, width, height)
        From left to right; all of one height.
    """

    size: tuple[int, int]
    panels: tuple[tuple[int, int, int, int], ...]


def compare(
    guide: Guide,
    animation: Path,
    out: Path,
    *,
    likeness: Path | None = None,
    progress: Progress = no_progress,
) -> None:
    """Write the video; its sound is the animation's.

    Parameters
    ----------
    guide : Guide
        The scene as the animation shows it.
    animation : Path
        The avatar's video.
    out : Path
        The .mp4 to write.
    likeness : Path, optional
        The person's video, or a folder of its frames; without it there are two panels.

    Raises
    ------
    ConductorError
        If a video cannot be read, is of another performance, or `out` cannot be written.
    Cancelled
        If the progress callback asked to stop.
    """
    films = [open_film(path) for path in (animation, likeness) if path is not None]
    for film in films:
        _check(film, guide)
    layout = lay_out([films[0].size, *(film.size for film in films)])
    frames = compared(guide, films, layout)
    sound = animation if films[0].has_sound else None
    encode(Footage(frames, guide.fps, layout.size, len(guide), sound), out, progress)


def compare_folder(folder: Path, out: Path, progress: Progress = no_progress) -> list[str]:
    """Put the finished videos of a folder of `conduct` side by side.

    The skeleton is that of the folder's scene as it is now.

    Returns
    -------
    list of str
        A warning if the scene has changed since its videos were made.

    Raises
    ------
    ConductorError
        If scene or animation is missing, or they do not belong together.
    """
    blend, animation = folder / "scene.blend", folder / "animation.mp4"
    for path in (blend, animation):
        if not path.is_file():
            raise ConductorError(
                f"{folder} has no {path.name}; give a folder that conduct has filled."
            )
    check_outputs(out)
    size = open_film(animation).size
    made = [folder / f"likeness{ending}" for ending in FORMATS.values()]
    likeness = max(
        (path for path in made if path.exists()),
        key=lambda path: path.stat().st_mtime,
        default=None,
    )
    with Blender(renderers=1) as blender, scratch_folder() as scratch:
        guide = scratch / "guide.npz"
        export_guide(blender, blend, size, guide, part(progress, 0.0, 0.3))
        compare(
            Guide.load(guide), animation, out, likeness=likeness, progress=part(progress, 0.3, 1.0)
        )
    return _outdated(folder, blend, [path for path in (animation, likeness) if path is not None])


def lay_out(sizes: Sequence[tuple[int, int]]) -> Layout:
    """Put pictures of these sizes (width, height) beside each other, as high as the first.

    Where that is wider than players take, all are reduced.
    """
    height = sizes[0][1]
    while True:
        margin = _even(_MARGIN * height)
        widths = [_even(height * wide / high) for wide, high in sizes]
        whole = sum(widths) + margin * (len(sizes) + 1)
        if whole <= _WIDEST:
            break
        height = min(_even(height * _WIDEST / whole), height - 2)
    lefts = [margin * (i + 1) + sum(widths[:i]) for i in range(len(sizes))]
    panels = tuple((x, margin, width, height) for x, width in zip(lefts, widths, strict=True))
    return Layout((whole, margin + height + _even(_STRIP * height)), panels)


def compared(guide: Guide, films: Sequence[Film], layout: Layout) -> Iterator[Frame]:
    """The frames of the whole: the skeleton, then the films, each frame (H, W, 3) RGB."""
    width, height = layout.size
    names = ("Skeleton", "Avatar", "Likeness")
    empty = np.full((height, width, 3), _AROUND, np.uint8)
    for (x, y, wide, high), name in zip(layout.panels, names, strict=False):
        at = (x + wide / 2.0, y + high + 0.5 * (height - y - high))
        Ink(empty).text(at, name, max(_LETTERS * high, 8.0), _CAPTION)
    sources = [_skeletons(guide), *(film.frames(_GROUND) for film in films)]
    for pictures in zip(*sources, strict=True):
        frame = empty.copy()
        for (x, y, wide, high), picture in zip(layout.panels, pictures, strict=True):
            frame[y : y + high, x : x + wide] = _fitted(picture, (wide, high))
        yield frame


def _skeletons(guide: Guide) -> Iterator[Frame]:
    skeleton = Skeleton(seen_in_scene(guide), alone=True)
    width, height = guide.size
    for index in range(len(guide)):
        frame = np.full((height, width, 3), _GROUND, np.uint8)
        skeleton.draw(Ink(frame), index)
        yield frame


def _outdated(folder: Path, blend: Path, videos: Sequence[Path]) -> list[str]:
    """A sentence on videos older than the scene.

    A run of `conduct` writes the scene anew and may keep the animation it has; its report is last.
    """
    changed, report = blend.stat().st_mtime_ns, folder / "report.json"
    if report.is_file() and report.stat().st_mtime_ns >= changed:
        return []
    older = [path.name for path in videos if path.stat().st_mtime_ns < changed]
    if not older:
        return []
    return [
        f"{blend.name} is newer than {' and '.join(older)}, so the skeleton may move otherwise; "
        "make what is older anew with render or likeness."
    ]


def _check(film: Film, guide: Guide) -> None:
    same_pace = film.fps is None or abs(film.fps / guide.fps - 1.0) < _FPS_TOLERANCE
    if film.count != len(guide) or not same_pace:
        pace = "" if film.fps is None else f" at {film.fps:.4g} a second"
        raise ConductorError(
            f"{film.path.name} has {film.count} frames{pace}, the scene {len(guide)} at "
            f"{guide.fps:.4g}, so they cannot be compared; make the video of this scene anew."
        )


def _fitted(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if picture.shape[1::-1] == size:
        return picture
    smaller = size[1] < picture.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2.0))
