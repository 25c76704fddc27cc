"""The local cache as users see it: `hub.cache.info()`, `verify()`, `evict()`, `clear()`.

All functions are about the folder of the present configuration (`hub.configure(cache_folder=…)`,
`HUB_CACHE`). They may be called while others read and write.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from hub import entity_tag
from hub.configuration import Configuration, byte_count, current_configuration
from hub.errors import Invalid
from hub.reference import Reference

from .chunk_cache import CacheWarning, ChunkCache
from .chunk_file import DamagedChunkFile, read_chunk_file
from .eviction import evict as _evict
from .eviction import scan_chunks, scan_maps
from .pins import Pin

__all__ = [
    "CacheInfo", "CacheWarning", "Verification", "clear", "evict", "info", "open_cache", "verify",
]


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What the cache holds.

    Attributes:
        folder: where it lies.
        bytes: how much is kept, in bytes.
        bytes_max: how much is kept at most.
        chunks: number of files of chunks and documents.
        pins: the states that are kept whatever the limit.
    """

    folder: str
    bytes: int
    bytes_max: int
    chunks: int
    pins: Sequence[Pin]


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: how many files it read, and how many of them were damaged or wrong.

    Of one pinned array what is to be kept and is gone counts in both.
    """

    read: int
    removed: int


def open_cache(configuration: Configuration | None = None) -> ChunkCache:
    """The cache of a configuration, or of the present one."""
    configuration = configuration or current_configuration()
    return ChunkCache(configuration.cache_folder, configuration.cache_bytes_max)


def info() -> CacheInfo:
    """What the cache holds just now; reads no chunk."""
    cache = open_cache()
    chunks = list(scan_chunks(cache.folder))
    total = sum(entry.bytes for entry in [*chunks, *scan_maps(cache.folder)])
    return CacheInfo(
        str(cache.folder), total, cache.bytes_max, len(chunks), tuple(cache.pins.list())
    )


def verify(
    reference: Reference | str | None = None, show_progress: bool | None = None
) -> Verification:
    """Reads every file, and removes those that are not what was written, or not the object that
    the entity tag names that came with it. The server is not asked.

    Args:
        reference: an array; what is kept of it alone is held against what the server has, in a
            request for each chunk, and what is wrong is removed and asked for anew. So is what is
            gone of it if it is pinned.
        show_progress: whether a bar shows how far that is; if None, on a terminal alone.

    Raises:
        NotFound, Offline, Unavailable: the server cannot tell of the array.
    """
    if reference is not None:
        from hub.client import current_client
        from hub.kept_chunks import verify_kept

        return verify_kept(current_client(), reference, show_progress)
    cache = open_cache()
    read = removed = 0
    for entry in scan_chunks(cache.folder):
        read += 1
        if not _is_whole(entry.path, entry.name):
            removed += _unlinked(entry.path)
    return Verification(read, removed)


def evict(bytes_max: int | str) -> int:
    """Removes what was not used for longest until at most `bytes_max` are left.

    Args:
        bytes_max: a number of bytes, or a text such as `"2GB"`; 0 leaves nothing but what is
            pinned, which stays in any case.

    Returns:
        How many bytes were removed.

    Raises:
        Invalid: it is no number of bytes.
    """
    try:
        limit = byte_count(bytes_max)
    except ValueError:
        raise Invalid(
            f"{bytes_max!r} is no number of bytes.", hint='Give one such as 2000000000 or "2GB".'
        ) from None
    return _evict(open_cache().folder, limit)


def clear() -> tuple[Pin, ...]:
    """Removes everything, pinned states too: they cannot be read offline any more.

    `evict(0)` removes everything but them.

    Returns:
        The pinned states that went with it.
    """
    cache = open_cache()
    before = cache.pins.list()
    for name in ("pins", "maps", "chunks"):
        shutil.rmtree(cache.folder / name, ignore_errors=True)
    return tuple(pin for pin in before if cache.pins.get(pin.map) is None)


def _is_whole(path: str, name: str) -> bool:
    """Whether a file proves itself; also if it cannot be read just now, or is gone."""
    try:
        chunk = read_chunk_file(path, bytes.fromhex(name))
    except (DamagedChunkFile, ValueError):
        return False
    except OSError:
        return True
    return not entity_tag.contradicts(chunk.etag, chunk.payload, None)


def _unlinked(path: str) -> int:
    """1 if the file is not there any more."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return 1
    except OSError:
        return 0
    return 1
