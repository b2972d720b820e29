"""Work side by side: in order, not far ahead, the same bytes on any number of cores."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.audio.features import analyse_file
from backend.audio.threads import cores, side_by_side
from bench.features import write_piece
from retarget.errors import Cancelled

FIELDS = ("mel", "centroid", "bandwidth", "onset", "loudness")


def test_results_come_in_the_order_of_the_items() -> None:
    told: list[int] = []
    assert side_by_side(lambda item: item**2, range(50), told.append) == [i**2 for i in range(50)]
    assert told == [i**2 for i in range(50)]


def test_items_are_asked_for_as_they_are_needed() -> None:
    asked, done = 0, 0
    most = 0

    def items():
        nonlocal asked, most
        for item in range(200):
            asked += 1
            most = max(most, asked - done)
            yield item

    def count(_result: int) -> None:
        nonlocal done
        done += 1

    side_by_side(lambda item: item, items(), count)
    assert done == 200
    assert most <= 2 * cores() + 2


def test_what_is_raised_on_hearing_of_a_result_ends_the_work() -> None:
    begun: list[int] = []

    def stop(result: int) -> None:
        if result == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        side_by_side(lambda item: begun.append(item) or item, range(10_000), stop)
    assert len(begun) < 100


def test_what_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda item: 1 / item, [2, 1, 0, 3])


def test_a_thread_waits_for_the_lock_less_than_an_operation_takes() -> None:
    usual = sys.getswitchinterval()
    assert max(side_by_side(lambda _: sys.getswitchinterval(), range(4))) < 1e-3 < usual
    assert sys.getswitchinterval() == usual


def test_features_have_the_same_bytes_on_any_number_of_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "piece.mp3"
    write_piece(path, 12.0)
    threads = torch.get_num_threads()
    try:
        heard = []
        for count in (1, 2, 3):
            monkeypatch.setattr("backend.audio.threads.cores", lambda count=count: count)
            torch.set_num_threads(count)
            heard.append(analyse_file(path))
    finally:
        torch.set_num_threads(threads)
    for other in heard[1:]:
        for name in FIELDS:
            assert np.array_equal(getattr(other, name), getattr(heard[0], name)), name
