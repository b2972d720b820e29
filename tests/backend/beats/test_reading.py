"""Level and meter as one decision over minutes."""

from fractions import Fraction

import numpy as np
import pytest

from backend.beats.accents import MEASURES, PulseSound, bar_accents, downbeat_weights
from backend.beats.bar_states import BARS, FIRST, STATES, Bar
from backend.beats.decode import Heard
from backend.beats.reading import FEATURES, limits_of, read_bars, reading_weights, stretches
from backend.grid.conducted import conducting_limits
from backend.models.beat_net import BAR_LENGTHS, FASTEST_BPM, RATE, SLOW, SLOWEST_BPM, TEMPI

IN_TWO, IN_FOUR, IN_THREE = (BARS.index(Bar(Fraction(1), beats)) for beats in (2, 4, 3))
BY_PULSES = np.array([float(name == "pulses") for name in FEATURES])


def pulses_at(bpm: float, count: int) -> np.ndarray:
    return np.arange(count) * 60.0 / bpm * RATE


def vague(pulses: np.ndarray) -> Heard:
    """A beat network that has heard nothing of tempo and meter."""
    frames = int(pulses[-1]) + SLOW
    slow = frames // SLOW + 1
    tempi = np.geomspace(SLOWEST_BPM, FASTEST_BPM, TEMPI)
    meter = np.full((slow, len(BAR_LENGTHS)), 1.0 / len(BAR_LENGTHS))
    return Heard(
        np.zeros(frames), np.zeros(frames), meter, np.full((slow, TEMPI), 1.0 / TEMPI), tempi
    )


def silent(count: int) -> PulseSound:
    return PulseSound(np.zeros((count, 128)), np.zeros((count, 3)))


def bars_of(kind: int, count: int, strength: float) -> np.ndarray:
    """Weights of a bar network that mildly prefers bars of one kind, first pulse first."""
    scores = np.zeros((count, STATES))
    length = BARS[kind].length
    scores[np.arange(count), FIRST[kind] + np.arange(count) % length] = strength
    return scores


def read(pulses: np.ndarray, scores: np.ndarray, **more: np.ndarray) -> np.ndarray:
    return read_bars(vague(pulses), pulses, scores, silent(len(pulses)), **more).kinds


def test_the_table_has_a_weight_for_everything() -> None:
    assert reading_weights().shape == (len(FEATURES),)
    assert np.isfinite(reading_weights()).all()


def test_a_bar_here_and_there_does_not_change_the_meter() -> None:
    pulses = pulses_at(100.0, 200)
    scores = bars_of(IN_FOUR, 200, 1.0)
    for first in (40, 90, 150):
        scores[first : first + 8] = bars_of(IN_THREE, 8, 3.0)
    assert set(read(pulses, scores)) == {IN_FOUR}


def test_minutes_of_another_meter_change_it() -> None:
    pulses = pulses_at(100.0, 400)
    scores = np.vstack([bars_of(IN_FOUR, 200, 1.0), bars_of(IN_THREE, 200, 1.0)])
    kinds = read(pulses, scores)
    assert set(kinds[:150]) == {IN_FOUR}
    assert set(kinds[250:]) == {IN_THREE}


def test_what_the_user_said_is_taken() -> None:
    pulses = pulses_at(100.0, 100)
    told = np.where(np.arange(len(BARS)) == IN_THREE, 0.0, -np.inf) + np.zeros((100, 1))
    assert set(read(pulses, bars_of(IN_FOUR, 100, 3.0), told=told)) == {IN_THREE}


@pytest.mark.parametrize("bpm", [120.0, 176.0])
def test_no_bars_in_one_go_faster_than_a_conductor_beats_them(bpm: float) -> None:
    pulses = pulses_at(bpm, 120)
    in_one = BARS.index(Bar(Fraction(1), 1))
    kinds = read(pulses, bars_of(in_one, 120, 5.0), weights=BY_PULSES)
    tempo = bpm / np.array([float(BARS[kind].pulses_per_beat) for kind in kinds])
    beats = np.array([BARS[kind].beats for kind in kinds])
    assert not ((beats == 1) & (tempo > conducting_limits().bars_in_one)).any()


@pytest.mark.parametrize(("bpm", "strength"), [(190.0, 0.02), (24.0, 0.02)])
def test_beats_beyond_the_limits_need_a_reason(bpm: float, strength: float) -> None:
    pulses = pulses_at(bpm, 100)
    limits = conducting_limits()
    weak = read(pulses, bars_of(IN_FOUR, 100, strength), weights=BY_PULSES)
    tempo = bpm / np.array([float(BARS[kind].pulses_per_beat) for kind in weak])
    assert ((tempo <= limits.fastest) & (tempo >= limits.slowest)).all()
    strong = read(pulses, bars_of(IN_FOUR, 100, 3.0), weights=BY_PULSES)
    assert set(strong) == {IN_FOUR}


def test_within_the_limits_nothing_is_held_against_a_tempo() -> None:
    assert limits_of(pulses_at(90.0, 50))[[IN_TWO, IN_THREE, IN_FOUR]].tolist() == [0.0] * 3


@pytest.mark.parametrize("bpm", [60.0, 100.0, 145.0])
def test_four_seconds_are_not_read_in_eight_nine_or_twelve(bpm: float) -> None:
    """The prior alone speaks; whatever the network says of so few pulses."""
    pulses = pulses_at(bpm, max(int(4.0 * bpm / 60.0), 3))
    rng = np.random.default_rng(0)
    for _ in range(20):
        kinds = read(pulses, rng.normal(0.0, 0.3, (len(pulses), STATES)))
        assert BARS[kinds[0]].beats not in (5, 7, 8, 9, 12)


def test_shares_are_vague_for_little_and_clear_for_much() -> None:
    shares = {}
    for count in (6, 200):
        pulses = pulses_at(100.0, count)
        scores = bars_of(IN_THREE, count, 0.1)
        shares[count] = read_bars(vague(pulses), pulses, scores, silent(count)).shares[0]
        assert shares[count].sum() == pytest.approx(1.0)
    assert shares[6].max() < 0.6 < shares[200].max()


def test_stretches_hold_all_pulses_once() -> None:
    pulses = pulses_at(80.0, 500)
    parts = stretches(pulses)
    assert len(parts) == round((pulses[-1] - pulses[0]) / RATE / 60.0)
    assert [i for part in parts for i in range(500)[part]] == list(range(500))


def test_strokes_every_three_pulses_speak_for_bars_of_three_and_their_downbeats() -> None:
    rng = np.random.default_rng(0)
    strokes = rng.normal(0.0, 0.3, (60, 3))
    strokes[1::3] += 2.0
    sound = PulseSound(np.zeros((60, 128)), strokes)
    harmony = bar_accents(sound)[:, MEASURES.index("new harmony on downbeats")]
    assert harmony[IN_THREE] > 1.0 > 0.6 > max(harmony[IN_TWO], harmony[IN_FOUR])
    weights = downbeat_weights(sound)
    assert weights[1::3].min() > max(weights[0::3].max(), weights[2::3].max())
