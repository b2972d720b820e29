"""Tables of figures for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Column, Table


def figure_table(names: Sequence[str], figures: Sequence[str]) -> Table:
    """A table whose figures are whole in a terminal of 80 columns, and in a file.

    Parameters
    ----------
    names : sequence of str
        Headers of the columns that say what a row is of; these give way.
    figures : sequence of str
        Headers of the others.
    """
    columns = [Column(name, overflow="fold") for name in names]
    columns += [Column(name, justify="right", overflow="fold", min_width=5) for name in figures]
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
