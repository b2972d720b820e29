"""Work beside other work: waited for, failing, cancelled."""

import threading

import pytest

from backend.beside import Beside
from retarget.errors import Cancelled, ConductorError
from retarget.progress import Progress, no_progress


def test_the_result_is_waited_for_and_so_is_a_share_of_the_work() -> None:
    go_on = threading.Event()

    def work(progress: Progress) -> str:
        progress(0.4, "half")
        go_on.wait(timeout=30.0)
        return "done"

    with Beside(work) as beside:
        beside.wait(no_progress, until=0.3)
        assert not go_on.is_set()
        go_on.set()
        assert beside.result(no_progress) == "done"


def test_a_fault_ends_the_other_work_too() -> None:
    def work(_progress: Progress) -> None:
        raise ConductorError("Nobody is there.")

    with Beside(work) as beside:
        with pytest.raises(ConductorError, match="Nobody"):
            beside.wait(no_progress)
        with pytest.raises(ConductorError, match="Nobody"):
            beside.watched(no_progress)(0.5, "rendering")


def test_leaving_cancels_what_is_not_done() -> None:
    ended = []

    def work(progress: Progress) -> None:
        try:
            while True:
                progress(0.1, "on and on")
        except Cancelled:
            ended.append(True)
            raise

    with Beside(work):
        pass
    assert ended == [True]
