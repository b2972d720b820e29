"""Files that are either whole or not there."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ConductorError


def require_folder(path: str | os.PathLike[str]) -> None:
    """Check that the folder a file is to be written into is there.

    Raises
    ------
    ConductorError
        If it is not, or is a file.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise ConductorError(
            f"The folder {folder} does not exist; create it or choose another place."
        )


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` if the block succeeds.

    The temporary name keeps the suffix, since encoders choose their format by it. If the block
    raises, the temporary file is removed and whatever stood at `path` stays as it was.

    Raises
    ------
    ConductorError
        If the folder is missing, may not be written to, or the disk is full.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}")
    try:
        require_folder(target)
        if target.is_dir():
            raise ConductorError(f"{target} is a folder; give a file name instead.")
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_error(error: OSError, target: Path) -> ConductorError:
    """The sentence for a failed write to `target`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ConductorError(
            f"The disk is full, so {target.name} could not be written to {target.parent}; "
            "free some space or choose another place."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ConductorError(
            f"There is no permission to write {target.name} in {target.parent}; "
            "choose another place."
        )
    reason = error.strerror or str(error)
    return ConductorError(f"{target} could not be written ({reason}); choose another place.")
