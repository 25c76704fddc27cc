"""Answers that are read as they come, and what breaks on the way, in this package's exceptions."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, ReadTimeoutError, SSLError

from hub.connection import NotOpened, Outlived
from hub.errors import HubError, Unavailable
from hub.paced_response import PacedResponse

_READ_BYTES = 1 << 20


class Stream:
    """An answer that is read as it comes; given out by `Transport.stream`."""

    def __init__(self, where: str, response: urllib3.BaseHTTPResponse) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers
        self._where = where
        self._response = response
        self._raw = _raw(response)

    def read_into(self, buffer: memoryview) -> int:
        """Fills a buffer of bytes and returns how many came, which is fewer only at the end.

        Raises:
            Unavailable: the connection broke.
        """
        with translated(self._where):
            return _read_into(self._response, self._raw, buffer)

    def fill(self, buffer: memoryview) -> None:
        """Fills all of a buffer of bytes.

        Raises:
            Unavailable: the connection broke, or the answer ended before.
        """
        if self.read_into(buffer) < buffer.nbytes:
            raise Unavailable(
                "The answer ended before it was whole.", where=self._where, hint="Try again.")

    @property
    def remaining(self) -> int | None:
        """How many bytes are still to come; `None` if nobody knows."""
        return self._response.length_remaining

    def chunks(self, size: int = _READ_BYTES) -> Iterator[bytes]:
        """The body in pieces of at most `size` bytes, as they come.

        Raises:
            Unavailable: the connection broke.
        """
        while True:
            with translated(self._where):
                piece = self._response.read1(size)
            if not piece:
                return
            yield piece

    def follow(self, until: float | None) -> None:
        """Lets the rest come as slowly as it likes: it is sent when something happens.

        Args:
            until: when reading times out, as `time.monotonic` tells it, if not before because
                nothing came for the timeout of the request.
        """
        raw = getattr(self._response, "_fp", None)
        if isinstance(raw, PacedResponse):
            raw.follow(until)

    def close(self) -> None:
        """Ends it; may be called by another thread, and wakes one that reads."""
        try:
            self._response.shutdown()
        except (OSError, RuntimeError, ValueError):
            # It is at its end already.
            pass


class Ended(Unavailable):
    """A connection that was used before had been closed by the server, or has been now."""


class Unopened(Unavailable):
    """No connection could be opened, so the request cannot have done anything."""


class translated(AbstractContextManager[None]):
    """Turns urllib3's failures into ours."""

    # A class, since it is entered several times a chunk: of a generator that takes 2 µs each.

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and (ours := _translation(error, self._where)) is not None:
            raise ours from error


def _translation(error: BaseException, where: str) -> HubError | None:
    """Our failure for one of urllib3's; nothing for what goes on as it is."""
    if isinstance(error, HubError):
        # Some of them are an OSError too.
        return None
    if isinstance(error, NotOpened):
        return _unopened(error.cause, where)
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        return Unavailable(
            "The server did not answer in time.",
            where=where,
            hint="Try again, or configure a longer timeout_seconds.",
        )
    if isinstance(error, (MemoryError, OverflowError)):
        return Unavailable(
            "There is too little memory for what the answer says that it is.", where=where,
            hint="Read less at once, or look with `hub doctor` at what answers.",
        )
    if isinstance(error, Outlived):
        return _broken(Ended, error.cause, where)
    if isinstance(error, (HTTPError, OSError)):
        return _broken(Unavailable, error, where)
    return None


def _broken(kind: type[Unavailable], error: Exception, where: str) -> Unavailable:
    return kind(
        f"The connection broke before the whole answer was there: {_reason(error)}.",
        where=where,
        hint="Try again.",
    )


def _unopened(cause: Exception, where: str) -> Unopened:
    if "WRONG_VERSION_NUMBER" in str(cause):
        return Unopened(
            "What the server answers is not TLS.", where=where,
            hint="If it speaks plain HTTP, its endpoint begins with http://.")
    # urllib3's own stands for a file of authorities that holds none.
    if isinstance(cause, (ssl.SSLCertVerificationError, SSLError)):
        return Unopened(
            f"The server's TLS certificate is not accepted: {_reason(cause)}.",
            where=where, hint="Give the file of its authority with verify=… or AWS_CA_BUNDLE.")
    return Unopened(
        f"No connection to the server: {_reason(cause)}.",
        where=where,
        hint="Is it running, and is this its endpoint? `hub doctor` looks.",
    )


def _reason(error: BaseException) -> str:
    text = str(error.args[-1] if error.args else error)
    if text.startswith("[SSL: "):
        return text.partition("] ")[2]
    return text.partition(": ")[2] or text


def read_beginning(response: urllib3.BaseHTTPResponse, bytes_max: int) -> bytes:
    """The first bytes of an answer as they came; the connection is used again if these are all."""
    pieces: list[bytes] = []
    while bytes_max > 0:
        piece = response.read(min(bytes_max, _READ_BYTES), decode_content=False)
        if not piece:
            response.release_conn()
            return b"".join(pieces)
        pieces.append(piece)
        bytes_max -= len(piece)
    response.close()
    return b"".join(pieces)


def read_into(response: urllib3.BaseHTTPResponse, buffer: memoryview) -> int:
    """Fills a buffer from an answer; returns how many bytes came, which is fewer only at the end."""
    return _read_into(response, _raw(response), buffer)


def _read_into(
    response: urllib3.BaseHTTPResponse, raw: http.client.HTTPResponse | None, buffer: memoryview
) -> int:
    wanted, filled = buffer.nbytes, 0
    while filled < wanted:
        if raw is not None:
            count = _read_raw(response, raw, buffer[filled:] if filled else buffer)
        else:
            # In pieces, because urllib3 copies them: so the copy stays in the processor's cache.
            size = min(_READ_BYTES, wanted - filled)
            piece = response.read(size, decode_content=False)
            count = len(piece)
            buffer[filled : filled + count] = piece
        if not count:
            break
        filled += count
    return filled


def _raw(response: urllib3.BaseHTTPResponse) -> http.client.HTTPResponse | None:
    """What an answer of known length is read from without a copy, if this urllib3 has it."""
    raw = getattr(response, "_fp", None)
    if response.length_remaining is None or not hasattr(response, "_fp_bytes_read"):
        return None
    return raw if isinstance(raw, http.client.HTTPResponse) and not raw.chunked else None


def _read_raw(
    response: urllib3.BaseHTTPResponse, raw: http.client.HTTPResponse, buffer: memoryview
) -> int:
    """Reads past urllib3, and tells it how much."""
    count = raw.readinto(buffer)
    remaining = response.length_remaining or 0
    if not count and remaining:
        raise IncompleteRead(response.tell(), remaining)
    response.length_remaining = remaining - count
    response._fp_bytes_read += count  # type: ignore[attr-defined]
    return count
