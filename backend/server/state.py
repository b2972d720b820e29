"""The state folder: who may use it, which server runs on it, where things lie in it."""

import fcntl
import json
import os
import stat
from pathlib import Path
from typing import Final

import platformdirs

from backend import __version__
from blender_addon.server_state import STATE_FILE
from retarget.atomic import atomic_path, write_error
from retarget.errors import ConductorError

_LOCK_FILE: Final = "server.lock"


class StateFolder:
    """A folder (mode 0700) that belongs to one server at a time.

    Parameters
    ----------
    path : Path, optional
        The folder, made if it is not there; the user's own if not given.

    Raises
    ------
    ConductorError
        If it cannot be made, belongs to somebody else, or holds something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            path = platformdirs.user_state_path("virtual-conductor", appauthor=False)
        self.path = path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take()
            self._lock = os.open(self.path / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
            if self.jobs.is_symlink():
                raise ConductorError(
                    f"{self.jobs} is a link to another folder, whose files the server would "
                    "remove; take the link away, or choose another state folder."
                )
            self.jobs.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError as error:
            raise ConductorError(f"{self.path} is no folder; choose another place.") from error
        except OSError as error:
            raise write_error(error, self.path) from error

    @property
    def database(self) -> Path:
        """The queue."""
        return self.path / "queue.sqlite"

    @property
    def jobs(self) -> Path:
        """One folder per job."""
        return self.path / "jobs"

    @property
    def log(self) -> Path:
        """What went wrong, for a report."""
        return self.path / "server.log"

    def lock(self) -> bool:
        """Take the folder for this process, until it ends or releases; False if it is taken."""
        try:
            # Held by the open file: the kernel lets go when the process dies, however it dies.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not self.is_ours():
            raise ConductorError(f"{self.path} was removed just now; start again.")
        return True

    def is_ours(self) -> bool:
        """Whether the folder at this path is still the one that was opened here."""
        try:
            there = os.stat(self.path / _LOCK_FILE)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            # A disk that does not answer for a moment took nothing away.
            return True
        return os.path.samestat(there, os.fstat(self._lock))

    def announce(self, port: int, token: str) -> None:
        """Write where this process listens and the token, for its user's eyes alone."""
        content = {"port": port, "pid": os.getpid(), "version": __version__, "token": token}
        with atomic_path(self.path / STATE_FILE) as temporary:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)

    def withdraw(self) -> None:
        """Take back what `announce` wrote; what another server wrote since stays."""
        if self.is_ours():
            (self.path / STATE_FILE).unlink(missing_ok=True)

    def release(self) -> None:
        """Let the next server have the folder."""
        os.close(self._lock)

    def _take(self) -> None:
        status = self.path.stat()
        if status.st_uid != os.geteuid():
            raise ConductorError(f"{self.path} belongs to another user; choose another folder.")
        # A folder with other things in it may be shared on purpose; its mode is not ours to change.
        if not (self.path / _LOCK_FILE).exists() and any(self.path.iterdir()):
            raise ConductorError(
                f"{self.path} holds other files; choose an empty folder or a new one."
            )
        if stat.S_IMODE(status.st_mode) != 0o700:
            self.path.chmod(0o700)
