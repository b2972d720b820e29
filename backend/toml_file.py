"""TOML that somebody wrote by hand, read with one sentence for every fault."""

import tomllib
from pathlib import Path
from typing import Any, Final

from retarget.errors import ConductorError

MAX_BYTES: Final = 1 << 20
"""Largest file that is read; what people write by hand is a thousandth of it."""


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file.

    Raises
    ------
    ConductorError
        If it is missing, cannot be read, is too large or nested too deeply, or is no TOML; or if
        it holds a number that no float holds.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConductorError(f"{path.name} is too large for a TOML file; choose another.")
        return _held(tomllib.loads(data.decode("utf-8")))
    except FileNotFoundError:
        raise ConductorError(f"The file {path} does not exist; check the path.") from None
    except RecursionError:
        raise ConductorError(f"{path.name} is nested too deeply; write it flat.") from None
    except (OSError, ValueError, OverflowError) as error:
        raise ConductorError(f"{path.name} is not a TOML file: {error}.") from error


def _held(table: dict[str, Any]) -> dict[str, Any]:
    """The same table; raises `OverflowError` for a whole number that is too large to compute with.

    TOML asks for 64 bits; Python reads more.
    """
    for key, value in table.items():
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise OverflowError(f"{key} is a number of more than 64 bits")
        if isinstance(value, dict):
            _held(value)
    return table
