"""From the stored bytes of a chunk to its elements.

What most arrays are stored by (`bytes`, `transpose`, `sharding_indexed`, and compressions) is
undone here with numcodecs and without an event loop. Everything else (filters of numcodecs, texts,
times) goes through zarr-python, which reads an array of this one chunk in memory.

Source: Zarr core specification v3, "Codecs", and the specifications of the codecs.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt

from hub.errors import IntegrityError
from hub.metadata import ArrayMetadata

AnyArray = npt.NDArray[Any]
Buffer = bytes | memoryview
_Step = Callable[[Any, int], Any]
"""Undoes one codec: stored bytes, and how many bytes come out where that is known, else -1."""

_NUMCODECS = frozenset(
    f"numcodecs.{name}"
    for name in ("blosc", "bz2", "gzip", "lz4", "lzma", "shuffle", "zlib", "zstd")
)
"""Those of numcodecs' codecs that make bytes of bytes, by their names in zarr-python."""

_ABSENT = 2**64 - 1
"""Offset and length of an inner chunk that is not in a shard."""


_zarr_lock = threading.Lock()
os.register_at_fork(after_in_child=lambda: globals().update(_zarr_lock=threading.Lock()))


class ChunkDecoder:
    """Decodes the chunks of one array; picklable, for any threads."""

    def __init__(self, metadata: ArrayMetadata) -> None:
        self.metadata = metadata
        # NumPy and zarr-python do not know it; its elements are moved about as whole numbers.
        self._is_bfloat16 = metadata.data_type == "bfloat16"
        self._chain = _chain_of(metadata)

    def __reduce__(self) -> tuple[Any, ...]:
        return ChunkDecoder, (self.metadata,)

    @property
    def is_fast(self) -> bool:
        """Whether chunks are decoded here, and not by zarr-python."""
        return self._chain is not None

    def decode(self, data: Buffer, where: str = "") -> AnyArray:
        """The elements of a chunk: a read-only array of the chunk's full shape, any strides.

        Raises:
            IntegrityError: the bytes are not a chunk of this array.
        """
        try:
            decoded = self._chain.decode(data) if self._chain else self._decoded_by_zarr(data)
            if self._is_bfloat16:
                decoded = decoded.view("V2")
        except Exception as error:
            raise IntegrityError(
                f"A chunk cannot be decoded: {error}.", where=where,
                hint="It was damaged, or written with other codecs than zarr.json names.",
            ) from error
        decoded.flags.writeable = False
        return decoded

    def _decoded_by_zarr(self, data: Buffer) -> AnyArray:
        import zarr
        from zarr.buffer.cpu import buffer_prototype
        from zarr.storage import MemoryStore

        one = dict(self.metadata.document) | {
            "shape": self.metadata.chunk_shape,
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "attributes": {},
        }
        one.pop("dimension_names", None)
        if self._is_bfloat16:
            one |= {"data_type": "uint16", "fill_value": 0}
        buffer = buffer_prototype.buffer
        key = "/".join(["c", *("0" for _ in self.metadata.chunk_shape)])
        contents = {
            "zarr.json": buffer.from_bytes(json.dumps(one).encode()),
            key: buffer.from_bytes(bytes(data)),
        }
        # It warns of codecs that are not in the specification, each time, and filters of warnings
        # are not made for threads.
        with _zarr_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = zarr.open_array(MemoryStore(contents, read_only=True), mode="r")
            decoded = np.asarray(array[...])
        return decoded.astype(decoded.dtype.newbyteorder("="), copy=False)


class _Chain:
    """The codecs of chunks of one shape, in the order in which they are undone.

    Attributes:
        compressions: from the outermost one; each is undone from bytes to bytes.
        axes: for each stored axis, which of the array's it is.
        shard: how inner chunks are found, or None if elements lie one after another.
    """

    def __init__(
        self,
        chunk_shape: tuple[int, ...],
        dtype: np.dtype[Any],
        fill: Any,
        codecs: Sequence[Mapping[str, Any]],
    ) -> None:
        self.chunk_shape = chunk_shape
        self.dtype = dtype
        self.fill = fill
        self.axes = tuple(range(len(chunk_shape)))
        self.compressions: list[_Step] = []
        self.shard: _Shard | None = None
        self._stored_dtype = dtype
        is_array = True
        for codec in codecs:
            name, options = codec["name"], codec.get("configuration") or {}
            if name == "transpose" and is_array:
                order = tuple(options["order"])
                self.axes = tuple(self.axes[axis] for axis in order)
            elif name == "bytes" and is_array:
                is_array = False
                if options.get("endian") == "big":
                    self._stored_dtype = dtype.newbyteorder(">")
                elif options.get("endian") == "little":
                    self._stored_dtype = dtype.newbyteorder("<")
            elif name == "sharding_indexed" and is_array:
                is_array = False
                self.shard = _Shard(self.stored_shape, dtype, fill, options)
            elif name in _COMPRESSIONS and not is_array:
                self.compressions.insert(0, _COMPRESSIONS[name])
            elif name in _NUMCODECS and not is_array:
                self.compressions.insert(0, _step_of_numcodecs(name, options))
            else:
                raise _NotUnderstood(name)
        if is_array:
            raise _NotUnderstood("no step to bytes")
        is_turned = self.axes != tuple(range(len(self.axes)))
        self._turn = tuple(np.argsort(self.axes).tolist()) if is_turned else None

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The chunk's extents in the order in which its axes are stored."""
        return tuple(self.chunk_shape[axis] for axis in self.axes)

    def decode(self, data: Any) -> AnyArray:
        """An array of the chunk's shape, or a view of one with its axes turned; where there is nothing
        to undo, it is a view of the bytes themselves."""
        bytes_expected = math.prod(self.chunk_shape) * self.dtype.itemsize
        for number, undo in enumerate(self.compressions, start=1):
            is_last = number == len(self.compressions) and self.shard is None
            data = undo(data, bytes_expected if is_last else -1)
        if self.shard is not None:
            stored = self.shard.decode(data)
        else:
            if len(data) != bytes_expected:
                raise ValueError(f"it has {len(data)} bytes and not {bytes_expected}")
            stored = np.frombuffer(data, self._stored_dtype).reshape(self.stored_shape)
            if not self._stored_dtype.isnative:
                stored = stored.astype(self.dtype)
        return stored if self._turn is None else stored.transpose(self._turn)


class _Shard:
    """An object that holds inner chunks, and at its end or beginning an index of them.

    Source: Zarr codec `sharding_indexed`, version 1.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        fill: Any,
        options: Mapping[str, Any],
    ) -> None:
        self.shape, self.dtype, self.fill = shape, dtype, fill
        self.inner_shape = tuple(options["chunk_shape"])
        self.grid = tuple(
            extent // inner for extent, inner in zip(shape, self.inner_shape, strict=True)
        )
        self.inner = _Chain(self.inner_shape, dtype, fill, options["codecs"])
        index_codecs = options.get("index_codecs") or [
            {"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"},
        ]
        index_shape = (*self.grid, 2)
        self.index = _Chain(index_shape, np.dtype("u8"), np.uint64(_ABSENT), index_codecs)
        # Only a codec that adds a fixed number of bytes can be in the index.
        if any(codec["name"] not in ("bytes", "crc32c") for codec in index_codecs):
            raise _NotUnderstood("a compressed index")
        self.index_bytes = 8 * math.prod(index_shape) + 4 * len(self.index.compressions)
        self.is_index_first = options.get("index_location", "end") == "start"

    def decode(self, data: Any) -> AnyArray:
        """A new array of the shard's shape; what is not in it is the fill value."""
        view = memoryview(data)
        if len(view) < self.index_bytes:
            raise ValueError("the shard is shorter than its index")
        index_view = view[: self.index_bytes] if self.is_index_first else view[-self.index_bytes :]
        entries = self.index.decode(bytes(index_view)).reshape(-1, 2)
        result = np.full(self.shape, self.fill, self.dtype)
        for place, entry in zip(np.ndindex(self.grid), entries, strict=True):
            offset, length = int(entry[0]), int(entry[1])
            if offset == _ABSENT and length == _ABSENT:
                continue
            if offset + length > len(view):
                raise ValueError("an inner chunk lies outside its shard")
            region = tuple(
                slice(at * extent, (at + 1) * extent)
                for at, extent in zip(place, self.inner_shape, strict=True)
            )
            result[region] = self.inner.decode(bytes(view[offset : offset + length]))
        return result


class _NotUnderstood(Exception):
    """A codec that only zarr-python may know."""


def _chain_of(metadata: ArrayMetadata) -> _Chain | None:
    """The codecs of an array, or None if zarr-python has to undo them."""
    if not metadata.is_understood:
        return None
    dtype, fill = metadata.dtype, metadata.fill
    if metadata.data_type == "bfloat16":
        fill = np.frombuffer(bytes(fill), "<u2")[0]
        dtype = np.dtype("u2")
    try:
        return _Chain(metadata.chunk_shape, dtype, fill, metadata.document["codecs"])
    except (_NotUnderstood, KeyError, TypeError, ValueError):
        return None


def _blosc(data: Any, bytes_expected: int) -> Any:
    from numcodecs import blosc  # type: ignore[import-untyped]

    # c-blosc trusts the lengths in the frame's header.
    if len(data) < 16 or int.from_bytes(data[12:16], "little") != len(data):
        raise ValueError("the Blosc frame is cut")
    if bytes_expected < 0:
        return blosc.decompress(data)
    if int.from_bytes(data[4:8], "little") != bytes_expected:
        raise ValueError("the Blosc frame has another length")
    result = np.empty(bytes_expected, np.uint8)
    blosc.decompress(data, result)
    return result


def _zstd(data: Any, _: int) -> Any:
    from numcodecs import zstd

    return zstd.decompress(data)


def _gzip(data: Any, _: int) -> bytes:
    return gzip.decompress(data)


def _step_of_numcodecs(name: str, options: Mapping[str, Any]) -> _Step:
    import numcodecs

    codec = numcodecs.get_codec({"id": name.removeprefix("numcodecs."), **options})
    return lambda data, _: bytes(codec.decode(data))


def _crc32c(data: Any, _: int) -> bytes:
    payload, checksum = bytes(data[:-4]), int.from_bytes(data[-4:], "little")
    if google_crc32c.value(payload) != checksum:
        raise ValueError("its CRC-32C is another")
    return payload


_COMPRESSIONS: dict[str, _Step] = {
    "blosc": _blosc,
    "zstd": _zstd,
    "gzip": _gzip,
    "crc32c": _crc32c,
}
