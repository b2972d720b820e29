"""Start a server process that outlives this one, and say why if it does not come up."""

import contextlib
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from typing import IO, Any, Final

from retarget.errors import ConductorError

_LAST_WORDS_S: Final = 2.0


def launch(python: str, options: Sequence[str], timeout_s: float) -> None:
    """Start `python -m backend.server` and wait for its ready line.

    Parameters
    ----------
    python : str
        Path of the Python in which Virtual Conductor is installed.
    options : sequence of str
        The server's options; paths in them absolute.
    timeout_s : float
        Longest wait for the line.

    Raises
    ------
    ConductorError
        If that Python is not there, has no Virtual Conductor, or the server ends at once.
    """
    # The home of Blender's own Python, where it is set, is not that of this one; and nothing in
    # the working folder may pass for the server (-P).
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
    # The file has no name, so nothing is left behind, and the server may write on for ever.
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                [python, "-P", "-m", "backend.server", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=os.path.abspath(os.sep),
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise ConductorError(
                f"There is no Python at {python}; give the path of Virtual Conductor's own, "
                ".venv/bin/python in its folder."
            ) from error
        # Somebody has to take note of its end, or it stays in the process table.
        threading.Thread(target=process.wait, daemon=True).start()
        assert process.stdout is not None
        if _first_report(process.stdout, timeout_s) is not None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_LAST_WORDS_S)
        if process.poll() is None:
            process.kill()
        said.seek(0)
        raise ConductorError(_why_not(said.read().decode("utf-8", "replace"), python, timeout_s))


def _first_report(stream: IO[bytes], timeout_s: float) -> dict[str, Any] | None:
    """The server's JSON line, or None if it ends or does not come in time."""
    found: list[dict[str, Any]] = []

    def read() -> None:
        with stream:
            for line in stream:
                with contextlib.suppress(ValueError):
                    report = json.loads(line)
                    if isinstance(report, dict) and "port" in report:
                        found.append(report)
                        return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout_s)
    return found[0] if found else None


def _why_not(said: str, python: str, timeout_s: float) -> str:
    """The sentence for a server that did not start, from what it wrote."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if "No module named" in last and "backend" in last:
        return (
            f"{python} has no Virtual Conductor; give the path of the Python it is installed in, "
            ".venv/bin/python in its folder."
        )
    if "No module named" in last:
        return f"Virtual Conductor is not whole ({last}); run `make demo` in its folder again."
    if "nknown option" in said:
        return f"{python} is too old; give the path of a Python 3.11 with Virtual Conductor."
    if last:
        return last.removeprefix("Error: ")
    return f"The server did not start within {timeout_s:g} seconds; try again."
