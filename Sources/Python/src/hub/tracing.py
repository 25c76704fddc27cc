"""Counts what a piece of code asks of the server and of the cache."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class TracedRequest(NamedTuple):
    """One request: `status` is 0 if no answer came; `seconds` until the whole answer was read."""

    method: str
    path: str
    status: int
    seconds: float


class Trace:
    """What was counted so far; safe to be read and written by several threads.

    Attributes:
        requests: number of requests that were sent, repetitions included.
        bytes_sent, bytes_received: bytes of bodies.
        cache_hits, cache_misses: chunks that the local cache had, or had not.
        log: one `TracedRequest` a request, in the order in which they ended.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.cache_hits = 0
        self.cache_misses = 0
        self.log: list[TracedRequest] = []
        self._lock = threading.Lock()

    def add_request(self, request: TracedRequest, sent: int, received: int) -> None:
        """Counts one request with the bytes of both bodies."""
        with self._lock:
            self.requests += 1
            self.bytes_sent += sent
            self.bytes_received += received
            self.log.append(request)

    def add_cache(self, hits: int, misses: int) -> None:
        """Counts chunks that were asked of the local cache."""
        with self._lock:
            self.cache_hits += hits
            self.cache_misses += misses

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


def record(
    method: str, path: str, status: int, seconds: float, *, sent: int = 0, received: int = 0
) -> None:
    """Counts a request in all traces that are active here."""
    traces = _active.get()
    if traces:
        request = TracedRequest(method, path, status, seconds)
        for active in traces:
            active.add_request(request, sent, received)


def record_cache(*, hits: int = 0, misses: int = 0) -> None:
    """Counts chunks that were asked of the local cache in all traces that are active here."""
    for active in _active.get():
        active.add_cache(hits, misses)
