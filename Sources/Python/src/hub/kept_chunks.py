"""What the cache keeps of one array, held against what the server has.

A kept file proves that it is what was written, but not that it belongs to its key: what answered
in the server's place once, or a record that says another thing, shows only when the server is
asked. Of a commit that is never done, so it is done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub import entity_tag
from hub.bulk import BulkReader, view_path
from hub.cache import Verification, open_cache
from hub.cache.chunk_cache import document_digest
from hub.cache.chunk_file import ChunkFile
from hub.cache.chunk_map import NOT_STORED, key_hash
from hub.cached_keys import CachedKeys, state_map_name
from hub.chunk_jobs import Coordinates
from hub.client import Client
from hub.errors import NotFound
from hub.pool import worked
from hub.progress import progress
from hub.reference import Reference
from hub.state import DESCRIPTION, METADATA, ArrayState, is_document, read_state, resolve

_PARALLEL_REQUESTS = 16


def verify_kept(
    client: Client, reference: Reference | str, show_progress: bool | None = None
) -> Verification:
    """Compares what is kept of an array with the server; what is wrong is removed, and asked anew.

    It takes a small request for each chunk that is kept. Chunks that the server decodes, or that
    were uploaded in parts, have tags that do not name their bytes: they are read once more. Of a
    pinned array what is gone counts as wrong. So if this is interrupted, the next one mends what
    is left, what was removed and did not come again included.

    Args:
        client: who asks.
        reference: the array. Of one that can change, chunks that others replaced meanwhile are not
            counted: they are asked for each time.
        show_progress: whether a bar shows how far it is; if None, on a terminal alone.

    Returns:
        How many documents and chunks were compared, and how many of them were wrong.

    Raises:
        NotFound: there is no such array.
        Offline: no request may be made.
        Unavailable: no whole answer came.
    """
    target = resolve(client, Reference.parse(reference))
    found = list(_compared_documents(client, target))
    state = read_state(client, target)
    comparison = _Comparison(state)
    try:
        with progress(f"verify {target.name} in the cache", 0, show_progress) as bar:
            places = map(tuple, client.occupancy(target))
            for _, one in worked(comparison.compare, places, _PARALLEL_REQUESTS):
                found.append(one)
                bar.update(one.bytes)
        comparison.refill()
        found += comparison.surplus()
    finally:
        comparison.flush()
    return Verification(sum(one.is_kept for one in found), sum(one.is_wrong for one in found))


@dataclass(frozen=True, slots=True)
class _Compared:
    """What came of one key: whether anything is kept of it, of how many bytes, and is wrong."""

    is_kept: bool = False
    is_wrong: bool = False
    bytes: int = 0


_NOT_KEPT = _Compared()
_LOST = _Compared(True, True)
"""What is to be kept, and is not there or cannot be read."""


def _compared_documents(client: Client, target: Reference) -> Iterator[_Compared]:
    """What is kept of what describes a commit; what is wrong is replaced."""
    if not target.is_immutable:
        return
    origin = client.transport.configuration.endpoint
    cache = open_cache(client.transport.configuration)
    is_pinned = cache.pins.get(state_map_name(origin, target)) is not None
    paths = {METADATA: view_path(f"{target}/{METADATA}"), DESCRIPTION: f"/v1/arrays/{target.path}"}
    for kind, path in paths.items():
        digest = document_digest(origin, kind, str(target))
        kept = cache.read(digest)
        if kept is None and not is_pinned:
            continue
        with client.about(target):
            document = client.transport.request("GET", path).data
        if not is_document(kind, document):
            raise client.no_nave(f"no {kind}", f"GET {path}")
        is_wrong = kept is None or kept.payload != document
        if is_wrong and not cache.write(digest, "", document):
            cache.remove(digest)
        yield _Compared(True, is_wrong, len(document))


class _Comparison:
    """Compares the chunks of one state; for any threads."""

    def __init__(self, state: ArrayState) -> None:
        self._state = state
        transport = state.client.transport
        self._cache = open_cache(transport.configuration)
        self._map = self._cache.map(state.map_name)
        self._keys = CachedKeys(
            state.client, state.target, state.document, state.metadata.chunk_bytes)
        self._reader = BulkReader(transport, state.metadata.chunk_bytes)
        pin = self._cache.pins.get(state.map_name)
        self._stored_count = None if pin is None else pin.chunks
        self._hashes: set[bytes] = set()
        self._removed: set[bytes] = set()
        """The files that went with keys whose chunks they are not."""

    def compare(self, place: Coordinates) -> _Compared:
        """Compares a chunk that the server has; one that is wrong comes anew."""
        key = self._state.metadata.key(place)
        self._hashes.add(key_hash(key))
        found = self._compared(key)
        if found.is_wrong:
            digest = self._map.get(key)
            # In this order, so that whoever misses the file learns why.
            if digest is not None and digest != NOT_STORED:
                self._removed.add(digest)
            self._keys.get_anew(key)
        return found

    def _compared(self, key: str) -> _Compared:
        digest = self._map.get(key, self._stored_count)
        if digest == NOT_STORED:
            return _LOST if self._state.is_immutable else _NOT_KEPT
        if digest is None or not self._cache.has(digest):
            # What went with another key is seen to behind all others.
            is_lost = self._stored_count is not None and digest not in self._removed
            return _LOST if is_lost else _NOT_KEPT
        kept = self._cache.read(digest)
        if kept is None:
            return _NOT_KEPT if digest in self._removed else _LOST
        is_right = self._is_right(key, kept)
        return _NOT_KEPT if is_right is None else _Compared(True, not is_right, len(kept.payload))

    def refill(self) -> None:
        """Has chunks come again whose files went because other keys named them, wrongly; for behind all
        others."""
        if not self._removed:
            return
        places = map(tuple, self._state.client.occupancy(self._state.target))
        for _ in worked(self._refill, places, _PARALLEL_REQUESTS):
            pass

    def _refill(self, place: Coordinates) -> None:
        key = self._state.metadata.key(place)
        digest = self._map.get(key, self._stored_count)
        if digest in self._removed and not self._cache.has(digest):
            self._keys.get(key)

    def surplus(self) -> Iterator[_Compared]:
        """Takes back what is recorded of keys that the server does not have; for behind all others.

        The files may be those of other keys. A list that is cut short makes nothing a fill value for
        good: it has as many keys as the description counts, or nothing is taken back.
        """
        if not self._state.is_immutable:
            return
        described = self._state.client.describe(self._state.target)
        if len(self._hashes) != described.chunks_stored:
            return
        for hashed, digest in self._map.records().items():
            if hashed not in self._hashes and digest != NOT_STORED:
                self._map.record_hashed(hashed, NOT_STORED)
                yield _Compared(True, True)

    def flush(self) -> None:
        """Sees to it that other processes know what was found."""
        self._keys.flush()

    def _is_right(self, key: str, kept: ChunkFile) -> bool | None:
        """Whether a file holds what the server has; None if that has become another thing."""
        if entity_tag.contradicts(kept.etag, kept.payload, None):
            return False
        path = f"{self._state.target}/{key}"
        try:
            answer = self._state.client.transport.request("HEAD", view_path(path))
        except NotFound:
            return False if self._state.is_immutable else None
        if answer.headers.get("etag", "").removeprefix("W/") != kept.etag:
            return False if self._state.is_immutable else None
        if "-" not in kept.etag:
            return True
        fetched = self._reader.get_by_transport(path)
        return fetched.is_coded or fetched.data == kept.payload
