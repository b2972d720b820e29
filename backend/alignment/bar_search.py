"""The cheapest way of a recording through a score whose bars may be left out, repeated or left."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.score.movement import Movement
from retarget.progress import Progress

SILENT: Final = 0.30
"""What a second of silence costs that is not of the score, as one that does not correlate at all
costs 1."""

# What a second of silence costs where the score rests and where it does not, and one of sound where
# it rests.
_SILENT_REST, _SILENT_NOTES = 0.1, 0.6
_SOUND_IN_REST: Final = 0.5
# What it costs to begin or end elsewhere than with a movement; to jump where the score has repeats
# or movements; to jump elsewhere; to come back from other sound: seconds of no correlation.
_EDGE: Final = 1.0
_SIGN_JUMP: Final = 1.5
_BAR_JUMP: Final = 2.5
_RETURN: Final = 3.0
# In a stretch shorter than this, seconds, to begin and to end costs less: it is no whole music.
_WHOLE_S: Final = 30.0
_FROM_SIGN, _FROM_BAR, _FROM_OTHER, _FROM_NOTHING = 250, 251, 252, 253
_BLOCK: Final = 256
_PHASE: Final = "following the score"


class Way(NamedTuple):
    """The cheapest way; of N frames.

    Parameters
    ----------
    places : (N,) int array
        The place of the score that each frame plays; −1 for other sound.
    jumped : (N,) bool array
        Whether it does not follow from the one before.
    cost : float
        Mean cost of a frame.
    """

    places: NDArray[np.int64]
    jumped: NDArray[np.bool_]
    cost: float


@dataclass(frozen=True)
class Frames:
    """What is compared.

    Parameters
    ----------
    heard : (N, 12) array
        Unit chroma of the recording's frames.
    silent : (N,) bool array
        Which of them are silent.
    written : (count, 12) array
        Unit chroma of the score's places.
    rests : (count,) bool array
        At which of them nothing is written to sound.
    """

    heard: NDArray[np.float32]
    silent: NDArray
    written: NDArray[np.float32]
    rests: NDArray

    def costs(self) -> Iterator[NDArray[np.float32]]:
        """What each place costs in each frame, (count,)."""
        in_silence = np.where(self.rests, _SILENT_REST, _SILENT_NOTES).astype(np.float32)
        for first in range(0, len(self.heard), _BLOCK):
            products = self.heard[first : first + _BLOCK] @ self.written.T
            for row, silent in zip(products, self.silent[first : first + _BLOCK], strict=True):
                if silent:
                    yield in_silence
                    continue
                here = 1.0 - row
                here[self.rests] = _SOUND_IN_REST
                yield here


class BarSearch:
    """A Viterbi search over the places of a score and one state for other sound.

    Parameters
    ----------
    movement : Movement
    lines : (K + 1,) int array
        Places of its bar lines.
    begins : set of int
        Bars with which movements begin.
    frame_s : float
        Seconds of a frame.
    count : int
        Places.
    paces : dict of int to float
        What it costs to go on by so many places in a frame.
    other : float
        What a second of other sound costs.
    """

    def __init__(
        self,
        movement: Movement,
        lines: NDArray[np.int64],
        begins: set[int],
        frame_s: float,
        count: int,
        paces: dict[int, float],
        other: float,
    ) -> None:
        self._paces, self._other = paces, other
        self._reach = max(paces)
        bars = movement.bars
        self._second = 1.0 / frame_s
        self._count = count
        self._targets = lines[:-1]
        self._ends = lines[1:]
        signs = {bars[i].start for i in begins}
        ends = {i - 1 for i in begins if i} | {len(bars) - 1}
        stops = [bar.start + bar.length for bar in bars]
        for i in range(len(bars) - 1):
            if bars[i + 1].start != stops[i]:
                signs |= {bars[i + 1].start, stops[i]}
        self._signs = np.array(
            [i for i, bar in enumerate(bars) if bar.start in signs], dtype=np.int64
        )
        self._sign_ends = np.array(
            [i for i in range(len(bars)) if stops[i] in signs or i in ends], dtype=np.int64
        )
        # Shares of an edge's price, and of a return's.
        self._entry = np.ones(count, np.float32)
        self._entry[lines[sorted(begins)]] = 0.0
        self._exit = np.ones(count, np.float32)
        for bar in ends:
            self._exit[max(lines[bar + 1] - 2, 0) : lines[bar + 1] + 1] = 0.0
        self._line_ends = [int(lines[bar + 1]) for bar in ends]
        self._back = np.full(count, np.inf, np.float32)
        self._back[lines[:-1]] = _RETURN
        self._back[lines[sorted(begins)]] = _EDGE

    def cheapest(self, frames: Frames, progress: Progress) -> Way:
        """The cheapest way.

        Parameters
        ----------
        frames : Frames
            Of the recording and of the score's places.
        progress : Progress
        """
        count = len(frames.heard)
        edge = np.float32(_EDGE * self._second * min(count / self._second / _WHOLE_S, 1.0))
        entry, leave = edge * self._entry, edge * self._exit
        back = np.float32(self._second) * self._back
        stand = self._standing(frames.rests)
        trace = _Trace(count, self._count)
        padded = np.full(self._count + self._reach, np.inf, np.float32)
        cost = padded[self._reach :]
        before = other = 0.0
        for t, here in enumerate(frames.costs()):
            if t % _BLOCK == 0:
                progress(t / count, _PHASE)
            outside = SILENT if frames.silent[t] else self._other
            if t == 0:
                best = entry.copy()
                trace.came[0] = _FROM_NOTHING
            else:
                best = self._gone_on(padded, stand, trace.came[t])
                self._jump(cost, best, trace, t)
                _improve(best, trace.came[t], before + entry, _FROM_NOTHING)
                _improve(best, trace.came[t], other + back, _FROM_OTHER)
                stopping = cost + leave
                last = int(stopping.argmin())
                if stopping[last] < other:
                    other, trace.other_from[t] = float(stopping[last]), last
            before += outside
            other += outside
            cost[:] = best + here
        ending = cost + leave
        place = int(ending.argmin())
        total = min(float(ending[place]), other)
        return trace.back(-1 if other < ending[place] else place, total / count)

    def _standing(self, rests: NDArray) -> NDArray[np.float32]:
        """What it costs to stay at each place: less where the last notes of a movement ring on."""
        stand = np.full(self._count, self._paces[0], np.float32)
        for end in self._line_ends:
            sounding = np.flatnonzero(~rests[:end])
            stand[sounding[-1] if len(sounding) else end : end + 1] = self._paces[1]
        return stand

    def _gone_on(
        self,
        padded: NDArray[np.float32],
        stand: NDArray[np.float32],
        how: NDArray[np.uint8],
    ) -> NDArray[np.float32]:
        """The cheapest way to each place from one before it, or from itself."""
        reach, count = self._reach, self._count
        best = padded[reach : reach + count] + stand
        for k, penalty in self._paces.items():
            if k:
                _improve(best, how, padded[reach - k : reach - k + count] + np.float32(penalty), k)
        return best

    def _jump(
        self, cost: NDArray[np.float32], best: NDArray[np.float32], trace: "_Trace", t: int
    ) -> None:
        """Jumps from the cheapest bar line, and where the score has signs from a sign to a sign."""
        leaving = cost[self._ends]
        far = int(leaving.argmin())
        trace.bar_from[t] = self._ends[far]
        jumps = [(self._targets, leaving[far] + _BAR_JUMP * self._second, _FROM_BAR)]
        if len(self._sign_ends) and len(self._signs):
            near = int(self._sign_ends[leaving[self._sign_ends].argmin()])
            trace.sign_from[t] = self._ends[near]
            price = leaving[near] + _SIGN_JUMP * self._second
            jumps.append((self._targets[self._signs], price, _FROM_SIGN))
        for targets, price, code in jumps:
            better = targets[price < best[targets]]
            best[better] = price
            trace.came[t, better] = code


class _Trace:
    """From where each place was reached in each of N frames."""

    def __init__(self, frames: int, count: int) -> None:
        self.came = np.zeros((frames, count), np.uint8)
        self.bar_from = np.zeros(frames, np.int64)
        self.sign_from = np.zeros(frames, np.int64)
        self.other_from = np.full(frames, -1, np.int64)

    def back(self, place: int, cost: float) -> Way:
        """The way that ends at a place, or with −1 in other sound."""
        path = np.full(len(self.came), -1, np.int64)
        jumped = np.zeros(len(self.came), bool)
        for t in range(len(self.came) - 1, -1, -1):
            path[t] = place
            if place < 0:
                place = int(self.other_from[t])
                continue
            how = int(self.came[t, place])
            if how == _FROM_NOTHING:
                break
            before = {
                _FROM_BAR: self.bar_from[t],
                _FROM_SIGN: self.sign_from[t],
                _FROM_OTHER: -1,
            }.get(how)
            jumped[t] = before is not None
            place = place - how if before is None else int(before)
        return Way(path, jumped, cost)


def _improve(
    best: NDArray[np.float32], how: NDArray[np.uint8], price: NDArray[np.float32], code: int
) -> None:
    """Takes another way to the places that it is cheaper to."""
    how[price < best] = code
    np.minimum(best, price, out=best)
