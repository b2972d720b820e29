"""One connection to the local server: it proves itself before it is sent anything, then answers.

Standard library alone, as the client.
"""

import hmac
import http.client
import json
from typing import Any, Final

from retarget.errors import ConductorError

from . import proof

HOST: Final = "127.0.0.1"
GONE: Final = "The server stopped; run this again and it is started anew."

_BLOCK: Final = 1 << 18
_MAX_PROOF_BYTES: Final = 4096
_BUSY: Final = "The server has more to answer than it can; try again in a moment."


class ServerGoneError(ConductorError):
    """Nobody answers, or another server than the one this client knew.

    The queue is on disk: start a server on the same state folder and ask for the job again.
    """


class RefusedError(ConductorError):
    """The server answered and said no, in its own sentence.

    Parameters
    ----------
    sentence : str
        What is wrong and what to do.
    status : int
        HTTP status.
    """

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def proven(port: int, token: str, timeout: float) -> http.client.HTTPConnection:
    """A connection to a server that has shown on it that it knows the token.

    Parameters
    ----------
    port : int
        Where it listens on loopback.
    token : str
        What it must know; not sent here.
    timeout : float
        Longest wait for anything on this connection, seconds.

    Raises
    ------
    ServerGoneError
        If nobody answers, or somebody who does not know the token; it was not sent.
    RefusedError
        If the server is too busy to show it.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.connect()
        # Another connection would be to somebody who has shown nothing.
        connection.auto_open = 0
        _challenge(connection, port, token)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise ServerGoneError(GONE) from error
    except ConductorError:
        connection.close()
        raise
    return connection


def answer_of(response: http.client.HTTPResponse) -> dict[str, Any]:
    """What the server answered.

    Raises
    ------
    ServerGoneError
        If it does not know this token.
    RefusedError
        If it said no.
    """
    content = response.read()
    try:
        answer = json.loads(content) if content else {}
    except ValueError:
        answer = None
    if response.status == http.client.UNAUTHORIZED:
        # The port is somebody else's now, or a later server's with a token of its own.
        raise ServerGoneError(GONE)
    if not isinstance(answer, dict):
        raise RefusedError(
            f"The server answered {response.status} {response.reason}.", response.status
        )
    if response.status >= 400:
        sentence = answer.get("error", f"The server answered {response.status}.")
        raise RefusedError(str(sentence), response.status)
    return answer


def read_block(response: http.client.HTTPResponse) -> bytes:
    """The next bytes of a long answer, none at its end; raises `ServerGoneError` if it breaks."""
    try:
        return response.read(_BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise ServerGoneError(GONE) from error


def _challenge(connection: http.client.HTTPConnection, port: int, token: str) -> None:
    challenge = proof.new_challenge()
    connection.request("GET", proof.PATH, headers={proof.HEADER: challenge})
    response = connection.getresponse()
    content = response.read(_MAX_PROOF_BYTES)
    if response.status == http.client.SERVICE_UNAVAILABLE:
        raise RefusedError(_BUSY, response.status)
    try:
        given = str(json.loads(content)["proof"])
    except (ValueError, KeyError, TypeError, RecursionError):
        given = ""
    expected = proof.proof(token, port, challenge)
    if response.status != http.client.OK or not hmac.compare_digest(
        given.encode("utf-8", "replace"), expected.encode()
    ):
        raise ServerGoneError(GONE)
