"""`virtual-conductor train`: thin, each verb calls one function."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from backend.terminal import faults_in_one_sentence, shown_progress

train_app = typer.Typer(name="train", help="Train the networks.", no_args_is_help=True)


Config = Annotated[Path, typer.Option(help="TOML file: data, out, steps, seed and more.")]


@train_app.command("beats")
def beats_command(config: Config) -> None:
    """Train the beat network, or go on where an earlier run of this config was stopped."""
    with _training():
        from backend.training.beat_data import BeatTrainingConfig
        from backend.training.beats import train_beats

        with shown_progress() as progress:
            typer.echo(train_beats(BeatTrainingConfig.load(config), progress))


@train_app.command("bars")
def bars_command(config: Config) -> None:
    """Train the bar network on the pulses that the beat network hears, or go on training it."""
    with _training():
        from backend.training.bars import BarTrainingConfig, train_bars

        with shown_progress() as progress:
            typer.echo(train_bars(BarTrainingConfig.load(config), progress))


@train_app.command("reading")
def reading_command(
    data: Annotated[Path, typer.Argument(help="Folder of a corpus with exact beats.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .toml file.")],
    splits: Annotated[
        str, typer.Option(help="Works the networks have not learned from, as val or val+test.")
    ] = "val",
    beat_net: Annotated[
        Path | None, typer.Option(help="A beat network; the shipped one if not given.")
    ] = None,
    bar_net: Annotated[
        Path | None, typer.Option(help="A bar network; the shipped one if not given.")
    ] = None,
) -> None:
    """Fit the weights by which a piece's level and meter are read (backend/beats/reading.toml)."""
    with _training():
        from backend.training.beat_data import read_clips
        from backend.training.reading import fit_reading, music_of, read_examples, save_reading

        with shown_progress() as progress:
            music = music_of(read_clips(str(data), splits))
            examples = read_examples(music, beat_net, bar_net, progress=progress)
        save_reading(fit_reading(examples), output)
        typer.echo(output)


@train_app.command("amcnet")
def amcnet_command(config: Config) -> None:
    """Train AMCNet, which hears whether a motion conducts a music, or go on training it."""
    with _training():
        from backend.training.amcnet import train_amcnet
        from backend.training.config import TrainingConfig

        with shown_progress() as progress:
            typer.echo(train_amcnet(TrainingConfig.load(config), progress))


@train_app.command("generator")
def generator_command(config: Config) -> None:
    """Train the generator of motion against a discriminator, or go on training it."""
    with _training():
        from backend.training.generator import GeneratorTrainingConfig, train_generator

        with shown_progress() as progress:
            typer.echo(train_generator(GeneratorTrainingConfig.load(config), progress))


@train_app.command("average")
def average_command(
    checkpoints: Annotated[
        list[Path], typer.Argument(help="Checkpoints of one network, each trained on from another.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .safetensors file.")],
    kind: Annotated[str, typer.Option(help="beats, bars, amcnet or generator.")] = "beats",
) -> None:
    """Write the mean of networks' weights."""
    with faults_in_one_sentence():
        from backend.training.checkpoint_average import average_checkpoints

        average_checkpoints(checkpoints, kind, output)
        typer.echo(output)


@train_app.command("plot")
def plot_command(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .png or .svg picture.")],
) -> None:
    """Draw the losses of a run, on what it learned from and on held-out works."""
    with faults_in_one_sentence():
        from backend.training.plot import plot_run

        plot_run(run, output)
        typer.echo(output)


@contextmanager
def _training() -> Iterator[None]:
    # Threads that spin while they wait take the cores from those that work: half the speed. Read
    # when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    with faults_in_one_sentence():
        from backend.training.ranks import process_group

        with process_group():
            yield
