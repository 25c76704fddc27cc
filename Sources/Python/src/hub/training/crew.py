"""Who does the work of a loader: the caller itself, or threads of this process."""

from __future__ import annotations

import contextvars
import heapq
import itertools
import queue
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from hub.training.column import Column
from hub.training.memory import Memory, PrivateMemory
from hub.training.work import Task, Trade, Workbench

# The number of a task, what it gave, and what it raised.
Result = tuple[int, Any, BaseException | None]


class Crew(Protocol):
    """Workers that take tasks and give results in any order.

    After an exception, which is that a worker has ended, only `close` may be called.
    """

    ring: Memory
    outputs: Sequence[Memory]

    def change(self, columns: Sequence[tuple[Column, int]]) -> None:
        """Tells all workers of the columns of another epoch; no task may be under way."""
        ...

    def submit(self, task: Task) -> None:
        """Takes a task; never blocks. Those of a lower `priority` are done first."""
        ...

    def result(self) -> Result:
        """Waits for a task that is done."""
        ...

    def close(self) -> None:
        """Ends all workers; may be called twice."""
        ...


class Alone:
    """Tasks are done when a result is asked for, by who asks."""

    def __init__(self, trade: Trade, ring_bytes: int, outputs: int) -> None:
        self.ring: Memory = PrivateMemory(ring_bytes)
        self.outputs: Sequence[Memory] = [PrivateMemory(1) for _ in range(outputs)]
        self._bench = Workbench(trade, self.ring, self.outputs)
        self._waiting: list[tuple[int, int, Task]] = []
        self._sequence = itertools.count()

    def change(self, columns: Sequence[tuple[Column, int]]) -> None:
        self._bench.change(columns)

    def submit(self, task: Task) -> None:
        heapq.heappush(self._waiting, (task.priority, next(self._sequence), task))

    def result(self) -> Result:
        _, _, task = heapq.heappop(self._waiting)
        try:
            return task.number, self._bench.run(task), None
        except Exception as error:
            return task.number, None, error

    def close(self) -> None:
        self._waiting.clear()


class Threads:
    """Threads of this process, for work that lets others run: reading, decoding, NumPy.

    State: two queues, which are safe among threads; each thread has a workbench of its own.
    """

    def __init__(self, trade: Trade, ring_bytes: int, outputs: int, workers: int) -> None:
        self.ring: Memory = PrivateMemory(ring_bytes)
        self.outputs: Sequence[Memory] = [PrivateMemory(1) for _ in range(outputs)]
        self._tasks: queue.PriorityQueue[tuple[int, int, Task | None]] = queue.PriorityQueue()
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._sequence = itertools.count()
        self._closed = threading.Event()
        self._benches = [Workbench(trade, self.ring, self.outputs) for _ in range(workers)]
        for number, bench in enumerate(self._benches):
            # With the context of who made the loader, so that its traces count requests.
            arguments = (contextvars.copy_context().run, _work, bench, self._tasks, self._results,
                         self._closed)
            threading.Thread(
                target=_call, args=arguments, name=f"hub-loader-{number}", daemon=True).start()

    def change(self, columns: Sequence[tuple[Column, int]]) -> None:
        for bench in self._benches:
            bench.change(columns)

    def submit(self, task: Task) -> None:
        self._tasks.put((task.priority, next(self._sequence), task))

    def result(self) -> Result:
        return self._results.get()

    def close(self) -> None:
        self._closed.set()
        for _ in self._benches:
            self._tasks.put((-1, next(self._sequence), None))


def _call(run: Any, *arguments: Any) -> None:
    run(*arguments)


def _work(
    bench: Workbench, tasks: Any, results: Any, closed: threading.Event
) -> None:
    while not closed.is_set():
        _, _, task = tasks.get()
        if task is None:
            return
        try:
            results.put((task.number, bench.run(task), None))
        except BaseException as error:
            results.put((task.number, None, error))
