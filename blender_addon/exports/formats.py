"""The formats an animation is exported to: their endings, rates and limits."""

import math
from pathlib import Path
from typing import Final, Literal, get_args

from retarget.errors import ConductorError

ExportFormat = Literal["bvh", "fbx", "gltf", "usd"]
FORMATS: Final[tuple[ExportFormat, ...]] = get_args(ExportFormat)

ENDINGS: Final[dict[str, ExportFormat]] = {
    ".bvh": "bvh",
    ".fbx": "fbx",
    ".glb": "gltf",
    ".gltf": "gltf",
    ".usd": "usd",
    ".usda": "usd",
    ".usdc": "usd",
}
"""What the ending of a file says; the first of a format is its usual one."""

FORMAT_WORDS: Final[dict[ExportFormat, tuple[str, str]]] = {
    "fbx": ("FBX", "Skeleton, meshes with face keys, baton; for game engines and other programs"),
    "gltf": ("glTF", "Skeleton, meshes with face keys, baton; for game engines and the web"),
    "usd": ("USD", "Skeleton, meshes with face keys, baton; for film pipelines"),
    "bvh": ("BVH", "The skeleton alone; for every program that reads motion capture"),
}
"""Label and description of each for menus."""

# Blender writes glTF at 30/1.001 frames a second 0.2 % too short, and reads an FBX that says so
# 0.1 % too long: at a whole number of frames a second everybody agrees on the time.
_WHOLE: Final = frozenset({"fbx", "gltf"})
_MOST_SAMPLES: Final = 4
_WHOLE_WITHIN: Final = 1e-6


def export_path(path: Path, format_name: ExportFormat | None = None) -> Path:
    """Where an export goes: with the format's usual ending if the path has none of ours.

    Raises
    ------
    ConductorError
        If no format is told, or two are.
    """
    told = ENDINGS.get(path.suffix.lower())
    if told is None and format_name is None:
        raise ConductorError(
            f"{path.name} does not tell a format; let it end in {', '.join(ENDINGS)}, or name one."
        )
    if told is not None and format_name is not None and told != format_name:
        raise ConductorError(
            f"{path.name} ends like {FORMAT_WORDS[told][0]}, but {FORMAT_WORDS[format_name][0]} is "
            "asked for; leave one of the two out."
        )
    if told is not None:
        return path
    usual = next(ending for ending, name in ENDINGS.items() if name == format_name)
    return path.with_name(path.name + usual)


def format_of(path: Path) -> ExportFormat:
    """The format of a path from `export_path`."""
    return ENDINGS[path.suffix.lower()]


def holds_pictures(path: Path) -> bool:
    """Whether pictures are inside of a file from `export_path`, not in a folder beside it."""
    return path.suffix.lower() in (".fbx", ".glb")


def sample_rate(fps: float, format_name: ExportFormat) -> float:
    """Poses a second that a format takes of an animation; whole for FBX and glTF.

    Parameters
    ----------
    fps : float
        Frames a second of the animation, or those asked for.
    format_name : {"bvh", "fbx", "gltf", "usd"}

    Returns
    -------
    float
        `fps` itself where it will do; else its smallest whole multiple up to four times it, or the
        next whole number: 30 for 29.97, 25 for 12.5.
    """
    if format_name not in _WHOLE:
        return fps
    for times in range(1, _MOST_SAMPLES + 1):
        rate = fps * times
        if abs(rate - round(rate)) <= _WHOLE_WITHIN * rate:
            return float(round(rate))
    return float(math.ceil(fps))
