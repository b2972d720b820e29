"""Who plays: leads, keyboards and soloists, and real rubato."""

from pathlib import Path

import numpy as np
import pytest
from small_scores import quartet, scale, write_score

from backend.corpus.casting import Cast, cast
from backend.corpus.clock import play_freely
from backend.corpus.rubato import drawn_rubato, rubato_curves
from backend.score.movement import Movement
from backend.score.movements import read_score
from retarget.errors import ConductorError


def song(folder: Path) -> Movement:
    parts = {"Voice": scale(12), "Piano": scale(12)}
    (movement,) = read_score(write_score(folder / "song.musicxml", parts))
    return movement


def casts(movement: Movement, count: int = 300, *, training: bool = True) -> list[Cast]:
    return [cast(movement, np.random.default_rng(seed), training=training) for seed in range(count)]


def programs(played: Cast) -> tuple[int, ...]:
    return tuple(instrument.programs[0] for instrument in played.movement.instruments)


def test_a_songs_voice_is_given_to_many_instruments(tmp_path: Path) -> None:
    movement = song(tmp_path)
    found = casts(movement)
    leads = {programs(played)[0] for played in found if played.kind == "song"}
    assert {40, 52, 68, 73} < leads
    pianos = [programs(played)[1] == 0 for played in found if played.kind == "song"]
    assert 0.7 < np.mean(pianos) < 1.0
    assert {played.kind for played in found} == {"song", "piano"}
    for played in found:
        assert len(played.movement.notes) == len(movement.notes)


def test_some_instruments_are_for_training_alone(tmp_path: Path) -> None:
    movement = song(tmp_path)
    heard = {
        training: {p for played in casts(movement, training=training) for p in programs(played)}
        for training in (True, False)
    }
    assert len(heard[True] - heard[False]) > 3
    assert heard[False] < heard[True]


def test_a_quartet_is_now_and_then_a_piano_or_a_solo(tmp_path: Path) -> None:
    (movement,) = read_score(quartet(tmp_path / "quartet.musicxml", 12))
    found = casts(movement)
    kinds = [played.kind for played in found]
    assert 0.75 < kinds.count("quartet") / len(kinds) < 0.88
    for played in found:
        parts = set(played.movement.notes.part.tolist())
        assert len(parts) == (1 if played.kind == "solo" else 4)
        if played.kind == "piano":
            assert len(set(programs(played))) == 1
        assert not played.orchestral


def write_beats(path: Path, gaps: np.ndarray) -> None:
    times = np.cumsum(gaps)
    path.write_text("".join(f"{time:.4f}\t{i % 4 + 1}\n" for i, time in enumerate(times)))


def test_tables_that_jump_are_dropped(tmp_path: Path) -> None:
    gaps = np.full(100, 0.6)
    write_beats(tmp_path / "steady.beats", gaps)
    gaps[50] = 1.4
    write_beats(tmp_path / "jumps.beats", gaps)
    write_beats(tmp_path / "short.beats", np.full(10, 0.6))
    (tmp_path / "words.beats").write_text("no numbers\n")
    (curve,) = rubato_curves(tmp_path)
    np.testing.assert_allclose(curve, 0.0, atol=1e-3)
    with pytest.raises(ConductorError, match="no usable tables"):
        rubato_curves(tmp_path / "nowhere")


def test_a_movement_takes_a_recordings_rubato(tmp_path: Path) -> None:
    """Beats that slacken at the end of every fourth bar."""
    gaps = np.where(np.arange(320) % 16 == 15, 0.72, 0.6)
    write_beats(tmp_path / "phrases.beats", gaps)
    curves = rubato_curves(tmp_path)
    assert len(drawn_rubato(curves, 900, np.random.default_rng(0))) == 900
    (movement,) = read_score(quartet(tmp_path / "quartet.musicxml", 80, 100.0))
    clock, factor = play_freely(movement, np.random.default_rng(1), curves)
    pace = -np.log(np.diff(clock.onset(movement.places(movement.beats(factor)))))
    lags = [np.corrcoef(pace[:-lag], pace[lag:])[0, 1] for lag in (8, 16)]
    assert lags[1] > 0.4 > lags[0]
