"""Nobody gets in without the token, from another host name, or out of a web page."""

import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from blender_addon import proof
from blender_addon.server_connection import HOST

_NO_TOKEN: Final = "The token is missing or wrong; read it from the server's state folder."
_WRONG_HOST: Final = "This server answers to 127.0.0.1 and localhost alone."
_FROM_A_PAGE: Final = "This server does not answer web pages."
_NO_CHALLENGE: Final = f"The header {proof.HEADER} must carry 64 hexadecimal digits."
_ASKED_TWICE: Final = "This connection was told its proof; open another for another one."
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
    re-pointed to loopback, the origin check whatever the browser sends for a page. One address is
    answered without the token, `proof.PATH`: there this server shows that it knows the token,
    before a client sends it (`blender_addon.proof` says why that gives nothing away). It costs one
    HMAC of some hundred bytes; a body is not read, and `OneProof` allows one a connection.

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
        self._token, self._port = token, port
        self._bearer = f"Bearer {token}".encode()
        self._hosts = (f"{HOST}:{port}".encode(), f"localhost:{port}".encode())
        self._attendance = attendance
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it with the refusal."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        values: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            values.setdefault(name, []).append(value)
        refusal = _from_elsewhere(values, self._hosts)
        if refusal is None and _asks_for_proof(scope):
            await self._prove(values, send)
            return
        refusal = refusal or self._refusal(values)
        if refusal is not None:
            await answer(send, refusal[0], {"error": refusal[1]})
            return
        with self._attendance:
            await self._app(scope, receive, send)

    async def _prove(self, values: Mapping[bytes, list[bytes]], send: Send) -> None:
        given = [value.decode("latin-1") for value in values.get(proof.HEADER.lower().encode(), [])]
        if len(given) != 1 or not proof.is_challenge(given[0]):
            await answer(send, 400, {"error": _NO_CHALLENGE})
            return
        await answer(send, 200, {"proof": proof.proof(self._token, self._port, given[0])})

    def _refusal(self, values: Mapping[bytes, list[bytes]]) -> tuple[int, str] | None:
        given = values.get(b"authorization", [])
        if len(given) != 1 or not hmac.compare_digest(given[0], self._bearer):
            return 401, _NO_TOKEN
        if self._stopping():
            return 503, _STOPPING
        return None


class OneProof:
    """ASGI middleware of a single connection: who asks for a second proof on it is sent away.

    A client needs one, so nobody is denied; whoever wants many has to open as many connections,
    of which there are only so many.

    Parameters
    ----------
    app : ASGI application
        What is behind.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it asks again."""
        if _asks_for_proof(scope):
            if self._told:
                await answer(send, 429, {"error": _ASKED_TWICE})
                return
            self._told = True
        await self._app(scope, receive, send)


def _asks_for_proof(scope: Scope) -> bool:
    return (scope["method"], scope["path"]) == ("GET", proof.PATH)


def _from_elsewhere(
    values: Mapping[bytes, list[bytes]], hosts: tuple[bytes, ...]
) -> tuple[int, str] | None:
    named = values.get(b"host", [])
    if len(named) != 1 or named[0].lower() not in hosts:
        return 403, _WRONG_HOST
    if b"origin" in values:
        return 403, _FROM_A_PAGE
    return None


async def answer(send: Send, status: int, content: Mapping[str, str]) -> None:
    """Answer a request with JSON, without an application."""
    body = json.dumps(dict(content)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status in (429, 503):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
