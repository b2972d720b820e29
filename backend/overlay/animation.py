"""The animation's video, with overlays or without: other overlays need no other frames."""

import shutil
from pathlib import Path
from typing import Any, Final

from backend.animation import Music, render_animation
from backend.blender_sessions import Blender
from backend.film import open_film
from backend.overlay.scene import SceneOverlay
from backend.video import Footage, encode, is_whole, video_comment
from blender_addon.engines import Engine
from retarget.atomic import atomic_path
from retarget.progress import Progress, no_progress, part

_RENDERED: Final = 0.9


def plain_of(out: Path) -> Path:
    """The hidden file beside a video that keeps it without overlays."""
    return out.with_name(f".{out.stem}.plain.mp4")


def make_animation(
    blender: Blender,
    blend: Path,
    out: Path,
    *,
    info: dict[str, Any],
    size: tuple[int, int],
    engine: Engine | None,
    music: Music | None,
    stamp: str,
    overlay: SceneOverlay | None = None,
    plain: Path | None = None,
    progress: Progress = no_progress,
) -> None:
    """Write the animation's video; only what has changed since it was written last is made anew.

    Parameters
    ----------
    blender, blend, out, info, size, engine, music, stamp
        As in `render_animation`.
    overlay : SceneOverlay, optional
        What is drawn over it.
    plain : Path, optional
        Where the video without overlays is kept while `out` has some, so that others are drawn
        without rendering; `plain_of(out)` if not given.

    Raises
    ------
    ConductorError, Cancelled
        As `render_animation`. `out` is then as it was, or without overlays.
    """
    shown = stamp if overlay is None else f"{stamp} {overlay.mark}"
    plain = plain or plain_of(out)
    if video_comment(out) == shown:
        progress(1.0, "the animation is there")
        return
    is_plain = is_whole(plain) and video_comment(plain) == stamp
    if overlay is None and is_plain:
        plain.replace(out)
        progress(1.0, "the animation is there")
        return
    if not is_plain:
        plain.unlink(missing_ok=True)
        render_animation(
            blender,
            blend,
            out,
            info=info,
            size=size,
            engine=engine,
            music=music,
            stamp=stamp,
            progress=part(progress, 0.0, 1.0 if overlay is None else _RENDERED),
        )
    if overlay is None:
        return
    if not is_plain:
        with atomic_path(plain) as temporary:
            shutil.copyfile(out, temporary)
    film = open_film(plain)
    footage = Footage(
        overlay.over(film.frames((0, 0, 0))),
        fps=float(info["fps"]),
        size=size,
        count=film.count,
        audio=None if music is None else music.path,
        audio_start=0.0 if music is None else music.start,
        audio_track=None if music is None else music.track,
        comment=shown,
    )
    encode(footage, out, part(progress, _RENDERED, 1.0, "drawing the overlays"))
