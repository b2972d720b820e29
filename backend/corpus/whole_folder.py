"""Folders that are either whole or not there, and random numbers that go by a name."""

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target`; it takes that place if the block succeeds."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def seed_of(name: str) -> int:
    """A number that goes by a name alone, for a random stream."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
