"""Simple tunes made at random, as many as are wanted: a melody over chords and a bass.

What the corpus is rendered from is art music, in which bars often go in pairs; whoever has learned
from it alone hears plain tunes in bars twice as long. These have the harmony, the accompaniments
and the phrases of songs that anybody sings.
"""

from itertools import accumulate
from typing import Final

import numpy as np

from backend.corpus.simple_tunes import Tune
from backend.grid.meter import parse_meter

# How the bars of each meter are accompanied, as in `simple_tunes.toml`, and the rhythms of melodies
# in beats of the lower figure. The last rhythm ends a phrase.
_ACCOMPANIMENTS: Final = {
    "2/4": ("b c", "b c", "b c f c", "b 5 3 5", "c c", "b .", "b 3 5 3"),
    "3/4": ("b c c", "b c c", "b 3 5 3 5 3", "b 5 1 3 1 5", "c c c", "b . c", "b . ."),
    "4/4": ("b c f c", "b c c c", "b 3 5 3 1 3 5 3", "c c c c", "b . f .", "b 5 3 5 1 5 3 5"),
    "6/8": ("b . c f . c", "b 5 1 3 1 5", "b c c f c c", "b . . f . .", "c . . c . c"),
    "9/8": ("b c c f c c f c c", "b . c f . c f . c"),
    "12/8": ("b c c f c c b c c f c c", "b . c f . c b . c f . c"),
}
_RHYTHMS: Final[dict[str, tuple[tuple[float, ...], ...]]] = {
    "2/4": ((1, 1), (0.5,) * 4, (1, 0.5, 0.5), (0.5, 0.5, 1), (0.75, 0.25, 1), (1.5, 0.5), (2,)),
    "3/4": ((1, 1, 1), (2, 1), (1, 0.5, 0.5, 1), (1.5, 0.5, 1), (0.5,) * 6, (1, 2), (3,)),
    "4/4": (
        *((1, 1, 1, 1), (2, 1, 1), (1, 1, 2), (1.5, 0.5, 1, 1), (1, 0.5, 0.5, 1, 1)),
        *((0.5,) * 4 + (1, 1), (3, 1), (4,)),
    ),
    "6/8": ((2, 1, 2, 1), (1,) * 6, (3, 2, 1), (2, 1, 3), (1, 1, 1, 2, 1), (1.5, 0.5, 1, 3), (6,)),
    "9/8": ((2, 1, 2, 1, 2, 1), (3, 2, 1, 3), (1,) * 9, (3, 3, 2, 1), (9,)),
    "12/8": ((2, 1, 2, 1, 2, 1, 3), (3, 2, 1, 3, 3), (3, 1, 1, 1, 3, 3), (12,)),
}
_SHARES: Final = (0.27, 0.25, 0.25, 0.17, 0.03, 0.03)
# Quarters, or dotted quarters, a minute.
_SLOWEST, _FASTEST = 54.0, 168.0
_PHRASE: Final = 4
# Degrees of the scale that chords stand on: phrases that stay open, and such that close.
_OPEN: Final = ((0, 3, 0, 4), (0, 5, 3, 4), (0, 0, 4, 4), (3, 0, 1, 4), (5, 3, 0, 4), (0, 4, 0, 4))
_CLOSED: Final = ((0, 3, 4, 0), (3, 0, 4, 0), (0, 1, 4, 0), (5, 3, 4, 0), (0, 0, 4, 0))
_FORMS: Final = ("AABA", "ABAB", "AABB", "ABCB")
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_NAMES: Final = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_LOWEST, _HIGHEST = 62, 81
_WITH_UPBEAT, _LONG_HARMONY, _SHORT_HARMONY = 0.35, 0.15, 0.25


def made_tune(seed: int) -> Tune:
    """A tune of sixteen bars, another one for each seed."""
    rng = np.random.default_rng([seed, 1601])
    meter = str(rng.choice(list(_RHYTHMS), p=_SHARES))
    bar, unit = parse_meter(meter)
    scale = _MAJOR if rng.random() < 0.7 else _MINOR
    key = int(rng.integers(12))
    form = str(rng.choice(_FORMS))
    closed = {form[-1]} | ({"A"} if form[:2] == "AA" else set())
    harmonies = {name: _harmony(name in closed, meter, rng) for name in dict.fromkeys(form)}
    phrases = {name: _phrase(harmony, meter, scale, rng) for name, harmony in harmonies.items()}
    upbeat = 0.0 if rng.random() > _WITH_UPBEAT else float(rng.choice((0.5, 1.0)))
    melody = [(key + 60 + scale[4], -upbeat, upbeat)] if upbeat else []
    for number, name in enumerate(form):
        melody += [(key + 60 + p, number * _PHRASE * bar + at, s) for p, at, s in phrases[name]]
    quarters = float(np.exp(rng.uniform(*np.log((_SLOWEST, _FASTEST)))))
    return Tune(
        title=f"tune {seed}",
        meter=meter,
        tempo=quarters * (3.0 if unit == 8 else 1.0),
        melody=tuple((_in_range(pitch), at, length) for pitch, at, length in melody),
        chords=tuple(
            tuple(_chord_name(key, degree, scale) for degree in degrees)
            for name in form
            for degrees in harmonies[name]
        ),
        accompaniment=drawn_accompaniment(meter, rng),
        held_out=False,
    )


def drawn_accompaniment(meter: str, rng: np.random.Generator) -> tuple[str, ...]:
    """One of the ways in which bars of a meter are accompanied; see `simple_tunes.toml`.

    Raises
    ------
    KeyError
        If there is none for this meter.
    """
    return tuple(str(rng.choice(_ACCOMPANIMENTS[meter])).split())


def has_accompaniments(meter: str) -> bool:
    """Whether there is a way to accompany bars of a meter."""
    return meter in _ACCOMPANIMENTS


def _harmony(closes: bool, meter: str, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Degrees of the chords of each bar of a phrase."""
    choices = _CLOSED if closes else _OPEN
    degrees = list(choices[int(rng.integers(len(choices)))])
    drawn = rng.random()
    if drawn < _LONG_HARMONY:
        degrees[1] = degrees[0]
    if _LONG_HARMONY < drawn < _LONG_HARMONY + _SHORT_HARMONY and meter in ("4/4", "12/8"):
        between = [int(rng.choice((0, 3, 4, 5))) for _ in degrees]
        return [(a, b) for a, b in zip(degrees[:3], between, strict=False)] + [(degrees[3],)]
    return [(degree,) for degree in degrees]


def _phrase(
    harmony: list[tuple[int, ...]], meter: str, scale: tuple[int, ...], rng: np.random.Generator
) -> list[tuple[int, float, float]]:
    """Semitones above the key note, places and lengths of a melody over the chords of a phrase."""
    rhythms = _RHYTHMS[meter]
    bar = parse_meter(meter)[0]
    drawn = [rhythms[int(rng.integers(len(rhythms) - 1))] for _ in range(2)]
    step = int(rng.integers(0, 8))
    notes = []
    for number, degrees in enumerate(harmony):
        last = number == len(harmony) - 1
        rhythm = rhythms[-1] if last and rng.random() < 0.5 else drawn[number % 2]
        begins = list(accumulate(rhythm, initial=0.0))[:-1]
        for begin, length in zip(begins, rhythm, strict=True):
            degree = degrees[int(begin * len(degrees) / bar)]
            step = int(np.clip(step + rng.integers(-2, 3), -3, 10))
            if begin == 0.0 or length * 2 >= bar or rng.random() < 0.4:
                step += min((0, 1, -1, 2, -2), key=lambda off: _off_chord(step + off, degree, off))
            notes.append((12 * (step // 7) + scale[step % 7], number * bar + begin, length))
    return notes


def _off_chord(step: int, degree: int, off: int) -> tuple[bool, int]:
    return (step - degree) % 7 not in (0, 2, 4), abs(off)


def _in_range(pitch: int) -> int:
    while pitch > _HIGHEST:
        pitch -= 12
    while pitch < _LOWEST:
        pitch += 12
    return pitch


def _chord_name(key: int, degree: int, scale: tuple[int, ...]) -> str:
    root, third = scale[degree], scale[(degree + 2) % 7]
    minor = (third - root) % 12 == 3 and not (scale is _MINOR and degree == 4)
    return _NAMES[(key + root) % 12] + ("m" if minor else "")
