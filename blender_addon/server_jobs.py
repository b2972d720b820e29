"""Jobs for the local server, from plain values to a finished file."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part

from .client import Server
from .server_connection import ServerGoneError


def run_job(
    kind: str,
    parameters: Mapping[str, Any],
    files: Mapping[str, Path],
    out: Path,
    *,
    python: Path,
    progress: Progress = no_progress,
) -> tuple[str, ...]:
    """Have the server do a job, starting the server if none runs, and fetch the main result.

    Parameters
    ----------
    kind : str
        "motion", "likeness" or "subject".
    parameters : mapping
        The request without its files.
    files : mapping
        Name of each of the request's files to its path.
    out : path
        Where the main result goes, whole or not at all.
    python : path
        The Python to start a server with.

    Returns
    -------
    tuple of str
        What the user should know of the result.

    Raises
    ------
    ConductorError
        If the server cannot be started, or the job fails.
    Cancelled
        If the progress callback asked to stop; the job is cancelled and forgotten.
    """
    progress(0.0, "starting the server")
    server = Server.find_or_start(python)
    job_id = server.submit(kind, parameters, files, part(progress, 0.0, 0.05))
    try:
        try:
            job = server.wait(job_id, part(progress, 0.05, 0.97))
        except ServerGoneError:
            # Its queue is on disk: the next server on the same folder goes on with the job.
            server = Server.find_or_start(python)
            job = server.wait(job_id, part(progress, 0.05, 0.97))
        server.download(job_id, out, progress=part(progress, 0.97, 1.0))
    finally:
        # What came out is here now; a server that is gone has nothing left to delete it from.
        with contextlib.suppress(ConductorError):
            server.delete(job_id)
    return job.warnings
