"""How a child process tells its parent how far it is: marked lines on standard output.

Blender writes to the same stream, so every line of ours carries a mark and the rest is ignored.
"""

import json
import os
import sys
import threading
from dataclasses import dataclass
from typing import Final, TextIO

_MARK: Final = "@virtual-conductor "


@dataclass(frozen=True)
class Line:
    """One report of a child.

    Parameters
    ----------
    kind : str
        "progress", "warning", "error" (one sentence for the user) or "result".
    text : str
        The phase, the sentence, or the result as the child's protocol defines it.
    fraction : float
        Share done in [0, 1]; with "progress" only.
    """

    kind: str
    text: str
    fraction: float = 0.0


def write_line(line: Line, stream: TextIO | None = None) -> None:
    """Send a report to the parent (standard output unless told otherwise)."""
    out = stream or sys.stdout
    out.write(f"\n{_MARK}{json.dumps([line.kind, line.text, round(line.fraction, 5)])}\n")
    out.flush()


def read_line(text: str) -> Line | None:
    """The report in a line of output, or None if it is other output."""
    if not text.startswith(_MARK):
        return None
    try:
        kind, message, fraction = json.loads(text[len(_MARK) :])
        return Line(str(kind), str(message), float(fraction))
    except (ValueError, TypeError):
        return None


def report_progress(fraction: float, phase: str, /) -> None:
    """A `Progress` that writes lines to standard output."""
    write_line(Line("progress", phase, fraction))


def end_with_parent() -> None:
    """End this process when standard input closes, that is, when the parent dies or lets go.

    Call it in children started with a pipe as standard input, so that no orphan goes on working.
    """

    def wait() -> None:
        # The raw descriptor: a thread that holds sys.stdin's lock would block interpreter exit.
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
