"""`virtual-conductor evaluate`: thin, each verb calls one function."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backend.terminal import faults_in_one_sentence, shown_progress
from retarget.atomic import atomic_path

evaluate_app = typer.Typer(
    name="evaluate", help="Measure against works with known truth.", no_args_is_help=True
)


@evaluate_app.command("beats")
def beats_command(
    data: Annotated[Path, typer.Argument(help="Folder of a corpus with exact beats.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    checkpoint: Annotated[
        Path | None, typer.Option(help="A beat network; the shipped one if not given.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the table as .json.")
    ] = None,
) -> None:
    """Beats, downbeats and meter against exact ones, beside librosa's tracker."""
    with faults_in_one_sentence():
        from backend.beats.listen import hear_beats
        from backend.beats.track import track_beats
        from backend.corpus.dataset import ConductingDataset
        from backend.evaluation.beats import MEASURES, evaluate_beats

        clips = [clip for clip in ConductingDataset(data, split).clips if clip.has_beats]
        trackers = {
            "network": lambda analysis: hear_beats(analysis, checkpoint=checkpoint),
            "librosa": track_beats,
        }
        with shown_progress() as progress:
            rows = evaluate_beats(clips, trackers, progress)
        table = Table("tracker", "on", "clips", *MEASURES)
        for row in rows:
            figures = (f"{row.values[name]:.3f}" for name in MEASURES)
            table.add_row(row.tracker, row.group, str(row.clips), *figures)
        Console().print(table)
        if output is not None:
            content = [vars(row) for row in rows]
            with atomic_path(output) as temporary:
                temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@evaluate_app.command("amcnet")
def amcnet_command(
    checkpoint: Annotated[Path, typer.Argument(help="An AMCNet, .safetensors.")],
    data: Annotated[Path, typer.Argument(help="Folder of a corpus with motion.")],
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    seconds: Annotated[float, typer.Option(help="Length of a stretch.", min=5.0)] = 10.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the figures as .json.")
    ] = None,
) -> None:
    """Pair accuracy, scale invariance and synchrony of an AMCNet."""
    with faults_in_one_sentence():
        from backend.evaluation.correspondence import examine, judge_pairs
        from backend.models.amcnet import load_amcnet
        from backend.training.amc_data import conducted_clips

        network = load_amcnet(checkpoint)
        clips = conducted_clips(data, split, seconds)
        judged = judge_pairs(network, clips, seconds)
        with shown_progress() as progress:
            found = examine(network, clips, seconds, progress)
        table = Table("figure", "value")
        for kind, value in judged.accuracy.items():
            table.add_row(f"pair accuracy, {kind} negatives", f"{value:.3f}")
        table.add_row("loss", f"{judged.loss:.3f}")
        table.add_row("change of motion features, scale 0.5 to 2", f"{found.scale_change:.4f}")
        table.add_row("best at no shift, within a frame", f"{found.synchronous:.3f}")
        table.add_row("median of the best shift, s", f"{found.best_shift_s:.3f}")
        Console().print(table)
        if output is not None:
            content = {"pair accuracy": judged.accuracy, "loss": judged.loss, **vars(found)}
            with atomic_path(output) as temporary:
                temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
