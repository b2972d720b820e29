"""The page of `evaluate motion`: the table, its figures as bars, and one piece's strokes."""

import html
import io
from collections.abc import Sequence
from typing import Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from backend.evaluation.motion_table import MEASURES, Diversity, MotionTable
from retarget import skeleton

_WRIST: Final = skeleton.INDEX["hand.R"]
# Bars and strokes of one piece are shown for this long, from where music is well under way.
_FROM_S, _SHOWN_S = 10.0, 8.0
_BEST_AT_1: Final = frozenset({"beat F", "beat F, best lag", "vertical", "bars read"})
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .8em; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { max-width: 100%; height: auto; }
"""


def motion_page(table: MotionTable, spread: Sequence[Diversity], about: str) -> str:
    """The report as one HTML page with its pictures inside.

    Parameters
    ----------
    table : MotionTable
    spread : sequence of Diversity
    about : str
        What was measured on what.
    """
    head = "".join(f"<th>{html.escape(row.conductor)}</th>" for row in table.rows)
    lines = "".join(
        f"<tr><td>{html.escape(name)}</td>"
        + "".join(f"<td>{row.values[name]:.3f}</td>" for row in table.rows)
        + "</tr>"
        for name in MEASURES
    )
    moved = "".join(
        f"<tr><td>{html.escape(one.conductor)}</td>"
        f"<td>{1000 * one.seeds:.1f}</td><td>{1000 * one.styles:.1f}</td></tr>"
        for one in spread
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Conducting, measured</title>"
        f"<style>{_STYLE}</style><h1>Conducting, measured</h1><p>{html.escape(about)}</p>"
        f"<table><tr><th></th>{head}</tr>{lines}</table>"
        "<h2>Other seeds, other styles</h2><p>Mean distance of the joints, millimetres.</p>"
        f"<table><tr><th></th><th>seeds</th><th>styles</th></tr>{moved}</table>"
        f"<h2>Side by side</h2>{_svg(_bars(table))}"
        f"<h2>The right wrist in one piece</h2><p>Its height, the beats as lines, downbeats "
        f"bold; and its path as the players see it.</p>{_svg(_strokes(table))}</html>\n"
    )


def _bars(table: MotionTable) -> Figure:
    columns = 4
    rows = -(-len(MEASURES) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(12, 2.1 * rows), layout="constrained")
    names = [row.conductor for row in table.rows]
    colours = [f"C{i}" for i in range(len(names))]
    for axis, measure in zip(axes.flat, MEASURES, strict=False):
        values = [row.values[measure] for row in table.rows]
        axis.bar(range(len(names)), values, color=colours)
        axis.set_title(measure + (" (best 1)" if measure in _BEST_AT_1 else ""))
        axis.set_xticks([])
    for axis in axes.flat[len(MEASURES) :]:
        axis.set_axis_off()
    bars = axes.flat[0].patches
    axes.flat[-1].legend(bars, names, loc="center", frameon=False, fontsize="small")
    return figure


def _strokes(table: MotionTable) -> Figure:
    example = table.example
    figure, axes = plt.subplots(
        len(example.motions),
        2,
        figsize=(12, 2.2 * len(example.motions)),
        width_ratios=(4, 1),
        squeeze=False,
        layout="constrained",
    )
    for (name, motion), (curve, path) in zip(example.motions.items(), axes, strict=True):
        first = min(round(_FROM_S * motion.fps), max(len(motion) - 2, 0))
        last = min(first + round(_SHOWN_S * motion.fps), len(motion))
        wrist = motion.joints_3d()[first:last, _WRIST]
        at = np.arange(first, last) / motion.fps
        curve.plot(at, wrist[:, 2])
        for time, number in zip(example.times, example.numbers, strict=True):
            if at[0] <= time <= at[-1]:
                curve.axvline(time, color="#b00", linewidth=1.6 if number == 1 else 0.6)
        curve.set_title(name, loc="left")
        curve.set_ylabel("m")
        # The players see the conductor's right hand on their left.
        path.plot(wrist[:, 0], wrist[:, 2], linewidth=0.8)
        path.set_aspect("equal", adjustable="datalim")
    axes[-1][0].set_xlabel("seconds")
    return figure


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg")
    plt.close(figure)
    # Without the XML declaration, as HTML has it.
    return text.getvalue()[text.getvalue().index("<svg") :]
