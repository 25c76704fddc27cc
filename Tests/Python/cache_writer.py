"""Writes and reads one cache folder without end, until it is killed.

Chunk `i` is the number `i` repeated, so any reader can tell whether what it got is right.
"""

import random

from hub.cache.chunk_cache import ChunkCache, chunk_digest

CHUNK_COUNT = 64


def chunk(number: int) -> bytes:
    """The bytes of chunk `number`; 16 KiB and a little, so that a write can be cut."""
    return number.to_bytes(4, "little") * (4096 + number)


def digest(number: int) -> bytes:
    """What chunk `number` is kept under."""
    return chunk_digest("http://here", f'"{number:032x}"', len(chunk(number)))


def write_on(folder: str, seed: int, ready) -> None:
    """Writes chunks and records until the process ends; fails if a read gives wrong bytes."""
    random.seed(seed)
    cache = ChunkCache(folder, 64 * 20_000)
    chunk_map = cache.map("0" * 32)
    ready.set()
    while True:
        number = random.randrange(CHUNK_COUNT)
        found = cache.read(digest(number))
        assert found is None or found.payload == chunk(number)
        cache.write(digest(number), f'"{number:032x}"', chunk(number))
        # Each record is new, so that the map is appended to all the time.
        chunk_map.record(f"{seed}/{random.random()}", digest(number))
        chunk_map.flush()

