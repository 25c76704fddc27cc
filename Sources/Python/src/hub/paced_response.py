"""Answers that have to come at a pace: who sends a byte now and then is not waited for without an end.

A socket's timeout is that of one read, which any byte renews. So reads are counted here, the head's
too: many of them that waited longer than the timeout together must have brought something.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

_PACE_READS = 16
_PACE_BYTES = 16 << 10
"""So many reads may take longer than the timeout together only if they bring so many bytes. An
honest answer comes in few small pieces, or in many full ones, however slow the line is."""


class PacedResponse(http.client.HTTPResponse):
    """An answer of Python's own client, read at a pace."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._reader = _PacedReader(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._reader)

    @property
    def has_begun(self) -> bool:
        """Whether any byte of it came."""
        return self._reader.has_read

    def follow(self, until: float | None) -> None:
        """Lets what comes from now on come as slowly as it likes, until a moment.

        Args:
            until: when reads time out, as `time.monotonic` tells it; only when nothing came for the
                connection's timeout if None.
        """
        self._reader.follow(until)


class _PacedReader(io.RawIOBase):
    """What reads from the socket; for one thread.

    Attributes:
        has_read: whether anything came.
    """

    def __init__(self, sock: socket.socket, raw: Any) -> None:
        self.has_read = False
        self._socket, self._raw = sock, raw
        self._seconds = sock.gettimeout()
        self._is_paced = self._seconds is not None
        self._until: float | None = None
        self._begin()

    def follow(self, until: float | None) -> None:
        self._is_paced = False
        self._until = until

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        if not self._is_paced:
            self._set_patience()
            count: int | None = self._raw.readinto(buffer)
            self.has_read |= bool(count)
            return count
        started = time.monotonic()
        count = self._raw.readinto(buffer)
        self._account(time.monotonic() - started, count or 0)
        return count

    def close(self) -> None:
        super().close()
        self._raw.close()

    def _begin(self) -> None:
        self._reads, self._bytes, self._waited = 0, 0, 0.0

    def _account(self, seconds: float, count: int) -> None:
        self.has_read |= bool(count)
        self._reads += 1
        self._bytes += count
        self._waited += seconds
        if self._bytes >= _PACE_BYTES:
            self._begin()
        elif self._reads >= _PACE_READS and self._waited > (self._seconds or 0.0):
            raise TimeoutError("timed out: it comes too slowly")

    def _set_patience(self) -> None:
        seconds = self._seconds
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            seconds = left if seconds is None else min(seconds, left)
        self._socket.settimeout(seconds)
