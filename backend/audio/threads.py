"""How the work with torch uses the cores: the same bytes on one core as on many.

What torch adds up on several threads at once depends, in the last digits, on how many there are. So
each piece of work has one thread to itself, and several pieces run beside each other.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Final, TypeVar

import torch

_MOST_THREADS: Final = 4
# After so many seconds Python's lock goes to a thread that waits for it. Torch needs it between any
# two operations, which take less than the usual 5 ms.
_TURN_S: Final = 2e-4

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread and without gradients: on a busy machine two are slower than one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)


def side_by_side(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    done: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Results of pieces of work that do not depend on each other, a thread of each core on one.

    Parameters
    ----------
    work : callable
        Makes a result of an item, without gradients.
    items : iterable
        Asked for the next one while earlier ones are worked on, but never for many in advance.
    done : callable
        Hears each result in the order of the items; what it raises ends the work.
    """
    results = []
    with closing(in_order(work, items)) as made:
        for result in made:
            results.append(result)
            done(result)
    return results


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[Result, None, None]:
    """As `side_by_side`, each result when it is asked for; closed, it ends the work."""
    workers = min(cores(), _MOST_THREADS)
    work = torch.inference_mode()(work)
    waiting: deque[Future[Result]] = deque()
    with (
        _quick_turns(),
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Work in Python alone does not hold up the work of other threads with torch."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _TURN_S))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def cores() -> int:
    """Cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
