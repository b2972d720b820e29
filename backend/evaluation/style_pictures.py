"""A picture of both ends of every value of the style.

`python -m backend.evaluation.style_pictures [--out DIR]` writes them. Each shows, for the lowest
and the highest value, the path of the baton hand (and of what else the value moves) from the
players' side over one bar of 4/4: a dot for every thirtieth of a second, so that they lie close
where it is slow, and the beats of the music in red. The face is shown over the time.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from backend.conducting.learned.conditioning import STYLE_CONDITIONS
from backend.conducting.rules import Character, conduct
from backend.evaluation.face_picture import draw_face
from backend.grid.beat_grid import BeatGrid
from backend.style import MAX_LEAD, Style
from retarget import skeleton
from retarget.atomic import atomic_path
from retarget.motion import Motion
from retarget.rotation import Array

FPS: Final = 120.0
LAST_BYTE: Final = 60_000
"""A picture is smaller than this."""

_BPM: Final = 80.0
_SLOW_BPM: Final = 44.0
_BARS: Final = 10
_BAR: Final = 5
_RIGHT, _LEFT, _HEAD = "#1f4e79", "#b8860b", "#666666"


@dataclasses.dataclass(frozen=True)
class Scene:
    """The music a value is shown with.

    Parameters
    ----------
    words : str
        What stands under the title.
    bpm : float
        Beats per minute.
    loudness : callable
        From seconds after the shown bar's start, counted in bars, to loudness in [0, 1].
    articulation : (float, float), optional
        Attack and detachment of the music, each in [0, 1].
    joints : tuple of str
        What is drawn beside the baton hand.
    magnified : float
        How many times as large their paths are drawn about their middle.
    bars : int
        How many bars are drawn.
    """

    words: str = "one bar of 4/4"
    bpm: float = _BPM
    loudness: Callable[[Array], Array] = lambda bars: np.full(len(bars), 0.5)
    articulation: tuple[float, float] | None = None
    joints: tuple[str, ...] = ()
    magnified: float = 1.0
    bars: int = 1


SCENES: Final = {
    "articulation": Scene("one bar of staccato music", articulation=(0.95, 0.95)),
    "subdivision": Scene("one slow bar of 4/4", bpm=_SLOW_BPM),
    "expression": Scene(
        "a soft and a loud bar",
        loudness=lambda bars: np.interp(bars, [0.75, 1.0], [0.15, 0.9]),
        bars=2,
    ),
    "left_hand": Scene("one bar, both hands", joints=("hand.L",)),
    "sway": Scene(
        "two bars, with the head (five times as large)", joints=("head",), magnified=5.0, bars=2
    ),
    "weight": Scene(
        "one bar, with the elbow and the baton's tip", joints=("forearm.R", "baton_tip")
    ),
}
"""By style value; others are shown with `Scene()`."""

_COLOURS: Final = {"hand.L": _LEFT, "head": _HEAD, "forearm.R": _HEAD, "baton_tip": _LEFT}


def main() -> None:
    """Draw and write them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/styles"))
    parser.add_argument("--json", action="store_true", help="no figures: prints nothing")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in [*STYLE_CONDITIONS, "face"]:
        path = draw(name, arguments.out / f"{name}.png")
        if not arguments.json:
            print(path, path.stat().st_size)


def draw(name: str, path: Path) -> Path:
    """Draw both ends of a style value."""
    figure = draw_face() if name == "face" else _draw_paths(name)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=80, format="png", metadata={"Software": None})
    plt.close(figure)
    if path.stat().st_size >= LAST_BYTE:
        raise SystemExit(f"{path} has {path.stat().st_size} bytes; draw it smaller.")
    return path


def _draw_paths(name: str) -> Any:
    scene = SCENES.get(name, Scene())
    high = MAX_LEAD if name == "lead" else 1.0
    figure, axes = plt.subplots(
        1, 2, figsize=(6.4, 4.0), sharex=True, sharey=True, layout="constrained"
    )
    for axis, value in zip(axes, (0.0, high), strict=True):
        motion, clicks = perform(scene, dataclasses.replace(Style(), **{name: value}))
        trace(axis, motion, clicks, scene)
        axis.set_title(f"{name} = {value:g}", fontsize=10)
        axis.set_aspect("equal")
        axis.tick_params(labelsize=7)
        axis.set_xlabel("m, seen from the players", fontsize=7)
    # The conductor's left is the players' right.
    axes[0].set_ylabel("height, m", fontsize=7)
    figure.suptitle(f"{name.replace('_', ' ')}: {scene.words}", fontsize=11)
    return figure


def perform(scene: Scene, style: Style) -> tuple[Motion, Array]:
    """Conduct a scene; the beats of the shown bars in the music, seconds."""
    count = 4 * _BARS
    beat = 60.0 / scene.bpm
    times = 3.0 + np.arange(count) * beat
    grid = BeatGrid(
        times, np.arange(count) % 4 + 1, np.full(count, 4), ("4/4",) * count, np.ones(count)
    )
    first = 4 * _BAR
    duration = float(times[-1]) + 3.0
    at = np.arange(int(duration * 90)) / 90.0
    character = None
    if scene.articulation is not None:
        attack, detachment = (np.full(len(at), value) for value in scene.articulation)
        character = Character(attack, detachment, np.zeros(len(at)))
    motion = conduct(
        grid,
        duration=duration,
        loudness=scene.loudness((at - times[first]) / (4.0 * beat)),
        style=style,
        seed=1,
        fps=FPS,
        character=character,
    )
    return motion, times[first : first + 4 * scene.bars + 1]


def trace(axis: Any, motion: Motion, clicks: Array, scene: Scene) -> None:
    """One panel: paths of the joints from the first click to the last, and the clicks."""
    points = motion.joints_3d()
    frames = np.round(clicks * FPS).astype(int)
    shown = slice(frames[0], frames[-1] + 1)
    for joint in ("hand.R", *scene.joints):
        line = points[shown, skeleton.INDEX[joint]][:, [0, 2]]
        if joint != "hand.R":
            middle = line.mean(axis=0)
            line = middle + scene.magnified * (line - middle)
        colour = _COLOURS.get(joint, _RIGHT)
        axis.plot(*line.T, color=colour, linewidth=0.6)
        axis.plot(*line[:: round(FPS / 30.0)].T, ".", color=colour, markersize=2.5)
    wrist = points[:, skeleton.INDEX["hand.R"]][:, [0, 2]]
    for number, frame in enumerate(frames[:-1]):
        axis.plot(*wrist[frame], "o", color="#c00000", markersize=4)
        axis.annotate(
            str(number % 4 + 1),
            wrist[frame],
            xytext=(4, -8),
            textcoords="offset points",
            fontsize=8,
            color="#c00000",
        )


if __name__ == "__main__":
    main()
