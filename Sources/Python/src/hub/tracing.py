"""Counts what a piece of code asks of the server and of the cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class TracedRequest(NamedTuple):
    """One request: `status` is 0 if no answer came; `seconds` until the whole answer was read.

    `sent` and `received` are the bytes of the bodies.
    """

    method: str
    path: str
    status: int
    seconds: float
    sent: int = 0
    received: int = 0


class Trace:
    """What was counted so far; may be written and read by several threads, also across forks.

    State: lists that are only appended to, so no lock is needed that a fork could leave locked.

    Attributes:
        log: one `TracedRequest` a request, repetitions included, in the order in which they ended.
    """

    def __init__(self) -> None:
        self.log: list[TracedRequest] = []
        self._hits: list[int] = []
        self._misses: list[int] = []

    @property
    def requests(self) -> int:
        """The number of requests that were sent, repetitions included."""
        return len(self.log)

    @property
    def bytes_sent(self) -> int:
        """The bytes of all bodies that were sent."""
        return sum(request.sent for request in self.log)

    @property
    def bytes_received(self) -> int:
        """The bytes of all bodies that came."""
        return sum(request.received for request in self.log)

    @property
    def cache_hits(self) -> int:
        """The chunks that the local cache had."""
        return sum(self._hits)

    @property
    def cache_misses(self) -> int:
        """The chunks that the local cache had not."""
        return sum(self._misses)

    def add_request(self, request: TracedRequest) -> None:
        """Counts one request."""
        self.log.append(request)

    def add_cache(self, hits: int, misses: int) -> None:
        """Counts chunks that were asked of the local cache."""
        self._hits.append(hits)
        self._misses.append(misses)

    def __repr__(self) -> str:
        return (
            f"<hub.trace: {self.requests} requests, {self.bytes_received:,} bytes received,"
            f" {self.bytes_sent:,} sent, {self.cache_hits} cache hits, {self.cache_misses} misses>"
        )


_active: ContextVar[tuple[Trace, ...]] = ContextVar("hub_traces", default=())


@contextmanager
def trace() -> Iterator[Trace]:
    """Counts requests, bytes and cache hits of the code inside `with hub.trace() as t:`.

    Traces may be nested; each counts everything inside it. Threads that were started inside count
    only if they run in a copy of the context (`contextvars.copy_context().run`), as those of this
    package do; other processes are not counted.
    """
    counted = Trace()
    token = _active.set((*_active.get(), counted))
    try:
        yield counted
    finally:
        _active.reset(token)


def is_active() -> bool:
    """Whether anything that is recorded here is counted."""
    return bool(_active.get())


def record(
    method: str, path: str, status: int, seconds: float, *, sent: int = 0, received: int = 0
) -> None:
    """Counts a request in all traces that are active here."""
    traces = _active.get()
    if traces:
        request = TracedRequest(method, path, status, seconds, sent, received)
        for active in traces:
            active.add_request(request)


def record_cache(*, hits: int = 0, misses: int = 0) -> None:
    """Counts chunks that were asked of the local cache in all traces that are active here."""
    for active in _active.get():
        active.add_cache(hits, misses)
