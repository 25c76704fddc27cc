"""Connections to the server whose failures tell whether any of a request can have reached it.

A request may be repeated without looking if the connection for it was never opened. TLS fails in
the same words while it is begun and while an answer is awaited, so the connection itself says which
it was: all that fails in `connect` is `NotOpened`, and nothing else is.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError


class NotOpened(HTTPError):
    """A connection could not be opened, with its TLS if it has that: nothing of a request was sent.

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


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        with _opening():
            super().connect()


class _EncryptedConnection(HTTPSConnection):
    def connect(self) -> None:
        with _opening():
            super().connect()


class PlainPool(urllib3.HTTPConnectionPool):
    """A server's connections without TLS."""

    ConnectionCls = _PlainConnection


class EncryptedPool(urllib3.HTTPSConnectionPool):
    """A server's connections with TLS."""

    ConnectionCls = _EncryptedConnection
