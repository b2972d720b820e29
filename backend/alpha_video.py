"""Frames with alpha, and music: ProRes 4444, VP9, or a folder of PNG files."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from backend.video import Footage, Format, check_even, write_video
from retarget.atomic import write_error
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

_PRORES: Final = Format(
    "prores_ks", "aac", "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}, 256_000, alpha=True
)
_PRORES_PREMULTIPLIED: Final = replace(_PRORES, premultiplied=True)
_VP9: Final = Format(
    "libvpx-vp9",
    "libopus",
    "yuva420p",
    {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
    160_000,
    alpha=True,
)
_FRAME_NAME: Final = re.compile(r"^frame_\d{6}\.png$")


def encode_with_alpha(
    footage: Footage,
    path: Path,
    progress: Progress = no_progress,
    *,
    premultiplied: bool = True,
) -> tuple[str, ...]:
    """Write frames with alpha for editing, by the ending of `path`, atomically.

    `.mov` is ProRes 4444 with AAC, `.webm` VP9 with Opus, a name without an ending a folder of
    `frame_000001.png` and so on.

    Parameters
    ----------
    footage : Footage
        RGBA frames and their sound. PNG files keep neither sound nor comment.
    path : Path
        Where the file or folder goes. A folder of frames from an earlier run is replaced.
    premultiplied : bool
        Whether ProRes holds colours times alpha. Blender takes films of ten and more bits so,
        whatever its settings say, and shows bright fringes otherwise; FFmpeg and programs that
        are told "straight" want False. VP9 and PNG are always straight.

    Returns
    -------
    tuple of str
        What the user should know.

    Raises
    ------
    ConductorError
        If the ending is unknown, the size is odd, the sound cannot be read, or the file cannot
        be written.
    """
    ending = path.suffix.lower()
    if ending == "":
        _write_folder(footage, path, progress)
        silent = "A folder of pictures holds no sound; add the music in your editor."
        return () if footage.audio is None else (silent,)
    kinds = {".mov": _PRORES_PREMULTIPLIED if premultiplied else _PRORES, ".webm": _VP9}
    if ending not in kinds:
        raise ConductorError(
            f"{path.name} cannot hold a transparent background; end its name in .mov or .webm, or "
            "give it no ending for a folder of PNG files."
        )
    write_video(footage, path, kinds[ending], progress)
    return ()


def _write_folder(footage: Footage, path: Path, progress: Progress) -> None:
    check_even(footage.size)
    # The lowest setting that is not none: pictures are read far more often than they are sent.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    with _atomic_folder(path) as folder:
        for index, pixels in enumerate(footage.frames):
            bgra = np.ascontiguousarray(pixels[..., [2, 1, 0, 3]])
            _, data = cv2.imencode(".png", bgra, options)
            (folder / f"frame_{index + 1:06d}.png").write_bytes(data.tobytes())
            progress((index + 1) / max(footage.count, 1), "writing the pictures")


@contextmanager
def _atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target`; it becomes `target` if the block succeeds.

    Raises
    ------
    ConductorError
        If `target` holds anything but frames, or cannot be written.
    """
    unique = secrets.token_hex(4)
    temporary, old = (target.with_name(f".{target.name}.{unique}.{end}") for end in ("part", "old"))
    try:
        if not target.parent.is_dir():
            raise ConductorError(
                f"The folder {target.parent} does not exist; create it or choose another place."
            )
        if target.exists() and not _holds_frames_only(target):
            raise ConductorError(
                f"{target} is there and holds other things than frames; choose another place."
            )
        temporary.mkdir()
        yield temporary
        if target.exists():
            target.rename(old)
        try:
            temporary.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _holds_frames_only(folder: Path) -> bool:
    return folder.is_dir() and all(_FRAME_NAME.match(name) for name in os.listdir(folder))
