"""The cheapest way of a recording through a score whose bars may be left out, repeated or left."""

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
_FROM_SIGN, _FROM_BAR, _FROM_OTHER, _FROM_NOTHING = 250, 251, 252, 253
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
        self._entry = np.full(count, _EDGE * self._second, np.float32)
        self._entry[lines[sorted(begins)]] = 0.0
        self._exit = np.full(count, _EDGE * self._second, np.float32)
        for bar in ends:
            self._exit[max(lines[bar + 1] - 2, 0) : lines[bar + 1] + 1] = 0.0
        self._back = np.full(count, np.inf, np.float32)
        self._back[lines[:-1]] = _RETURN * self._second
        self._back[lines[sorted(begins)]] = _EDGE * self._second

    def cheapest(
        self,
        heard: NDArray[np.float32],
        silent: NDArray,
        written: NDArray[np.float32],
        rests: NDArray,
        progress: Progress,
    ) -> Way:
        """The cheapest way.

        Parameters
        ----------
        heard : (N, 12) array
            Unit chroma of the frames.
        silent : (N,) bool array
            Which of them are silent.
        written : (count, 12) array
            Unit chroma of the places.
        rests : (count,) bool array
            At which of them nothing is written to sound.
        progress : Progress
        """
        frames, count = len(heard), self._count
        came = np.zeros((frames, count), np.uint8)
        sign_from, bar_from, other_from = (np.zeros(frames, np.int64) for _ in range(3))
        reach = max(self._paces)
        padded = np.full(count + reach, np.inf, np.float32)
        cost = padded[reach:]
        other = 0.0
        before = 0.0
        for t in range(frames):
            if t % 256 == 0:
                products = heard[t : t + 256] @ written.T
                progress(t / frames, _PHASE)
            here = 1.0 - products[t % 256]
            if silent[t]:
                here = np.where(rests, _SILENT_REST, _SILENT_NOTES).astype(np.float32)
            else:
                here[rests] = _SOUND_IN_REST
            if t == 0:
                cost[:] = self._entry + here
                came[0] = _FROM_NOTHING
                other = SILENT if silent[0] else self._other
                before = other
                other_from[0] = -1
                continue
            best = padded[reach : reach + count] + np.float32(self._paces[0])
            how = came[t]
            for k, penalty in self._paces.items():
                if k:
                    other_way = padded[reach - k : reach - k + count] + np.float32(penalty)
                    better = other_way < best
                    how[better] = k
                    np.minimum(best, other_way, out=best)
            leaving = cost[self._ends]
            far = int(leaving.argmin())
            bar_from[t] = self._ends[far]
            self._jump(best, how, self._targets, leaving[far] + _BAR_JUMP * self._second, _FROM_BAR)
            if len(self._sign_ends) and len(self._signs):
                near = int(self._sign_ends[leaving[self._sign_ends].argmin()])
                sign_from[t] = self._ends[near]
                self._jump(
                    best,
                    how,
                    self._targets[self._signs],
                    leaving[near] + _SIGN_JUMP * self._second,
                    _FROM_SIGN,
                )
            entering = before + self._entry
            better = entering < best
            how[better] = _FROM_NOTHING
            np.minimum(best, entering, out=best)
            entering = other + self._back
            better = entering < best
            how[better] = _FROM_OTHER
            np.minimum(best, entering, out=best)
            stopping = cost + self._exit
            last = int(stopping.argmin())
            other_from[t] = -1
            if stopping[last] < other:
                other, other_from[t] = float(stopping[last]), last
            step = SILENT if silent[t] else self._other
            other += step
            before += step
            cost[:] = best + here
        path = np.full(frames, -1, np.int64)
        jumped = np.zeros(frames, bool)
        ending = cost + self._exit
        place = int(ending.argmin())
        total = min(float(ending[place]), other)
        if other < ending[place]:
            place = -1
        for t in range(frames - 1, -1, -1):
            path[t] = place
            if place < 0:
                place = int(other_from[t])
                continue
            how_here = int(came[t, place])
            if how_here == _FROM_NOTHING:
                break
            if how_here == _FROM_BAR:
                place, jumped[t] = int(bar_from[t]), True
            elif how_here == _FROM_SIGN:
                place, jumped[t] = int(sign_from[t]), True
            elif how_here == _FROM_OTHER:
                place, jumped[t] = -1, True
            else:
                place -= how_here
        return Way(path, jumped, total / frames)

    def _jump(self, best: NDArray, how: NDArray, targets: NDArray, price: float, code: int) -> None:
        better = targets[price < best[targets]]
        best[better] = price
        how[better] = code
