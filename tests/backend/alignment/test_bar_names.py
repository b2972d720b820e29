"""Bars go by the score's numbers wherever a recording begins."""

from pathlib import Path

import numpy as np
import soundfile

from backend.alignment.align import align_score, open_score
from backend.audio.decode import load_audio
from backend.audio.features import analyse_file
from backend.audio.rates import SAMPLE_RATE
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid


def test_music_that_begins_within_a_bar_is_said_to_and_keeps_the_bars_numbers(
    tmp_path: Path,
) -> None:
    """The demo's third bar begins at 5.57 s, its second beat is at 6.03 s."""
    music = tmp_path / "cut.wav"
    soundfile.write(music, load_audio(demo_file("ode_to_joy.ogg"), start=6.0), SAMPLE_RATE)
    found = align_score(
        open_score(demo_file("ode_to_joy.mid")),
        music,
        analyse_file(music),
        hear=lambda _: BeatGrid.empty(),
    )
    assert found.notes[0] == "The recording begins in the middle of bar 3."
    assert found.grid.numbers[0] == 2
    begins, numbers = (np.array(column) for column in zip(*found.bars, strict=True))
    after = begins > 0.0
    assert numbers[after].tolist() == list(range(4, 4 + int(after.sum())))
    np.testing.assert_allclose(begins[after][: len(found.grid.downbeats)], found.grid.downbeats)
