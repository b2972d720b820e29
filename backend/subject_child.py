"""A photo read in a process of its own, so that the detectors' memory ends with it."""

import sys
from pathlib import Path

from backend.child import Child
from backend.subject_request import SubjectRequest, make_subject, read_subject
from retarget.errors import ConductorError
from retarget.lines import Line, end_with_parent, report_progress, write_line
from retarget.progress import Progress, no_progress


def make_subject_apart(
    request: SubjectRequest, out: Path, progress: Progress = no_progress
) -> tuple[str, ...]:
    """Keep the character of a photo, or of another `.subject` file, as the file `out`.

    If it is stopped half a file may stay, so `out` should lie in a folder that is removed.

    Returns
    -------
    tuple of str
        What the user should know of it.

    Raises
    ------
    ConductorError, Cancelled
        As `read_subject`.
    """
    if request.is_made:
        character = read_subject(request)
        character.save(out)
        return character.warnings
    command = [sys.executable, "-m", "backend.subject_child", request.model_dump_json(), str(out)]
    return tuple(Child(command, "reading the photo").wait(progress)[1])


def main() -> int:
    """`python -m backend.subject_child REQUEST OUT`: reports in lines; returns the exit code."""
    end_with_parent()
    request = SubjectRequest.model_validate_json(sys.argv[1])
    try:
        made = make_subject(request, Path(sys.argv[2]), progress=report_progress)
    except ConductorError as error:
        write_line(Line("error", str(error)))
        return 2
    for warning in made.warnings:
        write_line(Line("warning", warning))
    return 0


if __name__ == "__main__":
    sys.exit(main())
