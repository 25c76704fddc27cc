"""Fills the cache ahead of time, and keeps states of arrays that are to be read offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.cache import open_cache
from hub.cache.pins import Pin
from hub.chunk_jobs import Coordinates
from hub.chunks import CONCURRENCY, ChunkSource
from hub.client import Client
from hub.errors import Invalid, Unavailable
from hub.progress import progress
from hub.reference import Reference
from hub.state import ArrayState, read_state, resolve


@dataclass(frozen=True, slots=True)
class Prefetched:
    """What the cache has now.

    Attributes:
        reference: what was read, with its digest if it has one.
        chunks: how many stored chunks.
        bytes: their length, as they are stored.
    """

    reference: str
    chunks: int
    bytes: int


def prefetch(
    client: Client,
    reference: Reference | str,
    coordinates: Iterable[Coordinates] | None = None,
    show_progress: bool | None = None,
    concurrency: int = CONCURRENCY,
) -> Prefetched:
    """Brings chunks into the cache.

    Args:
        client: who asks.
        reference: the array.
        coordinates: the chunks, by their number along each axis; all that are stored if None.
        show_progress: whether a bar shows how far it is; if None, on a terminal alone.
        concurrency: how many are on their way at once.

    Raises:
        NotFound: there is no such array.
        Unavailable: no whole answer came.
    """
    state = read_state(client, Reference.parse(reference))
    return _prefetch(state, coordinates, show_progress, concurrency)


def pin(client: Client, reference: Reference | str, show_progress: bool | None = None) -> Reference:
    """Brings all of an array into the cache and keeps it there, so that it is read offline.

    Returns:
        What was pinned, with its digest.

    Raises:
        Invalid: it can change, since it was neither committed nor sealed; or it is larger than
            the cache may be.
        Unavailable: the cache could not keep all of it.
    """
    state = read_state(client, Reference.parse(reference))
    if not state.is_immutable:
        raise Invalid(
            f"{reference} can change at any time, so that it cannot be pinned.",
            hint="Commit or seal it, and pin it then.",
        )
    cache = open_cache(client.transport.configuration)
    description = state.description
    if description.bytes_stored > cache.bytes_max:
        raise Invalid(
            f"{reference} has {description.bytes_stored:,} bytes, and the cache keeps"
            f" {cache.bytes_max:,}.", hint="Configure a larger cache_bytes_max.",
        )
    # Pinned before it is there, so that no eviction takes away what just came, also if this is
    # interrupted and begun again.
    _write_pin(state, None)
    done = _prefetch(state, None, show_progress, CONCURRENCY)
    stored = cache.map(state.map_name).count_stored()
    if stored < done.chunks or not _has_documents(state):
        cache.pins.remove(state.map_name)
        raise Unavailable(
            f"The cache keeps {stored} of the {done.chunks} chunks of {reference}.",
            where=str(cache.folder), hint="Make room there, and pin it again.",
        )
    _write_pin(state, done.chunks)
    return state.target


def unpin(client: Client, reference: Reference | str) -> bool:
    """Lets an array's chunks be evicted again, and whether it was pinned."""
    target = resolve(client, Reference.parse(reference))
    cache = open_cache(client.transport.configuration)
    found = [pin for pin in cache.pins.list() if _is_of(pin, client, target)]
    return any([cache.pins.remove(pin.map) for pin in found])


def _is_of(pin: Pin, client: Client, target: Reference) -> bool:
    origin = client.transport.configuration.endpoint
    return pin.origin == origin and pin.reference == str(target)


def _prefetch(
    state: ArrayState,
    coordinates: Iterable[Coordinates] | None,
    show_progress: bool | None,
    concurrency: int,
) -> Prefetched:
    source = ChunkSource(state)
    total = state.description.bytes_stored if coordinates is None else 0
    places = _stored(state) if coordinates is None else coordinates
    chunks = received = 0
    with progress(f"{state.target.name} to the cache", total, show_progress) as bar:
        for _, data in source.fetch_bytes(places, concurrency):
            if data is not None:
                chunks, received = chunks + 1, received + len(data)
                bar.update(len(data))
    return Prefetched(state.reference, chunks, received)


def _stored(state: ArrayState) -> Iterator[Coordinates]:
    """The chunks that are stored, however few of a grid of any size."""
    for coordinates in state.client.occupancy(state.target):
        yield tuple(coordinates)


def _write_pin(state: ArrayState, chunks: int | None) -> None:
    cache = open_cache(state.client.transport.configuration)
    pin = Pin(state.reference, state.origin, state.map_name, state.document_names, chunks)
    try:
        cache.pins.put(pin)
    except OSError as error:
        raise Unavailable(
            f"The cache cannot be written: {error.strerror or error}.", where=str(cache.folder),
            hint="Make room there, or choose another folder with cache_folder.",
        ) from error


def _has_documents(state: ArrayState) -> bool:
    cache = open_cache(state.client.transport.configuration)
    return all(cache.has(bytes.fromhex(name)) for name in state.document_names)
