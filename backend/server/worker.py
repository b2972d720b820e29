"""`python -m backend.server.worker TASKFILE`: run one job and report in lines (`retarget.lines`).

A process of its own, so that a cancel is a kill and the memory of a job ends with it.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Final

from backend.server.kinds import Task, Work
from retarget.errors import ConductorError
from retarget.lines import Line, end_with_parent, report_progress, write_line

# Blender's window and the music come first on a small machine.
_NICE: Final = 5


def write_task(path: Path, run: str, task: Task) -> None:
    """Leave `task`, to be done by `run` ("module:function"), in a file in the job's folder."""
    content = {
        "run": run,
        "params": task.params,
        "files": {name: path.name for name, path in task.files.items()},
        "names": task.names,
        "in": next((path.parent.name for path in task.files.values()), ""),
        "out": task.out.name,
    }
    path.write_text(json.dumps(content), encoding="utf-8")


def read_task(path: Path) -> tuple[Work, Task]:
    """The work and its task from the file that `write_task` left."""
    folder = path.parent
    content = json.loads(path.read_text(encoding="utf-8"))
    module, _, function = content["run"].partition(":")
    task = Task(
        params=content["params"],
        files={name: folder / content["in"] / file for name, file in content["files"].items()},
        names=content["names"],
        out=folder / content["out"],
    )
    return getattr(importlib.import_module(module), function), task


def in_users_words(sentence: str, task: Task) -> str:
    """The sentence with the user's own file names in place of those in the job's folder."""
    for field, path in task.files.items():
        for inner in (str(path), path.name):
            sentence = sentence.replace(inner, task.names[field])
    return sentence


def main(task_file: Path) -> int:
    """Run the job; returns the exit code."""
    end_with_parent()
    os.nice(_NICE)
    work, task = read_task(task_file)
    try:
        outcome = work(task, report_progress)
    except ConductorError as error:
        write_line(Line("error", in_users_words(str(error), task)))
        return 2
    except MemoryError:
        sentence = "There is not enough memory; close other programs or take a shorter stretch."
        write_line(Line("error", sentence))
        return 2
    for warning in outcome.warnings:
        write_line(Line("warning", in_users_words(warning, task)))
    for name in outcome.results:
        write_line(Line("result", name))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
