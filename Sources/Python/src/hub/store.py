"""A version as a Zarr store: its keys as they are stored, to read and to write.

    zarr.open_group(hub.HubStore("test/climate:v2"))
    dataset.to_zarr(hub.HubStore("test/climate:v2"))

Works in forked processes: it never touches obstore, whose runtime does not survive a fork. To read
any dialect as Zarr v3, and through the cache, use `hub.ViewStore`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)

from hub.client import Client, current_client
from hub.errors import Invalid
from hub.object_keys import ObjectEntry, ObjectKeys
from hub.reference import Reference

if TYPE_CHECKING:
    from zarr.core.buffer import Buffer, BufferPrototype

Result = TypeVar("Result")
_THREADS = 16


class BlockingStore(Store):
    """What stores have in common whose requests block: they run in threads of their own."""

    def __init__(self, *, read_only: bool) -> None:
        super().__init__(read_only=read_only)
        self._threads: tuple[int, ThreadPoolExecutor] | None = None

    async def _in_thread(self, function: Callable[..., Result], *arguments: Any) -> Result:
        # A forked child has the pool of its parent without the threads.
        if self._threads is None or self._threads[0] != os.getpid():
            pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="hub-store")
            self._threads = (os.getpid(), pool)
        call = partial(copy_context().run, function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads[1], call)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        # docstring inherited
        asked = [self.get(key, prototype, byte_range) for key, byte_range in key_ranges]
        return list(await asyncio.gather(*asked))


class HubStore(BlockingStore):
    """The keys of a version, a draft, or a member of one.

    Args:
        reference: `namespace/name:tag` or below it. A commit cannot be written: `ViewStore`.
        read_only: whether writing is refused here already.
        client: who asks; the configured one if not given.

    Raises:
        Invalid: the reference has a digest.
    """

    def __init__(
        self,
        reference: Reference | str,
        *,
        read_only: bool = False,
        client: Client | None = None,
    ) -> None:
        super().__init__(read_only=read_only)
        self.reference = Reference.parse(reference)
        if self.reference.is_immutable:
            raise Invalid(
                f"{self.reference} is a commit, whose keys are not in the namespace.",
                hint="Read it with hub.ViewStore.",
            )
        self._client = client or current_client()
        self._keys = ObjectKeys(self._client.transport, self.reference.namespace)
        self._prefix = str(self.reference).partition("/")[2] + "/"

    def with_read_only(self, read_only: bool = False) -> Self:
        # docstring inherited
        return type(self)(self.reference, read_only=read_only, client=self._client)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.reference, self.read_only, self._client)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HubStore)
            and self._keys == other._keys
            and (self._prefix, self.read_only) == (other._prefix, other.read_only)
        )

    def __str__(self) -> str:
        return f"hub://{self.reference}"

    def __repr__(self) -> str:
        return f"HubStore({str(self.reference)!r})"

    # Reading.

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        # docstring inherited
        data = await self._in_thread(self._keys.get, self._prefix + key, range_text(byte_range))
        return None if data is None else prototype.buffer.from_bytes(data)

    async def exists(self, key: str) -> bool:
        # docstring inherited
        return await self._in_thread(self._keys.entry, self._prefix + key) is not None

    async def getsize(self, key: str) -> int:
        # docstring inherited
        entry = await self._in_thread(self._keys.entry, self._prefix + key)
        if entry is None or entry.bytes is None:
            raise FileNotFoundError(key)
        return entry.bytes

    # Writing.

    async def set(self, key: str, value: Buffer) -> None:
        # docstring inherited
        self._check_writable()
        await self._in_thread(self._keys.put, self._prefix + key, value.to_bytes())

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        # docstring inherited
        self._check_writable()
        await self._in_thread(self._keys.create, self._prefix + key, value.to_bytes())

    async def delete(self, key: str) -> None:
        # docstring inherited
        self._check_writable()
        await self._in_thread(self._keys.delete, self._prefix + key)

    async def delete_dir(self, prefix: str) -> None:
        # docstring inherited
        self._check_writable()
        keys = [key async for key in self.list_prefix(_folder(prefix))]
        await asyncio.gather(*(self.delete(key) for key in keys))

    # Listing.

    def list(self) -> AsyncIterator[str]:
        # docstring inherited
        return self.list_prefix("")

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        # docstring inherited
        for entry in await self._entries(prefix, ""):
            yield entry.key[len(self._prefix) :]

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        # docstring inherited
        folder = _folder(prefix)
        for entry in await self._entries(folder, "/"):
            name = entry.key[len(self._prefix) + len(folder) :].rstrip("/")
            if name:
                yield name

    async def _entries(self, prefix: str, delimiter: str) -> Sequence[ObjectEntry]:
        listing = self._keys.entries(self._prefix + prefix, delimiter)
        return await self._in_thread(tuple, listing)

    @property
    def supports_writes(self) -> bool:
        # docstring inherited
        return True

    @property
    def supports_deletes(self) -> bool:
        # docstring inherited
        return True

    @property
    def supports_listing(self) -> bool:
        # docstring inherited
        return True


def range_text(byte_range: ByteRequest | None) -> str:
    """A range of bytes as HTTP has it; empty for the whole."""
    match byte_range:
        case None:
            return ""
        case RangeByteRequest(start, end):
            return f"{start}-{end - 1}"
        case OffsetByteRequest(offset):
            return f"{offset}-"
        case SuffixByteRequest(suffix):
            return f"-{suffix}"
    raise ValueError(f"Unexpected byte_range, got {byte_range!r}.")


def cut(data: bytes, byte_range: ByteRequest | None) -> bytes:
    """The range of some bytes that is asked for."""
    match byte_range:
        case None:
            return data
        case RangeByteRequest(start, end):
            return data[start:end]
        case OffsetByteRequest(offset):
            return data[offset:]
        case SuffixByteRequest(suffix):
            return data[-suffix:]
    raise ValueError(f"Unexpected byte_range, got {byte_range!r}.")


def _restored(reference: Reference, read_only: bool, client: Client) -> HubStore:
    return HubStore(reference, read_only=read_only, client=client)


def _folder(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("/") else prefix + "/"
