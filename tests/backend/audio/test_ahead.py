"""Items that are made while earlier ones are used."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from backend.audio.ahead import ahead


def test_items_come_in_their_order_from_another_thread() -> None:
    makers = set()

    def items() -> Iterator[int]:
        for i in range(50):
            makers.add(threading.get_ident())
            yield i

    assert list(ahead(items())) == list(range(50))
    assert list(ahead(iter(()))) == []
    assert len(makers) == 1
    assert threading.get_ident() not in makers


def test_the_next_items_are_made_while_one_is_used() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for i, event in enumerate(made):
            event.set()
            yield i

    with closing(ahead(items())) as taken:
        assert next(taken) == 0
        assert made[2].wait(timeout=10.0)


def test_a_fault_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    taken = ahead(items())
    assert next(taken) == 1
    with pytest.raises(ValueError, match="broken"):
        next(taken)


def test_closed_it_makes_no_more() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    with closing(ahead(items())) as taken:
        next(taken)
    count = len(made)
    assert count < 10
    assert not any(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate())
