"""`virtual-conductor corpus`: thin, each verb calls one function."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend.terminal import console, faults_in_one_sentence, shown_progress, warn

corpus_app = typer.Typer(
    name="corpus", help="Make and examine music with exact beats from scores.", no_args_is_help=True
)


@corpus_app.command("render")
def render_command(
    scores: Annotated[
        list[Path], typer.Argument(help="MusicXML (.mxl, .musicxml) or MIDI files, or folders.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the corpus.")],
    hours: Annotated[float, typer.Option(help="Hours of sound in all.", min=0.0)] = 1.0,
    workers: Annotated[
        int, typer.Option(help="Processes; 0 takes one for each core.", min=0, max=256)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Another seed, other performances.", min=0)] = 0,
    soundfont: Annotated[
        list[Path] | None, typer.Option(help="A .sf2 file; of several one is drawn for a clip.")
    ] = None,
    held_out_soundfont: Annotated[
        list[Path] | None,
        typer.Option(help="Play the clips of val and test with this one; may be given again."),
    ] = None,
    alignments: Annotated[
        Path | None,
        typer.Option(help="Folder of *_alignment.csv tempo curves; beside the scores if not given"),
    ] = None,
    beat_times: Annotated[
        Path | None,
        typer.Option(help="Folder of *.beats, beat times of real recordings, to take rubato from."),
    ] = None,
    clip: Annotated[float, typer.Option(help="Seconds of a clip.", min=15.0, max=3600.0)] = 60.0,
    drums: Annotated[
        float, typer.Option(help="Share of the clips that a drum set joins.", min=0.0, max=1.0)
    ] = 0.1,
    no_motion: Annotated[
        bool, typer.Option("--no-motion", help="Leave out the teacher's conducting.")
    ] = False,
    keep_audio: Annotated[
        bool, typer.Option("--keep-audio", help="Also write the sound (FLAC).")
    ] = False,
) -> None:
    """Perform scores: sound features, exact beats and the teacher's motion, clip by clip."""
    with faults_in_one_sentence():
        from backend.corpus.clip import ClipOptions
        from backend.corpus.render import render_corpus
        from backend.corpus.synthesis import default_soundfont

        options = ClipOptions(
            clip_s=clip,
            seed=seed,
            soundfonts=tuple(soundfont or [default_soundfont()]),
            held_out_soundfonts=tuple(held_out_soundfont or ()),
            alignments=alignments,
            beat_times=beat_times,
            motion=not no_motion,
            keep_audio=keep_audio,
            drums=drums,
        )
        with shown_progress() as progress:
            rendered = render_corpus(
                scores,
                output,
                options,
                hours=hours,
                workers=workers or os.cpu_count() or 1,
                progress=progress,
            )
        for name, reason in sorted(rendered.skipped.items()):
            warn(f"{name} was skipped: {reason}")
        console.print(f"{rendered.clips} clips, {rendered.hours:.2f} hours in {output}")


@corpus_app.command("tunes")
def tunes_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the MIDI files.")],
    made: Annotated[int, typer.Option(help="Tunes made at random.", min=0)] = 100,
    takes: Annotated[int, typer.Option(help="Of each tune that is well known.", min=0)] = 2,
    seed: Annotated[int, typer.Option(help="Another seed, other tunes.", min=0)] = 0,
) -> None:
    """Write simple tunes, melodies with chords and a bass, as MIDI files to render from."""
    with faults_in_one_sentence():
        from backend.corpus.tune_files import write_tunes

        count = write_tunes(output, made, takes, seed)
        console.print(f"{count} tunes in {output}")


@corpus_app.command("conduct")
def conduct_command(
    corpus: Annotated[Path, typer.Argument(help="Folder of a corpus made by corpus render.")],
    workers: Annotated[
        int, typer.Option(help="Processes; 0 takes one for each core.", min=0, max=256)
    ] = 0,
) -> None:
    """Add the teacher's motion to clips that were rendered without it."""
    with faults_in_one_sentence():
        from backend.corpus.conduct import conduct_corpus

        with shown_progress() as progress:
            count = conduct_corpus(corpus, workers or os.cpu_count() or 1, progress)
        console.print(f"{count} clips were conducted")


@corpus_app.command("stats")
def stats_command(
    corpus: Annotated[Path, typer.Argument(help="Folder of a corpus made by corpus render.")],
) -> None:
    """Print hours by split, kind, meter, conducted beats and tempo."""
    with faults_in_one_sentence():
        from rich.console import Console

        from backend.corpus.stats import corpus_stats, show_stats

        show_stats(corpus_stats(corpus), Console(highlight=False))
