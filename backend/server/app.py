"""The HTTP interface: what a client may ask, and what it is told."""

import logging
import os
import re
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final

from anyio.to_thread import run_sync
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend import __version__
from backend.server.jobs import MAX_QUEUED, Jobs
from backend.server.kinds import Kind
from backend.server.refusal import RefusedError
from backend.server.rows import DONE, Job, queue_fault
from backend.server.runner import Runner, is_over
from backend.server.uploads import UPLOAD_THREADS, receive

_LOG = logging.getLogger(__name__)

_ID: Final = re.compile(r"[0-9a-f]{16}")
_TOO_MANY: Final = f"There are {MAX_QUEUED} jobs waiting; cancel some first."
_NO_JOB: Final = "There is no such job; it may have been removed."


def create_app(
    jobs: Jobs, runner: Runner, kinds: Mapping[str, Kind], shut_down: Callable[[], None]
) -> FastAPI:
    """The application behind the gate.

    Parameters
    ----------
    jobs : Jobs
        The queue.
    runner : Runner
        What runs it.
    kinds : mapping
        The kinds of jobs on offer.
    shut_down : callable
        Asks the server to end.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    _answer_errors_in_sentences(app)

    def known(job_id: str) -> Job:
        job = jobs.get(job_id) if _ID.fullmatch(job_id) else None
        if job is None:
            raise RefusedError(404, _NO_JOB)
        return job

    def shown(job: Job) -> dict[str, Any]:
        run = runner.current
        live = run if run is not None and run.job.id == job.id else None
        files = [{"name": name, "size": size} for name, size in job.results.items()]
        return {
            "id": job.id,
            "kind": job.kind,
            "state": job.state,
            "progress": live.fraction if live else float(job.state == DONE),
            "phase": live.phase if live else job.state,
            "seconds_left": live.seconds_left if live else None,
            "error": job.error,
            "warnings": job.warnings,
            "result": files[0] if files else None,
            "results": files,
        }

    def enqueue(job: Job) -> None:
        added = False
        try:
            added = jobs.add(job)
        finally:
            if not added:
                shutil.rmtree(jobs.folder(job.id), ignore_errors=True)
        if not added:
            raise RefusedError(429, _TOO_MANY)
        runner.wake()

    @app.get("/v1/health")
    async def health() -> dict[str, Any]:
        # On the event loop and from memory: no thread, disk or lock keeps the answer waiting.
        run = runner.current
        return {
            "version": __version__,
            "pid": os.getpid(),
            "running": run.job.id if run else None,
            "queued": jobs.queued,
        }

    @app.post("/v1/jobs", status_code=201)
    async def add(request: Request) -> dict[str, str]:
        # Told before the files are sent; what comes in beside it is counted again at the end.
        if jobs.queued >= MAX_QUEUED:
            raise RefusedError(429, _TOO_MANY)
        job_id = secrets.token_hex(8)
        job = await receive(request, kinds, job_id, jobs.folder(job_id))
        await run_sync(enqueue, job, limiter=UPLOAD_THREADS)
        return {"id": job_id}

    @app.get("/v1/jobs")
    def every() -> dict[str, Any]:
        return {"jobs": [shown(job) for job in jobs.all()]}

    @app.get("/v1/jobs/{job_id}")
    def one(job_id: str) -> dict[str, Any]:
        return shown(known(job_id))

    @app.post("/v1/jobs/{job_id}/cancel")
    def cancel(job_id: str) -> dict[str, Any]:
        runner.cancel(known(job_id).id)
        return shown(known(job_id))

    @app.delete("/v1/jobs/{job_id}")
    def delete(job_id: str) -> dict[str, Any]:
        runner.cancel(known(job_id).id)
        if not is_over(known(job_id).state):
            raise RefusedError(409, "The job does not end; try again in a moment.")
        jobs.delete(job_id)
        return {}

    def result(job_id: str, name: str | None) -> Response:
        job = known(job_id)
        if job.state != DONE:
            raise RefusedError(409, f"The job is {job.state}; there is no result.")
        names = list(job.results)
        if name is not None and name not in names:
            raise RefusedError(404, f"This job has the results {', '.join(names)} alone.")
        # The name comes from the queue's own list, never from the request.
        chosen = names[0 if name is None else names.index(name)]
        path = jobs.results_folder(job) / chosen
        if not path.is_file():
            raise RefusedError(410, "The result was removed from the disk; run the job again.")
        return FileResponse(path, filename=chosen, media_type="application/octet-stream")

    @app.get("/v1/jobs/{job_id}/result")
    def main_result(job_id: str) -> Response:
        return result(job_id, None)

    @app.get("/v1/jobs/{job_id}/result/{name}")
    def named_result(job_id: str, name: str) -> Response:
        return result(job_id, name)

    @app.post("/v1/shutdown", status_code=202)
    async def shutdown() -> dict[str, Any]:
        shut_down()
        return {}

    return app


def _answer_errors_in_sentences(app: FastAPI) -> None:
    def say(status: int, sentence: str) -> JSONResponse:
        return JSONResponse({"error": sentence}, status_code=status)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        return say(error.status, str(error))

    @app.exception_handler(HTTPException)
    async def no_such_address(_: Request, error: HTTPException) -> Response:
        return say(error.status_code, f"The server has nothing here ({error.detail}).")

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: ClientDisconnect) -> Response:
        return say(400, "The upload broke off; send the job again.")

    @app.exception_handler(sqlite3.Error)
    async def queue_unusable(_: Request, error: sqlite3.Error) -> Response:
        _LOG.error("The queue cannot be used: %s", error)
        return say(507, queue_fault(error))

    @app.exception_handler(FileNotFoundError)
    async def folder_gone(_: Request, error: FileNotFoundError) -> Response:
        _LOG.error("A file of the queue is gone: %s", error)
        return say(503, "The server's state folder was removed; start the server again.")

    @app.exception_handler(Exception)
    async def fault(_: Request, error: Exception) -> Response:
        _LOG.error("A request failed.", exc_info=error)
        return say(500, "The server failed at this request; its log says more.")
