"""A version or commit as a read-only Zarr v3 store, whatever its dialect, through the cache.

    xarray.open_zarr(hub.ViewStore("test/climate:v2"))

The state is taken when the store is made: a tag that is a commit just now is read as that commit,
from the cache without a request for what was read before. Groups come with the metadata of
everything below them, since nothing can be listed here. Works in forked processes.

zarr-python decodes what is read here, and is given documents whose codecs keep within bounds
(`bounded_document`): strangers may have written them, and the chunks.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self

from zarr.abc.store import ByteRequest

from hub.bounded_document import bounded_document
from hub.bulk import view_path
from hub.cached_keys import CachedKeys
from hub.client import Client, current_client
from hub.errors import Invalid, NotFound
from hub.metadata import ArrayMetadata
from hub.object_answer import object_answer
from hub.reference import Reference
from hub.state import METADATA, is_document, kept_document, resolve
from hub.store import BlockingStore, cut, range_text

if TYPE_CHECKING:
    from zarr.core.buffer import Buffer, BufferPrototype

_OTHER_DOCUMENTS = frozenset([".zarray", ".zgroup", ".zattrs", ".zmetadata"])


class ViewStore(BlockingStore):
    """What the server shows of a version, a commit, or a member of one, as Zarr v3.

    Args:
        reference: an array or a group, by tag or digest.
        client: who asks; the configured one if not given.
        is_trusted: whether documents are given as they are, so that chunks are decoded with
            whatever codecs are installed, to however much they say.

    Attributes:
        target: what is read; has a digest if that is possible.

    Raises:
        Offline: no request may be made, and the reference is a tag.
    """

    def __init__(
        self, reference: Reference | str, *, client: Client | None = None, is_trusted: bool = False
    ) -> None:
        super().__init__(read_only=True)
        self._client = client or current_client()
        self._is_trusted = is_trusted
        self.target = resolve(self._client, Reference.parse(reference))
        self._arrays: dict[str, CachedKeys] = {}

    def with_read_only(self, read_only: bool = False) -> Self:
        # docstring inherited
        if not read_only:
            raise Invalid(
                "The view of a version is only read.", hint="Write with hub.HubStore."
            )
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.target, self._client, self._arrays, self._is_trusted)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ViewStore) and self._identity == other._identity

    @property
    def _identity(self) -> tuple[str, str, Reference, bool]:
        configuration = self._client.transport.configuration
        return configuration.endpoint, configuration.access_key, self.target, self._is_trusted

    def __str__(self) -> str:
        return f"hub://{self.target}"

    def __repr__(self) -> str:
        return f"ViewStore({str(self.target)!r})"

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        # docstring inherited
        data = await self._in_thread(self._read, key, byte_range)
        return None if data is None else prototype.buffer.from_bytes(data)

    async def exists(self, key: str) -> bool:
        # docstring inherited
        return await self._in_thread(self._read, key, None) is not None

    def _read(self, key: str, byte_range: ByteRequest | None) -> bytes | None:
        folder, _, name = key.rpartition("/")
        if name in _OTHER_DOCUMENTS:
            return None
        if name == METADATA:
            document = self._document(folder)
            return None if document is None else cut(document, byte_range)
        return self._chunk(key, byte_range)

    def _document(self, folder: str) -> bytes | None:
        """The `zarr.json` of an array or group, or None if there is none."""
        member = "/".join(part for part in (self.target.member, folder) if part)
        reference = Reference(
            self.target.namespace, self.target.name, self.target.tag, self.target.digest, member
        )
        path = view_path(f"{reference}/{METADATA}")
        try:
            if reference.is_immutable:
                document = kept_document(self._client, reference, METADATA, path)
            else:
                document = self._client.transport.request("GET", path).data
        except NotFound as error:
            if error.code == "namespace_missing":
                raise
            return None
        if not is_document(METADATA, document):
            raise self._client.no_nave(f"no {METADATA}", f"GET {path}")
        members = json.loads(document)
        self._note_arrays(reference, folder, members)
        return document if self._is_trusted else json.dumps(bounded_document(members)).encode()

    def _note_arrays(
        self, reference: Reference, folder: str, document: Mapping[str, Any]
    ) -> None:
        """Remembers where arrays are: in a folder, or by a group's document below it."""
        if document.get("node_type") == "array":
            fixed = json.dumps(document, sort_keys=True).encode()
            size = _chunk_bytes(fixed)
            self._arrays[folder] = CachedKeys(self._client, reference, fixed, size)
            return
        members = (document.get("consolidated_metadata") or {}).get("metadata", {})
        for name, member in members.items():
            below = f"{reference.member}/{name}".lstrip("/")
            place = Reference(
                reference.namespace, reference.name, reference.tag, reference.digest, below
            )
            if member.get("node_type") == "array":
                self._note_arrays(place, f"{folder}/{name}".lstrip("/"), member)

    def _chunk(self, key: str, byte_range: ByteRequest | None) -> bytes | None:
        folder = key
        while folder not in self._arrays and folder:
            folder = folder.rpartition("/")[0]
        array = self._arrays.get(folder)
        inner = key[len(folder) :].lstrip("/")
        if array is None or (byte_range is not None and not array.has(inner)):
            return self._asked(key, byte_range)
        data = array.get(inner)
        array.flush()
        return None if data is None else cut(data, byte_range)

    def _asked(self, key: str, byte_range: ByteRequest | None) -> bytes | None:
        """A part of a chunk, or a chunk of an array that nobody asked about."""
        path = view_path(f"{self.target}/{key}")
        try:
            return object_answer(self._client.transport, path, range_text(byte_range)).data
        except NotFound as error:
            if error.code == "chunk_missing":
                return None
            raise

    # What a view does not do.

    @property
    def supports_writes(self) -> bool:
        # docstring inherited
        return False

    @property
    def supports_deletes(self) -> bool:
        # docstring inherited
        return False

    @property
    def supports_listing(self) -> bool:
        # docstring inherited
        return False

    async def set(self, key: str, value: Buffer) -> None:
        # docstring inherited
        self._check_writable()

    async def delete(self, key: str) -> None:
        # docstring inherited
        self._check_writable()

    def list(self) -> AsyncIterator[str]:
        # docstring inherited
        self._refuse_listing()

    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        # docstring inherited
        self._refuse_listing()

    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        # docstring inherited
        self._refuse_listing()

    def _refuse_listing(self) -> NoReturn:
        raise NotImplementedError("a view cannot be listed; hub.HubStore can")


def _restored(
    target: Reference, client: Client, arrays: dict[str, CachedKeys], is_trusted: bool
) -> ViewStore:
    store = ViewStore.__new__(ViewStore)
    BlockingStore.__init__(store, read_only=True)
    store.target, store._client, store._arrays = target, client, arrays
    store._is_trusted = is_trusted
    return store


def _chunk_bytes(document: bytes) -> int:
    """The size of a decoded chunk, or 0 if only zarr-python knows it."""
    try:
        return ArrayMetadata.parse(document).chunk_bytes
    except Invalid:
        return 0
