"""The scene's frame rate and range, the beats as markers, the music as a sound strip."""

import re
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.rotation import Array

from .scene_sound import Music
from .span import played_frames, set_range

OURS: Final = "virtual_conductor"
"""Custom property that marks a strip as ours, so that others are left alone."""

MUSIC: Final = "virtual_conductor_music"
"""Custom property of our strip whose sound is decoded and packed: the music file's own sound."""

MUSIC_START: Final = "virtual_conductor_music_start"
"""Custom property of such a strip: second of the music file at which its sound starts."""

MUSIC_TRACK: Final = "virtual_conductor_music_track"
"""Custom property of such a strip: which sound track of the music file, if one was chosen."""

SOUND_NAME: Final = "Music"

# Blender 5 keeps no custom properties on markers, so it is the name that makes a marker a beat.
_BEAT: Final = re.compile(r"^(?:bar\s+-?\d+|(?P<number>[1-9]\d?))$", re.IGNORECASE)
# Ends the names of our markers, which look and read like any others: a no-break space.
_OUR_END: Final = "\u00a0"
# 5.1 renamed the timing of strips.
_FORMER_NAMES: Final = {
    "content_duration": "frame_duration",
    "content_start": "frame_start",
    "left_handle_offset": "frame_offset_start",
}
# Of a motion.
_SLOWEST, _FASTEST = 10.0, 120.0
_SAME_RATE: Final = 1e-5
# Film rates are written as a whole number over 1.001.
_NTSC: Final = 1.001


def frame_rate(scene: Any) -> float:
    """Frames per second."""
    return float(scene.render.fps / scene.render.fps_base)


def at_frame_rate(scene: Any, motion: Motion) -> Motion:
    """A motion laid out at the scene's frame rate; itself where that is its own."""
    rate = frame_rate(scene)
    return motion if _is_same(rate, motion.fps) else motion.resample(rate)


def beat_frames(motion: Motion, rate: float) -> NDArray[np.int64]:
    """The frame nearest to each beat, (B,), from the motion's first pose on, at `rate` a second."""
    frames: NDArray[np.int64] = np.round(np.asarray(motion.beats) * rate).astype(np.int64)
    return frames


def motion_rate(scene: Any) -> float:
    """Frames per second of a motion for the scene: its own, or the nearest that a motion can have.

    Other rates are made of it when it is keyed.
    """
    return min(max(frame_rate(scene), _SLOWEST), _FASTEST)


def set_frame_rate(scene: Any, fps: float) -> None:
    """Set the scene's frames per second."""
    whole = max(1, round(fps))
    ntsc = max(1, round(fps * _NTSC))
    if abs(fps - ntsc / _NTSC) < abs(fps - whole):
        whole = ntsc
    scene.render.fps = whole
    scene.render.fps_base = whole / fps


def set_timeline(scene: Any, motion: Motion, frame_start: int = 1) -> None:
    """Set the scene's frame rate and range to the motion's, and have the picture follow the sound.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    motion : Motion
        What is conducted.
    frame_start : int
        Frame of the motion's first pose.
    """
    set_frame_rate(scene, motion.fps)
    frames = frames_of(scene, motion, frame_start)
    set_range(scene, frames)
    if scene.frame_current not in frames:
        scene.frame_set(frame_start)
    # Sound leads and the picture follows, or the beat is seen late on a slow machine.
    scene.sync_mode = "AUDIO_SYNC"
    scene.use_audio_scrub = True


def frames_of(scene: Any, motion: Motion, frame_start: int = 1) -> range:
    """The frames that a motion takes at the scene's frame rate."""
    rate = frame_rate(scene)
    is_same = _is_same(rate, motion.fps) or len(motion) < 2
    count = len(motion) if is_same else max(1, round(motion.duration * rate))
    return range(frame_start, frame_start + count)


def add_beat_markers(scene: Any, motion: Motion, frame_start: int = 1) -> None:
    """Mark every conducted beat: "Bar 12" on downbeats, the beat's number on the others.

    Bars are counted from the first downbeat; the beats of a pickup come before "Bar 1". The names
    end with a no-break space: such markers are ours and are replaced, unless they switch the
    camera. The user's own stay, whatever their names; where one marks the same beat already, it
    needs no other.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene; its frame rate says where a beat falls.
    motion : Motion
        Its `beats` and `beat_numbers`.
    frame_start : int
        Frame of the motion's first pose.
    """
    markers = scene.timeline_markers
    for marker in [marker for marker in markers if _is_our_beat(marker)]:
        markers.remove(marker)
    marked = {(marker.frame, number) for marker in markers if (number := _beat_of(marker))}
    numbers = np.asarray(motion.beat_numbers)
    bars = np.cumsum(numbers == 1)
    frames = frame_start + beat_frames(motion, frame_rate(scene))
    for frame, number, bar in zip(frames.tolist(), numbers.tolist(), bars.tolist(), strict=True):
        if (frame, number) not in marked:
            name = f"Bar {bar}" if number == 1 else str(number)
            markers.new(name + _OUR_END, frame=frame)


def read_beat_markers(scene: Any, frame_start: int = 1) -> tuple[Array, NDArray[np.int64]]:
    """The beats as the scene's markers say, after the user has moved, added or deleted some.

    Any marker named "Bar …" or "1" is a downbeat, any marker named with a number up to 99 that
    beat of its bar; other markers are no beats. Markers before `frame_start` are left out, and of
    several on one frame the first counts.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    frame_start : int
        Frame at time 0.

    Returns
    -------
    times : (B,) array
        Seconds, rising; empty if there are no beats.
    numbers : (B,) int array
        Number of each beat in its bar, 1 = downbeat.
    """
    beats: dict[int, int] = {}
    for marker in scene.timeline_markers:
        number = _beat_of(marker)
        if number is not None and marker.frame >= frame_start:
            beats.setdefault(marker.frame, number)
    frames = sorted(beats)
    times = (np.array(frames, dtype=np.float64) - frame_start) / frame_rate(scene)
    return times, np.array([beats[frame] for frame in frames], dtype=np.int64)


def _beat_of(marker: Any) -> int | None:
    """The number in its bar of the beat that a marker marks; None where it marks none."""
    match = _BEAT.match(marker.name.strip())
    return int(match["number"] or 1) if match else None


def _is_our_beat(marker: Any) -> bool:
    named = marker.name.endswith(_OUR_END) and _beat_of(marker) is not None
    return named and marker.camera is None


def add_sound(scene: Any, music: Music, frame_start: int = 1) -> Any:
    """Put the music into the sequencer, heard in time with the picture.

    A strip that an earlier call made is replaced; all others stay. What was decoded for Blender is
    packed into the .blend file.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene; set its frame rate first.
    music : Music
        The file and the second of it where the motion starts.
    frame_start : int
        Frame at which it is to be heard from there on.

    Returns
    -------
    bpy.types.Strip
        The sound strip.

    Raises
    ------
    ConductorError
        If the file is missing or Blender can hear nothing in it.
    """
    path = music.path
    if not path.is_file():
        raise ConductorError(f"The music file {path} is not there; choose it again.")
    had_editor = scene.sequence_editor is not None
    editor = scene.sequence_editor_create()
    strips = _strips(editor)
    old = [strip for strip in strips if OURS in strip]
    rate = frame_rate(scene)
    channel = old[0].channel if old else 1 + max((s.channel for s in strips), default=0)
    try:
        strip = strips.new_sound(
            name=SOUND_NAME,
            filepath=str((music.decoded or path).resolve()),
            channel=channel,
            frame_start=frame_start,
        )
    except RuntimeError as error:
        if not had_editor:
            scene.sequence_editor_clear()
        raise _deaf(path) from error
    if _timing(strip, "content_duration") <= 1:
        _remove_strip(strips, strip)
        if not had_editor:
            scene.sequence_editor_clear()
        raise _deaf(path)
    for former in old:
        _remove_strip(strips, former)
    strip.name = SOUND_NAME
    strip[OURS] = True
    strip.channel = channel
    start = music.start
    if music.decoded is not None:
        start = 0.0
        _note_origin(strip, music)
    # Strips start on whole frames; the rest of the way the sound itself is shifted, in seconds.
    skipped = round(start * rate)
    _set_timing(strip, "content_start", frame_start - skipped)
    _set_timing(strip, "left_handle_offset", skipped)
    strip.sound_offset = skipped / rate - start
    return strip


def heard_at(scene: Any, strip: Any) -> tuple[Path, float, int | None]:
    """What of which file a sound strip plays.

    Returns
    -------
    path : Path
        The music file, absolute.
    second : float
        Second of it that is heard at the first frame that is played; below 0 where it starts later.
    track : int or None
        Which of its sound tracks; None is its default track.
    """
    first = played_frames(scene).start
    frames = first - _timing(strip, "content_start") + strip.animation_offset_start
    second = float(frames) / frame_rate(scene) - float(strip.sound_offset)
    sound, track = strip.sound, None
    if isinstance(strip.get(MUSIC), bpy.types.Sound):
        sound, track = strip[MUSIC], strip.get(MUSIC_TRACK)
        second += float(strip[MUSIC_START])
    return Path(bpy.path.abspath(sound.filepath, library=sound.library)), second, track


def _note_origin(strip: Any, music: Music) -> None:
    """Pack a decoded sound and keep what it was made of.

    The music file is kept as a sound of its own, so that Blender keeps its path right when the
    .blend file is saved elsewhere.
    """
    sound = strip.sound
    sound.pack()
    # Read again from there: the file it came from is a temporary one.
    sound.name, sound.filepath = SOUND_NAME, f"//{music.path.stem}.flac"
    strip[MUSIC] = bpy.data.sounds.load(str(music.path.resolve()))
    strip[MUSIC_START] = music.start
    if music.track is not None:
        strip[MUSIC_TRACK] = music.track


def _deaf(path: Path) -> ConductorError:
    return ConductorError(
        f"Blender can hear no sound in {path.name}; convert it to WAV, FLAC or MP3."
    )


def _remove_strip(strips: Any, strip: Any) -> None:
    sounds = [sound for sound in (strip.sound, strip.get(MUSIC)) if sound is not None]
    strips.remove(strip)
    for sound in sounds:
        if sound.users == 0:
            bpy.data.sounds.remove(sound)


def _timing(strip: Any, name: str) -> Any:
    return getattr(strip, name if hasattr(strip, name) else _FORMER_NAMES[name])


def _set_timing(strip: Any, name: str, value: float) -> None:
    setattr(strip, name if hasattr(strip, name) else _FORMER_NAMES[name], value)


def _strips(editor: Any) -> Any:
    """4.4 renamed sequences to strips; both names are there until 5.0."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _is_same(rate: float, fps: float) -> bool:
    # Blender keeps the base of the rate in single precision.
    return abs(rate / fps - 1.0) < _SAME_RATE
