"""The conductor's face: where it looks, when it blinks, what it shows of the music.

Rules alone, whoever moves the body: they read the plan of the performance, its loudness and where
the body turns the head. Actions are ARKit's (`retarget.face`).
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from backend.grid.beat_grid import BeatGrid
from backend.style import Style
from retarget.face import ACTIONS
from retarget.motion import Motion
from retarget.rotation import Array

from .blinks import plan_blinks
from .cues import CUE_DRAWS, find_cues
from .dynamics import Dynamics
from .expression import express
from .gaze import Gaze, move_gaze
from .phrases import find_phrases
from .plan import make_plan

# Streams of random numbers after those of the body.
_FACE_DRAWS: Final = (17, 18, 19, 20)
# Half the distance of the pupils, metres.
_HALF_PUPILS_M: Final = 0.032
# How far an eye turns where its action is 1, radians; ARKit leaves it to the face.
_FULL_LOOK: Final = {name: np.radians(v) for name, v in (("Up", 22), ("Down", 27), ("Side", 28))}
# The eyes' part of a look with a face that shows nothing else.
_LEAST_GAZE: Final = 0.4
# A lid that follows the eye down has less far to close.
_LID_FOLLOWS: Final = 0.55


def add_face(
    motion: Motion,
    grid: BeatGrid,
    *,
    duration: float,
    loudness: ArrayLike,
    style: Style,
    seed: int,
) -> Motion:
    """The motion with a face; its body is the same.

    Parameters
    ----------
    motion : Motion
        Made of the same grid, style and seed, by rules or learned.
    grid : BeatGrid
        What is conducted.
    duration : float
        Seconds of music.
    loudness : (N,) array
        In [0, 1] at 90 Hz (`Analysis.loudness`).
    style : Style
        `style.face` bounds all but the blinks.
    seed : int
        Other seeds look elsewhere and blink at other times.
    """
    kept = grid.excerpt(0.0, duration)
    dynamics = Dynamics.of(np.asarray(loudness, dtype=np.float64))
    plan = make_plan(kept, duration, dynamics, style)
    cues = find_cues(plan, dynamics, np.random.default_rng([seed, CUE_DRAWS]))
    streams = [np.random.default_rng([seed, purpose]) for purpose in _FACE_DRAWS]
    phrases = find_phrases(plan, kept, dynamics, streams[0])
    gaze = move_gaze(motion, plan, cues, phrases, dynamics, streams[1])
    blinks = plan_blinks(motion.duration, plan, gaze, phrases, streams[2])
    shown = express(plan, kept, gaze.cues, phrases, dynamics, streams[3], motion.times)
    values = {name: style.face * value for name, value in shown.items()}
    values |= _looks(gaze, style)
    for side, delay in (("Left", 0.0), ("Right", blinks.delay)):
        closed = blinks.closed(motion.times - delay)
        values[f"eyeBlink{side}"] = closed * (1.0 - _LID_FOLLOWS * values[f"eyeLookDown{side}"])
        # Closing eyes are neither wide nor narrow.
        for name in (f"eyeWide{side}", f"eyeSquint{side}"):
            values[name] = values[name] * (1.0 - closed)
    face = np.stack([values[name] for name in ACTIONS], axis=1)
    return replace(motion, face_names=ACTIONS, face=np.clip(face, 0.0, 1.0))


def _looks(gaze: Gaze, style: Style) -> dict[str, Array]:
    """The eyes' actions for a gaze in the head's frame; both eyes meet at what is looked at."""
    amount = 1.0 - (1.0 - _LEAST_GAZE) * (1.0 - style.face) ** 2
    inward = _HALF_PUPILS_M / gaze.distance
    values = {}
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        out = (sign * amount * gaze.yaw - inward) / _FULL_LOOK["Side"]
        values[f"eyeLookOut{side}"] = np.maximum(out, 0.0)
        values[f"eyeLookIn{side}"] = np.maximum(-out, 0.0)
        values[f"eyeLookDown{side}"] = np.maximum(amount * gaze.pitch / _FULL_LOOK["Down"], 0.0)
        values[f"eyeLookUp{side}"] = np.maximum(-amount * gaze.pitch / _FULL_LOOK["Up"], 0.0)
    return values
