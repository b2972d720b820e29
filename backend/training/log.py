"""What a training run says of itself: a CSV table and TensorBoard events."""

import csv
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tensorboardX import SummaryWriter


class TrainingLog:
    """Figures by step, to `log.csv` and TensorBoard event files in one folder.

    A run that goes on appends; rows of steps that are done again are dropped first.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / "log.csv"
        rows = _rows_before(self._path, step)
        self._file = self._path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(("step", "name", "value"))
        self._writer.writerows(rows)
        self._board = SummaryWriter(str(folder), purge_step=step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._board.close()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add figures of a step."""
        for name, value in values.items():
            self._writer.writerow((step, name, f"{value:.6g}"))
            self._board.add_scalar(name, value, step)
        self._file.flush()


def _rows_before(path: Path, step: int) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in list(csv.reader(file))[1:] if int(row[0]) <= step]
