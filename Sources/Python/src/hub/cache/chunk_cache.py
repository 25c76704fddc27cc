"""The local cache: chunks by digest, and maps from keys to digests.

    <folder>/chunks/a/<digest>    one file a chunk, named by 32 hexadecimal digits
    <folder>/maps/<name>.map1     records of one state of an array, or of what was last seen of one
    <folder>/pins/<name>.json     states that are kept whatever the limit

Invariants:
    - A file is put in place by a rename, so any process may end at any moment; what it leaves is
      a `.part` file that a later eviction sweeps.
    - There are no locks. Whatever a process expects of a file, another may have removed it.
    - Nothing read is trusted: a file proves itself, or is removed and counts as absent.
    - A cache that cannot be written (disk full, no right to) is only read; one warning says so.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
import warnings
from pathlib import Path
from typing import Any

from hub.map_name import MAP_FOLDER, MAP_SUFFIX

from .chunk_file import (
    ChunkFile,
    ChunkFileWriter,
    DamagedChunkFile,
    Piece,
    read_chunk_file,
    write_chunk_file,
)
from .chunk_map import DIGEST_BYTES, ChunkMap
from .eviction import evict
from .pins import Pins

RENEW_SECONDS = 60
"""A hit renews a file's time if it is older than this."""

RETRY_SECONDS = 60
"""How long nothing is written after a write that failed."""

_PARTS_OF_LIMIT = 64
"""A process looks at the whole cache each time it has written this part of the limit."""

_PAYLOAD_PARTS_OF_LIMIT = 4
"""What is larger than this part of the limit is not kept."""


_MAPS_MAX = 16
"""Maps that a process keeps in memory."""


class CacheWarning(RuntimeWarning):
    """The cache cannot be written; everything is read from the server."""


class ChunkCache:
    """The cache in one folder; any number of objects, threads and processes may share the folder.

    Args:
        folder: where it lies; made when something is written, readable by its owner alone.
        bytes_max: how much is kept. While several processes write, each may put a 64th of it on
            top before it looks again.
    """

    def __init__(self, folder: str | Path, bytes_max: int) -> None:
        self.folder = Path(folder)
        self.bytes_max = bytes_max
        self._chunks = os.fspath(self.folder / "chunks")
        self._start()

    def __reduce__(self) -> tuple[Any, ...]:
        return ChunkCache, (self.folder, self.bytes_max)

    @property
    def pins(self) -> Pins:
        """The states that are kept whatever the limit."""
        return Pins(self.folder)

    def map(self, name: str) -> ChunkMap:
        """The map of a name, which is 32 hexadecimal digits from `map_name`."""
        path = self.folder / MAP_FOLDER / (name + MAP_SUFFIX)
        _renew(path)
        opened = _opened_map(path)
        opened.refresh()
        return opened

    def path(self, digest: bytes) -> Path:
        """Where the chunk of a digest lies, if it is kept."""
        return Path(self._path(digest))

    def has(self, digest: bytes) -> bool:
        """Whether there is a file for a digest; whether it is whole shows when it is read."""
        return os.path.exists(self._path(digest))

    def read(self, digest: bytes) -> ChunkFile | None:
        """A chunk that is kept and whole, or None."""
        path = self._path(digest)
        try:
            chunk = read_chunk_file(path, digest)
        except FileNotFoundError:
            return None
        except DamagedChunkFile:
            self.remove(digest)
            return None
        except OSError:
            return None
        if time.time() - chunk.changed > RENEW_SECONDS:
            _renew(path)
        return chunk

    def write(
        self, digest: bytes, etag: str, payload: Piece, checksum: int | None = None
    ) -> bool:
        """Keeps a chunk, and whether that was done; a failure is no error, but a warning, once.

        Args:
            checksum: the CRC-32C of the payload, if it is known.
        """
        if len(payload) * _PAYLOAD_PARTS_OF_LIMIT > self.bytes_max or not self._is_writable():
            return False
        path = self._path(digest)
        try:
            try:
                write_chunk_file(path, digest, etag, payload, checksum)
            except FileNotFoundError:
                self._make_folder(os.path.dirname(path))
                write_chunk_file(path, digest, etag, payload, checksum)
        except OSError as error:
            self._fail(error)
            return False
        self._count(len(payload))
        return True

    def begin(self, digest: bytes, etag: str, payload_bytes: int) -> ChunkIntake | None:
        """A place for a chunk that comes piece by piece, or None if it is not to be kept."""
        if payload_bytes * _PAYLOAD_PARTS_OF_LIMIT > self.bytes_max or not self._is_writable():
            return None
        path = self._path(digest)
        try:
            try:
                file = ChunkFileWriter(path, digest, etag, payload_bytes)
            except FileNotFoundError:
                self._make_folder(os.path.dirname(path))
                file = ChunkFileWriter(path, digest, etag, payload_bytes)
        except OSError as error:
            self._fail(error)
            return None
        return ChunkIntake(self, file, payload_bytes)

    def remove(self, digest: bytes) -> None:
        """Forgets a chunk."""
        try:
            os.unlink(self._path(digest))
        except OSError:
            pass

    def _path(self, digest: bytes) -> str:
        name = digest.hex()
        # Not more folders: ext4 puts each into another part of the disk, and a new file in one of
        # 256 took 0.7 ms of CPU time, in one of 16 0.1 to 0.2 ms (1024 files, 2026-11).
        return f"{self._chunks}/{name[0]}/{name}"

    def _start(self) -> None:
        # A process that writes little and is started often would never look at the whole, if
        # all began to count from nothing.
        self._bytes_until_eviction = random.random() * self.bytes_max / _PARTS_OF_LIMIT
        self._refused_until = 0.0

    def _make_folder(self, folder: str) -> None:
        try:
            os.mkdir(folder)
        except FileExistsError:
            pass
        except FileNotFoundError:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.makedirs(folder, exist_ok=True)

    def _is_writable(self) -> bool:
        return not self._refused_until or time.monotonic() >= self._refused_until

    def _fail(self, error: OSError) -> None:
        self._refused_until = time.monotonic() + RETRY_SECONDS
        if str(self.folder) not in _warned:
            _warned.add(str(self.folder))
            warnings.warn(
                f"The cache in {self.folder} cannot be written ({error.strerror or error}): what is"
                " not in it is read from the server each time. Make room there, or choose another"
                " folder with hub.configure(cache_folder=…) or HUB_CACHE.",
                CacheWarning,
                stacklevel=2,
            )

    def _count(self, written: int) -> None:
        self._bytes_until_eviction -= written
        if self._bytes_until_eviction > 0:
            return
        part = self.bytes_max / _PARTS_OF_LIMIT
        self._bytes_until_eviction = part
        evict(self.folder, int(self.bytes_max - 2 * part))


class ChunkIntake:
    """A chunk on its way into the cache; made by `ChunkCache.begin`, for one thread.

    A file that cannot be written is no error, but a warning, once, as it is of a whole chunk.
    """

    def __init__(self, cache: ChunkCache, file: ChunkFileWriter, payload_bytes: int) -> None:
        self._cache, self._bytes = cache, payload_bytes
        self._file: ChunkFileWriter | None = file

    def write(self, piece: Piece, checksum: int) -> None:
        """Adds the next bytes; `checksum` is the CRC-32C of all up to their end."""
        if self._file is not None:
            try:
                self._file.write(piece, checksum)
            except OSError as error:
                self._fail(error)

    def finish(self) -> bool:
        """Puts the chunk in place once all of it came, and whether that was done."""
        if self._file is None:
            return False
        try:
            self._file.finish()
        except OSError as error:
            self._fail(error)
            return False
        self._cache._count(self._bytes)
        return True

    def abandon(self) -> None:
        """Leaves nothing behind of a chunk that does not come whole."""
        if self._file is not None:
            self._file.abandon()

    def _fail(self, error: OSError) -> None:
        self.abandon()
        self._file = None
        self._cache._fail(error)


_warned: set[str] = set()
"""Folders that were warned about in this process."""


def chunk_digest(origin: str, etag: str, payload_bytes: int, metadata: bytes = b"") -> bytes:
    """What a chunk is kept under.

    Args:
        origin: the server's endpoint. Entity tags of different servers are not compared.
        etag: the entity tag. That of an object that was put in one piece is its MD5; others depend
            on what is around the object.
        payload_bytes: its length.
        metadata: the array's document, of which chunks depend that the server decodes.
    """
    text = f"chunk\n{origin}\n{etag}\n{payload_bytes}\n".encode()
    if "-" in etag:
        text += metadata
    return hashlib.blake2b(text, digest_size=DIGEST_BYTES).digest()


def document_digest(origin: str, kind: str, reference: str) -> bytes:
    """What a document about something immutable is kept under: `reference` has a digest."""
    text = f"document\n{origin}\n{kind}\n{reference}"
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


_maps: dict[Path, ChunkMap] = {}
"""Maps in memory: one of a million chunks takes 40 MB, and 0.2 s to read."""


def _opened_map(path: Path) -> ChunkMap:
    """The map of a path, one object for all threads, so that none notes what nobody writes."""
    opened = _maps.get(path)
    if opened is None:
        opened = _maps.setdefault(path, ChunkMap(path))
        if len(_maps) > _MAPS_MAX:
            _maps.pop(next(iter(list(_maps))), None)
    return opened


def _renew(path: str | Path) -> None:
    try:
        os.utime(path)
    except OSError:
        pass
