"""The teacher's motion for clips of the corpus."""

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.audio.analysis import Analysis
from backend.conducting.learned.conditioning import STYLE_CONDITIONS
from backend.conducting.rules import conduct_taught
from backend.corpus.dataset import CONDUCTED, MOTION_FPS, Clip
from backend.corpus.workers import one_thread_each
from backend.grid.beat_grid import BeatGrid
from backend.grid.grouping import meter_text
from backend.style import Style, presets
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.progress import Progress, no_progress

# Styles are drawn around the presets, so that what is learned from them can be steered between.
_STYLE_SPREAD: Final = 0.18
_LEADS_S: Final = (0.0, 0.2)
# Bars of five and seven are rare in music, so that some clips are conducted in them, however they
# are written; unless their beats are further apart or closer together than these, in seconds.
_RARE_BARS: Final = ((2, 3), (3, 2), (5,), (2, 2, 3), (3, 2, 2), (2, 3, 2), (3, 4), (4, 3), (7,))
_IN_RARE_BARS: Final = 0.15
_RARE_BEATS_S: Final = (0.38, 1.3)
_PHASE: Final = "conducting"


def sampled_style(rng: np.random.Generator) -> tuple[str, Style]:
    """A preset's name, and a style around it."""
    known = presets()
    name = sorted(known)[int(rng.integers(len(known)))]
    values = known[name].as_dict()
    for told in STYLE_CONDITIONS:
        if told == "lead":
            values["lead"] = float(rng.uniform(*_LEADS_S))
        else:
            moved = values[told] + _STYLE_SPREAD * rng.standard_normal()
            values[told] = float(np.clip(moved, 0.0, 1.0))
    return name, Style(**{key: round(value, 3) for key, value in values.items()})


def in_rare_bars(grid: BeatGrid, rng: np.random.Generator) -> BeatGrid:
    """The same beats in bars of five or seven, grouped somehow."""
    groups = _RARE_BARS[int(rng.integers(len(_RARE_BARS)))]
    beats, count = sum(groups), len(grid)
    return replace(
        grid,
        numbers=(int(rng.integers(beats)) + np.arange(count)) % beats + 1,
        beats_in_bar=np.full(count, beats),
        meters=(meter_text((beats, 4), groups if len(groups) > 1 else ()),) * count,
    )


def conduct_clip(
    folder: Path, grid: BeatGrid, analysis: Analysis, seed: int, number: int
) -> dict[str, Any]:
    """Write `motion.npz` and `motion.npy` of a clip; returns what its `meta.json` says of them.

    Where what is conducted of a clip for training differs from `grid`, it is written as
    `conducted.txt`.
    """
    rng = np.random.default_rng([seed, number, 7])
    name, style = sampled_style(rng)
    seed = int(rng.integers(2**31))
    if folder.parent.name == "train" and rng.random() < _IN_RARE_BARS:
        low, high = _RARE_BEATS_S
        if len(grid) > 1 and low < float(np.median(np.diff(grid.times))) < high:
            grid = in_rare_bars(grid, rng)
            grid.save(folder / CONDUCTED)
    motion = conduct_taught(grid, analysis, style=style, seed=seed, fps=MOTION_FPS)
    _save(motion, folder)
    return {"style": name}


def conduct_corpus(corpus: Path, workers: int, progress: Progress = no_progress) -> int:
    """Add the teacher's motion to the clips of a corpus that have beats but none; how many.

    Clips' checksums and the manifest's follow.

    Raises
    ------
    ConductorError
        If there is no corpus.
    Cancelled
        From `progress`; clips that are done stay.
    """
    folders = [
        path.parent
        for path in sorted(corpus.glob("*/[0-9]*/meta.json"))
        if not Clip(path.parent).has_motion and Clip(path.parent).has_beats
    ]
    if not folders and not (corpus / "manifest.json").is_file():
        raise ConductorError(f"{corpus} is no corpus; render one with corpus render.")
    with ProcessPoolExecutor(workers, mp_context=one_thread_each()) as pool:
        try:
            for done, _ in enumerate(pool.map(_add_motion, folders)):
                progress(done / len(folders), _PHASE)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    _renew_checksums(corpus)
    progress(1.0, _PHASE)
    return len(folders)


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _add_motion(folder: Path) -> None:
    clip = Clip(folder)
    meta = clip.meta()
    number = int(folder.name)
    meta |= conduct_clip(folder, clip.beats(), clip.analysis(), int(meta["seed"]), number)
    written = [folder / name for name in ("motion.npz", "motion.npy", CONDUCTED)]
    meta["sha256"] |= {path.name: checksum(path) for path in written if path.exists()}
    with atomic_path(folder / "meta.json") as temporary:
        temporary.write_text(json.dumps(meta, indent=1), encoding="utf-8")


def _save(motion: Motion, folder: Path) -> None:
    motion.save(folder / "motion.npz")
    # Last: a clip that has it has all of its motion.
    with atomic_path(folder / "motion.npy") as temporary, temporary.open("wb") as file:
        np.save(file, motion.joints_2d().astype(np.float32))


def _renew_checksums(corpus: Path) -> None:
    path = corpus / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for name, entry in manifest["clips"].items():
        entry["sha256"] = Clip(corpus / name).meta()["sha256"]
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
