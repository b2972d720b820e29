"""`BeatGrid`: the beats that are conducted, and the table a user can edit."""

import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.grid import edits
from backend.grid.columns import BeatColumns
from backend.grid.meter import parse_meter
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.rotation import Array

_HEADER: Final = "time\tbeat\tbeats_in_bar\tmeter\tconfidence"
# Beats lie further apart than this in any music, seconds, and none later; a table has fewer bytes.
_CLOSEST_S: Final = 0.02
_LATEST_S: Final = 24 * 3600.0
_MAX_BYTES: Final = 16 << 20


class BeatGrid(BeatColumns):
    """Conducted beats, as `BeatColumns`. Whatever the grid says is what is conducted."""

    @classmethod
    def empty(cls) -> "BeatGrid":
        """No beats at all, as in silence."""
        nothing = np.zeros(0)
        return cls(nothing, np.zeros(0, np.int64), np.zeros(0, np.int64), (), nothing)

    @property
    def downbeats(self) -> Array:
        """Times of the first beats of bars, seconds."""
        return self.times[self.numbers == 1]

    @property
    def tempo(self) -> float:
        """Median tempo in conducted beats per minute; 0 with fewer than two beats."""
        if len(self) < 2:
            return 0.0
        return float(60.0 / np.median(np.diff(self.times)))

    def excerpt(self, start: float, duration: float) -> "BeatGrid":
        """The beats in [start, start + duration), with time 0 at `start`."""
        inside = self.selected((self.times >= start - 1e-9) & (self.times < start + duration))
        return replace(inside, times=np.maximum(inside.times - start, 0.0))

    def shifted(self, seconds: float) -> "BeatGrid":
        """The same beats `seconds` later."""
        return replace(self, times=self.times + seconds)

    def doubled(self) -> "BeatGrid":
        """Twice as many beats, in bars that can be conducted; as `edits.doubled`."""
        return edits.doubled(self)

    def halved(self, offset: int = 0) -> "BeatGrid":
        """Every other beat, with the downbeats or, if `offset` is 1, without; as `edits.halved`."""
        return edits.halved(self, offset)

    def with_downbeat_at(self, seconds: float) -> "BeatGrid":
        """The beat nearest to `seconds` is a downbeat; as `edits.with_downbeat_at`."""
        return edits.with_downbeat_at(self, seconds)

    def bars_shifted(self, beats: int) -> "BeatGrid":
        """All bar lines `beats` later, below 0 earlier; as `edits.bars_shifted`."""
        return edits.bars_shifted(self, beats)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table: tab-separated text with one line per beat."""
        lines = [_HEADER]
        for i, time in enumerate(self.times):
            lines.append(
                f"{time:.6f}\t{self.numbers[i]}\t{self.beats_in_bar[i]}\t{self.meters[i]}"
                f"\t{self.confidence[i]:.3f}"
            )
        with atomic_path(path) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "BeatGrid":
        """Read a beat table.

        Columns are separated by tabs, commas or blanks: time in seconds, beat number, beats in the
        bar, meter, confidence. The last three may be left out: the beats in the bar are then
        counted from the numbers, the meter becomes n/4, the confidence 1. Lines that start with
        `#` and the heading are skipped.

        Raises
        ------
        ConductorError
            If it is missing or a line cannot be read; the message names the line.
        """
        name = Path(path).name
        try:
            with Path(path).open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
            text = data.decode("utf-8-sig")
        except FileNotFoundError as error:
            raise ConductorError(f"The beat file {path} is not there; check the path.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConductorError(
                f"{name} is not a text file with beats; choose another."
            ) from error
        if len(data) > _MAX_BYTES:
            raise ConductorError(f"{name} is too large for a table of beats; choose another.")
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.startswith("#") or line.lower().startswith("time"):
                continue
            rows.append(_parse_line(line, number, name))
        if not rows:
            raise ConductorError(f"{name} holds no beats; give one line per beat: time and number.")
        times = np.array([row[0] for row in rows])
        numbers = np.array([row[1] for row in rows], dtype=np.int64)
        if (np.diff(times) <= 0).any():
            bad = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
            raise ConductorError(
                f"In {name} the beat at {times[bad]:.3f} s does not come after the one before it; "
                "sort the lines by time."
            )
        if (np.diff(times) < _CLOSEST_S).any():
            bad = int(np.flatnonzero(np.diff(times) < _CLOSEST_S)[0]) + 1
            raise ConductorError(
                f"In {name} the beat at {times[bad]:.3f} s comes less than {_CLOSEST_S:g} s after "
                "the one before it; leave one of them out."
            )
        counted = count_beats_in_bar(numbers)
        in_bar = np.array(
            [given or count for (_, _, given, _, _), count in zip(rows, counted, strict=True)],
            dtype=np.int64,
        )
        if (numbers > in_bar).any():
            bad = int(np.flatnonzero(numbers > in_bar)[0])
            raise ConductorError(
                f"In {name} the beat at {times[bad]:.3f} s is number {numbers[bad]} in a bar of "
                f"{in_bar[bad]}; correct one of them."
            )
        meters = tuple(
            meter or f"{count}/4"
            for (_, _, _, meter, _), count in zip(rows, in_bar.tolist(), strict=True)
        )
        return cls(times, numbers, in_bar, meters, np.array([row[4] for row in rows]))


def count_beats_in_bar(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Beats in each beat's bar, counted from the numbers alone, (B,).

    A bar runs from one falling number to the next. The first and last bar, which may be cut off,
    count at least as many beats as their neighbour.
    """
    starts = np.flatnonzero(np.r_[True, np.diff(numbers) <= 0])
    highest = np.maximum.reduceat(numbers, starts)
    if len(highest) > 1:
        highest[0] = max(highest[0], highest[1])
        highest[-1] = max(highest[-1], highest[-2])
    lengths = np.diff(np.r_[starts, len(numbers)])
    return np.repeat(highest, lengths)


def _parse_line(line: str, number: int, name: str) -> tuple[float, int, int, str, float]:
    fields = re.split(r"[\t,; ]+", line.strip())
    try:
        time, beat = float(fields[0]), int(fields[1])
        in_bar = int(fields[2]) if len(fields) > 2 else 0
        meter = fields[3] if len(fields) > 3 else ""
        confidence = float(fields[4]) if len(fields) > 4 else 1.0
    except (ValueError, IndexError):
        raise ConductorError(
            f"Line {number} of {name} is not a beat; write time, beat number, and if you like the "
            "beats in the bar, the meter and the confidence."
        ) from None
    in_range = 0.0 <= time <= _LATEST_S and 1 <= beat <= 24 and 0 <= in_bar <= 24
    if not in_range or math.isnan(confidence):
        raise ConductorError(
            f"Line {number} of {name} is out of range; times are seconds from 0 to a day and beat "
            "numbers 1 to 24."
        )
    if meter:
        parse_meter(meter)
    return time, beat, in_bar, meter, min(max(confidence, 0.0), 1.0)
