"""Keeps the cache within its limit: what was not used for longest goes first.

Any number of processes may do this at once. Each looks at the files for itself; what another
removed meanwhile counts as removed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .chunk_file import PART_SUFFIX
from .pins import Pins

PART_SECONDS_MAX = 3600
"""A `.part` file that is older was left by a process that ended."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A file of the cache.

    Attributes:
        path: where it lies.
        name: its name without a suffix: 32 hexadecimal digits.
        bytes: its length, header included.
        changed: when it was last used, in seconds since 1970.
    """

    path: str
    name: str
    bytes: int
    changed: float


def scan_chunks(folder: Path) -> Iterator[CacheEntry]:
    """All chunk files; old `.part` files on the way are removed."""
    for shard in _folders(folder / "chunks"):
        yield from _scan(shard)


def scan_maps(folder: Path) -> Iterator[CacheEntry]:
    """All maps; old `.part` files on the way are removed."""
    yield from _scan(os.fspath(folder / "maps"))


def evict(folder: Path, bytes_max: int) -> int:
    """Removes what was not used for longest until at most `bytes_max` are left.

    What a pinned state needs stays, so that more may be left.

    Returns:
        How many bytes were removed.
    """
    entries = [*scan_chunks(folder), *scan_maps(folder)]
    excess = sum(entry.bytes for entry in entries) - bytes_max
    if excess <= 0:
        return 0
    kept = Pins(folder).names()
    removed = 0
    for entry in sorted(entries, key=lambda entry: entry.changed):
        if removed >= excess:
            break
        if entry.name not in kept and _remove(entry.path):
            removed += entry.bytes
    return removed


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _scan(folder: str) -> Iterator[CacheEntry]:
    try:
        with os.scandir(folder) as found:
            files = list(found)
    except OSError:
        return
    for file in files:
        try:
            status = file.stat(follow_symlinks=False)
        except OSError:
            continue
        if file.name.endswith(PART_SUFFIX):
            if time.time() - status.st_mtime > PART_SECONDS_MAX:
                _remove(file.path)
            continue
        name = file.name.partition(".")[0]
        yield CacheEntry(file.path, name, status.st_size, status.st_mtime)


def _remove(path: str) -> bool:
    """Whether the file is gone, by whomever."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
