"""What an alignment tells the user, a sentence for each thing that is not as the score has it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from backend.alignment.bar_names import BarNames, bar_begins
from backend.alignment.find import Found
from backend.alignment.parting import Parted
from backend.alignment.piece import Piece
from backend.alignment.sound import Sound
from backend.score.movement import Movement

# Smaller things are not worth a sentence: cents, seconds of lead-in, bars at the end.
_TUNING_CENTS: Final = 20.0
_LEAD_IN_S: Final = 0.5
_LAST_BARS: Final = 1
# A bar that begins less than this after the recording, or before it, begins with it, seconds.
_BEGUN_S: Final = 0.25
# Six semitones up and down lead to the same chroma.
_HALF_AN_OCTAVE: Final = 6


def what_differs(
    found: Found,
    pieces: Sequence[Piece],
    sound: Sound,
    movement: Movement,
    begins: Sequence[int],
    *,
    whole: bool,
) -> list[str]:
    """What the recording does otherwise than the score.

    Parameters
    ----------
    found : Found
    pieces : sequence of Piece
        At least one.
    sound : Sound
    movement : Movement
        The whole score.
    begins : sequence of int
        Bars with which its movements begin.
    whole : bool
        Whether the whole recording was asked for, and not a stretch.
    """
    told = []
    if found.steps:
        count = abs(found.steps)
        if count == _HALF_AN_OCTAVE:
            away = "away from"
        else:
            away = "higher than" if found.steps > 0 else "lower than"
        told.append(f"The recording is {count} semitone{'s' * (count > 1)} {away} the score.")
    if abs(sound.cents) > _TUNING_CENTS:
        told.append(
            f"The recording is tuned {abs(sound.cents):.0f} cents "
            f"{'above' if sound.cents > 0 else 'below'} 440 Hz."
        )
    runs = [run for piece in pieces for run in piece.runs]
    bar = BarNames(movement, begins)
    begin = float(pieces[0].onsets.times[0])
    if whole and begin > _LEAD_IN_S:
        told.append(f"The score begins {begin:.1f} seconds into the recording.")
    bars = bar_begins(pieces)
    opening = [it for it in bars if it.seconds < _BEGUN_S][-1:] or bars[:1]
    first, cut = opening[0].bar, opening[0].seconds < -_BEGUN_S
    if whole and (cut or bar.number(first) > 1):
        place = "in the middle of" if cut else "with"
        told.append(f"The recording begins {place} {bar.name(first)}.")
    elif whole and first not in begins:
        told.append(f"The recording leaves out a repeat: {bar.names(bar.begin(first), first)}.")
    if len(begins) > 1:
        numbers = sorted({bar.movement(first) for first, _ in runs})
        told.append(
            f"Of the score's {len(begins)} movements the recording plays "
            f"{'number' if len(numbers) == 1 else 'numbers'} {', '.join(map(str, numbers))}."
        )
    for piece in pieces:
        at = 0
        for (first, stop), (after, _) in zip(piece.runs[:-1], piece.runs[1:], strict=True):
            at += stop - first
            seconds = float(piece.seconds(piece.movement.starts[at : at + 1])[0])
            again = {it.start for it in piece.movement.bars}
            if 0.0 <= seconds < sound.duration:
                told.append(_jump(bar, stop, after, seconds, again))
    last = runs[-1][1]
    ends = [*begins[1:], len(movement.bars)]
    if whole and min(end - last for end in ends if end >= last) > _LAST_BARS:
        told.append(f"The recording ends with {bar.name(last - 1)}.")
    return told


def what_parts(parted: Sequence[Parted]) -> list[str]:
    """Where the beats are heard ones."""
    return [
        f"From {_clock(it.start)} to {_clock(it.end)} there is {it.what}; its beats are heard."
        for it in parted
    ]


def _jump(bar: BarNames, stop: int, after: int, seconds: float, played: set[Fraction]) -> str:
    if after > stop:
        repeat = "a repeat: " if bar.written(stop, after) <= played else ""
        return f"At {_clock(seconds)} the recording leaves out {repeat}{bar.names(stop, after)}."
    return f"At {_clock(seconds)} the recording goes back to {bar.name(after)}."


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
