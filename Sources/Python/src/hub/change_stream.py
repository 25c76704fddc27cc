"""What happens to arrays, told as it happens.

Source: HTML standard, section "Server-sent events".
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from hub.client import Client
from hub.errors import Invalid, Unavailable
from hub.printable import printable
from hub.stream import Stream

_PAUSE_SECONDS = 0.5
# The server says every 15 seconds that nothing happened; without a word for longer it is gone.
_SILENCE_SECONDS_MAX = 60.0
# An event is a few hundred bytes.
_BLOCK_BYTES_MAX = 1 << 20
_MALFORMED = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an array or version.

    Attributes:
        number: its place in the namespace's order; `changes(after=number)` goes on behind it.
        kind: `written`, `deleted`, `committed`, `forked`, `sealed`, `unsealed`, `rolled_back`,
            `renamed`, `version_deleted`, `draft_created`, `draft_discarded`; or `reset`, if events
            before it are no longer known, so that everything has to be looked at anew.
        namespace, name, tag, member: what it happened to; empty for `reset`.
        key: the object that was written or deleted, or empty.
        actor: whose keys did it, or `None`.
        time: when, or `None` for `reset`.
        digest: the commit that it is about, or `None`.
        before: the name before a renaming, or `None`.
    """

    number: int
    kind: str
    namespace: str = ""
    name: str = ""
    tag: str = ""
    member: str = ""
    key: str = ""
    actor: str | None = None
    time: datetime | None = None
    digest: str | None = None
    before: str | None = None

    @classmethod
    def from_document(cls, number: int, kind: str, document: Mapping[str, Any]) -> Self:
        """Reads the data of an event."""
        moment = document.get("time")
        known = ("namespace", "name", "tag", "member", "key", "actor", "digest", "before")
        return cls(
            number, kind, time=datetime.fromisoformat(moment) if moment else None,
            **{name: document[name] for name in known if name in document})

    def __repr__(self) -> str:
        version = f" {self.namespace}/{self.name}" if self.name else ""
        version += (f":{self.tag}" if self.tag else "") + (f"/{self.member}" if self.member else "")
        before = f" from {self.before}" if self.before else ""
        details = [self.key, self.digest, f"by {self.actor}" if self.actor else None,
                   self.time.isoformat(" ", "seconds") if self.time else None]
        told = f"{self.number} {self.kind}{version}{before}"
        return printable(f"<hub.Event {' '.join(filter(None, [told, *details]))}>")


class _Quiet:
    """That something came, but nothing happened."""


_QUIET = _Quiet()


class ChangeStream:
    """An iterator of the events of a namespace that waits for the next one; does not end by itself.

    It is open as soon as it is made, so nothing that happens from then on is missed. After a break
    of the connection it goes on behind the last event, or behind where it began, which the server
    says first. To be used by one thread; `close` may be called by another.

    State: the connection is read and closed under `_reading`.
    """

    def __init__(
        self, client: Client, namespace: str, name: str = "", tag: str | None = None,
        after: int | None = None, timeout_seconds: float | None = None,
    ) -> None:
        """Begins to follow.

        Args:
            name, tag: only events of this array or version; all of the namespace if empty.
            after: begin behind this event instead of with what happens from now on.
            timeout_seconds: end the iteration when nothing happened for so long.
        """
        self._client = client
        self._namespace = namespace
        self._name = name
        self._tag = tag
        self._last = after
        self._timeout = timeout_seconds
        self._is_closed = False
        self._reading = threading.Lock()
        self._open()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        """The next event, waiting for it.

        Raises:
            StopIteration: it was closed, or nothing happened for `timeout_seconds`.
            Unavailable: the server cannot be reached again.
        """
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._is_closed:
            event = self._read(deadline)
            if isinstance(event, Event) and self._concerns(event):
                return event
            if deadline is not None and time.monotonic() >= deadline:
                break
            if event is None and not self._is_closed:
                self._reopen(deadline)
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Follows no longer; a thread that waits for an event ends its iteration."""
        self._is_closed = True
        self._stream.close()
        with self._reading:
            self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> None:
        self._stack = ExitStack()
        silence = min(self._timeout or _SILENCE_SECONDS_MAX, _SILENCE_SECONDS_MAX)
        self._stream = self._stack.enter_context(
            self._client.open_changes(self._namespace, self._name, self._last, silence))
        self._events = self._parsed(self._stream)

    def _read(self, deadline: float | None) -> Event | _Quiet | None:
        """The next event or word of this connection, or None if it broke or is at its end."""
        with self._reading:
            self._stream.follow(deadline)
            try:
                return next(self._events, None)
            except Unavailable:
                return None

    def _reopen(self, deadline: float | None) -> None:
        with self._reading:
            self._stack.close()
        time.sleep(_PAUSE_SECONDS if deadline is None else
                   max(0.0, min(_PAUSE_SECONDS, deadline - time.monotonic())))
        if not self._is_closed:
            self._open()

    def _concerns(self, event: Event) -> bool:
        if event.kind == "reset" or not self._name:
            return True
        return event.name == self._name and (self._tag is None or event.tag == self._tag)

    def _parsed(self, stream: Stream) -> Iterator[Event | _Quiet]:
        """The events in a stream: blocks of lines `name: value`, each ended by an empty line.

        What came without an event is told as well, so that nobody waits longer for one than wanted.
        """
        text = b""
        for piece in stream.chunks():
            *blocks, text = (text + piece).split(b"\n\n")
            if len(text) > _BLOCK_BYTES_MAX:
                raise self._no_events()
            for block in blocks:
                event = self._event(block)
                if event is not None:
                    yield event
            yield _QUIET

    def _event(self, block: bytes) -> Event | None:
        try:
            fields = dict(_field(line) for line in block.decode().splitlines())
            if "id" in fields:
                self._last = int(fields["id"])
            if "data" not in fields or self._last is None:
                return None
            return Event.from_document(self._last, fields["event"], json.loads(fields["data"]))
        except _MALFORMED as error:
            raise self._no_events() from error

    def _no_events(self) -> Invalid:
        return self._client.no_nave("no stream of events", f"GET /v1/changes/{self._namespace}")


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")
