"""The `virtual-conductor` command: thin, each verb calls one function."""

import atexit
import gc
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from backend import __version__
from backend.corpus.commands import corpus_app
from backend.evaluation.commands import evaluate_app
from backend.music_commands import beats_command, conduct_command, motion_command
from backend.rig_command import rig_command
from backend.scene_commands import (
    compare_command,
    export_command,
    likeness_command,
    render_command,
    subject_command,
)
from backend.terminal import INTERRUPTED, USER_ERROR, console, fail, faults_in_one_sentence
from backend.training.commands import train_app
from blender_addon.backend_python import leave_note
from retarget.errors import ConductorError

app = typer.Typer(
    name="virtual-conductor",
    help="Music and one photo in; an editable 3D conductor and a video of that person out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.command("conduct")(conduct_command)
app.command("motion")(motion_command)
app.command("beats")(beats_command)
app.command("subject")(subject_command)
app.command("likeness")(likeness_command)
app.command("render")(render_command)
app.command("export")(export_command)
app.command("compare")(compare_command)
app.command("rig")(rig_command)

app.add_typer(corpus_app)
app.add_typer(train_app)
app.add_typer(evaluate_app)

# Objects after whose making Python looks for unused ones. At its usual 700 that takes a tenth of
# importing torch, which makes 260,000.
_NEW_OBJECTS: Final = 50_000

# Every fault of a command line is one; typer exports only this kind of them.
_UsageError: Any = typer.BadParameter.__base__


@app.command("serve")
def serve_command(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    state: Annotated[
        Path | None, typer.Option(help="Folder of the queue; the user's own if not given.")
    ] = None,
    idle: Annotated[
        float, typer.Option(help="End after this many seconds without work or visitors.")
    ] = 600.0,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the running server.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say whether one runs.")] = False,
) -> None:
    """Run the local server the Blender panel talks to."""
    with faults_in_one_sentence():
        import backend.server.run as run

        if stop and status:
            raise ConductorError("--stop and --status are two commands; give one of the two.")
        if stop:
            run.stop(state)
        elif status:
            run.status(state)
        else:
            raise typer.Exit(run.serve(port=port, state=state, idle_timeout_s=idle))


@app.command("doctor")
def doctor_command() -> None:
    """Check every part and say how to mend what is missing."""
    with faults_in_one_sentence():
        from backend.doctor import examine, show

        findings = examine()
        show(findings, console)
        if not all(finding.ok for finding in findings):
            raise typer.Exit(1)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"virtual-conductor {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Music and one photo in; an editable 3D conductor and a video of that person out."""
    leave_note()


def main() -> None:
    """Entry point of the `virtual-conductor` command."""
    gc.set_threshold(_NEW_OBJECTS)
    # At its end the interpreter looks through every object, of which torch leaves very many.
    atexit.register(gc.freeze)
    try:
        sys.exit(app(standalone_mode=False))
    except _UsageError as error:
        words = error.format_message().replace("Value error, ", "").rstrip(".")
        if not words:
            # The help has been printed instead.
            sys.exit(USER_ERROR)
        fail(f"{words}; see --help.")
    except typer.Abort:
        sys.exit(INTERRUPTED)
