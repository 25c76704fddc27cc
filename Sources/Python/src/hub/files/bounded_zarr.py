"""A folder or archive of Zarr arrays whose chunks become no more than their documents say."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from zarr.abc.store import ByteRequest, Store
from zarr.storage import WrapperStore, ZipStore

from hub.bounded_document import Document, bounded_document, stored_bytes_max
from hub.errors import Invalid
from hub.store import cut

if TYPE_CHECKING:
    from zarr.core.buffer import Buffer, BufferPrototype

_DOCUMENT_BYTES_MAX = 256 << 20
"""So long a document may become that is compressed in an archive: of a group with all below it."""


class BoundedZarr(WrapperStore[Store]):
    """What is stored, with documents whose codecs keep within bounds (`bounded_document`).

    An archive compresses what is in it once more. Of that nothing is unpacked to more than the
    chunks can have of the arrays whose documents were read.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._archive = zipfile.ZipFile(store.path) if isinstance(store, ZipStore) else None
        self._chunk_bytes_max = 0

    def close(self) -> None:
        # docstring inherited
        super().close()
        if self._archive is not None:
            self._archive.close()

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        # docstring inherited
        bounded = _BOUNDED.get(key.rpartition("/")[2])
        if self._archive is None:
            found = await self._store.get(key, prototype, byte_range)
        else:
            limit = self._chunk_bytes_max if bounded is None else _DOCUMENT_BYTES_MAX
            data = _unpacked(self._archive, key, limit)
            found = None if data is None else prototype.buffer.from_bytes(cut(data, byte_range))
        if found is None or bounded is None:
            return found
        document = json.loads(found.to_bytes())
        if not isinstance(document, dict):
            raise Invalid(f"{key} is no document of an array or a group.")
        self._note(document)
        return prototype.buffer.from_bytes(json.dumps(bounded(document)).encode())

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        # docstring inherited
        for key, prototype, byte_range in requests:
            yield key, await self.get(key, prototype, byte_range)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        # docstring inherited
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    def _note(self, document: Any) -> None:
        """Remembers how long the chunks of arrays can be, of a document or of many in one."""
        if isinstance(document, Mapping):
            if "chunks" in document or "chunk_grid" in document:
                self._chunk_bytes_max = max(self._chunk_bytes_max, stored_bytes_max(document))
            told = document.get("consolidated_metadata", document)
            below = told.get("metadata") if isinstance(told, Mapping) else None
            for member in below.values() if isinstance(below, Mapping) else ():
                self._note(member)


def _unpacked(archive: zipfile.ZipFile, key: str, bytes_max: int) -> bytes | None:
    """A file of an archive, or None if it has none of that name.

    Raises:
        Invalid: it is longer, whatever the archive says of it.
    """
    try:
        with archive.open(key) as file:
            data = file.read(bytes_max + 1)
    except KeyError:
        return None
    if len(data) > bytes_max:
        raise Invalid(f"{key} has more than the {bytes_max} bytes that it can have.")
    return data


_BOUNDED: dict[str, Callable[[Mapping[str, Any]], Document]] = {
    "zarr.json": bounded_document,
    ".zarray": bounded_document,
    ".zmetadata": bounded_document,
    ".zgroup": bounded_document,
    ".zattrs": dict,
}
