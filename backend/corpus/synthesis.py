"""A performance to sound, by FluidSynth in a child process."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from backend.audio.rates import SAMPLE_RATE
from backend.corpus.performance import Performance
from backend.corpus.soundfonts import require_general_midi
from retarget.errors import ConductorError

_SOUNDFONT: Final = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")

_TICKS: Final = 1000
"""Ticks in a second: a tick is a millisecond."""

# Notes that began before the stretch are begun this much before it, so that their attack is over.
_LEAD_IN_S: Final = 1.0
_TIMEOUT_S: Final = 300.0


@dataclass(frozen=True)
class Hall:
    """FluidSynth's own effects: reverberation and chorus on or off, and the gain."""

    reverb: bool
    chorus: bool
    gain: float


def default_soundfont() -> Path:
    """The soundfont of the Debian package fluid-soundfont-gm.

    Raises
    ------
    ConductorError
        If it is not installed.
    """
    if not _SOUNDFONT.is_file():
        raise ConductorError(
            "There is no soundfont; install the Debian package fluid-soundfont-gm or give a file "
            "with --soundfont."
        )
    return _SOUNDFONT


@cache
def fluidsynth() -> str:
    """Path of the FluidSynth program.

    Raises
    ------
    ConductorError
        If it is not installed.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise ConductorError("FluidSynth is missing; install the Debian package fluidsynth.")
    return program


def synthesise(
    performance: Performance, duration: float, soundfont: Path, hall: Hall
) -> NDArray[np.float32]:
    """Sound of the first `duration` seconds of a performance, (S,) mono at 22,050 Hz.

    Raises
    ------
    ConductorError
        If FluidSynth is missing or gives no sound, or the soundfont lacks instruments.
    """
    require_general_midi(soundfont)
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as folder:
        midi, wav = Path(folder) / "clip.mid", Path(folder) / "clip.wav"
        midi.write_bytes(_midi_file(performance, duration))
        command = [
            *(fluidsynth(), "-ni", "-r", str(SAMPLE_RATE), "-g", f"{hall.gain:.3f}"),
            *("-R", str(int(hall.reverb)), "-C", str(int(hall.chorus))),
            *("-o", "synth.dynamic-sample-loading=1", "-o", "synth.cpu-cores=1"),
            *("-F", str(wav), str(soundfont), str(midi)),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)
            samples, _ = soundfile.read(wav, dtype="float32", always_2d=True)
        except (subprocess.SubprocessError, soundfile.SoundFileError) as error:
            raise ConductorError(
                f"FluidSynth could not play with {soundfont.name}; choose another soundfont."
            ) from error
    first = round(_LEAD_IN_S * SAMPLE_RATE)
    mono = samples[first : first + round(duration * SAMPLE_RATE)].mean(axis=1)
    return np.pad(mono, (0, round(duration * SAMPLE_RATE) - len(mono)))


def _midi_file(performance: Performance, duration: float) -> bytes:
    """A Standard MIDI file of one track whose ticks are milliseconds."""
    p = performance
    on = np.maximum(p.on - p.speaks + _LEAD_IN_S, 0.0)
    off = np.maximum(p.off + _LEAD_IN_S, on + 0.02)
    inside = on < duration + _LEAD_IN_S
    events: list[tuple[int, int, bytes]] = []
    for number, channel in sorted(p.channels.items()):
        setup = bytes([0xC0 | number, channel.program])
        events.append((0, 0, setup))
        for control, value in ((7, channel.volume), (10, channel.pan)):
            events.append((0, 0, bytes([0xB0 | number, control, value])))
    rows = zip(
        np.round(on[inside] * _TICKS).astype(int).tolist(),
        np.round(off[inside] * _TICKS).astype(int).tolist(),
        p.channel[inside].tolist(),
        p.key[inside].tolist(),
        p.velocity[inside].tolist(),
        strict=True,
    )
    for begin, end, channel_number, key, velocity in rows:
        events.append((begin, 2, bytes([0x90 | channel_number, key, velocity])))
        events.append((end, 1, bytes([0x80 | channel_number, key, 64])))
    events.sort()
    track = bytearray(b"\x00\xff\x51\x03" + (1_000_000).to_bytes(3, "big"))
    now = 0
    for tick, _, message in events:
        track += _variable_length(tick - now) + message
        now = tick
    rest = max(round((duration + _LEAD_IN_S) * _TICKS) - now, 0)
    track += _variable_length(rest) + b"\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + b"\x00\x00\x00\x01" + _TICKS.to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def _variable_length(value: int) -> bytes:
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([0x80 | value & 0x7F]) + out
    return out
