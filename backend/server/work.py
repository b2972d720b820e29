"""What the jobs do: each kind's request, made from the job's files, and its results.

Each function imports what it needs itself, so that a worker loads one kind's libraries alone.
"""

import shutil
import zipfile
from pathlib import Path
from typing import Any

from backend.server.kinds import Outcome, Task
from retarget.progress import Progress


def make_motion_files(task: Task, progress: Progress) -> Outcome:
    """Music to `motion.npz` and `beats.txt`."""
    from backend.cache_folder import user_cache
    from backend.motion_request import MotionRequest, make_motion

    values: dict[str, Any] = {**task.params, **task.files}
    if "style" in task.files:
        values["style"] = str(task.files["style"])
    made = make_motion(MotionRequest(**values), progress, user_cache())
    made.motion.source["music"] = task.names["music"]
    made.motion.save(task.out / "motion.npz")
    made.grid.save(task.out / "beats.txt")
    return Outcome(("motion.npz", "beats.txt"), tuple(made.warnings))


def make_likeness_file(task: Task, progress: Progress) -> Outcome:
    """Guide and photo, or subject, to `likeness.mp4`, .mov or .webm, or a .zip of PNG files."""
    from backend.likeness_request import LikenessRequest, make_likeness
    from backend.options import FORMATS

    values: dict[str, Any] = {**task.params, **task.files}
    if "background" in task.files:
        values["background"] = str(task.files["background"])
    request = LikenessRequest(**values)
    out = task.out / f"likeness{FORMATS[request.format or 'mp4']}"
    made = make_likeness(request, out, progress)
    if out.is_dir():
        out = _packed(out)
    return Outcome((out.name,), tuple(made.warnings))


def make_subject_files(task: Task, progress: Progress) -> Outcome:
    """Photo to `me.subject`, with its preview and its landmarks."""
    from backend.subject_request import SubjectRequest, make_subject

    values: dict[str, Any] = {**task.params, **task.files}
    names = ("me.subject", "preview.png", "landmarks.json")
    out, preview, landmarks = (task.out / name for name in names)
    made = make_subject(
        SubjectRequest(**values), out, preview=preview, landmarks_out=landmarks, progress=progress
    )
    return Outcome(names, tuple(made.warnings))


def _packed(folder: Path) -> Path:
    """The files of a folder as one .zip beside it; the folder goes."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, path.name)
    shutil.rmtree(folder)
    return archive
