"""Overlays over a video that Blender has rendered: `python -m backend.overlay.finished`.

What the panel and the extension's `video` start to have them drawn; progress and the fault, if
there is one, are marked lines (`retarget.lines`).
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from backend.film import open_film
from backend.overlay.count import count_beats
from backend.overlay.draw import overlaid
from backend.overlay.seen import seen_in_scene
from backend.video import Footage, encode
from blender_addon.overlays import OverlayName, chosen_overlays
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.lines import Line, end_with_parent, report_progress, write_line
from retarget.progress import Progress, no_progress


def draw_over(
    video: Path,
    out: Path,
    overlays: Sequence[OverlayName],
    *,
    guide: Guide,
    beats: Sequence[Sequence[float]],
    progress: Progress = no_progress,
) -> None:
    """Draw over a finished video and keep its sound.

    Parameters
    ----------
    video : Path
        The video of the whole range of a scene.
    out : Path
        The .mp4 to write.
    overlays : sequence of str
        Which ones.
    guide : Guide
        The scene's.
    beats : sequence of (float, int)
        Seconds after the first frame, and numbers in the bar.

    Raises
    ------
    ConductorError
        If the video cannot be read, or `out` cannot be written.
    """
    film = open_film(video)
    # Blender cuts odd sides by a pixel.
    seen = seen_in_scene(replace(guide, size=film.size))
    frames = overlaid(film.frames((0, 0, 0)), overlays, seen, count_beats(beats))
    sound = video if film.has_sound else None
    encode(Footage(frames, film.fps or guide.fps, film.size, film.count, sound), out, progress)


def main() -> int:
    """The command; its exit code is 2 for a fault that is said in one sentence."""
    end_with_parent()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--overlay", required=True)
    parser.add_argument("--guide", type=Path, required=True)
    parser.add_argument("--info", type=Path, required=True, help="the answer of `info`, JSON")
    options = parser.parse_args()
    try:
        draw_over(
            options.video,
            options.out,
            chosen_overlays(options.overlay),
            guide=Guide.load(options.guide),
            beats=json.loads(options.info.read_text(encoding="utf-8"))["beats"],
            progress=report_progress,
        )
    except ConductorError as error:
        write_line(Line("error", str(error)))
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
