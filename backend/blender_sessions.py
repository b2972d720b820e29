"""Blender in child processes that stay: one for everything, and others that render beside it."""

import json
import os
import sys
from collections.abc import Sequence

from backend.child import Child
from blender_addon.session import CANCEL
from retarget.progress import Progress, no_progress

Answer = tuple[list[str], list[str]]
"""Results and warnings."""


class BlenderSession:
    """A child process with bpy that does verbs of the extension, one after the other."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "blender_addon.commands", "session"]
        # There is one for each core: if software OpenGL drew with all of them in each session,
        # they would stand in each other's way.
        env = {"PYTHONUNBUFFERED": "1", "LP_NUM_THREADS": "1"}
        self._child = Child(command, "Blender", env=env)

    def do(self, verb: str, *arguments: str, name: str, progress: Progress = no_progress) -> Answer:
        """Do one verb of `blender_addon.commands`.

        Parameters
        ----------
        verb, arguments : str
            As on its command line.
        name : str
            What the user calls this work, for messages ("rendering").
        progress : Progress
            If it raises `Cancelled`, the verb is ended and the session stays.

        Returns
        -------
        results, warnings : lists of str

        Raises
        ------
        ConductorError
            The verb's own sentence; the session stays.
        ChildDiedError, RuntimeError
            If the process ended: Blender crashed, or there is a bug.
        """
        self._child.name = name
        return self._child.ask(json.dumps([verb, *arguments]), CANCEL, progress)

    def stop(self) -> None:
        """End it, whatever it does."""
        self._child.stop()


class Blender:
    """The sessions of one command, started at once: bpy loads while other work is done.

    Parameters
    ----------
    renderers : int, optional
        How many sessions render frames; as many as there are cores if not given.
    """

    def __init__(self, renderers: int | None = None) -> None:
        count = max(1, renderers or os.cpu_count() or 1)
        self.sessions: Sequence[BlenderSession] = [BlenderSession() for _ in range(count)]

    def do(self, verb: str, *arguments: str, name: str, progress: Progress = no_progress) -> Answer:
        """Do one verb in the first session; see `BlenderSession.do`."""
        return self.sessions[0].do(verb, *arguments, name=name, progress=progress)

    def stop(self) -> None:
        """End all sessions, whatever they do."""
        for session in self.sessions:
            session.stop()

    def __enter__(self) -> "Blender":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
