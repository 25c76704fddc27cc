"""The chunks of one state of an array: from the cache or the server, several at once, decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.bulk import view_path
from hub.bundle import KEY_BYTES_MAX, KEYS_MAX, Halt
from hub.cached_keys import CachedKeys
from hub.client import Client
from hub.decoding import ChunkDecoder
from hub.description import Description
from hub.chunk_jobs import Coordinates, Job, run_jobs
from hub.errors import Conflict, IntegrityError
from hub.metadata import ArrayMetadata
from hub.reference import Reference
from hub.state import ArrayState, read_state

Buffer = bytes | memoryview
AnyArray = npt.NDArray[Any]

CONCURRENCY = 16
"""How many requests are on their way at once, if not said otherwise."""

BUNDLE_BYTES = 16 << 20
"""How much one request asks for at most, of the decoded chunks, where several are on their way. A
request takes 1 ms of a core here and as much of the server's, whatever it asks for (2026-11)."""

_LONE_BUNDLE_BYTES = 32 << 20
"""The same where one is on its way after another, and nobody waits for the last of several."""

_BUNDLED_BYTES_MAX = 4 << 20
"""The largest chunks, decoded, of which several are asked for in one request."""

_FIRST_BUNDLES_BYTES = 1 << 20
"""How much the first requests ask for, where several are on their way at once: so there are several
of a few chunks, too, and each that follows asks for more."""

_BUNDLES_AT_ONCE = 4

_LOOKED_UP_AT_ONCE = 64
"""Chunks that are looked for together, as others may have cached some: that takes system calls."""

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
            concurrency: how many requests are on their way at once, at most; of large ones fewer.
                With 1, everything is done in the caller's thread.

        Yields:
            The coordinates, and a read-only array of the full chunk shape, or None for a chunk
            that is not stored: its elements are the fill value.

        Raises:
            NotFound: the array or the commit was deleted meanwhile.
            Conflict: it was deleted and written in another layout meanwhile, or made smaller;
                raised behind the last chunk, so what was read before must not be used.
            IntegrityError: a chunk cannot be decoded.
            Offline: no request may be made, and the cache does not have a chunk.
            Unavailable: no whole answer came.
        """
        return self._in_parallel(self._decode, coordinates, concurrency)

    def fetch_bytes(
        self, coordinates: Iterable[Coordinates], concurrency: int = CONCURRENCY
    ) -> Iterator[tuple[Coordinates, Buffer | None]]:
        """Like `fetch`, but the chunks as they are stored."""
        return self._in_parallel(lambda _, stored: stored, coordinates, concurrency)

    def has(self, place: Coordinates) -> bool:
        """Whether a chunk is known without a request: the state is immutable and it is cached."""
        return self._keys.has([self.metadata.key(place)])[0]

    def _in_parallel(
        self,
        finish: Callable[[Coordinates, Buffer], Any],
        coordinates: Iterable[Coordinates],
        concurrency: int,
    ) -> Iterator[tuple[Coordinates, Any]]:
        halt = Halt()

        def load(job: Job) -> Iterator[tuple[Coordinates, Any]]:
            for place, stored in self._loaded(job, halt):
                yield place, None if stored is None else finish(place, stored)

        jobs = self._jobs(coordinates, is_growing=concurrency > 1)
        first = list(islice(jobs, 2))
        chunk_bytes = max(1, self.metadata.chunk_bytes)
        if self.is_bundled:
            concurrency = min(concurrency, _BUNDLES_AT_ONCE)
        else:
            concurrency = min(concurrency, max(_LARGE_CONCURRENCY, _BYTES_UNDER_WAY // chunk_bytes))
        try:
            if len(first) < 2 or concurrency < 2:
                for job in chain(first, jobs):
                    yield from load(job)
            else:
                waiting_max = max(1, _BYTES_WAITING_MAX // chunk_bytes)
                yield from run_jobs(load, chain(first, jobs), concurrency, waiting_max, halt)
        finally:
            self._keys.flush()
        if first and not self.state.is_immutable:
            self._check_layout()

    @property
    def is_bundled(self) -> bool:
        """Whether many chunks are asked for at once."""
        return self.metadata.chunk_bytes <= _BUNDLED_BYTES_MAX and self._keys.is_bundled

    def _jobs(self, coordinates: Iterable[Coordinates], is_growing: bool) -> Iterator[Job]:
        """What is done in one go: a chunk that is known or is large, or many that are asked for."""
        if not self.is_bundled:
            yield from ([(place, self.metadata.key(place))] for place in coordinates)
            return
        chunk_bytes = max(1, self.metadata.chunk_bytes)
        bundle_bytes = _FIRST_BUNDLES_BYTES if is_growing else _LONE_BUNDLE_BYTES
        bytes_max = BUNDLE_BYTES if is_growing else _LONE_BUNDLE_BYTES
        asked: Job = []
        key_bytes = 0
        for place, key, is_known in self._looked_up(coordinates):
            if is_known:
                yield [(place, key)]
                continue
            asked.append((place, key))
            key_bytes += len(key)
            is_full = (len(asked) + 1) * chunk_bytes > bundle_bytes
            if is_full or len(asked) == KEYS_MAX or key_bytes > KEY_BYTES_MAX:
                yield asked
                asked, key_bytes = [], 0
                bundle_bytes = min(bundle_bytes * 5 // 4, bytes_max)
        if asked:
            yield asked

    def _looked_up(
        self, coordinates: Iterable[Coordinates]
    ) -> Iterator[tuple[Coordinates, str, bool]]:
        """Chunks with their keys, and whether they are known without a request."""
        remaining = iter(coordinates)
        while places := list(islice(remaining, _LOOKED_UP_AT_ONCE)):
            keys = [self.metadata.key(place) for place in places]
            yield from zip(places, keys, self._keys.has(keys), strict=True)

    def _loaded(self, job: Job, halt: Halt) -> Iterator[tuple[Coordinates, Buffer | None]]:
        """The stored bytes of the chunks of a job; None where there are none."""
        if len(job) == 1:
            place, key = job[0]
            get = self._keys.get_alone if self.is_bundled else self._keys.get
            yield place, get(key)
            return
        found = self._keys.get_many([key for _, key in job], halt)
        with closing(found):
            for (place, _), stored in zip(job, found, strict=True):
                yield place, stored

    def _decode(self, place: Coordinates, stored: Buffer) -> AnyArray:
        try:
            return self._decoder.decode(stored)
        except IntegrityError as error:
            error.where = where = f"{self.state.reference}/{self.metadata.key(place)}"
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

    def _check_layout(self) -> None:
        """Sees that the chunks which were read belong to the `zarr.json` that was read.

        Raises:
            NotFound: the array is gone.
            Conflict: it has other chunks, codecs or types now, or was made smaller: what was cut
                off is read as the fill value, which nobody wrote there.
        """
        state = self.state
        path = view_path(f"{state.reference}/zarr.json")
        with state.client.about(state.target):
            answer = state.client.transport.request(
                "GET", path, headers={"If-None-Match": state.etag} if state.etag else None
            )
        if answer.status == 304:
            return
        now = ArrayMetadata.parse(answer.data, path)
        if now.layout != self.metadata.layout or len(now.shape) != len(self.metadata.shape):
            raise Conflict(
                f"{state.reference} was written in another layout while it was read.",
                where=path, hint="Read it again.",
            )
        if any(extent < read for extent, read in zip(now.shape, self.metadata.shape, strict=True)):
            raise Conflict(
                f"{state.reference} was made smaller while it was read: {now.shape}, not"
                f" {self.metadata.shape}.", where=path, hint="Read it again.",
            )


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
