"""A stretch of any music as a FLAC or WAV file, which every program plays in time.

`python -m backend.audio.scene_sound MUSIC OUT.flac --start 1.5 --duration 60` is what the Blender
extension runs: Blender itself plays mp3, Ogg Vorbis and late sound tracks off by up to half a
second.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import soundfile

from backend.audio.decode import stream_audio
from retarget.atomic import atomic_path
from retarget.errors import ConductorError

RATE: Final = 48_000
"""Samples per second of the file; it is stereo, 16 bits."""


def write_scene_sound(
    music: Path,
    out: Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
) -> None:
    """Decode a stretch of a music file to FLAC or WAV, its first sample the one at `start`.

    Parameters
    ----------
    music : path
        Sound or video file.
    out : path
        The .flac or .wav to write, whole or not at all.
    start, duration, track
        As in `load_audio`.

    Raises
    ------
    ConductorError
        As `load_audio`.
    """
    with (
        atomic_path(out) as temporary,
        soundfile.SoundFile(temporary, "w", RATE, 2, "PCM_16") as file,
    ):
        for block in stream_audio(
            music, start=start, duration=duration, sample_rate=RATE, channels=2, track=track
        ):
            file.write(block.T)


def main() -> int:
    """Run as a command; a fault is one sentence on the error output and code 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("music", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--duration", type=float)
    parser.add_argument("--track", type=int)
    options = parser.parse_args()
    try:
        write_scene_sound(
            options.music,
            options.out,
            start=options.start,
            duration=options.duration,
            track=options.track,
        )
    except ConductorError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
