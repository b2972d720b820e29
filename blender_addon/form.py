"""A multipart form with files, made block by block: no file is read into memory whole."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

from retarget.errors import ConductorError

_BLOCK: Final = 1 << 18


class Form:
    """Texts first, then files, in the order given; to be used as a context.

    Parameters
    ----------
    texts : mapping
        Field to text.
    files : mapping
        Field to the file to send.

    Raises
    ------
    ConductorError
        If a file is not there or cannot be read.
    """

    def __init__(
        self, texts: Mapping[str, str], files: Mapping[str, str | os.PathLike[str]]
    ) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts: list[tuple[bytes, IO[bytes] | None, int]] = []
        with ExitStack() as opened:
            for name, text in texts.items():
                self._parts.append((self._head(name) + text.encode(), None, 0))
            for name, path in files.items():
                stream, size = _open(Path(path))
                opened.enter_context(stream)
                self._parts.append((self._head(name, Path(path).name), stream, size))
            self._stack = opened.pop_all()
        self._end = f"\r\n--{self._boundary}--\r\n".encode()

    def __enter__(self) -> "Form":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(len(head) + size for head, _, size in self._parts) + len(self._end)

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that describe it."""
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(self.size),
        }

    def blocks(self) -> Iterator[bytes]:
        """The form from beginning to end.

        Raises
        ------
        ConductorError
            If a file became shorter since it was opened.
        """
        for head, stream, size in self._parts:
            yield head
            if stream is not None:
                yield from _blocks(stream, size)
        yield self._end

    def _head(self, name: str, filename: str | None = None) -> bytes:
        head = f'\r\n--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if filename is not None:
            # As browsers write it: these three would end the quoted string or the header.
            for mark, code in (('"', "%22"), ("\r", "%0D"), ("\n", "%0A")):
                filename = filename.replace(mark, code)
            head += f'; filename="{filename}"\r\nContent-Type: application/octet-stream'
        return f"{head}\r\n\r\n".encode("utf-8", "replace")


def _open(path: Path) -> tuple[IO[bytes], int]:
    try:
        stream = path.open("rb")
        return stream, os.fstat(stream.fileno()).st_size
    except FileNotFoundError as error:
        raise ConductorError(f"{path} does not exist; check the path.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConductorError(f"{path} cannot be read ({reason}); choose another file.") from error


def _blocks(stream: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        try:
            block = stream.read(min(_BLOCK, left))
        except OSError as error:
            raise ConductorError(f"{stream.name} can no longer be read; try again.") from error
        if not block:
            raise ConductorError(f"{stream.name} became shorter while it was sent; try again.")
        left -= len(block)
        yield block
