"""Many chunks in one answer: what `POST /v1/chunks` sends, read as it comes.

An answer is one frame after another, in the order of the keys. Integers are little-endian.

    offset  size  field         meaning
         0     2  status        200; 404: not stored; 304: still what the client has
         2     2  etagBytes     length of the entity tag
         4     2  codingBytes   length of the content coding that it was stored with, mostly 0
         6     2  reserved      0
         8     8  payloadBytes  length of the payload
        16     …  entity tag, content coding, payload
         …     4  checksum      of a checked answer alone: CRC-32C of the payload, of what is before
                                it, and of the chunk's path: the reference, a slash, and the key

Servers that know no checked answers give others, in which nothing says what chunk a frame is.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from hub.errors import NotFound, Unavailable
from hub.reference import Reference
from hub.stream import Stream
from hub.transport import Transport

KEYS_MAX = 1024
"""How many chunks the server gives in one answer."""

KEY_BYTES_MAX = 100_000
"""How long the keys of a request are together, at most; entity tags take as much again."""

_FIELDS = struct.Struct("<HHHHQ")
_CHECKED = "application/vnd.nave.checked-chunks"
_PLAIN = "application/vnd.nave.chunks"
_ACCEPT = f"{_CHECKED}, {_PLAIN};q=0.5"
_CHECKSUM_BYTES = 4
_ROUTE_MISSING = "route_missing"
_LOOK_AGAIN_SECONDS = 600.0

_without: dict[str, float] = {}
"""When servers that have no such resource were asked last, by endpoint."""


class Frame(NamedTuple):
    """What comes before a payload.

    Attributes:
        status: 200, 304 or 404.
        etag: the entity tag, with quotation marks; "" if there is none.
        coding: the content coding that the chunk was stored with; "" for nearly all.
        payload_bytes: the length of what follows.
        head: all these as they came.
    """

    status: int
    etag: str
    coding: str
    payload_bytes: int
    head: bytes = b""


class CutShort(Exception):
    """An answer ended, or became none, behind some of its frames; `cause` says how."""

    def __init__(self, cause: Unavailable) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Halt:
    """Ends answers that other threads read: they wake, and their connections are closed."""

    def __init__(self) -> None:
        self.is_called = False
        self._streams: list[Stream] = []

    def add(self, stream: Stream) -> None:
        """Has a stream ended as well, at once if `call` was called before."""
        self._streams.append(stream)
        if self.is_called:
            stream.close()

    def remove(self, stream: Stream) -> None:
        """Forgets a stream that is at its end."""
        self._streams.remove(stream)

    def call(self) -> None:
        """Ends what is being read, and what will be."""
        self.is_called = True
        for stream in list(self._streams):
            stream.close()


class Unbundled(Exception):
    """The server has no such resource: chunks are to be asked for one by one."""


class Bundle:
    """An answer that is being read: each frame, and behind it from `stream` its payload and checksum.

    Attributes:
        checksum_bytes: how long the checksum behind each payload is; 0 if there is none.
    """

    def __init__(self, stream: Stream, where: str, *, is_checked: bool) -> None:
        self.stream = stream
        self.where = where
        self.checksum_bytes = _CHECKSUM_BYTES if is_checked else 0

    def next(self) -> Frame:
        """The next frame, when all of the one before was read.

        Raises:
            Unavailable: the connection broke, or what came is no frame.
        """
        fields = bytearray(_FIELDS.size)
        self.stream.fill(memoryview(fields))
        status, etag_bytes, coding_bytes, reserved, payload_bytes = _FIELDS.unpack(fields)
        texts = bytearray(etag_bytes + coding_bytes)
        if texts:
            self.stream.fill(memoryview(texts))
        rest = self.stream.remaining
        is_sound = status == 200 or status in (304, 404) and not payload_bytes
        is_sound = is_sound and not reserved and texts.isascii()
        if not is_sound or rest is None or payload_bytes + self.checksum_bytes > rest:
            raise Unavailable(
                "The answer is not in frames of chunks.", where=self.where, hint="Try again.")
        text = texts.decode("ascii")
        head = bytes(fields + texts)
        return Frame(status, text[:etag_bytes], text[etag_bytes:], payload_bytes, head)


@contextmanager
def opened_bundle(
    transport: Transport,
    target: Reference,
    keys: Sequence[str],
    etags: Sequence[str],
    halt: Halt,
) -> Iterator[Bundle]:
    """Asks for chunks; only the asking is repeated.

    The connection is used again only if the answer was read to its end.

    Args:
        keys: as they follow the reference in the Zarr view, at most `KEYS_MAX`.
        etags: for each key the entity tag of what is known of it, or "".
        halt: may end it from another thread.

    Raises:
        Unbundled: the server does not have the resource.
        CutShort: something else came.
        HubError: the server refused, or could not be reached.
    """
    request: dict[str, Sequence[str | None]] = {"keys": keys}
    if any(etags):
        request["entity_tags"] = [etag or None for etag in etags]
    body = json.dumps(request, separators=(",", ":")).encode()
    path = f"/v1/chunks/{target.path}"
    headers = {"Content-Type": "application/json", "Accept": _ACCEPT}
    endpoint = transport.configuration.endpoint
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(
                transport.stream("POST", path, headers=headers, body=body, repeat="safe"))
        except NotFound as error:
            if error.code != _ROUTE_MISSING:
                raise
            _without[endpoint] = time.monotonic()
            raise Unbundled from error
        where = f"POST {endpoint}{path}"
        kind = stream.headers.get("content-type")
        if kind not in (_CHECKED, _PLAIN):
            raise CutShort(Unavailable(
                "What came in place of chunks is something else.", where=where,
                hint="Something between may answer for the server: `hub doctor` looks."))
        halt.add(stream)
        stack.callback(halt.remove, stream)
        yield Bundle(stream, where, is_checked=kind == _CHECKED)


def has_bundles(transport: Transport) -> bool:
    """Whether a server is asked for many chunks at once: it did not say lately that it cannot."""
    asked = _without.get(transport.configuration.endpoint)
    return asked is None or asked + _LOOK_AGAIN_SECONDS < time.monotonic()
