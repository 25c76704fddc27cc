"""Connections to the server whose failures tell whether any of a request can have reached it.

A request may be repeated without looking if the connection for it was never opened. TLS fails in
the same words while it is begun and while an answer is awaited, so the connection itself says which
it was: all that fails in `connect` is `NotOpened`, and nothing else is. A connection that had
answers before may have been closed by the server meanwhile, which shows when it is used again: what
ends then before a byte of the answer came is `Outlived`. Answers are paced (`PacedResponse`).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from hub.paced_response import PacedResponse


class NotOpened(HTTPError):
    """A connection could not be opened, with its TLS if it has that: nothing of a request was sent.

    Attributes:
        cause: what failed.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Outlived(HTTPError):
    """A connection that was used before ended before any of the answer came.

    Most likely the server closed it when it had not been used for a while; whether it has done what
    was asked for is not known all the same.

    Attributes:
        cause: what failed.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@contextmanager
def _opening() -> Iterator[None]:
    try:
        yield
    except (HTTPError, OSError, ssl.CertificateError) as error:
        raise NotOpened(error) from error


class _Reused:
    """Tells failures of a connection that had answers before from those of a new one."""

    _has_answered = False
    _awaited: PacedResponse | None = None

    def response_class(self, sock: socket.socket, *arguments: Any, **options: Any) -> PacedResponse:
        """Makes the answer that is awaited; Python's client calls it like a class."""
        self._awaited = PacedResponse(sock, *arguments, **options)
        return self._awaited

    def connect(self) -> None:
        self._has_answered = False
        with _opening():
            _above(self, _Reused).connect()

    def request(self, *arguments: Any, **options: Any) -> None:
        self._awaited = None
        try:
            with self._noticing():
                _above(self, _Reused).request(*arguments, **options)
        except Outlived as error:
            if isinstance(error.cause, _UNSENT):
                # Who refuses before all was sent may have answered: urllib3 goes on to look.
                raise error.cause from None
            raise

    def getresponse(self) -> Any:
        with self._noticing():
            answer = _above(self, _Reused).getresponse()
        self._has_answered = True
        return answer

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        try:
            yield
        except _ENDS as error:
            has_begun = self._awaited is not None and self._awaited.has_begun
            if self._has_answered and not has_begun:
                raise Outlived(error) from error
            raise


_ENDS = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""How a connection that the other side closed fails; `RemoteDisconnected` is one of the first."""


_UNSENT = (BrokenPipeError, ConnectionResetError)
"""How sending fails to one that reads no more."""


def _above(connection: object, kind: type) -> Any:
    return super(kind, connection)


class _PlainConnection(_Reused, HTTPConnection):  # type: ignore[misc]
    pass


class _EncryptedConnection(_Reused, HTTPSConnection):  # type: ignore[misc]
    pass


class PlainPool(urllib3.HTTPConnectionPool):
    """A server's connections without TLS."""

    ConnectionCls = _PlainConnection


class EncryptedPool(urllib3.HTTPSConnectionPool):
    """A server's connections with TLS."""

    ConnectionCls = _EncryptedConnection
