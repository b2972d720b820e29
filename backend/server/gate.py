"""Nobody gets in without the token, from another host name, or out of a web page."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

HOST: Final = "127.0.0.1"

_NO_TOKEN: Final = "The token is missing or wrong; read it from the server's state folder."
_WRONG_HOST: Final = "This server answers to 127.0.0.1 and localhost alone."
_FROM_A_PAGE: Final = "This server does not answer web pages."
_STOPPING: Final = "The server is stopping; start it again."


class Attendance:
    """Who is there: requests under way, and when the last one ended."""

    def __init__(self) -> None:
        self.under_way = 0
        self.last_end = time.monotonic()

    def __enter__(self) -> None:
        self.under_way += 1

    def __exit__(self, *_: object) -> None:
        self.under_way -= 1
        self.last_end = time.monotonic()


class Gate:
    """ASGI middleware before everything else: checks host, origin and token.

    A page in the user's browser can reach loopback ports; the host check defeats names that are
    re-pointed to loopback, the origin check whatever the browser sends for a page.

    Parameters
    ----------
    app : ASGI application
        What is behind the gate.
    token : str
        What `Authorization: Bearer` must carry.
    port : int
        The port it listens on.
    attendance : Attendance
        Counts the requests that were let in.
    stopping : callable
        Whether the server is about to end; then nobody is let in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        port: int,
        attendance: Attendance,
        stopping: Callable[[], bool],
    ) -> None:
        self._app = app
        self._bearer = f"Bearer {token}".encode()
        self._hosts = (f"{HOST}:{port}".encode(), f"localhost:{port}".encode())
        self._attendance = attendance
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it with the refusal."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        refusal = self._refusal(scope)
        if refusal is None:
            with self._attendance:
                await self._app(scope, receive, send)
            return
        status, sentence = refusal
        body = json.dumps({"error": sentence}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        values: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            values.setdefault(name, []).append(value)
        hosts = values.get(b"host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, _WRONG_HOST
        if b"origin" in values:
            return 403, _FROM_A_PAGE
        given = values.get(b"authorization", [])
        if len(given) != 1 or not hmac.compare_digest(given[0], self._bearer):
            return 401, _NO_TOKEN
        if self._stopping():
            return 503, _STOPPING
        return None
