"""The music of a scene as a file that Blender plays in time."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

# Blender reads plain samples exactly; mp3, Ogg Vorbis and AAC without a container, and films whose
# sound begins late, it plays up to half a second off.
_EXACT: Final = frozenset({".wav", ".flac"})
_POLL_S: Final = 0.2
# Beyond the last frame, so that the strip does not end before it.
_MORE_S: Final = 0.5


@dataclass(frozen=True)
class Music:
    """Music as it is put into a scene.

    Parameters
    ----------
    path : Path
        Sound file, or a video file with sound.
    start : float
        Second of it at which the motion starts; need not fall on a frame.
    track : int, optional
        Which of its sound tracks, from 1 on; its default track if not given.
    decoded : Path, optional
        The stretch from `start` on as a file that Blender plays in time; see `decoded_music`.
    """

    path: Path
    start: float = 0.0
    track: int | None = None
    decoded: Path | None = None


def is_exact(music: Music) -> bool:
    """Whether Blender plays the file itself in time."""
    return music.track is None and music.path.suffix.lower() in _EXACT


def decoded_music(
    music: Music, duration: float, *, python: Path, progress: Progress = no_progress
) -> "tempfile.TemporaryDirectory[str]":
    """Have Virtual Conductor's own Python decode the stretch that is conducted.

    Returns
    -------
    TemporaryDirectory
        A folder with `music.flac`, to be cleaned up once the scene holds it.

    Raises
    ------
    ConductorError
        If the music cannot be read.
    Cancelled
        If the progress callback asked to stop.
    """
    folder = tempfile.TemporaryDirectory(prefix="virtual-conductor-")
    try:
        out = Path(folder.name) / "music.flac"
        decode(music, out, duration + _MORE_S, python=python, progress=progress)
    except BaseException:
        folder.cleanup()
        raise
    return folder


def decode(
    music: Music, out: Path, duration: float, *, python: Path, progress: Progress = no_progress
) -> None:
    """Have Virtual Conductor's own Python write a stretch of the music to a .flac or .wav file.

    Its first sample is the one at the music's `start`; before the file's begin there is silence.

    Raises
    ------
    ConductorError
        If the music cannot be read.
    Cancelled
        If the progress callback asked to stop.
    """
    command = [str(python), "-m", "backend.audio.scene_sound", str(music.path.resolve())]
    # Written together, or a start like -1e-05 would be taken for another option.
    command += [str(out), f"--start={music.start!r}", f"--duration={duration!r}"]
    if music.track is not None:
        command += ["--track", str(music.track)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        said = _followed(process, progress)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        sentence = said.decode(errors="replace").strip().splitlines()[-1:]
        raise ConductorError(
            sentence[0]
            if process.returncode == 2 and sentence
            else f"The sound of {music.path.name} could not be decoded; convert it to WAV or FLAC."
        )


def _followed(process: "subprocess.Popen[bytes]", progress: Progress) -> bytes:
    """The error output of a process that has ended."""
    while True:
        progress(0.0, "decoding the music")
        try:
            return process.communicate(timeout=_POLL_S)[1]
        except subprocess.TimeoutExpired:
            continue
