"""A new job's upload: from the request to files in the job's folder, block by block.

The body is multipart/form-data: `kind` first, then `params` (JSON) and the files in any order.
"""

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pydantic import ValidationError
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from backend.server.job_folders import UPLOADS
from backend.server.kinds import FileRule, Kind
from backend.server.refusal import RefusedError
from backend.server.rows import Job
from retarget.atomic import write_error

MAX_TEXT_BYTES: Final = 64 * 1024
"""Largest `kind` or `params`."""

STALL_S: Final = 30.0
"""An upload that sends nothing for so long is dropped."""

TOTAL_S: Final = 1800.0
"""An upload may take so long in all."""

UPLOAD_THREADS: Final = CapacityLimiter(4)
"""Threads of all uploads together: a crowd of them takes none from the other requests."""

_BLOCK: Final = 1 << 20
_MAX_NAME: Final = 200
_NOT_A_FORM: Final = "The upload is not a whole multipart form; send it again."


async def receive(request: Request, kinds: Mapping[str, Kind], job_id: str, folder: Path) -> Job:
    """Read a job from a request into its folder, which is made here.

    Returns
    -------
    Job
        Checked, with its files in place; nothing is left of a job that is refused.

    Raises
    ------
    RefusedError
        If it is too large, too slow, not whole, or asks for something that is not offered.
    ClientDisconnect
        If the sender went away.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise RefusedError(400, "A job is sent as multipart/form-data.")
    announced = int(request.headers.get("content-length", 0))
    whole = False
    try:
        await run_sync(lambda: folder.mkdir(mode=0o700), limiter=UPLOAD_THREADS)
        if announced > shutil.disk_usage(folder).free:
            raise RefusedError(507, "The disk is full; free some space and send the job again.")
        form = _Form(boundary, kinds, folder / UPLOADS)
        try:
            await _feed(request, form)
            job = form.job(job_id)
        finally:
            form.close()
        whole = True
    finally:
        if not whole:
            # Not on the event loop: large files take their time to go.
            await run_sync(_forget, folder, limiter=UPLOAD_THREADS)
    return job


def _forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


async def _feed(request: Request, form: "_Form") -> None:
    stream = request.stream()
    block = bytearray()
    try:
        async with asyncio.timeout(TOTAL_S):
            while True:
                async with asyncio.timeout(STALL_S):
                    chunk = await anext(stream, None)
                if chunk is not None:
                    block += chunk
                if block and (chunk is None or len(block) >= _BLOCK):
                    await run_sync(form.take, bytes(block), limiter=UPLOAD_THREADS)
                    block.clear()
                if chunk is None:
                    return
    except TimeoutError as error:
        raise RefusedError(408, "The upload took too long; send the job again.") from error


class _Form:
    """Takes the body apart and writes the files, each below its limit.

    Parameters
    ----------
    boundary : bytes
        What separates the parts.
    kinds : mapping
        What may be asked for.
    folder : Path
        Where the files go, made here; no name from the request is used as a path.
    """

    def __init__(self, boundary: bytes, kinds: Mapping[str, Kind], folder: Path) -> None:
        self._kinds = kinds
        self._folder = folder
        folder.mkdir(mode=0o700)
        self._texts: dict[str, bytearray] = {}
        self._files: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._field = ""
        self._out: IO[bytes] | None = None
        self._size = 0
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._open,
                    "on_part_data": self._write,
                    "on_part_end": self._finish_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise RefusedError(400, _NOT_A_FORM) from error

    def take(self, block: bytes) -> None:
        """Go on with the next bytes of the body."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise RefusedError(400, _NOT_A_FORM) from error
        except OSError as error:
            target = self._folder / self._files.get(self._field, self._field)
            raise RefusedError(507, str(write_error(error, target))) from error

    def job(self, job_id: str) -> Job:
        """The job, once the body is all there."""
        if not self._ended:
            raise RefusedError(400, _NOT_A_FORM)
        kind = self._kind()
        for name, rule in kind.files.items():
            if rule.required and name not in self._files:
                raise RefusedError(422, f"The file {name} is missing; choose one.")
        params = _params(kind, bytes(self._texts.get("params", b"{}")))
        name = self._texts["kind"].decode()
        return Job(job_id, name, params, files=self._files, names=self._names)

    def close(self) -> None:
        """Close the file that is being written, if any."""
        out, self._out = self._out, None
        if out is not None:
            out.close()

    def _kind(self) -> Kind:
        if "kind" not in self._texts:
            raise RefusedError(400, "The job's kind is missing; it comes before everything else.")
        kind = self._kinds.get(self._texts["kind"].decode("utf-8", "replace"))
        if kind is None:
            raise RefusedError(422, f"There are jobs of the kinds {', '.join(self._kinds)} alone.")
        return kind

    def _begin(self) -> None:
        self._disposition = b""
        self._size = 0

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if self._field in self._texts or self._field in self._files:
            raise RefusedError(400, "A part of the form comes twice; send each once.")
        if self._field in ("kind", "params"):
            self._texts[self._field] = bytearray()
            return
        kind = self._kind()
        rule = kind.files.get(self._field)
        if rule is None:
            raise RefusedError(422, f"This job takes the files {', '.join(kind.files)} alone.")
        name = _plain_name(options.get(b"filename", b"").decode("utf-8", "replace"))
        self._files[self._field] = f"{self._field}{_suffix(name, self._field, rule)}"
        self._names[self._field] = name
        self._out = (self._folder / self._files[self._field]).open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._out is None:
            if self._size > MAX_TEXT_BYTES:
                raise RefusedError(413, "The parameters are too long; shorten them.")
            self._texts[self._field].extend(data[start:end])
            return
        limit = self._kind().files[self._field].max_bytes
        if self._size > limit:
            raise RefusedError(
                413,
                f"{self._names[self._field]} is larger than {limit / 1e6:g} MB; "
                "choose a smaller file.",
            )
        self._out.write(memoryview(data)[start:end])

    def _finish_part(self) -> None:
        self.close()
        if self._field in self._files and self._size == 0:
            raise RefusedError(422, f"{self._names[self._field]} is empty; choose another file.")

    def _end(self) -> None:
        self._ended = True


def _plain_name(name: str) -> str:
    """What the user calls the file, for showing: no folders, nothing unprintable, not too long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[-_MAX_NAME:] or "the file"


def _suffix(name: str, field: str, rule: FileRule) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in rule.suffixes:
        raise RefusedError(
            415, f"{name} does not fit as {field}; choose a file in {', '.join(rule.suffixes)}."
        )
    return suffix


def _params(kind: Kind, text: bytes) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(422, "The parameters are not JSON; send an object.") from error
    try:
        # Half a surrogate pair is JSON, but no text: it could be neither written nor shown.
        json.dumps(values, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise RefusedError(
            422, "A parameter holds half a character (a lone surrogate); send whole text."
        ) from error
    try:
        return kind.params.model_validate(values).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(kind.params.model_fields)
            sentence = f"There is no parameter {name}; there are {known}."
        elif name:
            sentence = f"The parameter {name} is not right: {reason}."
        elif first["type"] == "value_error":
            sentence = f"{reason}."
        else:
            sentence = "The parameters are not a JSON object; send one."
        raise RefusedError(422, sentence) from error
