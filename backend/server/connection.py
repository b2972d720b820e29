"""One connection: how long it may say nothing, and who has to leave when there are too many."""

import asyncio
import time
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from backend.server.gate import OneProof, answer

HEADER_S: Final = 5.0
"""A request's header is there so long after the connection or the last answer, or it is closed."""

READ_S: Final = 30.0
"""Whoever takes nothing of an answer for so long is left."""

MAX_CONNECTIONS: Final = 300
"""Open at a time; above it the one that waits longest without a request is closed."""

_BUSY: Final = f"The server answers {MAX_CONNECTIONS} requests already; try again in a moment."


class Connection(H11Protocol):
    """HTTP/1.1 by uvicorn, with the time limits that it lacks."""

    waiting_since: float | None = None
    """When it began to wait for a request's header; None while a request is under way."""

    _header_limit: asyncio.TimerHandle | None = None
    _read_limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = OneProof(self.app) if self._has_room() else _answer_busy
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Neither a header byte by byte nor the rest of a body nobody asked for stops the clock.
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._read_limit is None:
            self._read_limit = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_read_limit()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_read_limit()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self.waiting_since = time.monotonic()
        self._header_limit = self.loop.call_later(HEADER_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        self.waiting_since = None
        if self._header_limit is not None:
            self._header_limit.cancel()
            self._header_limit = None

    def _stop_read_limit(self) -> None:
        if self._read_limit is not None:
            self._read_limit.cancel()
            self._read_limit = None

    def _has_room(self) -> bool:
        """Whether it may be served; if need be the one that waits longest is closed for it."""
        # Those that were closed just now are in the list until the loop has come round.
        held: list[Any] = [one for one in self.connections if not one.transport.is_closing()]
        if len(held) <= MAX_CONNECTIONS:
            return True
        waiting = [one for one in held if one.waiting_since is not None]
        if not waiting:
            return False
        min(waiting, key=lambda one: one.waiting_since).transport.abort()
        return True


async def _answer_busy(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, 503, {"error": _BUSY})
