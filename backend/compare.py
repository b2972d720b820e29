"""Skeleton, avatar and likeness side by side in one video, made of the finished ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.blender_sessions import Blender
from backend.compare_layout import Layout, Span, lay_out, span_of
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
# Of captions, as a share of the strip they stand in.
_LETTERS: Final = 0.5
_FPS_TOLERANCE: Final = 1e-3


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
    shares = len(films) + 1.0
    spans: list[Span] = []
    for film in films:
        looking = part(progress, len(spans) / shares, (len(spans) + 1) / shares)
        spans.append(span_of(film, _GROUND, looking))
    layout = lay_out([spans[0], *spans])
    frames = compared(guide, films, layout, [spans[0], *spans])
    sound = animation if films[0].has_sound else None
    drawing = part(progress, len(films) / shares, 1.0)
    encode(Footage(frames, guide.fps, layout.size, len(guide), sound), out, drawing)


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


def compared(
    guide: Guide, films: Sequence[Film], layout: Layout, spans: Sequence[Span]
) -> Iterator[Frame]:
    """The frames of the whole: the skeleton, then the films, each frame (H, W, 3) RGB.

    Parameters
    ----------
    guide : Guide
        The scene.
    films : sequence of Film
        One or two.
    layout : Layout
        Where the pictures lie.
    spans : sequence of Span
        Of all pictures, the skeleton's first.
    """
    width, height = layout.size
    names = ("Skeleton", "Avatar", "Likeness")
    empty = np.full((height, width, 3), _AROUND, np.uint8)
    for (x, y, wide, high), name in zip(layout.panels, names, strict=False):
        at = (x + wide / 2.0, y + high + 0.5 * layout.strip)
        Ink(empty).text(at, name, max(_LETTERS * layout.strip, 8.0), _CAPTION)
    sizes = [(wide, high) for *_, wide, high in layout.panels]
    sources = [_skeletons(guide, spans[0], sizes[0])]
    for film, span, size in zip(films, spans[1:], sizes[1:], strict=True):
        sources.append(_cropped(film, span, size))
    for pictures in zip(*sources, strict=True):
        frame = empty.copy()
        for (x, y, wide, high), picture in zip(layout.panels, pictures, strict=True):
            frame[y : y + high, x : x + wide] = picture
        yield frame


def _skeletons(guide: Guide, span: Span, size: tuple[int, int]) -> Iterator[Frame]:
    width, height = size
    scale = height / guide.size[1]
    left, _ = span.crop(width / height)
    seen = seen_in_scene(guide)
    shift = (seen.shift - [left, 0.0]) * scale
    skeleton = Skeleton(replace(seen, size=size, scale=seen.scale * scale, shift=shift), alone=True)
    for index in range(len(guide)):
        frame = np.full((height, width, 3), _GROUND, np.uint8)
        skeleton.draw(Ink(frame), index)
        yield frame


def _cropped(film: Film, span: Span, size: tuple[int, int]) -> Iterator[Frame]:
    """The part of a video that its panel shows, at the panel's size."""
    width, height = size
    left, wide = (round(length) for length in span.crop(width / height))
    for frame in film.frames(_GROUND):
        picture = np.full((len(frame), wide, 3), _GROUND, np.uint8)
        shown = frame[:, max(left, 0) : left + wide]
        picture[:, max(-left, 0) :][:, : shown.shape[1]] = shown
        yield _fitted(picture, size)


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
