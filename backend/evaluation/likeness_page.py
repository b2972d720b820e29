"""The page of `evaluate likeness`: figures and contact sheets."""

import base64
import html
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.evaluation.likeness import LikenessReport, Row, summarise

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1500px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2em .7em; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; display: block; }
"""

_TOLD: Final = (
    "PSNR whole",
    "PSNR inside matte",
    "PSNR person",
    "SSIM person",
    "PSNR hands",
    "hands IoU",
)
"""What is said of each photo and clip above its picture."""


def likeness_page(report: LikenessReport, about: str) -> str:
    """The report as one HTML page with its pictures inside.

    Parameters
    ----------
    report : LikenessReport
    about : str
        What was measured on what.
    """
    parts = [
        _section("Zero motion", report.zero_motion),
        _section("Self-transfer", report.transfer),
    ]
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Likeness, measured</title>"
        f"<style>{_STYLE}</style><h1>Likeness, measured</h1><p>{html.escape(about)}</p>"
        f"{''.join(parts)}</html>\n"
    )


def _section(title: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    summary = summarise(rows)
    measures = list(dict.fromkeys(name for values in summary.values() for name in values))
    head = "".join(f"<th>{html.escape(method)}</th>" for method in summary)
    lines = "".join(
        f"<tr><td>{html.escape(measure)}</td>"
        + "".join(
            f"<td>{values.get(measure, float('nan')):.3f}</td>" for values in summary.values()
        )
        + "</tr>"
        for measure in measures
    )
    shown = "".join(_one(row) for row in rows)
    return f"<h2>{title}, medians</h2><table><tr><th></th>{head}</tr>{lines}</table>{shown}"


def _one(row: Row) -> str:
    title = f"<h3>{html.escape(row.name)}: {html.escape(row.method)}</h3>"
    if row.fault:
        return f"{title}<p>{html.escape(row.fault)}</p>"
    figures = ", ".join(f"{name} {row.values[name]:.2f}" for name in _TOLD if name in row.values)
    picture = "" if row.sheet is None else f"<img src='{_embedded(row.sheet)}' alt=''>"
    return f"{title}<p>{figures}</p>{picture}"


def _embedded(picture: NDArray[np.uint8]) -> str:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
