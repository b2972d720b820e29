"""Simple tunes as files that a corpus is rendered from."""

from pathlib import Path

import numpy as np
import pytest

from backend.corpus.plan import splits_of, work_of
from backend.corpus.simple_tunes import Tune, simple_tunes
from backend.corpus.tune_files import tune_file, write_tunes
from backend.grid.conducted import conducted_groups
from backend.grid.meter import parse_meter
from backend.score.movements import read_score
from retarget.errors import ConductorError

TUNES = [tune for tune in simple_tunes() if not tune.held_out]


@pytest.mark.parametrize("tune", TUNES, ids=lambda tune: tune.title)
def test_a_tune_is_read_back_with_its_bars_notes_and_tempo(tmp_path: Path, tune: Tune) -> None:
    file = tmp_path / "tune.mid"
    tune_file(tune, np.random.default_rng(1), higher=3).save(file)
    (movement,) = read_score(file)
    beats, unit = parse_meter(tune.meter)
    quarters = tune.tempo * 4.0 / unit
    grid = movement.beats()
    assert movement.written_qpm(np.array([0.1]))[0] == pytest.approx(quarters, abs=0.01)
    assert set(grid.meters) == {tune.meter}
    assert grid.beats_in_bar[0] == len(conducted_groups((beats, unit), tune.tempo))
    first = [(pitch, at) for pitch, at, _ in tune.melody if pitch is not None and at >= 0.0][:20]
    notes = movement.notes
    melody = notes.part == 0
    for pitch, at in first:
        here = melody & (np.abs(notes.onset - at * 4.0 / unit) < 1e-6)
        assert notes.pitch[here].tolist() == [pitch + 3]


def test_takes_of_a_tune_are_one_work_and_nothing_held_out_is_written(tmp_path: Path) -> None:
    count = write_tunes(tmp_path, made=3, takes=2, seed=5)
    files = sorted(tmp_path.glob("*.mid"))
    assert count == len(files) == 3 + 2 * len(TUNES)
    assert len({work_of(file) for file in files}) == 3 + len(TUNES)
    splits = splits_of(files)
    assert len({(work_of(file), splits[file]) for file in files}) == 3 + len(TUNES)
    words = {file.stem.split("__")[0] for file in files}
    for tune in simple_tunes():
        if tune.held_out:
            assert "".join(c for c in tune.title if c.isalnum() or c == " ") not in words


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        write_tunes(tmp_path / name, made=2, takes=1, seed=seed)
    read = [
        {f.name: f.read_bytes() for f in (tmp_path / name).glob("*.mid")}
        for name in ("a", "b", "c")
    ]
    assert read[0] == read[1] != read[2]


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tunes").write_text("mine", encoding="utf-8")
    with pytest.raises(ConductorError, match="is a file"):
        write_tunes(tmp_path / "tunes", made=1, takes=0, seed=0)
    assert (tmp_path / "tunes").read_text(encoding="utf-8") == "mine"
