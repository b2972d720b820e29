import os
import subprocess
import sys
import time

import pytest

from backend.child import Child, ChildDiedError
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


_SERVE = """
import sys, time
def answer(line):
    if line == "fail": write_line(Line('error', 'Out of rosin.'))
    elif line == "crash": import os, signal; os.kill(os.getpid(), signal.SIGSEGV)
    elif line == "long":
        report_progress(0.1, 'x')
        assert sys.stdin.readline().strip() == "cancel"
    else: write_line(Line('result', line))
while line := sys.stdin.readline().strip():
    answer(line)
    write_line(Line('done', ''))
"""


def test_a_child_that_serves_goes_on_after_a_fault_and_a_cancel():
    def cancel(fraction, phase):
        raise Cancelled

    running = child(_SERVE)
    assert running.ask("one", "cancel") == (["one"], [])
    with pytest.raises(ConductorError, match="rosin"):
        running.ask("fail", "cancel")
    with pytest.raises(Cancelled):
        running.ask("long", "cancel", cancel)
    assert running.ask("two", "cancel") == (["two"], [])
    running.stop()
    assert running._process.poll() is not None


def test_a_child_that_crashes_while_it_serves_is_known_to_have_crashed():
    running = child(_SERVE)
    for _ in range(2):
        with pytest.raises(ChildDiedError, match="the test ended with code -11"):
            running.ask("crash", "cancel")


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
