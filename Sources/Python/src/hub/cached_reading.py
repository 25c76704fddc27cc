"""When and how a selection is read from the local cache, chunk by chunk.

The server answers a part of an array faster than whole chunks of it can be fetched and decoded
here, so chunks are read where that saves requests: of what never changes, if most of each chunk is
wanted or all of them are cached; of a tag, if it is a commit just now whose chunks are cached.
"""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING

import numpy as np

from hub.client import Client
from hub.description import Description
from hub.map_name import MAP_FOLDER, MAP_SUFFIX, map_name
from hub.npy import AnyArray
from hub.reference import Reference
from hub.selection import Selection

if TYPE_CHECKING:
    from hub.chunks import ChunkSource

_WANTED_SHARE_MIN = 0.5
# More are not looked up one by one: so many chunks are quicker asked for than looked for.
_CHUNKS_LOOKED_UP_MAX = 10_000
_OPEN_SECONDS = 5.0
_SEEN_OPEN_MAX = 1000
# When versions were last seen to be open, by endpoint and reference; each process has its own.
_seen_open: dict[str, float] = {}


def read_cached(
    client: Client, description: Description, selection: Selection
) -> AnyArray | None:
    """The elements of a selection as its box, or `None` if the server should be asked for them.

    Raises:
        Offline: no request may be made, and the cache does not have all of it.
        Unavailable, IntegrityError: as the server's answers about chunks have it.
    """
    target = _target(client, description)
    if target is None:
        return None
    from hub.chunks import open_source

    source = open_source(client, target, description)
    if source.metadata.shape != description.shape:
        return None
    is_offline = client.transport.configuration.offline
    if not is_offline and not _is_worthwhile(source, selection, description.reference):
        return None
    chunk_shape = source.metadata.chunk_shape
    result = np.empty(selection.box_shape, description.dtype)
    parts = {part.coordinates: part for part in selection.chunks(chunk_shape)}
    for place, chunk in source.fetch(parts):
        whole = chunk if chunk is not None else np.broadcast_to(description.fill, chunk_shape)
        parts[place].copy(whole, result)
    return result


def _target(client: Client, description: Description) -> Reference | None:
    """What the cache may have chunks of: a commit, or `None`.

    A version that was open just now is taken to be so for some seconds. That makes nothing stale, as
    the server is asked for the elements then; it only saves asking what the version is.
    """
    reference = description.reference
    if reference.is_immutable or client.transport.configuration.offline:
        return reference
    if not _is_known(client, description):
        return None
    name = f"{client.transport.configuration.endpoint} {reference.version}"
    now = time.monotonic()
    if _seen_open.get(name, -math.inf) > now - _OPEN_SECONDS:
        return None
    from hub.state import resolve

    target = resolve(client, reference)
    if target.is_immutable:
        return target
    if len(_seen_open) >= _SEEN_OPEN_MAX:
        _seen_open.clear()
    _seen_open[name] = now
    return None


def _is_worthwhile(source: ChunkSource, selection: Selection, reference: Reference) -> bool:
    """Whether chunks are to be read: they are cached, or most of each is wanted of a commit."""
    chunk_shape = source.metadata.chunk_shape
    count = selection.chunk_count(chunk_shape)
    if reference.is_immutable and _is_most(selection, chunk_shape, count):
        return True
    return count <= _CHUNKS_LOOKED_UP_MAX and all(
        source.has(part.coordinates) for part in selection.chunks(chunk_shape))


def _is_most(selection: Selection, chunk_shape: tuple[int, ...], count: int) -> bool:
    """Whether most of what the touched chunks hold is wanted."""
    return math.prod(selection.box_shape) >= _WANTED_SHARE_MIN * count * math.prod(chunk_shape)


def _is_known(client: Client, description: Description) -> bool:
    """Whether the cache ever saw a chunk of the array; looks for one file."""
    reference, settings = description.reference, client.transport.configuration
    member = f"/{reference.member}" if reference.member else ""
    name = map_name(settings.endpoint, f"{reference.line}{member}")
    return os.path.exists(os.path.join(settings.cache_folder, MAP_FOLDER, name + MAP_SUFFIX))
