"""Render the demo piece: score table → MIDI → FluidSynth → OGG.

`python -m backend.demo.render` writes `ode_to_joy.mid` and `ode_to_joy.ogg` beside this file. It
needs the Debian packages fluidsynth and fluid-soundfont-gm; the results are in the repository, so
nobody needs to run it to use the program.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

import mido
import numpy as np
import soundfile

from backend.corpus.synthesis import default_soundfont, fluidsynth
from backend.demo import demo_file
from backend.terminal import faults_in_one_sentence

_TICKS: Final = 480
_RATE: Final = 44_100
_SEMITONES: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Strings and winds of the soundfont speak late; this rest before bar 1 also gives the upbeat room.
_LEAD_IN_QUARTERS: Final = 4.0
_PEAK: Final = 0.89


def main() -> None:
    """Write the MIDI file and the sound."""
    with faults_in_one_sentence():
        program, soundfont = fluidsynth(), default_soundfont()
        piece = tomllib.loads(demo_file("ode_to_joy.toml").read_text(encoding="utf-8"))
        midi = demo_file("ode_to_joy.mid")
        to_midi(piece).save(str(midi))
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "piece.wav"
            subprocess.run(
                [program, "-ni", "-g", "0.6", "-r", str(_RATE), "-F", wav, soundfont, midi],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            sound, rate = soundfile.read(wav)
        sound = _trim(sound / np.abs(sound).max() * _PEAK, rate)
        soundfile.write(demo_file("ode_to_joy.ogg"), sound, rate, format="OGG")
        sys.stdout.write(f"{midi}\n{demo_file('ode_to_joy.ogg')}\n")


def to_midi(piece: dict[str, Any]) -> mido.MidiFile:
    """The score table as a type-1 MIDI file with tempo curve, balance and dynamics."""
    file = mido.MidiFile(ticks_per_beat=_TICKS)
    quarters_in_bar = int(piece["meter"].split("/")[0])
    bars = len(piece["parts"][0]["bars"])
    file.tracks.append(_tempo_track(piece, bars, quarters_in_bar))
    for number, part in enumerate(piece["parts"]):
        channel = number + (number >= 9)  # channel 9 is the drum kit
        events: list[tuple[float, mido.Message]] = []
        at = _LEAD_IN_QUARTERS
        for text in part["bars"]:
            for token in text.split():
                pitches, length = token.split(":")
                place = (at - _LEAD_IN_QUARTERS) / quarters_in_bar
                velocity = round(float(np.interp(place, np.arange(bars + 1), piece["dynamics"])))
                sounding = float(length) * 0.96
                for pitch in () if pitches == "r" else pitches.split("+"):
                    note = {"note": _pitch(pitch), "channel": channel}
                    on = mido.Message("note_on", velocity=velocity, **note)
                    events += [(at, on), (at + sounding, mido.Message("note_off", **note))]
                at += float(length)
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=part["name"])])
        track.append(mido.Message("program_change", program=part["program"], channel=channel))
        track.append(mido.Message("control_change", control=10, value=part["pan"], channel=channel))
        _append(track, events)
        file.tracks.append(track)
    return file


def _tempo_track(piece: dict[str, Any], bars: int, quarters_in_bar: int) -> mido.MidiTrack:
    count, denominator = (int(n) for n in piece["meter"].split("/"))
    events: list[tuple[float, Any]] = [
        (0.0, mido.MetaMessage("time_signature", numerator=count, denominator=denominator))
    ]
    slow_from = (bars - piece["ritardando_bars"]) * quarters_in_bar
    for quarter in range(bars * quarters_in_bar):
        share = max(0.0, (quarter - slow_from) / (piece["ritardando_bars"] * quarters_in_bar))
        bpm = piece["tempo"] * (1.0 - share * (1.0 - piece["ritardando_to"]))
        if quarter == 0 or share > 0.0:
            tempo = mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))
            events.append((0.0 if quarter == 0 else _LEAD_IN_QUARTERS + quarter, tempo))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=piece["title"])])
    _append(track, events)
    return track


def _append(track: mido.MidiTrack, events: list[tuple[float, Any]]) -> None:
    """Add events at absolute quarter notes as MIDI's differences in ticks."""
    now = 0
    for quarters, event in sorted(events, key=lambda pair: pair[0]):
        tick = round(quarters * _TICKS)
        track.append(event.copy(time=tick - now))
        now = tick


def _pitch(name: str) -> int:
    match = re.fullmatch(r"([A-G])([#b]?)(\d)", name)
    if match is None:
        raise ValueError(f"{name} is no pitch")
    shift = {"#": 1, "b": -1, "": 0}[match[2]]
    return 12 * (int(match[3]) + 1) + _SEMITONES[match[1]] + shift


def _trim(sound: np.ndarray, rate: int) -> np.ndarray:
    """Cut the reverberation where it can no longer be heard, with a short fade."""
    audible = np.flatnonzero(np.abs(sound).max(axis=1) > 0.003)
    end = min(len(sound), int(audible[-1]) + rate // 4)
    sound = sound[:end].copy()
    fade = min(len(sound), rate // 2)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade)[:, None] ** 2
    return sound


if __name__ == "__main__":
    main()
