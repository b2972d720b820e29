"""`virtual-conductor train`: thin, each verb calls one function."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend.terminal import faults_in_one_sentence, shown_progress

train_app = typer.Typer(name="train", help="Train the networks.", no_args_is_help=True)


@train_app.command("beats")
def beats_command(
    config: Annotated[Path, typer.Option(help="TOML file: data, out, steps, seed and more.")],
) -> None:
    """Train the beat tracker, or go on where an earlier run of this config was stopped."""
    # Threads that spin while they wait take the cores from those that work: half the speed. Read
    # when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    with faults_in_one_sentence():
        from backend.training.beats import train_beats
        from backend.training.run import Training

        with shown_progress() as progress:
            checkpoint = train_beats(Training.load(config), progress)
        typer.echo(checkpoint)
