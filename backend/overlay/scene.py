"""What is drawn over the video of a scene."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.content_hash import hash_of_folder
from backend.overlay.count import Count, count_beats
from backend.overlay.draw import overlaid
from backend.overlay.ink import Frame
from backend.overlay.seen import Seen, seen_in_scene
from blender_addon.overlays import OverlayName
from retarget.guide import Guide


@dataclass(frozen=True)
class SceneOverlay:
    """Overlays of one video.

    Parameters
    ----------
    names : tuple of str
        Which ones.
    seen : Seen
        The conductor in the picture.
    count : Count
        The beats.
    """

    names: tuple[OverlayName, ...]
    seen: Seen
    count: Count

    @property
    def mark(self) -> str:
        """Tells videos apart that have other overlays, or such as an older version drew."""
        drawing = hash_of_folder(Path(__file__).parent)
        return f"{'+'.join(sorted(self.names))} {drawing[:16]}"

    def over(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Draw on all frames of the video, (H, W, 3) RGB."""
        return overlaid(frames, self.names, self.seen, self.count)


def scene_overlay(
    names: Sequence[OverlayName], guide: Path, info: dict[str, Any]
) -> SceneOverlay | None:
    """The overlays of a scene's animation; None if there are no names.

    Parameters
    ----------
    names : sequence of str
        Which ones.
    guide : Path
        The scene's guide file, at the size of the video.
    info : dict
        What `blender_addon.scene.describe` says of the scene.
    """
    if not names:
        return None
    seen = seen_in_scene(Guide.load(guide))
    return SceneOverlay(tuple(dict.fromkeys(names)), seen, count_beats(info["beats"]))
