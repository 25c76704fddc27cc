"""States of arrays that are kept whatever the limit, one JSON file each.

    {"version": 1, "reference": "test/x@sha256:…", "origin": "http://…", "map": "<32 digits>",
     "documents": ["<32 digits>", …], "chunks": 12}
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import NoneType

from hub.map_name import MAP_SUFFIX
from hub.printable import printable

from .chunk_file import PART_SUFFIX
from .chunk_map import ChunkMap

PIN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Pin:
    """One kept state.

    Attributes:
        reference: what is kept, with its digest.
        origin: the server's endpoint.
        map: the name of its map.
        documents: the names of the files that describe it.
        chunks: how many chunks are stored, once all of them were fetched; None before.
    """

    reference: str
    origin: str
    map: str
    documents: Sequence[str]
    chunks: int | None

    def __repr__(self) -> str:
        chunks = "not complete" if self.chunks is None else f"{self.chunks} chunks"
        return printable(f"<hub.cache.Pin {self.reference} of {self.origin}, {chunks}>")

    @property
    def is_complete(self) -> bool:
        """Whether every chunk was fetched."""
        return self.chunks is not None


class Pins:
    """The pins of one cache folder."""

    def __init__(self, folder: Path) -> None:
        self._cache = folder
        self._folder = folder / "pins"

    def put(self, pin: Pin) -> None:
        """Writes a pin, or replaces the one of the same map.

        Raises:
            OSError: it cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(pin.map)
        part = path.with_name(f".{os.getpid()}-{secrets.token_hex(8)}{PART_SUFFIX}")
        try:
            part.write_text(json.dumps({"version": PIN_VERSION} | asdict(pin), indent=2) + "\n")
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def get(self, name: str) -> Pin | None:
        """The pin of a map's name, or None; also where its file is damaged."""
        return _read(self._path(name))

    def remove(self, name: str) -> bool:
        """Lets a state go, and whether it was pinned."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def list(self) -> list[Pin]:
        """All pins, ordered by reference."""
        found = [_read(path) for path in self._folder.glob("*.json")]
        return sorted((pin for pin in found if pin), key=lambda pin: pin.reference)

    def names(self) -> set[str]:
        """The names of all files that must stay."""
        kept: set[str] = set()
        for pin in self.list():
            chunks = ChunkMap(self._cache / "maps" / (pin.map + MAP_SUFFIX)).digests()
            kept.update(digest.hex() for digest in chunks)
            kept.update(pin.documents)
            kept.add(pin.map)
        return kept

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _read(path: Path) -> Pin | None:
    try:
        document = json.loads(path.read_text())
        if document.pop("version") != PIN_VERSION:
            return None
        pin = Pin(**document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return pin if _is_well_formed(pin) else None


def _is_well_formed(pin: Pin) -> bool:
    texts = (pin.reference, pin.origin, pin.map, *pin.documents) if isinstance(
        pin.documents, list) else (None,)
    return all(isinstance(text, str) for text in texts) and isinstance(pin.chunks, int | NoneType)
