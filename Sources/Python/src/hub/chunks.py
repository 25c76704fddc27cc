"""The chunks of one state of an array: from the cache or the server, several at once, decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import chain, islice
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.bulk import view_path
from hub.cached_keys import CachedKeys
from hub.client import Client
from hub.decoding import ChunkDecoder
from hub.description import Description
from hub.errors import Conflict, IntegrityError
from hub.metadata import ArrayMetadata
from hub.reference import Reference
from hub.state import ArrayState, read_state

Coordinates = tuple[int, ...]
AnyArray = npt.NDArray[Any]

CONCURRENCY = 16
"""How many chunks are on their way at once, if not said otherwise."""

_BYTES_UNDER_WAY = 4 << 20
_LARGE_CONCURRENCY = 4
"""Of large chunks so many bytes, but at least so many chunks, are on their way at once: 16 of 1 MiB
were no faster than 4 beside a server on the same two cores (2026-11)."""

_BYTES_WAITING_MAX = 512 << 20
"""How much of decoded chunks waits to be taken, beside one of any size."""


def open_source(
    client: Client, reference: Reference | str, description: Description | None = None
) -> ChunkSource:
    """The chunks of what a reference is just now.

    Args:
        client: who asks.
        reference: an array, by its tag or its digest.
        description: what is known of it already; only a hint, since it may be of another moment.

    Raises:
        NotFound: there is no such array.
        Offline: no request may be made, and the cache does not have it.
    """
    return ChunkSource(read_state(client, Reference.parse(reference)))


class ChunkSource:
    """Reads chunks of one state; picklable, for any threads and any processes, forked ones too.

    Attributes:
        state: what is read.
    """

    def __init__(self, state: ArrayState) -> None:
        self.state = state
        self._decoder = ChunkDecoder(state.metadata)
        self._keys = CachedKeys(
            state.client, state.target, state.document, state.metadata.chunk_bytes
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return ChunkSource, (self.state,)

    @property
    def metadata(self) -> ArrayMetadata:
        """The grid, type, fill value and codecs of the array."""
        return self.state.metadata

    def fetch(
        self, coordinates: Iterable[Coordinates], concurrency: int = CONCURRENCY
    ) -> Iterator[tuple[Coordinates, AnyArray | None]]:
        """Decoded chunks, in the order in which they come.

        Args:
            coordinates: the number of each chunk along each axis.
            concurrency: how many are on their way at once, at most; of large ones fewer.

        Yields:
            The coordinates, and a read-only array of the full chunk shape, or None for a chunk
            that is not stored: its elements are the fill value.

        Raises:
            NotFound: the array or the commit was deleted meanwhile.
            Conflict: it was deleted and written in another layout meanwhile.
            IntegrityError: a chunk cannot be decoded.
            Offline: no request may be made, and the cache does not have a chunk.
            Unavailable: no whole answer came.
        """
        return self._in_parallel(self._decoded, coordinates, concurrency)

    def fetch_bytes(
        self, coordinates: Iterable[Coordinates], concurrency: int = CONCURRENCY
    ) -> Iterator[tuple[Coordinates, bytes | None]]:
        """Like `fetch`, but the chunks as they are stored."""
        return self._in_parallel(self._stored, coordinates, concurrency)

    def has(self, place: Coordinates) -> bool:
        """Whether a chunk is known without a request: the state is immutable and it is cached."""
        return self._keys.has(self.metadata.key(place))

    def _in_parallel(
        self,
        load: Callable[[Coordinates], Any],
        coordinates: Iterable[Coordinates],
        concurrency: int,
    ) -> Iterator[tuple[Coordinates, Any]]:
        places = iter(coordinates)
        first = list(islice(places, 2))
        chunk_bytes = max(1, self.metadata.chunk_bytes)
        concurrency = min(concurrency, max(_LARGE_CONCURRENCY, _BYTES_UNDER_WAY // chunk_bytes))
        try:
            if len(first) < 2 or concurrency < 2:
                for place in chain(first, places):
                    yield place, load(place)
            else:
                waiting_max = max(1, _BYTES_WAITING_MAX // chunk_bytes)
                yield from _loaded(load, chain(first, places), concurrency, waiting_max)
        finally:
            self._keys.flush()
        if first and not self.state.is_immutable:
            self._check_layout()

    def _decoded(self, place: Coordinates) -> AnyArray | None:
        stored = self._stored(place)
        if stored is None:
            return None
        where = f"{self.state.reference}/{self.metadata.key(place)}"
        try:
            return self._decoder.decode(stored, where)
        except IntegrityError:
            if not self.state.is_immutable:
                self._check_layout()
            again = self._stored_anew(place)
            if again is None or again == stored:
                raise
        return self._decoder.decode(again, where)

    def _stored_anew(self, place: Coordinates) -> bytes | None:
        """A chunk's bytes from the server, which the cache may have wrong; None offline."""
        if self.state.client.transport.configuration.offline:
            return None
        return self._keys.get_anew(self.metadata.key(place))

    def _stored(self, place: Coordinates) -> bytes | None:
        """A chunk's stored bytes, or None where there are none."""
        return self._keys.get(self.metadata.key(place))

    def _check_layout(self) -> None:
        """Sees that the chunks which were read belong to the `zarr.json` that was read.

        Raises:
            NotFound: the array is gone.
            Conflict: it has other chunks, codecs or types now.
        """
        state = self.state
        path = view_path(f"{state.reference}/zarr.json")
        with state.client.about(state.target):
            answer = state.client.transport.request(
                "GET", path, headers={"If-None-Match": state.etag} if state.etag else None
            )
        if answer.status == 304:
            return
        if ArrayMetadata.parse(answer.data, path).layout != self.metadata.layout:
            raise Conflict(
                f"{state.reference} was written in another layout while it was read.",
                where=path, hint="Read it again.",
            )


def _loaded(
    load: Callable[[Coordinates], Any],
    places: Iterator[Coordinates],
    concurrency: int,
    waiting_max: int,
) -> Iterator[tuple[Coordinates, Any]]:
    """Results of threads in the order in which they come.

    Of those that are loaded or being loaded there are at most `waiting_max`, and at most twice
    `concurrency`.
    """
    results: SimpleQueue[tuple[Coordinates, Any, BaseException | None]] = SimpleQueue()
    context = copy_context()

    def run(place: Coordinates) -> None:
        try:
            results.put((place, load(place), None))
        except BaseException as error:
            results.put((place, None, error))

    pool = ThreadPoolExecutor(min(concurrency, waiting_max), thread_name_prefix="hub-chunks")
    pending = 0
    try:
        for place in islice(places, min(2 * concurrency, waiting_max)):
            pool.submit(context.copy().run, run, place)
            pending += 1
        while pending:
            place, result, error = results.get()
            pending -= 1
            if error is not None:
                raise error
            for following in islice(places, 1):
                pool.submit(context.copy().run, run, following)
                pending += 1
            yield place, result
    finally:
        # Those under way end by themselves; nobody waits for them, so Ctrl-C does not either.
        pool.shutdown(wait=False, cancel_futures=True)


def read_all(source: ChunkSource, concurrency: int = CONCURRENCY) -> AnyArray:
    """The whole array of a source in memory."""
    metadata = source.metadata
    result = np.empty(metadata.shape, metadata.dtype)
    for place, chunk in source.fetch(np.ndindex(metadata.grid_shape), concurrency):
        region = tuple(
            slice(at * extent, min((at + 1) * extent, whole))
            for at, extent, whole in zip(place, metadata.chunk_shape, metadata.shape, strict=True)
        )
        target = result[region]
        target[...] = (
            metadata.fill if chunk is None else chunk[tuple(map(slice, target.shape))]
        )
    return result
