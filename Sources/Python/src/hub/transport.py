"""Requests to the server: signed, pooled, repeated where that is safe, counted in traces.

Invariants:
    - A connection is used only by the process that opened it: pools are kept under the process id,
      which is compared at every use, so a forked child begins with connections of its own.
    - An answer is given out whole or not at all; one that ends early is asked for again.
    - A request that may have changed something is repeated only if repeating it does no harm, or if
      nothing of it was sent.
    - A connection that the server closed while nobody used it costs none of the repetitions.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import urllib3

from hub import signing, tracing
from hub.configuration import Configuration
from hub.connection import EncryptedPool, PlainPool
from hub.content_coding import CONTENT_BYTES_MAX, content_of
from hub.errors import Denied, HubError, Invalid, Offline, Unavailable
from hub.refusal import refusal
from hub.repetition import Repeat, explained, is_closed_meanwhile, may_repeat
from hub.stream import Stream, read_beginning, read_into, translated

Buffer = bytes | memoryview
Body = Buffer | Sequence[Buffer]
Answer = TypeVar("Answer")
_SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "OPTIONS"})
MEDDLED = "Something between may answer for the server: `hub doctor` looks."
"""What to do where something answered that is no Nave server."""
# With these the server says that it has done nothing, and that the same may be asked again.
_UNDONE = frozenset({"array_changing", "overloaded", "version_changing"})
_REFUSAL_BYTES_MAX = 1 << 20
_CONNECT_SECONDS_MAX = 10.0
_PAUSE_SECONDS = 0.1
_PAUSE_SECONDS_MAX = 5.0
_CONNECTIONS_MAX = 64

# A parent's connections in a forked child. They are not used, and not collected either: that takes
# the pool's lock, which another thread of the parent may have held when it was forked.
_inherited: list[urllib3.HTTPConnectionPool] = []


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer with a status below 400; `data` is empty if it was read into a buffer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Transport:
    """Sends requests of one configuration; may be used by any threads and be pickled."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        parts = urlsplit(configuration.endpoint)
        self._is_encrypted = parts.scheme == "https"
        self._prefix = parts.path.rstrip("/")
        self._host = _host_header(parts.hostname or "", parts.port, self._is_encrypted)
        self._pool: tuple[int, urllib3.HTTPConnectionPool] | None = None

    def __getstate__(self) -> Configuration:
        return self.configuration

    def __setstate__(self, configuration: Configuration) -> None:
        Transport.__init__(self, configuration)

    def request(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        repeat: Repeat | None = None,
        timeout_seconds: float | None = None,
        content_bytes_max: int = CONTENT_BYTES_MAX,
    ) -> Response:
        """Sends a request and reads the whole answer, without the content coding that it has.

        Args:
            method: the HTTP method in capitals.
            path: the path, percent-encoded; `Reference.path` is a part of one.
            query: parameters, not encoded.
            headers: others than those of the signature.
            body: bytes, or pieces of them that are sent one behind the other.
            repeat: `safe` if the request may be sent twice, which is the default for `GET`, `HEAD`
                and `PUT`; `unopened`, the default of the others, if it may not.
            timeout_seconds: how long to wait for the answer, if not as configured.
            content_bytes_max: how long an answer may be that came with a content coding; others are
                as long as what came.

        Raises:
            HubError: the server refused (see `refusal`), or no whole answer came (`Unavailable`).
        """
        call = self._call(method, path, query, headers, body, repeat, timeout_seconds)
        return self._repeated(call, lambda: self._once(call, None, content_bytes_max))

    def receive(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        buffer: Callable[[Mapping[str, str]], memoryview],
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        repeat: Repeat = "safe",
        timeout_seconds: float | None = None,
    ) -> Response:
        """Like `request`, but reads the answer into memory that `buffer` gives for its headers.

        The answer must have exactly as many bytes as the buffer. A repetition asks for a buffer
        again.
        """
        call = self._call(method, path, query, headers, body, repeat, timeout_seconds)
        return self._repeated(call, lambda: self._once(call, buffer, CONTENT_BYTES_MAX))

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        repeat: Repeat | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[Stream]:
        """Opens an answer that is read as it comes; only the opening is repeated.

        The connection is used again only if the answer was read to its end.
        """
        call = self._call(method, path, query, headers, body, repeat, timeout_seconds)
        response = self._repeated(call, lambda: self._opened(call))
        started = time.perf_counter()
        try:
            yield Stream(call.where, response)
        finally:
            seconds = time.perf_counter() - started
            tracing.record(method, call.path, response.status, seconds, sent=call.body_bytes,
                           received=response.tell())
            if response.length_remaining == 0:
                response.release_conn()
            else:
                response.close()

    # Below: one call, its attempts and what becomes of their failures.

    def _call(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        headers: Mapping[str, str] | None,
        body: Body | None,
        repeat: Repeat | None,
        timeout_seconds: float | None,
    ) -> _Call:
        where = f"{method} {self.configuration.endpoint}{unquote(path)}"
        if self.configuration.offline:
            raise Offline(
                "No request may be made: this is offline.",
                where=where,
                hint="Read what is pinned by its digest, or configure offline=False.",
            )
        pieces = [body] if isinstance(body, (bytes, memoryview)) else list(body or ())
        return _Call(
            method, self._prefix + path, signing.query_text(query), dict(headers or {}),
            [memoryview(piece).cast("B") if len(piece) else memoryview(b"") for piece in pieces],
            where, repeat or ("safe" if method in _SAFE_METHODS else "unopened"),
            timeout_seconds or self.configuration.timeout_seconds,
        )

    def _repeated(self, call: _Call, attempt: Callable[[], Answer]) -> Answer:
        patience = pauses(self.configuration.retries)
        pause = next(patience)
        closed = 0
        while True:
            started = time.perf_counter()
            try:
                return attempt()
            except HubError as error:
                tracing.record(call.method, call.path, error.status or 0,
                               time.perf_counter() - started, sent=call.body_bytes)
                closed += is_closed_meanwhile(error, call.repeat)
                if is_closed_meanwhile(error, call.repeat) and closed <= _CONNECTIONS_MAX:
                    continue
                if pause is None or not may_repeat(error, call.repeat):
                    raise self._remarked(explained(error, call.repeat)) from error.__cause__
            time.sleep(pause)
            pause = next(patience)

    def _once(
        self,
        call: _Call,
        buffer: Callable[[Mapping[str, str]], memoryview] | None,
        content_bytes_max: int,
    ) -> Response:
        started = time.perf_counter()
        response = self._opened(call)
        is_whole = False
        try:
            with translated(call.where):
                if buffer is None or call.method == "HEAD":
                    data = response.read(decode_content=False)
                    received = len(data)
                    data = content_of(
                        data, response.headers, call.where, content_bytes_max)
                else:
                    data = b""
                    received = _fill(call, response, buffer(response.headers))
            is_whole = True
        finally:
            # Whatever came between, Ctrl-C too: half an answer must not stay in the connection.
            if is_whole:
                response.release_conn()
            else:
                response.close()
        seconds = time.perf_counter() - started
        tracing.record(call.method, call.path, response.status, seconds, sent=call.body_bytes,
                       received=received)
        return Response(response.status, response.headers, data)

    def _opened(self, call: _Call) -> urllib3.BaseHTTPResponse:
        """Sends a request and reads the head of the answer, which is no refusal."""
        headers = call.headers | self._signature(call)
        headers["Accept-Encoding"] = call.headers.get("Accept-Encoding", "identity")
        if call.body or call.method in ("PUT", "POST", "PATCH"):
            headers["Content-Length"] = str(call.body_bytes)
        target = call.path + (f"?{call.query}" if call.query else "")
        connect = min(call.timeout_seconds, _CONNECT_SECONDS_MAX)
        # urllib3 sends any pieces that sockets take, but its types name bytes alone.
        body: Any = iter(call.body) if call.body else None
        with translated(call.where):
            response = self._current_pool().urlopen(
                call.method, target, headers=headers, body=body,
                retries=False, redirect=False, preload_content=False, decode_content=False,
                timeout=urllib3.Timeout(connect=connect, read=call.timeout_seconds),
            )
            if response.status < 400:
                _check_redirection(call, response)
                _check_status(call, response)
                _check_length(call, response)
                return response
            data = read_beginning(response, _REFUSAL_BYTES_MAX)
            data = content_of(data, response.headers, call.where, _REFUSAL_BYTES_MAX)
        raise refusal(call.where, response.status, response.headers, data)

    def _remarked(self, error: HubError) -> HubError:
        """A failure with what there is to say of the keys, if it may be about them."""
        if isinstance(error, Denied) and error.hint:
            error.hint = " ".join([error.hint, *self.configuration.remarks])
        return error

    def _signature(self, call: _Call) -> dict[str, str]:
        ours = self.configuration
        if ours.is_anonymous:
            return {}
        if not ours.secret_key:
            source = ours.sources.get("access_key", "argument")
            raise Denied(f"The access key {ours.access_key} (from {source}) has no secret key.",
                         where=call.where, hint="`hub doctor` tells where they came from.")
        payload = signing.UNSIGNED_PAYLOAD
        if not self._is_encrypted:
            payload = signing.payload_digest(call.body) if call.body else signing.EMPTY_PAYLOAD
        return signing.signed_headers(
            call.method, self._host, call.path, call.query, call.headers, payload,
            access_key=ours.access_key, secret_key=ours.secret_key, region=ours.region,
            time=datetime.now(UTC),
        )

    def _authorities(self, path: str) -> str:
        if not os.path.exists(path):
            source = self.configuration.sources.get("verify", "verify")
            raise Invalid(f"There is no file of authorities {path} (from {source}).")
        return path

    def _current_pool(self) -> urllib3.HTTPConnectionPool:
        """This process's connections. Two threads may each make a pool at first: both work."""
        kept = self._pool
        if kept is not None:
            if kept[0] == os.getpid():
                return kept[1]
            _inherited.append(kept[1])
        parts = urlsplit(self.configuration.endpoint)
        options: dict[str, Any] = {"maxsize": _CONNECTIONS_MAX, "block": False}
        verify = self.configuration.verify
        if self._is_encrypted:
            options["cert_reqs"] = "CERT_REQUIRED" if verify else "CERT_NONE"
            if isinstance(verify, str):
                options["ca_certs"] = self._authorities(verify)
        kind = EncryptedPool if self._is_encrypted else PlainPool
        pool = kind(parts.hostname or "", parts.port, **options)
        self._pool = (os.getpid(), pool)
        return pool


@dataclass(frozen=True, slots=True)
class _Call:
    """One request as it is sent, however often."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: list[memoryview]
    where: str
    repeat: Repeat
    timeout_seconds: float

    @property
    def body_bytes(self) -> int:
        return sum(piece.nbytes for piece in self.body)


def pauses(repetitions: int) -> Iterator[float | None]:
    """The seconds to wait behind each attempt, growing and jittered; `None` behind the last."""
    for number in range(repetitions):
        yield min(_PAUSE_SECONDS * 2**number, _PAUSE_SECONDS_MAX) * random.uniform(0.5, 1.0)
    yield None


def _check_redirection(call: _Call, response: urllib3.BaseHTTPResponse) -> None:
    """Refuses to be sent elsewhere: the signature is for this server alone."""
    if 300 <= response.status < 400 and response.status != 304:
        target = response.headers.get("Location", "nowhere")
        response.close()
        raise Invalid(
            f"The endpoint sends to another place: {target}.", where=call.where,
            status=response.status, hint="Configure the endpoint that it sends to.")


def _check_status(call: _Call, response: urllib3.BaseHTTPResponse) -> None:
    """Refuses a success that no answer to this request can be, so that nobody takes it for one."""
    asked = {name.lower() for name in call.headers}
    is_possible = response.status in (200, 201) or {
        204: call.method == "DELETE", 206: "range" in asked, 304: "if-none-match" in asked,
    }.get(response.status, False)
    if not is_possible:
        response.close()
        raise Unavailable(
            f"What came is no answer to this request: its status is {response.status}.",
            where=call.where, hint=MEDDLED)


def _check_length(call: _Call, response: urllib3.BaseHTTPResponse) -> None:
    """Sees that the end of an answer can be told from a connection that broke.

    Source: RFC 9112, section 6.3, "Message Body Length".
    """
    known = {"content-length", "transfer-encoding"} & {name.lower() for name in response.headers}
    if not known and call.method != "HEAD" and response.status not in (204, 304):
        response.close()
        raise Unavailable(
            "The answer's head does not say how long it is.", where=call.where, hint="Try again.")


def _fill(call: _Call, response: urllib3.BaseHTTPResponse, buffer: memoryview) -> int:
    """Reads an answer that must fill the buffer exactly."""
    count = read_into(response, buffer)
    if count < buffer.nbytes or response.read(1, decode_content=False):
        raise Unavailable(
            f"The answer has another length than {buffer.nbytes} bytes.",
            where=call.where,
            hint="Try again.",
        )
    return count


def _host_header(host: str, port: int | None, is_encrypted: bool) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port in (None, 443 if is_encrypted else 80) else f"{name}:{port}"
