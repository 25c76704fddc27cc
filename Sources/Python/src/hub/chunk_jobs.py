"""Threads that load chunks, some together, and give each as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any

from hub.bundle import Halt

Coordinates = tuple[int, ...]
Job = list[tuple[Coordinates, str]]
"""Chunks with their keys that are loaded one after another in one thread."""

Loaded = tuple[Coordinates, Any]


def run_jobs(
    load: Callable[[Job], Iterator[Loaded]],
    jobs: Iterator[Job],
    concurrency: int,
    waiting_max: int,
    halt: Halt,
) -> Iterator[Loaded]:
    """Results of threads in the order in which they come.

    Args:
        load: gives the chunks of a job, in a thread.
        jobs: is advanced in the caller's thread.
        concurrency: how many threads there are, at most.
        waiting_max: of those chunks that are loaded or being loaded there are so many, or those of
            one job if they are more; and of jobs at most twice `concurrency`.
        halt: is called when nobody wants more.
    """
    results: SimpleQueue[tuple[Loaded | None, BaseException | None]] = SimpleQueue()
    context = copy_context()

    def run(job: Job) -> None:
        try:
            for loaded in load(job):
                results.put((loaded, None))
                del loaded
            results.put((None, None))
        except BaseException as error:
            results.put((None, error))

    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="hub-chunks")
    chunks = running = 0
    following = next(jobs, None)
    try:
        while True:
            while following is not None and running < 2 * concurrency and (
                not running or chunks + len(following) <= waiting_max
            ):
                pool.submit(context.copy().run, run, following)
                chunks, running = chunks + len(following), running + 1
                following = next(jobs, None)
            if not running:
                return
            loaded, error = results.get()
            if error is not None:
                raise error
            if loaded is None:
                running -= 1
            else:
                chunks -= 1
                yield loaded
                del loaded
    finally:
        # Those under way end by themselves; nobody waits for them, so Ctrl-C does not either.
        halt.call()
        pool.shutdown(wait=False, cancel_futures=True)
