"""Threads that work for a caller, whose requests count in the caller's traces."""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def worked(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int,
) -> Iterator[tuple[Item, Result]]:
    """Each item with what `work` made of it, in the order of the items.

    `items` is advanced in the caller's thread. At most `threads` + 1 items are held at once, so
    memory is bounded if items or results are large. A failure ends it once what is under way is
    done; what has not begun is dropped.
    """
    waiting = iter(items)
    running: deque[tuple[Item, Future[Result]]] = deque()

    def start(count: int) -> None:
        for item in islice(waiting, count):
            context = contextvars.copy_context()
            running.append((item, pool.submit(context.run, work, item)))

    with ThreadPoolExecutor(threads, thread_name_prefix="hub") as pool:
        try:
            start(threads)
            while running:
                item, future = running.popleft()
                result = future.result()
                yield item, result
                del result
                start(1)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def uninterrupted(work: Callable[[], Result]) -> Result:
    """What `work` gives, done by a thread of its own.

    Interrupts are raised in the main thread alone: here when the work has ended, never within it.
    So it is for libraries that an exception in their midst leaves broken, or at work.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="hub") as pool:
        return pool.submit(contextvars.copy_context().run, work).result()
