"""Overlays on the frames of a video, one after the other, as they go into the encoder."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np

from backend.overlay.beats import BeatCounter
from backend.overlay.count import Count
from backend.overlay.ink import Frame, Ink, unit_of
from backend.overlay.seen import Seen
from backend.overlay.skeleton import Skeleton
from backend.overlay.trace import Trace
from blender_addon.overlays import OverlayName

_HALO: Final = 1.6
# From below to above.
_ORDER: Final[tuple[OverlayName, ...]] = ("skeleton", "trace", "beats")


class _Overlay(Protocol):
    def draw(self, ink: Ink, frame: int) -> None: ...


def overlaid(
    frames: Iterable[Frame], overlays: Sequence[OverlayName], seen: Seen, count: Count
) -> Iterator[Frame]:
    """Draw overlays on the frames of a video.

    Parameters
    ----------
    frames : iterable of (H, W, 3) or (H, W, 4) uint8 arrays
        RGB, or RGBA with straight alpha, of `seen.size`; they are not changed.
    overlays : sequence of str
        Which ones; whatever their order, the counter lies on top.
    seen : Seen
        The points that are drawn, as many frames.
    count : Count
        The beats, from the first frame on.
    """
    drawn = [_made(name, seen, count) for name in _ORDER if name in overlays]
    halo = _HALO * unit_of(seen.size)
    for index, frame in enumerate(frames):
        ink = Ink(np.array(frame), halo)
        for overlay in drawn:
            overlay.draw(ink, min(index, len(seen) - 1))
        yield ink.frame


def _made(name: OverlayName, seen: Seen, count: Count) -> _Overlay:
    if name == "skeleton":
        return Skeleton(seen)
    return Trace(seen, count) if name == "trace" else BeatCounter(seen, count)
