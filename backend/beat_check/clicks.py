"""The music with a click on every beat, to check the beats by ear."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from backend.audio.channels import Samples
from backend.audio.decode import probe, stream_audio
from backend.beat_check.ogg_serial import settle_serial
from backend.grid.beat_grid import BeatGrid
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

_FORMATS: Final = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
}
# Rates that every player takes, Hz; another one becomes the nearer of the two.
_LOWEST, _HIGHEST = 16_000, 48_000
# Music and clicks together stay within full scale.
_MUSIC, _CLICK = 0.45, 0.55
_DOWNBEAT_HZ, _BEAT_HZ = 1760.0, 1175.0
_CLICK_S, _FADE_S = 0.04, 0.008
# libsndfile crashes when it is given long Vorbis at once.
_BLOCK: Final = 1 << 15
_PHASE: Final = "writing the clicks"


def check_clicks(path: Path) -> None:
    """Refuse a name that no sound can be written to.

    Raises
    ------
    ConductorError
        If it ends neither in .wav, .flac nor .ogg.
    """
    if path.suffix.lower() not in _FORMATS:
        raise ConductorError(
            f"{path.name} does not end like a sound file; let it end in .wav, .flac or .ogg."
        )


def write_clicks(
    music: Path,
    grid: BeatGrid,
    out: Path,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
    progress: Progress = no_progress,
) -> None:
    """Write a stretch of music, softer, with a click that begins on the sample of every beat.

    Downbeats are higher. Memory does not grow with the music; the same music and beats give the
    same bytes.

    Parameters
    ----------
    music : Path
        Sound or video file.
    grid : BeatGrid
        Time 0 is the start of the stretch.
    out : Path
        A .wav, .flac or .ogg file.
    start, duration, track
        The stretch, as in `backend.audio.decode.load_audio`.
    progress : Progress
        Told the share that is written; may raise `Cancelled`.

    Raises
    ------
    ConductorError
        If the music cannot be read, or the file not be written.
    """
    check_clicks(out)
    format_name, subtype = _FORMATS[out.suffix.lower()]
    info = probe(music, track)
    rate = min(max(info.sample_rate, _LOWEST), _HIGHEST)
    channels = min(info.channels, 2)
    expected = max(info.duration - start, 0.0) if duration is None else duration
    clicks = _Clicks(grid, rate)
    blocks = stream_audio(
        music, start=start, duration=duration, sample_rate=rate, channels=channels, track=track
    )
    done = 0
    with atomic_path(out) as temporary:
        try:
            with soundfile.SoundFile(
                *(temporary, "w", rate, channels), subtype=subtype, format=format_name
            ) as file:
                for block in blocks:
                    mixed = clicks.over(_MUSIC * block, done)
                    for first in range(0, mixed.shape[1], _BLOCK):
                        file.write(np.clip(mixed[:, first : first + _BLOCK].T, -1.0, 1.0))
                    done += mixed.shape[1]
                    progress(min(done / rate / expected, 1.0) if expected else 1.0, _PHASE)
            if format_name == "OGG":
                settle_serial(temporary)
        except soundfile.SoundFileError as error:
            raise ConductorError(
                f"{out.name} could not be written to {out.parent}; free some space or choose "
                "another place."
            ) from error
    progress(1.0, _PHASE)


class _Clicks:
    """The clicks of a grid at a sample rate, mixed into one block of music after another."""

    def __init__(self, grid: BeatGrid, rate: int) -> None:
        self._first = np.round(grid.times * rate).astype(np.int64)
        self._ones = grid.numbers == 1
        self._beat, self._downbeat = (_click(hertz, rate) for hertz in (_BEAT_HZ, _DOWNBEAT_HZ))

    def over(self, block: Samples, begin: int) -> Samples:
        """A block (channels, n) whose first sample is number `begin`, with its clicks."""
        length, end = len(self._beat), begin + block.shape[1]
        low, high = np.searchsorted(self._first, (begin - length + 1, end))
        for first, one in zip(self._first[low:high], self._ones[low:high], strict=True):
            a, b = max(first, begin), min(first + length, end)
            click = self._downbeat if one else self._beat
            block[:, a - begin : b - begin] += click[a - first : b - first]
        return block


def _click(hertz: float, rate: int) -> NDArray[np.float32]:
    """A sound that begins at its loudest and dies away."""
    time = np.arange(round(_CLICK_S * rate)) / rate
    wave = _CLICK * np.cos(2.0 * np.pi * hertz * time) * np.exp(-time / _FADE_S)
    return np.asarray(wave, np.float32)
