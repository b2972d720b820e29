"""What the jobs do: each kind's request, made from the job's files, and its results.

Each function imports what it needs itself, so that a worker loads one kind's libraries alone.
"""

from typing import Any

from backend.server.kinds import Outcome, Task
from retarget.progress import Progress


def make_motion_files(task: Task, progress: Progress) -> Outcome:
    """Music to `motion.npz` and `beats.txt`."""
    from backend.motion_request import MotionRequest, make_motion

    values: dict[str, Any] = {**task.params, **task.files}
    if "style" in task.files:
        values["style"] = str(task.files["style"])
    made = make_motion(MotionRequest(**values), progress)
    made.motion.source["music"] = task.names["music"]
    made.motion.save(task.out / "motion.npz")
    made.grid.save(task.out / "beats.txt")
    return Outcome(("motion.npz", "beats.txt"), tuple(made.warnings))


def make_likeness_file(task: Task, progress: Progress) -> Outcome:
    """Guide and photo to `likeness.mp4`."""
    from backend.likeness_request import LikenessRequest, make_likeness

    values: dict[str, Any] = {**task.params, **task.files}
    made = make_likeness(LikenessRequest(**values), task.out / "likeness.mp4", progress)
    return Outcome(("likeness.mp4",), tuple(made.warnings))
