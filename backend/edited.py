"""Results that somebody edited since they were written, kept before the next run renews them."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from retarget.atomic import atomic_path

WRITTEN: Final = ".written.json"
"""Name of the hidden file that says what the last run wrote: a SHA-256 digest a file."""


@contextmanager
def renewed(path: Path, warnings: list[str]) -> Iterator[None]:
    """Keep what stands at `path` while it is written anew, unless a run wrote just that.

    Parameters
    ----------
    path : Path
        A result that people edit; `WRITTEN` beside it says what the last run wrote. An edited
        `scene.blend` stays as `scene.edited.blend`, or `scene.edited.2.blend` if that is taken.
    warnings : list of str
        Gets a sentence if something was kept.

    Raises
    ------
    ConductorError
        If the copy cannot be written.
    """
    before = _digest(path)
    kept = None
    if before is not None and before != _written(path.parent).get(path.name):
        kept = _free(path)
        with atomic_path(kept) as temporary:
            shutil.copy2(path, temporary)
    try:
        yield
    except BaseException:
        if kept is not None and _digest(path) == before:
            kept.unlink(missing_ok=True)
        raise
    after = _digest(path)
    if after is not None:
        _note(path, after)
    if kept is not None and after == before:
        kept.unlink(missing_ok=True)
    elif kept is not None:
        warnings.append(
            f"{path.name} was not as the last run left it, so it is kept as {kept.name}; "
            f"{path.name} is new."
        )


def _free(path: Path) -> Path:
    """The first name of an edited file that nothing has yet."""
    names = (path.with_name(f"{path.stem}.edited.{n}{path.suffix}") for n in count(2))
    first = path.with_name(f"{path.stem}.edited{path.suffix}")
    return first if not first.exists() else next(name for name in names if not name.exists())


def _digest(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _written(folder: Path) -> dict[str, str]:
    # Without a readable note nothing is known to be ours, so everything is kept.
    with suppress(OSError, ValueError):
        noted = json.loads((folder / WRITTEN).read_text(encoding="utf-8"))
        if isinstance(noted, dict):
            return noted
    return {}


def _note(path: Path, digest: str) -> None:
    noted = _written(path.parent) | {path.name: digest}
    with atomic_path(path.with_name(WRITTEN)) as temporary:
        temporary.write_text(json.dumps(noted, indent=2) + "\n", encoding="utf-8")
