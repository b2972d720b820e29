import os
import subprocess
import sys
import time

import pytest

from backend.child import Child, run_children
from retarget.errors import Cancelled, ConductorError

_TALK = "from retarget.lines import Line, write_line, report_progress\n"


def child(code: str) -> Child:
    return Child([sys.executable, "-c", _TALK + code], "the test")


def test_progress_warnings_and_results_come_through_other_output():
    seen = []
    running = child(
        "print('noise'); report_progress(0.5, 'half'); print('more', end='')\n"
        "write_line(Line('warning', 'mind')); write_line(Line('result', 'fine'))"
    )
    results, warnings = running.wait(lambda fraction, phase: seen.append((fraction, phase)))
    assert (results, warnings, seen) == (["fine"], ["mind"], [(0.5, "half")])


def test_a_child_s_sentence_is_raised_as_it_stands():
    with pytest.raises(ConductorError, match="The hall is closed"):
        child("write_line(Line('error', 'The hall is closed.')); raise SystemExit(2)").wait()


def test_a_crash_without_a_sentence_shows_the_end_of_its_output():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        child("1 / 0").wait()


def test_cancel_ends_the_child():
    def cancel(fraction, phase):
        raise Cancelled

    running = child("import time\nreport_progress(0.1, 'x')\ntime.sleep(60)")
    with pytest.raises(Cancelled):
        running.wait(cancel)
    assert running._process.poll() is not None


def test_when_one_of_several_fails_the_others_are_stopped():
    slow = child("import time\nreport_progress(0.1, 'x')\ntime.sleep(60)")
    broken = child("write_line(Line('error', 'Out of rosin.')); raise SystemExit(2)")
    with pytest.raises(ConductorError, match="rosin"):
        run_children([slow, broken])
    assert slow._process.poll() is not None


def test_results_of_several_keep_their_order():
    children = [child(f"write_line(Line('result', '{name}'))") for name in "abc"]
    assert [results for results, _ in run_children(children)] == [["a"], ["b"], ["c"]]


def test_a_child_ends_when_its_parent_is_killed():
    grandchild = (
        "from retarget.lines import end_with_parent; end_with_parent(); import time; time.sleep(60)"
    )
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from backend.child import Child\n"
            f"c = Child([sys.executable, '-c', {grandchild!r}], 'x')\n"
            "print(c._process.pid, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not _alive(pid):
            return
        time.sleep(0.1)
    pytest.fail("the orphan is still alive")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
