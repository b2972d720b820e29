"""When each place of a performed score sounds, to a twentieth of a second: a search in a band."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from backend.alignment.score_sound import pitched, score_chroma, unit_chroma
from backend.alignment.sound import CHROMA_RATE, LOWEST, SEMITONES, Sound
from backend.score.movement import Movement
from retarget.rotation import Array

# Half of the band, and how far before and after a piece the sound is looked at, seconds.
_BAND_S: Final = 2.5
_MARGIN_S: Final = 0.6
# What it costs that a frame goes so many steps along the score where one is expected.
_STEPS: Final = {0: 0.12, 1: 0.0, 2: 0.12, 3: 0.5}
# A map is so sure, seconds, where the written chroma turns into another one within this time either
# way; half of the square of their distance is 1 for two that have nothing in common. It changes by
# this at least.
_SURE_S: Final = 0.4
_NEAR_S: Final = 0.3
_FEWEST_CHANGES: Final = 0.02
# What sounded before sounds on, and so the map is late by this.
_LATE_S: Final = 0.065
_ONSET_SHARE: Final = 0.2
# How fast an onset fades, of its strength in each frame (Ewert et al. 2009 let it fade as well).
_FADING: Final = (1.0, 0.8, 0.5, 0.25)


@dataclass(frozen=True)
class Followed:
    """A map from seconds to places, a point for each frame of the chroma; all of length F.

    Parameters
    ----------
    times, quarters : (F,) arrays
        The places never fall.
    match : (F,) array
        Correlation of what is heard with what is written.
    spread : (F,) array
        How surely the times are told, seconds: a chord that sounds on does not tell where in it
        the recording is.
    """

    times: Array
    quarters: Array
    match: Array
    spread: Array


def follow(movement: Movement, sound: Sound, times: Array, quarters: Array, steps: int) -> Followed:
    """Points of a finer map from seconds to places, along a coarse one.

    Parameters
    ----------
    movement : Movement
        The bars as they are performed.
    sound : Sound
    times, quarters : (P,) arrays
        A coarse map, rising both; it may be wrong by a second or two.
    steps : int
        Semitones by which the recording is higher.

    """
    first = max(int((times[0] - _MARGIN_S) * CHROMA_RATE), 0)
    stop = min(int((times[-1] + _MARGIN_S) * CHROMA_RATE) + 1, len(sound.chroma))
    heard = _heard(sound, first, stop)
    # The score at the pace of the coarse map: if that is right, state `i` is in frame `first + i`.
    band = round(_BAND_S * CHROMA_RATE)
    when = (_predicted(movement, times, quarters) * CHROMA_RATE) - first
    written = _written(movement, when, stop - first, steps)
    padded = np.pad(written, ((band, band), (0, 0)))
    _ring_on(padded[:, :12])
    path = _best_path(heard, padded, band)
    frames = np.arange(stop - first)
    state = frames + path - band
    line, at = np.unique(when, return_index=True)
    places = np.interp(state, line, _grid(movement)[at])
    chroma = padded[:, :12]
    match = np.einsum("ij,ij->i", heard[:, :12], chroma[state + band])
    spread = _spread(chroma, state + band)
    # Before its beginning and after its end the score stands still.
    begin = max(int(np.searchsorted(places, places[0], side="right")) - 1, 0)
    end = max(int(np.searchsorted(places, places[-1])) + 1, begin + 2)
    seconds = (frames + first) / CHROMA_RATE - _LATE_S
    kept = slice(begin, end)
    return Followed(seconds[kept], places[kept], match[kept], spread[kept])


def _ring_on(chroma: NDArray[np.float32]) -> None:
    """Let the last chord sound on, so that what rings after it slows nothing before it."""
    sounding = np.flatnonzero(chroma.any(axis=1))
    if len(sounding):
        chroma[sounding[-1] + 1 :] = chroma[sounding[-1]]


def _spread(chroma: NDArray[np.float32], state: NDArray[np.int64]) -> Array:
    """How surely places of written unit chroma are told, seconds."""
    near = round(_NEAR_S * CHROMA_RATE)
    before = chroma[np.maximum(state - near, 0)]
    after = chroma[np.minimum(state + near, len(chroma) - 1)]
    changes = 0.5 * np.square(after - before).sum(axis=1)
    return _SURE_S / np.sqrt(np.maximum(changes, _FEWEST_CHANGES))


def _predicted(movement: Movement, times: Array, quarters: Array) -> Array:
    """Seconds of the points of `_grid` by a map, beyond its ends at the pace it has there."""
    grid = _grid(movement)
    rising = np.r_[True, np.diff(quarters) > 1e-9]
    t, q = times[rising], quarters[rising]
    if len(t) < 2:
        return times[0] + (grid - quarters[0]) * 0.5
    near = min(len(t) - 1, 12)
    before = (t[near] - t[0]) / (q[near] - q[0])
    after = (t[-1] - t[-1 - near]) / (q[-1] - q[-1 - near])
    inside = np.interp(grid, q, t)
    early, late = grid < q[0], grid > q[-1]
    inside[early] = t[0] + (grid[early] - q[0]) * before
    inside[late] = t[-1] + (grid[late] - q[-1]) * after
    return inside


def _grid(movement: Movement) -> Array:
    """Places at which the score's time is told: every eighth note."""
    count = int(np.ceil(movement.length * 2.0)) + 1
    return np.minimum(np.arange(count) * 0.5, movement.length)


def _heard(sound: Sound, first: int, stop: int) -> NDArray[np.float32]:
    chroma = unit_chroma(sound.chroma[first:stop], 3)
    onsets = sound.onsets[4 * first : 4 * stop].astype(np.float32)
    onsets = onsets.reshape(-1, 4, SEMITONES).max(axis=1)
    classes = onsets @ np.eye(12, dtype=np.float32)[(np.arange(SEMITONES) + LOWEST) % 12]
    return np.hstack([chroma, _ONSET_SHARE * _unit_onsets(classes)])


def _written(movement: Movement, when: Array, count: int, steps: int) -> NDArray[np.float32]:
    notes = movement.notes
    grid = _grid(movement)
    begin = np.interp(notes.onset, grid, when)
    end = np.interp(notes.onset + notes.duration, grid, when)
    sounding = score_chroma(movement, np.stack([begin, end]), 1.0, count)
    onsets = np.zeros((count + len(_FADING), 12), np.float32)
    keep = pitched(movement) & (begin >= 0) & (begin < count)
    at = np.round(begin[keep]).astype(np.int64)
    for later, share in enumerate(_FADING):
        np.add.at(onsets, (at + later, notes.pitch[keep] % 12), share)
    features = np.hstack(
        [unit_chroma(np.log1p(sounding), 3), _ONSET_SHARE * _unit_onsets(onsets[:count])]
    )
    return np.hstack([np.roll(features[:, :12], steps, 1), np.roll(features[:, 12:], steps, 1)])


def _unit_onsets(classes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Onsets by pitch class, faded, their strength compressed against what is around, (N, 12)."""
    faded = classes.copy()
    for later in range(1, len(_FADING)):
        faded[later:] = np.maximum(faded[later:], _FADING[later] * classes[:-later])
    length = np.linalg.norm(faded, axis=1, keepdims=True)
    usual = np.quantile(length, 0.8) + 1e-6
    return np.asarray(faded / np.maximum(length, usual), np.float32)


def _best_path(
    heard: NDArray[np.float32], padded: NDArray[np.float32], band: int
) -> NDArray[np.int64]:
    """The state of each frame in its band, (N,) in 0 to 2 × band."""
    frames, width = len(heard), 2 * band + 1
    reach = max(_STEPS) - 1
    total = np.full(width + reach + 1, np.inf, np.float32)
    inner = total[reach:-1]
    inner[:] = 0.0
    came = np.zeros((frames, width), np.uint8)
    around = sliding_window_view(padded, width, axis=0)
    for t in range(frames):
        if t % 512 == 0:
            costs = -np.einsum("tf,tfw->tw", heard[t : t + 512], around[t : t + 512])
        how = came[t]
        if t:
            # A step of one stays at the same place of the band.
            best = inner.copy()
            how[:] = 1
            for k, penalty in _STEPS.items():
                if k != 1:
                    begin = reach - (k - 1)
                    way = total[begin : begin + width] + np.float32(penalty)
                    better = way < best
                    how[better] = k
                    np.minimum(best, way, out=best)
            inner[:] = best
        inner += costs[t % 512]
    path = np.empty(frames, np.int64)
    place = int(inner.argmin())
    for t in range(frames - 1, -1, -1):
        path[t] = place
        place -= int(came[t, place]) - 1 if t else 0
    return path
