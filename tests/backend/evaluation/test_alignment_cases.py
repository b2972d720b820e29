"""What is done to the performances that alignment is measured on."""

from pathlib import Path

import mido
import numpy as np

from backend.evaluation.alignment_cases import transposed
from backend.score.movements import read_score

TIMPANI, DRUM_CHANNEL = 47, 9


def test_timpani_are_transposed_and_the_drum_kit_is_not(tmp_path: Path) -> None:
    file = mido.MidiFile()
    for channel, program, key in ((0, TIMPANI, 45), (1, 0, 60), (DRUM_CHANNEL, 0, 38)):
        track = mido.MidiTrack()
        track.append(mido.Message("program_change", channel=channel, program=program))
        for _ in range(8):
            track.append(mido.Message("note_on", channel=channel, note=key, velocity=70))
            track.append(mido.Message("note_off", channel=channel, note=key, time=480))
        file.tracks.append(track)
    file.save(tmp_path / "score.mid")
    (movement,) = read_score(tmp_path / "score.mid")
    assert set(movement.notes.pitch.tolist()) == {38, 45, 60}
    assert set(transposed(movement, 3).notes.pitch.tolist()) == {38, 48, 63}
    assert np.array_equal(transposed(movement, 3).notes.onset, movement.notes.onset)
