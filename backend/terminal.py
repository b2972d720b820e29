"""What the command shows: progress with the time left, and faults in one sentence."""

import math
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
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

# Where there is no terminal a line is due after so many seconds, if there is anything new to say.
_LINE_S = 10.0

console = Console(stderr=True, highlight=False)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A `Progress` drawn as a bar on a terminal, and in lines elsewhere."""
    if not console.is_terminal:
        yield progress_lines()
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


def progress_lines(clock: Callable[[], float] = time.monotonic) -> Progress:
    """A `Progress` that prints lines: at every phase, tenth of the work, and ten seconds.

    `clock` tells seconds. No line is printed twice.
    """
    last, last_tenth, last_time = "", 0, -math.inf

    def report(fraction: float, phase: str, /) -> None:
        nonlocal last, last_tenth, last_time
        now = clock()
        line = f"{fraction:4.0%} {phase}"
        tenth = int(fraction * 10.0 + 1e-9)
        due = tenth > last_tenth or now - last_time >= _LINE_S
        if phase in ("", "starting") or line == last or (last.endswith(f"% {phase}") and not due):
            return
        last, last_tenth, last_time = line, tenth, now
        console.print(line, markup=False)

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


def tell_result(warnings: Iterable[str], written: Iterable[Path]) -> None:
    """Print what the user should know of a result, and then the files it is in."""
    for sentence in warnings:
        warn(sentence)
    for path in written:
        typer.echo(path)
