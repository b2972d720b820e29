"""What the command shows: progress with the time left, and faults in one sentence."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from pydantic import ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from retarget.errors import Cancelled, ConductorError
from retarget.progress import Progress

USER_ERROR, INTERRUPTED = 2, 130

console = Console(stderr=True, highlight=False)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A `Progress` drawn as a bar on a terminal, and as one line per phase elsewhere."""
    if not console.is_terminal:
        yield _line_per_phase()
        return
    bar = RichProgress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=1.0)

        def report(fraction: float, phase: str, /) -> None:
            bar.update(task, completed=fraction, description=phase)

        yield report


def _line_per_phase() -> Progress:
    last = ""

    def report(fraction: float, phase: str, /) -> None:
        nonlocal last
        if phase and phase not in (last, "starting"):
            last = phase
            console.print(f"{fraction:4.0%} {phase}", markup=False)

    return report


@contextmanager
def faults_in_one_sentence() -> Iterator[None]:
    """End the program on a fault: exit code 2 for what the user can mend, 130 when stopped.

    SIGTERM is treated like Ctrl-C, so that children are ended and nothing stays half-written.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except ConductorError as error:
        fail(str(error))
    except ValidationError as error:
        fail(option_fault(error))
    except (Cancelled, KeyboardInterrupt):
        console.print("Stopped. Nothing was left half-written.", style="yellow")
        sys.exit(INTERRUPTED)


def option_fault(error: ValidationError) -> str:
    """What is wrong with an option, as one sentence."""
    first = error.errors()[0]
    name = "--" + ".".join(str(part) for part in first["loc"]).replace("_", "-")
    limits = first.get("ctx", {})
    bound = next((limits[key] for key in ("ge", "gt", "le", "lt") if key in limits), None)
    if bound is not None:
        words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
        word = next(words[key] for key in words if key in limits)
        return f"The option {name} is {first['input']}; give {word} {bound:g}."
    reason = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"The option {name} is not right: {reason}."


def fail(sentence: str) -> NoReturn:
    """Print the sentence and end with exit code 2."""
    console.print("Error:", style="bold red", end=" ")
    console.print(sentence, markup=False, soft_wrap=True)
    sys.exit(USER_ERROR)


def warn(sentence: str) -> None:
    """Print a warning."""
    console.print("Note:", style="yellow", end=" ")
    console.print(sentence, markup=False, soft_wrap=True)
