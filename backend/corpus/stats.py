"""What a corpus holds: hours by split, kind, meter, conducted beats and tempo."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from backend.corpus.render import complete_clips
from backend.grid.beat_grid import BeatGrid
from retarget.errors import ConductorError

_TEMPO_EDGES: Final = (0, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 160, 180, 1000)
_BAR_WIDTH: Final = 30


@dataclass
class CorpusStats:
    """Hours of sound by what it is; `tempo` by the lower limit in conducted beats a minute."""

    clips: int = 0
    works: int = 0
    split: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    kind: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    meter: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    level: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    tempo: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def hours(self) -> float:
        """Hours in all."""
        return sum(self.split.values())


def corpus_stats(corpus: Path) -> CorpusStats:
    """Count a corpus through; meters and tempos by the time between their beats.

    Raises
    ------
    ConductorError
        If there is no complete clip in the folder.
    """
    stats = CorpusStats()
    works = set()
    for folder, meta in complete_clips(corpus):
        hours = float(meta["duration_s"]) / 3600.0
        stats.clips += 1
        works.add(meta["work"])
        stats.split[folder.parent.name] += hours
        stats.kind[str(meta["kind"])] += hours
        grid = BeatGrid.load(folder / "beats.txt")
        gaps = np.diff(grid.times) / 3600.0
        for gap, meter, beats in zip(gaps, grid.meters, grid.beats_in_bar, strict=False):
            stats.meter[meter] += gap
            stats.level[f"{meter} in {beats}"] += gap
        bins = np.searchsorted(_TEMPO_EDGES, 60.0 / (gaps * 3600.0), side="right") - 1
        for gap, low in zip(gaps, bins, strict=True):
            stats.tempo[f"{_TEMPO_EDGES[low]}"] += gap
    if not stats.clips:
        raise ConductorError(f"{corpus} holds no complete clips; render a corpus there first.")
    stats.works = len(works)
    return stats


def show_stats(stats: CorpusStats, console: Console) -> None:
    """Print the tables."""
    console.print(f"{stats.clips} clips of {stats.works} works, {stats.hours:.2f} hours")
    for title, counts in (
        ("split", stats.split),
        ("kind", stats.kind),
        ("meter", stats.meter),
        ("conducted", stats.level),
    ):
        console.print(_table(title, sorted(counts.items(), key=lambda pair: -pair[1])))
    low_first = sorted(stats.tempo.items(), key=lambda pair: int(pair[0]))
    console.print(_table("beats a minute from", low_first))


def _table(title: str, rows: list[tuple[str, float]]) -> Table:
    table = Table(title, "hours", "", box=None, pad_edge=False)
    most = max((hours for _, hours in rows), default=1.0)
    for name, hours in rows:
        table.add_row(name, f"{hours:6.2f}", "█" * round(_BAR_WIDTH * hours / most))
    return table
