"""When and how a selection is read from the local cache, chunk by chunk.

The server answers a part of an array faster than whole chunks of it can be fetched and decoded
here, so chunks are read where that saves requests: of what never changes, if most of each chunk is
wanted or all of them are cached; of a tag, if it is a commit just now whose chunks are cached.
"""

from __future__ import annotations

import math
import os

import numpy as np

from hub.client import Client
from hub.description import Description
from hub.npy import AnyArray
from hub.selection import Selection

_WANTED_SHARE_MIN = 0.5
# More are not looked up one by one: so many chunks are quicker asked for than looked for.
_CHUNKS_LOOKED_UP_MAX = 10_000


def read_cached(
    client: Client, description: Description, selection: Selection
) -> AnyArray | None:
    """The elements of a selection as its box, or `None` if the server should be asked for them.

    Raises:
        Offline: no request may be made, and the cache does not have all of it.
        Unavailable, IntegrityError: as the server's answers about chunks have it.
    """
    is_offline = client.transport.configuration.offline
    if not (is_offline or description.reference.is_immutable or _is_known(client, description)):
        return None
    from hub.chunks import open_source

    source = open_source(client, description.reference, description)
    if source.metadata.shape != description.shape:
        return None
    chunk_shape = source.metadata.chunk_shape
    count = selection.chunk_count(chunk_shape)
    if not is_offline and not (
        (description.reference.is_immutable and _is_most(selection, chunk_shape, count))
        or (count <= _CHUNKS_LOOKED_UP_MAX and source.state.is_immutable
            and all(source.has(part.coordinates) for part in selection.chunks(chunk_shape)))
    ):
        return None
    result = np.empty(selection.box_shape, description.dtype)
    parts = {part.coordinates: part for part in selection.chunks(chunk_shape)}
    for place, chunk in source.fetch(parts):
        part = parts[place]
        whole = chunk if chunk is not None else np.broadcast_to(description.fill, chunk_shape)
        part.copy(whole, result)
    return result


def _is_most(selection: Selection, chunk_shape: tuple[int, ...], count: int) -> bool:
    """Whether most of what the touched chunks hold is wanted."""
    return math.prod(selection.box_shape) >= _WANTED_SHARE_MIN * count * math.prod(chunk_shape)


def _is_known(client: Client, description: Description) -> bool:
    """Whether the cache ever saw a chunk of the array; looks for one file."""
    reference, settings = description.reference, client.transport.configuration
    if not os.path.isdir(os.path.join(settings.cache_folder, "maps")):
        return False
    from hub.cache.chunk_cache import map_name
    from hub.cache.chunk_map import MAP_SUFFIX

    member = f"/{reference.member}" if reference.member else ""
    name = map_name(settings.endpoint, f"{reference.line}{member}")
    return os.path.exists(os.path.join(settings.cache_folder, "maps", name + MAP_SUFFIX))
