"""The character of a photo kept beside the results, so that the same photo is not read twice."""

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Final

import pose_transfer
from backend.content_hash import hash_of_folder
from backend.subject_child import make_subject_apart
from backend.subject_request import SubjectRequest
from retarget.atomic import atomic_path
from retarget.character import VERSION, Character
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

KEPT: Final = ".me.subject"
"""Name of the kept file; it shows the person's face, as the results beside it do."""


def subject_in(
    folder: Path, request: SubjectRequest, scratch: Path, progress: Progress = no_progress
) -> tuple[Path, tuple[str, ...]]:
    """The character of a request as a file, made unless `folder` keeps it from an earlier run.

    Parameters
    ----------
    folder : Path
        Folder of the results; a photo's character is kept there as `KEPT`.
    request : SubjectRequest
        Who conducts; a `.subject` file is not kept once more.
    scratch : Path
        Folder that is removed afterwards.

    Returns
    -------
    path, warnings
        The `.subject` file, and what the user should know of the person.

    Raises
    ------
    ConductorError, Cancelled
        As `read_subject`.
    """
    made = scratch / "me.subject"
    if request.is_made:
        return made, make_subject_apart(request, made, progress)
    kept, stamp = folder / KEPT, _stamp(request)
    warnings = _warnings_of(kept, stamp)
    if warnings is not None:
        progress(1.0, "the person is there")
        return kept, warnings
    warnings = make_subject_apart(request, made, progress)
    with zipfile.ZipFile(made, "a") as archive:
        archive.comment = stamp
    with atomic_path(kept) as temporary:
        shutil.copyfile(made, temporary)
    return kept, warnings


def _warnings_of(kept: Path, stamp: bytes) -> tuple[str, ...] | None:
    """The warnings of a kept character if it was made of the same; None if there is none."""
    try:
        with zipfile.ZipFile(kept) as archive:
            if archive.comment != stamp:
                return None
        return Character.load(kept).warnings
    except (OSError, zipfile.BadZipFile, ConductorError):
        return None


def _stamp(request: SubjectRequest) -> bytes:
    """Everything a character depends on, as a digest; of a file that cannot be read, its name."""
    digest = hashlib.sha256()
    for path in (request.photo, request.landmarks):
        try:
            content = b"" if path is None else path.read_bytes()
        except OSError:
            content = str(path).encode()
        digest.update(hashlib.sha256(content).digest())
    reader = hash_of_folder(Path(pose_transfer.__file__).parent)
    digest.update(repr((request.person, request.dress, VERSION, reader)).encode())
    return digest.hexdigest().encode()
