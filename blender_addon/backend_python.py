"""Where the Python is in which Virtual Conductor itself is installed."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

from .task import FixableError

VARIABLE: Final = "VIRTUAL_CONDUCTOR_PYTHON"
"""Environment variable with the path of that Python."""


def note_path() -> Path:
    """The file in which the `virtual-conductor` command leaves the path of its Python.

    One line of text in the user's configuration folder, as platformdirs names it.
    """
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = home / ".config"
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(given) if os.path.isabs(given) else base) / "virtual-conductor" / "python.txt"


def leave_note() -> None:
    """Write the path of this Python where the extension looks for it; failing that, do nothing."""
    path = note_path()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if not path.is_file() or path.read_text(encoding="utf-8").strip() != sys.executable:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(sys.executable + "\n", encoding="utf-8")


def detect() -> Path | None:
    """The Python named by the environment or by the command's note, if it is there."""
    candidates = [os.environ.get(VARIABLE, "")]
    with contextlib.suppress(OSError, UnicodeDecodeError):
        candidates.append(note_path().read_text(encoding="utf-8").strip())
    if __package__ == "blender_addon":
        # Not staged into an extension: it is installed beside the backend, in this very Python.
        candidates.append(sys.executable)
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return None


def find(preferred: str = "") -> Path:
    """The Python to start the server with.

    Parameters
    ----------
    preferred : str
        Path from the preferences; empty looks for it.

    Raises
    ------
    FixableError
        If it is not there; its button opens the preferences.
    """
    if preferred:
        path = Path(preferred)
        if path.is_file():
            return path
        raise FixableError(
            f"The Python in the preferences, {preferred}, does not exist; correct its path.",
            "virtual_conductor.preferences",
            "Open Preferences",
        )
    found = detect()
    if found is None:
        raise FixableError(
            "Virtual Conductor itself was not found on this computer; give the path of its Python "
            "in the preferences.",
            "virtual_conductor.preferences",
            "Open Preferences",
        )
    return found
