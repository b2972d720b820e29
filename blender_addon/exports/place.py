"""Several files that belong together brought to their place: all of them or none."""

import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from retarget.atomic import atomic_path, write_error


def place_together(folder: Path, files: Sequence[Path], target: Path) -> list[Path]:
    """Copy files into another folder, over what has their names there.

    Parameters
    ----------
    folder : Path
        Where they are.
    files : sequence of Path
        Relative to it; the first comes last, since it names the others.
    target : Path
        Where they go.

    Returns
    -------
    list of Path
        Where they are then.

    Raises
    ------
    ConductorError
        If one cannot be written; then everything is as it was.
    """
    placed = [target / file for file in files]
    with ExitStack() as held:
        for file, path in zip(files, placed, strict=True):
            if path.parent != target and not path.parent.exists():
                _make(path.parent)
                # Goes well only while nothing has come into it.
                held.callback(_remove_empty, path.parent)
            shutil.copyfile(folder / file, held.enter_context(atomic_path(path)))
        with _signals_waiting():
            held.close()
    return placed


@contextmanager
def _signals_waiting() -> Iterator[None]:
    """Have a Ctrl-C, or the end that somebody asks for, wait until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        # Python tells signals to its main thread alone.
        yield
        return
    heard: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: heard.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler of Blender's own, which Python cannot set back.
            if handler is not None:
                signal.signal(number, handler)
    for each in heard:
        signal.raise_signal(each)


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise write_error(error, folder) from error


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
