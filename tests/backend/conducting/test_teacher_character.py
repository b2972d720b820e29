"""Strokes that follow how the music is played."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from teacher_scenes import f_score, low_points, perform, played, steady, track

from backend.audio.features import analyse
from backend.audio.rates import FEATURE_RATE, SAMPLE_RATE
from backend.conducting.rules.character import Character
from backend.style import Style
from retarget import rotation, skeleton
from retarget.motion import Motion
from retarget.rotation import Array

BEAT_S = 0.5
NOTES = 16
# Rise and fall of a note's level, seconds, and how long it sounds.
ENVELOPES = {
    "legato": (0.12, 0.12, BEAT_S + 0.1),
    "tenuto": (0.05, 0.05, BEAT_S),
    "marcato": (0.004, 0.06, BEAT_S - 0.06),
    "staccato": (0.004, 0.05, 0.12),
}
GRID = steady(80, 4, 32)
FPS = 120.0
BEATS = np.round(GRID.times * FPS).astype(int)


def notes(kind: str, *, accents: tuple[int, ...] = (), level: float = 0.25) -> Character:
    """A scale of rich tones, one to a beat, some of them accented."""
    attack, release, length = ENVELOPES[kind]
    time = np.arange(int((NOTES + 1) * BEAT_S * SAMPLE_RATE)) / SAMPLE_RATE
    sound = 1e-3 * np.random.default_rng(0).standard_normal(len(time))
    for note in range(NOTES):
        since = time - note * BEAT_S
        rise = np.clip(since / attack, 0.0, 1.0)
        shape = rise * np.clip((length - since) / release, 0.0, 1.0)
        pitch = 220.0 * 2.0 ** ((0, 2, 4, 5, 7, 9, 11, 12)[note % 8] / 12.0)
        tone = sum(np.sin(2.0 * np.pi * pitch * k * time) / k for k in range(1, 9))
        sound += (1.0 if note in accents else level) * shape * tone
    return Character.of(analyse((0.3 * sound).astype(np.float32)))


def middle(curve: Array) -> float:
    return float(curve[90:-135].mean())


def rises(motion: Motion) -> Array:
    z = track(motion, "hand.R")[:, 2]
    return np.array([np.ptp(z[a:b]) for a, b in pairwise(BEATS)])


def conducted(character: Character | None, **values: float) -> Motion:
    return perform(GRID, style=Style(**values), fps=FPS, character=character)


def accented(beat: int) -> Character:
    plain = played(36.0, attack=0.5, detachment=0.2)
    accent = np.zeros(len(plain.accent))
    frame = round(GRID.times[beat] * FEATURE_RATE)
    accent[frame - 3 : frame + 6] = 1.0
    return replace(plain, accent=accent)


def test_short_notes_are_heard_as_detached_and_long_ones_as_bound() -> None:
    detachment = {kind: middle(notes(kind).detachment) for kind in ENVELOPES}
    assert detachment["legato"] < 0.15
    assert detachment["tenuto"] < 0.3
    assert detachment["staccato"] > 0.7


def test_struck_notes_have_more_attack_than_those_that_swell_in() -> None:
    attack = {kind: middle(notes(kind).attack) for kind in ENVELOPES}
    assert attack["legato"] < attack["tenuto"] < attack["marcato"]


def test_accents_are_heard_where_they_are_played() -> None:
    accent = notes("tenuto", accents=(5, 10)).accent
    frames = np.round(np.arange(NOTES) * BEAT_S * FEATURE_RATE).astype(int)
    heard = np.array([accent[max(0, f - 4) : f + 10].max() for f in frames])
    assert (heard[[5, 10]] > 0.7).all()
    assert np.delete(heard, [5, 10]).max() < 0.2


def test_silence_has_no_character() -> None:
    silent = Character.of(analyse(np.zeros(3 * SAMPLE_RATE, np.float32)))
    for curve in (silent.attack, silent.detachment, silent.accent):
        assert np.isfinite(curve).all()
        assert curve.max() < 0.01
    assert len(Character.of(analyse(np.zeros(0, np.float32))).attack) == 1


def test_staccato_music_is_beaten_shorter_and_stops_on_top() -> None:
    legato, staccato = (
        conducted(played(36.0, attack=value, detachment=value), articulation=1.0)
        for value in (0.05, 0.95)
    )
    assert rises(staccato).mean() < 0.9 * rises(legato).mean()

    def stillness(motion: Motion) -> float:
        path = track(motion, "hand.R")[BEATS[0] : BEATS[-1]]
        speed = np.linalg.norm(np.diff(path, axis=0), axis=1)
        return float((speed < 0.25 * speed.mean()).mean())

    assert stillness(staccato) > 1.3 * stillness(legato)


def test_staccato_flicks_from_wrist_and_fingers() -> None:
    def bend(motion: Motion, joint: str) -> float:
        turns = motion.rotations[BEATS[0] : BEATS[-1], skeleton.INDEX[joint]]
        return float(np.ptp(rotation.to_rotation_vector(turns)[:, 1]))

    legato, staccato = (
        conducted(played(36.0, attack=value, detachment=value), articulation=1.0)
        for value in (0.05, 0.95)
    )
    for joint in ("fingers.R", "baton"):
        assert bend(staccato, joint) > 1.15 * bend(legato, joint)


def test_sustained_loud_music_is_drawn_out_with_less_rebound() -> None:
    bound = played(36.0, attack=0.02, detachment=0.0)
    plain = Style(articulation=0.0)
    inner = np.arange(31) % 4 != 3

    def height(style: Style) -> float:
        motion = perform(GRID, loudness=0.9, style=style, fps=FPS, character=bound)
        return float(rises(motion)[inner].mean())

    assert height(replace(plain, articulation=1.0)) < 0.9 * height(plain)


def test_an_accent_is_prepared_by_a_larger_upbeat() -> None:
    for beat in (16, 18):
        marked = conducted(accented(beat))
        plain = conducted(played(36.0, attack=0.5, detachment=0.2))
        gain = rises(marked) / rises(plain)
        # The rebound before the accented beat rises; those before stay as they are.
        assert gain[beat - 1] > 1.15
        assert np.abs(gain[: beat - 2] - 1.0).max() < 0.02
        assert f_score(low_points(marked), GRID.times, FPS) >= 0.98


def test_an_accented_inner_beat_stays_below_the_downbeat() -> None:
    z = track(conducted(accented(18), articulation=1.0), "hand.R")[:, 2]
    accent = z[BEATS[17] : BEATS[18]].max()
    downbeat = z[BEATS[19] : BEATS[20]].max()
    assert accent < downbeat - 0.03


@pytest.mark.parametrize("kind", [None, "staccato"])
def test_without_articulation_every_beat_is_struck_as_the_style_says(kind: str | None) -> None:
    music = None if kind is None else played(36.0, attack=0.95, detachment=0.95)
    plain = perform(GRID, style=Style(articulation=0.0))
    motion = perform(GRID, style=Style(articulation=0.0), character=music)
    np.testing.assert_array_equal(plain.rotations, motion.rotations)


def test_what_is_heard_does_not_move_the_beats() -> None:
    for value in (0.0, 1.0):
        motion = conducted(played(36.0, attack=value, detachment=value), articulation=1.0)
        assert f_score(low_points(motion), GRID.times, FPS) >= 0.98
