"""A drummer who joins in: the beat of popular music under any score, so that it is heard too."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from backend.score.instruments import RHYTHM, Instrument
from backend.score.movement import Movement, NoteTable
from retarget.rotation import Array

# General MIDI: the kits by their programs, and the keys of their drums.
_KITS: Final = (0, 8, 16, 24, 25, 32, 40)
_KICK, _CRASH = 36, 49
_SNARES: Final = (38, 38, 40, 37, 39)
_HATS: Final = (42, 42, 51, 70)
_BACKBEAT: Final = {2: (2,), 3: (2, 3), 4: (2, 4), 5: (2, 4), 6: (4,), 7: (3, 5, 7), 8: (3, 7)}
_SECTION_BARS: Final = 8
_LENGTH: Final = 0.2


@dataclass(frozen=True)
class _Pattern:
    """What a drummer does in every bar.

    Parameters
    ----------
    strokes : int
        Of the hi-hat in a beat.
    every_beat : bool
        The kick on every beat, not on strong ones alone.
    push : float
        Place in the bar, in beats from 0, of a kick off the beat; negative for none.
    crash, fill : bool
        At the beginnings and ends of sections.
    snare, hat : int
        Keys.
    """

    strokes: int
    every_beat: bool
    push: float
    crash: bool
    fill: bool
    snare: int
    hat: int

    @classmethod
    def draw(cls, rng: np.random.Generator, in_bar: int, *, ternary: bool) -> "_Pattern":
        strokes = 3 if ternary else int(rng.choice((1, 2, 2, 4)))
        push = float(rng.integers(in_bar)) + (2 / 3 if ternary else 0.5)
        return cls(
            strokes=strokes,
            every_beat=bool(rng.random() < 0.3),
            push=push if rng.random() < 0.5 else -1.0,
            crash=bool(rng.random() < 0.6),
            fill=bool(rng.random() < 0.5),
            snare=int(rng.choice(_SNARES)),
            hat=int(rng.choice(_HATS)),
        )


def with_drums(
    movement: Movement, tempo_factors: float | Array, rng: np.random.Generator
) -> Movement:
    """The movement with a drum set that keeps its conducted beats.

    Parameters
    ----------
    movement : Movement
    tempo_factors : float or (M,) array
        Of the performance, as `Movement.beats` takes them: they decide which beats are conducted.
    rng : Generator
        The drummer: kit, pattern and strength.
    """
    beats = movement.beats(tempo_factors)
    places = movement.places(beats)
    if len(places) < 2:
        return movement
    lengths = np.diff(places, append=2.0 * places[-1] - places[-2])
    # A dotted beat falls into three.
    ternary = bool(np.median(lengths) % 1.5 == 0.0 and np.median(lengths) % 1.0 != 0.0)
    pattern = _Pattern.draw(rng, int(np.median(beats.beats_in_bar)), ternary=ternary)
    strength = rng.uniform(55.0, 95.0)
    hits: list[tuple[float, int, float]] = []
    bar = -1
    for place, length, number, in_bar in zip(
        places, lengths, beats.numbers, beats.beats_in_bar, strict=True
    ):
        bar += number == 1
        last = pattern.fill and bar % _SECTION_BARS == _SECTION_BARS - 1 and number == in_bar
        hits += _beat(pattern, place, length, int(number), int(in_bar), last=last)
        if pattern.crash and number == 1 and bar % _SECTION_BARS == 0:
            hits.append((place, _CRASH, 1.1))
    onset, key, force = (np.array(column) for column in zip(*hits, strict=True))
    return _joined(movement, onset, key, strength * force, int(rng.choice(_KITS)))


def _beat(
    pattern: _Pattern, place: float, length: float, number: int, in_bar: int, *, last: bool
) -> list[tuple[float, int, float]]:
    """Place in quarter notes, key and force of the strokes of a beat."""
    back = number in _BACKBEAT.get(in_bar, ())
    strong = number == 1 or (in_bar == 4 and number == 3)
    hits = []
    for stroke in range(pattern.strokes):
        accent = 0.85 if stroke == 0 else 0.65
        hits.append((place + length * stroke / pattern.strokes, pattern.hat, accent))
    if strong or pattern.every_beat:
        hits.append((place, _KICK, 1.2 if number == 1 else 1.1))
    if number - 1 <= pattern.push < number:
        hits.append((place + length * (pattern.push % 1.0), _KICK, 1.0))
    if last:
        hits += [(place + length * i / 4, pattern.snare, 0.9 + 0.1 * i) for i in range(4)]
    elif back:
        hits.append((place, pattern.snare, 1.15))
    return hits


def _joined(
    movement: Movement, onset: np.ndarray, key: np.ndarray, velocity: np.ndarray, kit: int
) -> Movement:
    count, notes = len(onset), movement.notes
    none = np.zeros(count, np.int64)
    both = NoteTable(
        np.r_[notes.onset, onset],
        np.r_[notes.duration, np.full(count, _LENGTH)],
        np.r_[notes.pitch, key],
        np.r_[notes.part, none + len(movement.parts)],
        np.r_[notes.touch, none],
        np.r_[notes.grace, none],
        np.r_[notes.velocity, velocity],
    )
    return replace(
        movement,
        notes=both.take(np.argsort(both.onset, kind="stable")),
        parts=(*movement.parts, "Drum Set"),
        instruments=(*movement.instruments, Instrument((kit,), RHYTHM)),
    )
