"""What a running server leaves in its state folder, so that clients find it.

Standard library alone, as the client.
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

STATE_FILE: Final = "server.json"
"""Where a running server writes port, pid, version and token, in its state folder (mode 0600)."""


@dataclass(frozen=True)
class KnownServer:
    """A server that runs, or ran, on a state folder.

    Parameters
    ----------
    port, pid : int
        Where it listens on loopback, and its process.
    version : str
        Version of the program it runs.
    token : str
        What every request must carry. Never shown or logged.
    """

    port: int
    pid: int
    version: str
    token: str = field(repr=False)


def known_server(folder: Path) -> KnownServer | None:
    """The server that the state folder names, or None; whether it still runs is not told."""
    try:
        known = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return KnownServer(
            int(known["port"]), int(known["pid"]), str(known["version"]), str(known["token"])
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def default_state_dir() -> Path:
    """The user's own state folder: what platformdirs calls `user_state_dir`, without it."""
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = home / ".local" / "state"
    given = os.environ.get("XDG_STATE_HOME", "")
    return (Path(given) if os.path.isabs(given) else base) / "virtual-conductor"
