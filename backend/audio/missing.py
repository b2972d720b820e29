"""What a sound file has lost, as far as it can be told."""

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import av

from backend.audio.container import header_duration, open_sound
from backend.audio.cut_short import ends_early
from backend.audio.lost_frames import LostFrames

# Their headers count the samples; the length of other formats is a guess from the bit rate, may be
# that of the picture, or counts only where the file was cut (`ends_early`).
_COUNTED: Final = frozenset({"aiff", "ape", "caf", "flac", "tak", "tta", "w64", "wav", "wv"})
_CUT_SHORT_S: Final = 1.0


def loss_sentences(
    path: Path,
    read: float,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
) -> list[str]:
    """What is to be said of a file that is not whole; parameters as in `seconds_missing`."""
    said = []
    missing = seconds_missing(path, read, start=start, duration=duration, track=track)
    if missing:
        said.append(f"{path.name} is cut short or damaged: {missing:.0f} seconds are missing.")
    elif ends_early(path):
        said.append(f"{path.name} is cut short or damaged; it is conducted as far as it goes.")
    inside = [it for it in lost_stretches(path, track) if start <= it.at < start + read]
    if inside:
        first, seconds = inside[0].at, sum(it.seconds for it in inside)
        more = f" and {len(inside) - 1} more places" if len(inside) > 1 else ""
        said.append(
            f"{path.name} is damaged at {int(first) // 60}:{int(first) % 60:02d}{more}: about "
            f"{seconds:.2f} seconds of it are silent."
        )
    return said


def seconds_missing(
    path: str | Path,
    read: float,
    *,
    start: float = 0.0,
    duration: float | None = None,
    track: int | None = None,
) -> float:
    """How much less than its header promises a file gave; 0 if it is whole.

    A header is believed where it counts samples, or where the file itself is shorter than it says;
    other lengths are guesses that whole files miss.

    Parameters
    ----------
    path : path
        The file.
    read : float
        Seconds that `load_audio` returned for this `start`, `duration` and `track`.
    """
    path = Path(path)
    with open_sound(path, track) as (container, stream):
        believed = container.format.name in _COUNTED or ends_early(path)
        promised = (header_duration(container, stream) or 0.0) if believed else 0.0
    promised = max(promised - start, 0.0)
    if duration is not None:
        promised = min(promised, duration)
    missing = promised - read
    return missing if missing > _CUT_SHORT_S else 0.0


class LostStretch(NamedTuple):
    """A stretch of a file that cannot be decoded; both in seconds."""

    at: float
    seconds: float


def lost_stretches(path: str | Path, track: int | None = None) -> list[LostStretch]:
    """Where frames of an mp3 file are lost, told without decoding it; other files give none."""
    found: list[LostStretch] = []
    with open_sound(Path(path), track) as (container, stream):
        lost = LostFrames(container, stream)
        if lost.counts:
            origin: int | None = None
            open_at: float | None = None
            late = 0.0
            with suppress(av.error.FFmpegError):
                for packet in container.demux(stream):
                    if not packet.size or packet.pts is None:
                        continue
                    if origin is None:
                        origin = packet.pts
                    seconds = lost.seconds(packet)
                    # Fractions take longer than all else here, and mostly nothing is lost.
                    if bool(seconds) != (open_at is not None):
                        at = float((packet.pts - origin) * packet.time_base) + late
                        if open_at is None:
                            open_at = at
                        else:
                            found.append(LostStretch(open_at, at - open_at))
                            open_at = None
                    late += seconds
    # What follows the last good frame is no sound: tags of other programs.
    return found
