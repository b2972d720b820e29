"""The music beside an exported animation, and inside where the format has a place for it."""

from pathlib import Path
from typing import Any

from retarget.errors import ConductorError
from retarget.progress import Progress

from ..scene import find_sound
from ..scene_sound import Music, decode


def write_sound(
    scene: Any, out: Path, seconds: float, python: Path | None, progress: Progress
) -> str | None:
    """Write the scene's music from its first played frame on to a WAV file.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    out : Path
        The .wav file.
    seconds : float
        How much of it.
    python : Path or None
        The Python of Virtual Conductor, which reads every kind of music in time.
    progress : Progress
        Hears that the music is decoded.

    Returns
    -------
    str or None
        A sentence if there is music that could not be written.

    Raises
    ------
    Cancelled
        If the progress callback asked to stop.
    """
    sound = find_sound(scene)
    if sound is None:
        return None
    if python is None:
        return (
            f"The music {sound.path.name} is left out, since Virtual Conductor itself, which reads "
            "it, was not found on this computer; give the path of its Python in the preferences."
        )
    if not sound.path.is_file():
        return f"The music {sound.path} is not there, so it is left out."
    try:
        decode(
            Music(sound.path, sound.start, sound.track),
            out,
            seconds,
            python=python,
            progress=progress,
        )
    except ConductorError as error:
        return f"The music is left out: {error}"
    return None


def name_sound(usda: Path, sound: str) -> None:
    """Have a USD text file play a sound file that lies beside it, from time code 0 on.

    Raises
    ------
    ConductorError
        If it is not as Blender writes it.
    """
    text = usda.read_bytes()
    end = text.rstrip().rfind(b"\n}")
    if end < 0:
        raise ConductorError(f"{usda.name} is not the text Blender used to write.")
    prim = f"""

    def SpatialAudio "Music"
    {{
        uniform token auralMode = "nonSpatial"
        uniform asset filePath = @./{sound}@
        uniform token playbackMode = "onceFromStart"
        uniform timecode startTime = 0
    }}
"""
    usda.write_bytes(text[:end] + prim.encode() + text[end + 1 :])
