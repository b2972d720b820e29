"""Who plays a movement: the players it is written for, or others.

Songs are sung by a choir's voice or by a wind or string instrument in its place; any music may be
played on a keyboard, and its leading part by a soloist alone.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from backend.score.instruments import DRUM_KIT, Instrument
from backend.score.movement import Movement
from retarget.rotation import Array

# General MIDI programs from 0. The last ones of each are for training alone.
_LEADS: Final = (52, 53, 73, 68, 40, 71, 54, 42, 41, 56, 66, 75, 85)
_KEYBOARDS: Final = (0, 0, 1, 6, 19, 2, 3, 7, 24, 46)
_SOLO: Final = (40, 42, 73, 0, 68, 71, 41, 60, 24, 56, 66)
_HELD_OUT: Final = 4
_ORCHESTRA_PARTS: Final = 7
_FEW_PARTS: Final = 3

# Chances: that a song's voice is given to another lead, that the piano beside it is another
# keyboard, that music for few players is played on a keyboard or its leading part alone, and that
# music for an orchestra is.
_OTHER_LEAD, _OTHER_KEYBOARD = 0.75, 0.25
_REDUCED: Final = {True: 0.06, False: 0.14}
_ALONE: Final = {True: 0.02, False: 0.05}


@dataclass(frozen=True)
class Cast:
    """A movement with the instruments it is played on.

    Parameters
    ----------
    movement : Movement
    kind : str
        orchestra, quartet (any few players), song, piano or solo.
    """

    movement: Movement
    kind: str

    @property
    def orchestral(self) -> bool:
        """Whether string parts are played by many."""
        return self.kind == "orchestra"


def cast(movement: Movement, rng: np.random.Generator, *, training: bool) -> Cast:
    """Choose the players.

    Parameters
    ----------
    movement : Movement
    rng : Generator
    training : bool
        Some instruments are for training alone, so that held-out clips sound unlike it.
    """
    orchestral = len(movement.parts) >= _ORCHESTRA_PARTS
    lot = rng.random()
    if lot < _ALONE[orchestral] and not _is_song(movement):
        return _alone(movement, rng, training=training)
    if lot < _ALONE[orchestral] + _REDUCED[orchestral]:
        return Cast(_on_keyboard(movement, _one_of(_KEYBOARDS, rng, training=training)), "piano")
    if _is_song(movement):
        return Cast(_sung(movement, rng, training=training), "song")
    if {instrument.programs[0] for instrument in movement.instruments} == {0}:
        return Cast(movement, "piano")
    return Cast(movement, "orchestra" if orchestral else "quartet")


def _one_of(programs: tuple[int, ...], rng: np.random.Generator, *, training: bool) -> int:
    return int(rng.choice(programs if training else programs[:-_HELD_OUT]))


def _is_song(movement: Movement) -> bool:
    kinds = [instrument.kind for instrument in movement.instruments]
    return len(kinds) <= _FEW_PARTS and "voice" in kinds and "other" in kinds


def _sung(movement: Movement, rng: np.random.Generator, *, training: bool) -> Movement:
    """A song whose voice is another lead, and whose piano may be another keyboard."""
    lead = _one_of(_LEADS, rng, training=training) if rng.random() < _OTHER_LEAD else None
    keyboard = _one_of(_KEYBOARDS, rng, training=training)
    other_keyboard = rng.random() < _OTHER_KEYBOARD
    played = []
    for instrument in movement.instruments:
        if instrument.kind == "voice" and lead is not None:
            played.append(Instrument((lead,), "voice"))
        elif instrument.kind == "other" and other_keyboard:
            played.append(Instrument((keyboard,), "other"))
        else:
            played.append(instrument)
    return replace(movement, instruments=tuple(played))


def _on_keyboard(movement: Movement, program: int) -> Movement:
    keyboard = Instrument((program,), "other")
    played = tuple(
        instrument if instrument.kind == DRUM_KIT else keyboard
        for instrument in movement.instruments
    )
    return replace(movement, instruments=played)


def _alone(movement: Movement, rng: np.random.Generator, *, training: bool) -> Cast:
    """The part that plays for the longest time, on an instrument of any kind."""
    notes = movement.notes
    pitched = np.array([instrument.kind != DRUM_KIT for instrument in movement.instruments])
    busy = np.bincount(notes.part, weights=_heard(notes.duration), minlength=len(pitched))
    lead = int((busy * pitched).argmax())
    played = Instrument((_one_of(_SOLO, rng, training=training),), "other")
    instruments = tuple(played if i == lead else one for i, one in enumerate(movement.instruments))
    alone = replace(movement, notes=notes.take(notes.part == lead), instruments=instruments)
    return Cast(alone, "solo")


def _heard(duration: Array) -> Array:
    """Long notes count no more than a bar of them."""
    return np.minimum(duration, 4.0)
