"""How a server shows that it knows the token before anybody sends it: an HMAC of a challenge.

A server that was killed leaves its state file behind, and another program may listen on its port.
Standard library alone, for both ends use it.

The server answers challenges from anybody on this machine, without the token. That gives nothing
away: an answer is an HMAC-SHA256, from which a token of 256 random bits cannot be found; the
token is new at every start and the port is part of the message, so an answer is of use for this
process on this port alone; and the message begins with fixed words and takes in nothing of the
asker's but 64 hexadecimal digits, and nothing else is ever authenticated with the token, so no
answer stands for anything but itself. Each is the same small amount of work.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

PATH: Final = "/v1/proof"
"""Answered without the token, with `{"proof": ...}`."""

HEADER: Final = "X-Challenge"
"""The header that carries the challenge."""

_CHALLENGE: Final = re.compile(r"[0-9a-f]{64}")


def new_challenge() -> str:
    """A challenge nobody has an answer to yet: 64 hexadecimal digits."""
    return secrets.token_hex(32)


def is_challenge(text: str) -> bool:
    """Whether this is a challenge at all."""
    return _CHALLENGE.fullmatch(text) is not None


def proof(token: str, port: int, challenge: str) -> str:
    """The answer to a challenge: HMAC-SHA256 in hexadecimal digits.

    The port is part of it, so that nobody can pass the challenge on to a server elsewhere.
    """
    message = f"virtual-conductor server {port} {challenge}".encode()
    return hmac.new(token.encode(), message, hashlib.sha256).hexdigest()
