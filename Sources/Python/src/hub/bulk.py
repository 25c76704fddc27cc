"""Whole objects of the Zarr view, one by one: by obstore where it may be used, else by urllib3.

Many chunks of an array are read otherwise, in one answer (`bundle`). This is for chunks too large to
be bundled, for stores of zarr-python, and for servers without that resource; for a single chunk
beside those answers, by urllib3.

obstore is not safe after a fork: once a process has used it, each use in a forked child hangs for
ever. So it is used only by the process in which this module loaded it. Where somebody else loaded
it before, nobody can say in which process, and urllib3 does the work, which is right everywhere
and a little slower.

What obstore does not answer with an object, "not changed" or "no such chunk" is asked again through
`Transport`, which repeats what can be repeated and knows what the server's refusals mean.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote

from hub import entity_tag, tracing
from hub.configuration import Configuration
from hub.content_coding import CONTENT_BYTES_MAX
from hub.errors import NotFound
from hub.transport import Transport

_CONNECT_SECONDS_MAX = 10
_LARGE_BYTES = 1 << 20
"""From here on urllib3 is as fast, and takes half of obstore's CPU time (1 MB chunks: 0.25 s
against 0.45 s for 250 MB with decoding; 16 kB chunks: 0.8 s against 0.3 s for 32 MB; two cores,
2026-11)."""

_CHUNK_MISSING = '"chunk_missing"'
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")

_loaded_by: int | None = None
"""The process in which this module loaded obstore."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer about one key.

    Attributes:
        status: 200 with the object, 304 if it is still the one with the entity tag that was
            given, 404 if there is no such chunk.
        etag: the object's entity tag, with quotation marks; "" if there is none.
        data: the whole object; empty unless the status is 200.
        is_coded: whether it was stored with a content coding: the tag is that of the coded bytes.
    """

    status: Literal[200, 304, 404]
    etag: str = ""
    data: bytes = b""
    is_coded: bool = False


class BulkReader:
    """Reads objects of the Zarr view; picklable, for any threads and processes.

    Args:
        transport: asks what obstore does not answer.
        bytes_expected: about how large the objects are; 0 if unknown.
    """

    def __init__(self, transport: Transport, bytes_expected: int = 0) -> None:
        self._transport = transport
        self._bytes_expected = bytes_expected
        # Of texts, nobody knows how long they are.
        self._content_bytes_max = max(CONTENT_BYTES_MAX, 4 * bytes_expected)
        self._opened: tuple[int, Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return BulkReader, (self._transport, self._bytes_expected)

    def get(self, path: str, etag: str = "") -> Fetched:
        """Reads one object.

        Args:
            path: reference and key, such as `test/x:v1/c/0/0`, not encoded.
            etag: an entity tag; if the object has it still, nothing is sent.

        Raises:
            HubError: the server refused, or no whole answer came.
        """
        store = self._store()
        if store is not None:
            fetched = _by_obstore(store, path, etag)
            if fetched is not None:
                return fetched
        return self.get_by_transport(path, etag)

    def get_by_transport(self, path: str, etag: str = "") -> Fetched:
        """Like `get`, with urllib3, and without the content coding that an object was stored with."""
        headers = {"If-None-Match": etag} if etag else None
        try:
            answer = self._transport.request(
                "GET", view_path(path), headers=headers, content_bytes_max=self._content_bytes_max)
        except NotFound as error:
            if error.code == "chunk_missing":
                return Fetched(404)
            raise
        if answer.status == 304:
            return Fetched(304, etag)
        is_coded = answer.headers.get("content-encoding", "identity") != "identity"
        return Fetched(200, answer.headers.get("etag", ""), answer.data, is_coded)

    def _store(self) -> Any:
        """obstore's store in this process, or None where it must not be used."""
        if self._bytes_expected >= _LARGE_BYTES:
            return None
        process = os.getpid()
        if self._opened is None or self._opened[0] != process:
            self._opened = (process, _open_store(self._transport.configuration))
        return self._opened[1]


def view_path(path: str) -> str:
    """The path of a request for an object of the Zarr view, percent-encoded."""
    return f"/v1/zarr/{quote(path, safe='/~')}"


def _load_obstore() -> bool:
    """Whether obstore may be used in this process; loads it if nobody did."""
    global _loaded_by
    if _loaded_by is None:
        if "obstore" in sys.modules:
            return False
        import obstore  # noqa: F401

        _loaded_by = os.getpid()
    return _loaded_by == os.getpid()


def _open_store(configuration: Configuration) -> Any:
    """A store whose keys are paths of the Zarr view, or None."""
    # Transport asks no proxy, so neither may this; and no request at all may leave when offline.
    if configuration.offline or any(_is_set(name) for name in _PROXY_VARIABLES):
        return None
    if not _load_obstore():
        return None
    from obstore.store import S3Store

    try:
        return S3Store(
            "zarr", endpoint=f"{configuration.endpoint}/v1", region=configuration.region,
            virtual_hosted_style_request=False, **_keys(configuration),
            client_options=_client_options(configuration),
            # What fails twice is asked again by Transport, with its own patience.
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=5)},
        )
    except Exception:
        # Settings that this version of obstore does not know.
        return None


def _keys(configuration: Configuration) -> dict[str, Any]:
    if configuration.is_anonymous:
        return {"skip_signature": True}
    return {
        "access_key_id": configuration.access_key, "secret_access_key": configuration.secret_key,
    }


def _client_options(configuration: Configuration) -> Any:
    seconds = configuration.timeout_seconds
    options: dict[str, Any] = {
        "allow_http": configuration.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=min(seconds, _CONNECT_SECONDS_MAX)),
        "read_timeout": timedelta(seconds=seconds),
        # For the whole of a chunk of any size; what stands still is ended by the one before.
        "timeout": timedelta(hours=1),
    }
    if isinstance(configuration.verify, str):
        with open(configuration.verify, "rb") as file:
            options["root_certificate"] = file.read()
    elif not configuration.verify:
        options["allow_invalid_certificates"] = True
    return options


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(name.upper()))


def _by_obstore(store: Any, path: str, etag: str) -> Fetched | None:
    """What obstore says, or None if Transport should be asked."""
    import obstore
    from obstore.exceptions import NotModifiedError

    started = time.perf_counter()
    options: Any = {"if_none_match": etag} if etag else {}
    try:
        result = obstore.get(store, path, options=options)
        tag = str(result.meta["e_tag"] or "")
        if not entity_tag.is_known(tag) or "Content-Encoding" in result.attributes:
            # It follows where it is sent to, and undoes no coding: Transport does it right.
            return None
        fetched = Fetched(200, tag, bytes(result.bytes()))
    except NotModifiedError:
        fetched = Fetched(304, etag)
    except FileNotFoundError as error:
        if _CHUNK_MISSING not in str(error):
            return None
        fetched = Fetched(404)
    except Exception:
        return None
    if tracing.is_active():
        seconds = time.perf_counter() - started
        tracing.record(
            "GET", view_path(path), fetched.status, seconds, received=len(fetched.data)
        )
    return fetched
