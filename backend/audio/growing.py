"""An array that grows while its rows come in."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_FIRST_ROWS: Final = 1 << 14


class Growing:
    """Rows of float32 in one array, which is never held twice."""

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] = np.empty(0, np.float32)
        self._count = 0

    def add(self, rows: NDArray[np.float32]) -> None:
        """Put rows, (n, …) of the same shape each time, at the end."""
        end = self._count + len(rows)
        if end > len(self._rows):
            size = max(end, _FIRST_ROWS, len(self._rows) * 5 // 4)
            self._rows.resize((size, *rows.shape[1:]), refcheck=False)
        self._rows[self._count : end] = rows
        self._count = end

    def array(self) -> NDArray[np.float32]:
        """All rows, (N, …); nothing can be added after that."""
        self._rows.resize((self._count, *self._rows.shape[1:]), refcheck=False)
        return self._rows
