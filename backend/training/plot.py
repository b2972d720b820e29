"""Curves of a training run, as in the paper's Fig. 5."""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from retarget.atomic import atomic_path
from retarget.errors import ConductorError


def plot_run(run: Path, picture: Path) -> None:
    """Draw each figure of a run's log over its steps: learned from thin, held-out works thick.

    Parameters
    ----------
    run : Path
        Folder of a run, with `log.csv`.
    picture : Path
        A .png or .svg file.

    Raises
    ------
    ConductorError
        If there is no log, or the picture has another ending.
    """
    if picture.suffix not in (".png", ".svg"):
        raise ConductorError(f"{picture.name} is neither .png nor .svg; choose one of them.")
    curves = _read(run / "log.csv")
    names = sorted({name.partition("/")[2] for name in curves})
    figure, axes = pyplot.subplots(
        1, len(names), figsize=(3.6 * len(names), 3.0), squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes[0], names, strict=True):
        for split, label, width in (("train", "training", 0.7), ("val", "held-out works", 2.0)):
            points = curves.get(f"{split}/{name}")
            if points:
                axis.plot(*zip(*points, strict=True), linewidth=width, label=label)
        axis.set_title(name)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
    axes[0][0].legend()
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, format=picture.suffix[1:], dpi=130)
    pyplot.close(figure)


def _read(log: Path) -> dict[str, list[tuple[int, float]]]:
    curves: dict[str, list[tuple[int, float]]] = {}
    try:
        with log.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                curves.setdefault(row["name"], []).append((int(row["step"]), float(row["value"])))
    except FileNotFoundError:
        raise ConductorError(f"{log} does not exist; give the folder of a training run.") from None
    except (OSError, UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
        raise ConductorError(f"{log} is no log of a training run; give another folder.") from error
    if not curves:
        raise ConductorError(f"{log} holds no figures yet; train on.")
    return curves
