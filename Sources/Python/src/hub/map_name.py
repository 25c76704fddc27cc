"""The names of the cache's maps; by itself, so that to look for one does not load the cache."""

from __future__ import annotations

import hashlib

MAP_FOLDER = "maps"
MAP_SUFFIX = ".map1"
_NAME_BYTES = 16


def map_name(origin: str, reference: str) -> str:
    """The name of the map of what a reference names on a server: 32 hexadecimal digits."""
    text = f"map\n{origin}\n{reference}"
    return hashlib.blake2b(text.encode(), digest_size=_NAME_BYTES).hexdigest()
