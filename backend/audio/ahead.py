"""Items that are made while earlier ones are used."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

# So many at most lie ready.
_READY: Final = 4

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The same items in their order, made on a thread of their own; closed, it ends the work."""
    end = object()
    with ThreadPoolExecutor(1) as maker:
        try:
            ready = deque(maker.submit(next, items, end) for _ in range(_READY))
            while (item := ready.popleft().result()) is not end:
                ready.append(maker.submit(next, items, end))
                yield item  # type: ignore[misc]  # `end` is no item
        finally:
            maker.shutdown(cancel_futures=True)
