"""Stages and cameras by name: for the command, the panel and the builder alike."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

StageName = Literal["hall", "rehearsal", "studio"]
STAGES: Final[tuple[StageName, ...]] = get_args(StageName)
STAGE_WORDS: Final[dict[StageName, tuple[str, str]]] = {
    "hall": ("Concert Hall", "The podium before an orchestra, the hall behind the conductor"),
    "rehearsal": ("Rehearsal Room", "Wooden walls, daylight, chairs and music stands"),
    "studio": ("Studio", "A plain curved backdrop"),
}
"""Label and description of each, as the panel shows them."""

CameraName = Literal["front", "three-quarter", "hall", "hands"]
CAMERAS: Final[tuple[CameraName, ...]] = get_args(CameraName)
CAMERA_WORDS: Final[dict[CameraName, tuple[str, str]]] = {
    "front": ("Front", "As the orchestra sees the conductor"),
    "three-quarter": ("Three-Quarter", "From the first desks, past the left hand"),
    "hall": ("Hall", "From the hall, over the conductor to the orchestra"),
    "hands": ("Hands", "Close on the baton hand, which it follows"),
}


@dataclass(frozen=True)
class Staging:
    """What is built around the conductor.

    Parameters
    ----------
    stage : {"hall", "rehearsal", "studio"}, optional
        The set and its light; None builds the hall where a scene has no camera, else nothing.
    camera : {"front", "three-quarter", "hall", "hands"}, optional
        Where it is seen from; None is the front where a scene has no camera, else the scene's own.
    camera_move : bool
        Whether the camera moves, slowly, from phrase to phrase.
    """

    stage: StageName | None = None
    camera: CameraName | None = None
    camera_move: bool = False

    @property
    def is_moving(self) -> bool:
        """Whether the camera does not stand still while somebody conducts."""
        return self.camera_move or self.camera == "hands"
