"""`virtual-conductor evaluate`: thin, each verb calls one function."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from backend.evaluation.alignment_command import alignment_command
from backend.evaluation.figure_table import figure_table
from backend.evaluation.figures_file import write_figures
from backend.folders import check_outputs
from backend.terminal import faults_in_one_sentence, shown_progress
from retarget.atomic import atomic_path
from retarget.errors import ConductorError

if TYPE_CHECKING:
    from backend.evaluation.likeness import Row

evaluate_app = typer.Typer(
    name="evaluate", help="Measure against works with known truth.", no_args_is_help=True
)

evaluate_app.command("alignment")(alignment_command)

Split = Annotated[str, typer.Option(help="train, val or test.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Also write the figures as .json.")
]


@evaluate_app.command("beats")
def beats_command(
    data: Annotated[Path, typer.Argument(help="Folder of a corpus with exact beats.")],
    split: Split = "test",
    beat_net: Annotated[
        Path | None, typer.Option(help="A beat network; the shipped one if not given.")
    ] = None,
    bar_net: Annotated[
        Path | None, typer.Option(help="A bar network; the shipped one if not given.")
    ] = None,
    meter_told: Annotated[
        bool, typer.Option("--meter-told", help="Tell the trackers the meter, as --meter does.")
    ] = False,
    table: Annotated[
        list[str] | None,
        typer.Option(help="Another program whose beats lie beside each clip's, beats_NAME.txt."),
    ] = None,
    output: Output = None,
) -> None:
    """Beats, downbeats and meter against exact ones, beside onsets alone and librosa's tracker."""
    with faults_in_one_sentence():
        from backend.beats.hear import hear_beats
        from backend.beats.track import track_beats
        from backend.corpus.dataset import ConductingDataset
        from backend.evaluation.beats import MEASURES, Tracker, evaluate_beats, librosa_beats

        check_outputs(output)
        clips = [clip for clip in ConductingDataset(data, split).clips if clip.has_beats]
        trackers: dict[str, Tracker] = {
            "network": lambda music, meter: (
                hear_beats(music, meter=meter, beat_net=beat_net, bar_net=bar_net).grid
            ),
            "onset": lambda music, meter: track_beats(music, meter=meter),
            "librosa": lambda music, _: librosa_beats(music),
        }
        with shown_progress() as progress:
            rows = evaluate_beats(clips, trackers, progress, told=meter_told, tables=table or ())
        shown = figure_table(["tracker", "on"], ["clips", *MEASURES])
        for row in rows:
            figures = (_figure(row.values[name]) for name in MEASURES)
            shown.add_row(row.tracker, row.group, str(row.clips), *figures)
        Console().print(shown)
        write_figures(output, [vars(row) | {"values": _finite(row.values)} for row in rows])


@evaluate_app.command("amcnet")
def amcnet_command(
    checkpoint: Annotated[Path, typer.Argument(help="An AMCNet, .safetensors.")],
    data: Annotated[Path, typer.Argument(help="Folder of a corpus with motion.")],
    split: Split = "test",
    seconds: Annotated[float, typer.Option(help="Length of a stretch.", min=5.0)] = 10.0,
    output: Output = None,
) -> None:
    """Pair accuracy, scale invariance and synchrony of an AMCNet."""
    with faults_in_one_sentence():
        from backend.models.amcnet import load_amcnet
        from backend.training.amc_data import conducted_clips
        from backend.training.correspondence import measure_correspondence, score_pairs

        check_outputs(output)
        network = load_amcnet(checkpoint)
        clips = conducted_clips(data, split, seconds)
        scores = score_pairs(network, clips, seconds, pairs=1200)
        with shown_progress() as progress:
            found = measure_correspondence(network, clips, seconds, progress)
        table = Table("figure", "value")
        for kind, value in scores.accuracy.items():
            table.add_row(f"pair accuracy, {kind} negatives", f"{value:.3f}")
        table.add_row("loss", f"{scores.loss:.3f}")
        table.add_row("change of motion features, scale 0.5 to 2", f"{found.scale_change:.4f}")
        table.add_row("best at no shift, within 0.1 s", f"{found.synchronous:.3f}")
        table.add_row("median of the best shift, s", f"{found.best_shift_s:.3f}")
        Console().print(table)
        write_figures(
            output, {"pair accuracy": scores.accuracy, "loss": scores.loss, **vars(found)}
        )


@evaluate_app.command("motion")
def motion_command(
    model: Annotated[Path, typer.Argument(help="A generator, .safetensors.")],
    data: Annotated[Path, typer.Argument(help="Folder of a corpus with motion.")],
    amcnet: Annotated[
        Path | None,
        typer.Option(help="The AMCNet that compares motions; if not given, one trained apart."),
    ] = None,
    split: Split = "test",
    clips: Annotated[int, typer.Option(help="At most so many, spread over the split.", min=2)] = 40,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write a report, .html or .json.")
    ] = None,
) -> None:
    """The learned conductor beside the teacher, another piece's motion and none at all."""
    with faults_in_one_sentence():
        from backend.corpus.dataset import ConductingDataset
        from backend.evaluation.motion_table import MEASURES, evaluate_diversity, evaluate_motion
        from backend.models.amcnet import load_amcnet
        from backend.models.checkpoint import shipped
        from retarget.progress import part

        _check_report(output)
        network = load_amcnet(amcnet or shipped("amcnet_evaluator"))
        found = [c for c in ConductingDataset(data, split).clips if c.has_beats and c.has_motion]
        if len(found) < 2:
            raise ConductorError(
                f"{data} has no two clips with beats and motion in '{split}'; add motion with "
                "corpus conduct."
            )
        step = max(len(found) / clips, 1.0)
        chosen = [found[int(i * step)] for i in range(min(clips, len(found)))]
        with shown_progress() as progress:
            motions = evaluate_motion(chosen, model, network, part(progress, 0.0, 0.85))
            spread = evaluate_diversity(chosen, model, part(progress, 0.85, 1.0))
        table = Table("", *(row.conductor for row in motions.rows))
        for name in MEASURES:
            table.add_row(name, *(f"{row.values[name]:.3f}" for row in motions.rows))
        Console().print(table)
        for one in spread:
            Console().print(
                f"{one.conductor}: seeds {1000 * one.seeds:.1f} mm, "
                f"styles {1000 * one.styles:.1f} mm apart"
            )
        if output is not None and output.suffix == ".html":
            from backend.evaluation.motion_report import motion_page

            about = f"{model.name} on {len(chosen)} clips of '{split}' in {data.name}."
            with atomic_path(output) as temporary:
                temporary.write_text(motion_page(motions, spread, about), encoding="utf-8")
            return
        rows = [vars(row) for row in motions.rows]
        write_figures(output, {"rows": rows, "diversity": [vars(one) for one in spread]})


@evaluate_app.command("likeness")
def likeness_command(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder of photos, videos or rendered people, or one of them."),
    ],
    seconds: Annotated[float, typer.Option(help="How much of each video.", min=0.2)] = 4.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write a report, .html or .json.")
    ] = None,
) -> None:
    """Zero motion on photos and self-transfer on videos, beside copying the photo."""
    with faults_in_one_sentence():
        from backend.evaluation.likeness import evaluate_likeness, methods, summarise
        from backend.evaluation.likeness_page import likeness_page
        from backend.evaluation.likeness_sets import find_sets

        _check_report(output)
        photos, clips = find_sets(folder)
        with shown_progress() as progress:
            report = evaluate_likeness(photos, clips, methods(), seconds=seconds, progress=progress)
        sections = {"zero motion": report.zero_motion, "self-transfer": report.transfer}
        for title, rows in sections.items():
            summary = summarise(rows)
            table = Table(title, *summary)
            for name in dict.fromkeys(name for values in summary.values() for name in values):
                figures = (values.get(name, float("nan")) for values in summary.values())
                table.add_row(name, *(f"{figure:.3f}" for figure in figures))
            if summary:
                Console().print(table)
            for row in rows:
                if row.fault:
                    Console().print(f"{row.name}, {row.method}: {row.fault}", markup=False)
        if output is not None and output.suffix == ".html":
            about = f"{len(photos)} photos and {len(clips)} videos of {folder.name}."
            with atomic_path(output) as temporary:
                temporary.write_text(likeness_page(report, about), encoding="utf-8")
            return
        write_figures(output, {title: _plain(rows) for title, rows in sections.items()})


def _plain(rows: Sequence["Row"]) -> list[dict[str, Any]]:
    """Rows as JSON takes them: no pictures, and None for what could not be measured."""
    return [
        {
            "method": row.method,
            "name": row.name,
            "fault": row.fault,
            "values": _finite(row.values),
        }
        for row in rows
    ]


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _figure(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _check_report(output: Path | None) -> None:
    if output is not None and output.suffix not in (".html", ".json"):
        raise ConductorError(
            f"{output.name} is no name for a report; let it end in .html or .json."
        )
    check_outputs(output)
