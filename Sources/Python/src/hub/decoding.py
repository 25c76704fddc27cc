"""From the stored bytes of a chunk to its elements.

What most arrays are stored by (`bytes`, `transpose`, `sharding_indexed`, and compressions) is
undone here with numcodecs and without an event loop. Filters of numcodecs, texts and times go
through zarr-python (`zarr_elements`). What else a `zarr.json` names is refused: anybody may have
written it.

Invariant: nothing is decompressed to more than the chunk's shape and type have room for.

Source: Zarr core specification v3, "Codecs", and the specifications of the codecs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hub.compression import Step, step_of
from hub.errors import IntegrityError, Invalid
from hub.metadata import ArrayMetadata
from hub.zarr_elements import UnknownCodec, ZarrElements

AnyArray = npt.NDArray[Any]
Buffer = bytes | memoryview
Codec = Mapping[str, Any]

_ABSENT = 2**64 - 1
"""Offset and length of an inner chunk that is not in a shard."""

_SHARD_PARTS_MAX = 4
"""So many times as long as its chunks a shard may be: some writers leave what they replaced."""

MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of reading a configuration that is none."""


class ChunkDecoder:
    """Decodes the chunks of one array; picklable, for any threads."""

    def __init__(self, metadata: ArrayMetadata) -> None:
        self.metadata = metadata
        # NumPy and zarr-python do not know it; its elements are moved about as whole numbers.
        self._is_bfloat16 = metadata.data_type == "bfloat16"
        self._chain: Chain | None = None
        self._refusal = ""
        try:
            codecs = metadata.document["codecs"]
            self._chain = Chain(metadata.chunk_shape, ElementType.of(metadata), codecs)
        except UnknownCodec as error:
            self._refusal = f"it has a codec that is not read here, {error}"
        except MALFORMED as error:
            self._refusal = f"its codecs or its type are not understood: {error}"

    def __reduce__(self) -> tuple[Any, ...]:
        return ChunkDecoder, (self.metadata,)

    @property
    def is_fast(self) -> bool:
        """Whether chunks are decoded here, and not by zarr-python."""
        return self._chain is not None and self._chain.is_fast

    def decode(self, data: Buffer, where: str = "") -> AnyArray:
        """The elements of a chunk: a read-only array of the chunk's full shape, any strides.

        Raises:
            IntegrityError: the bytes are not a chunk of this array.
            Invalid: the array has a codec that is not read here.
        """
        if self._chain is None:
            raise Invalid(
                f"The array cannot be decoded: {self._refusal}.", where=where,
                hint="Slices are decoded by the server if it can; what people you trust have"
                " written, zarr-python opens in a hub.ViewStore(…, is_trusted=True) with whatever"
                " codecs you have installed.")
        try:
            decoded = self._chain.decode(data)
            if self._is_bfloat16:
                decoded = decoded.view("V2")
        except Exception as error:
            reason = "there is too little memory" if isinstance(error, MemoryError) else error
            raise IntegrityError(
                f"A chunk cannot be decoded: {reason}.", where=where,
                hint="It was damaged, or written with other codecs than zarr.json names.",
            ) from error
        decoded.flags.writeable = False
        return decoded


@dataclass(frozen=True)
class ElementType:
    """What elements are.

    Attributes:
        document: the array's `zarr.json`, with a type that zarr-python knows.
        dtype, fill: the type of elements here, and the value of those that are not stored.
        is_plain: whether they lie in memory as they are stored.
    """

    document: Mapping[str, Any]
    dtype: np.dtype[Any]
    fill: Any
    is_plain: bool

    @classmethod
    def of(cls, metadata: ArrayMetadata) -> ElementType:
        """The type of an array's elements; `bfloat16` as whole numbers of two bytes."""
        if metadata.data_type == "bfloat16":
            fill = np.frombuffer(bytes(metadata.fill), "<u2")[0]
            document = dict(metadata.document) | {"data_type": "uint16", "fill_value": 0}
            return cls(document, np.dtype("u2"), fill, is_plain=True)
        return cls(metadata.document, metadata.dtype, metadata.fill, metadata.is_understood)


class _Elements(Protocol):
    """What makes elements of bytes, when compressions are undone.

    Attributes:
        stored_bytes_max: the most bytes that there can be.
        is_fast: whether zarr-python has no part in it.
    """

    stored_bytes_max: int
    is_fast: bool

    def decode(self, data: Any) -> AnyArray: ...


class Chain:
    """The codecs of chunks of one shape, in the order in which they are undone.

    Attributes:
        stored_bytes_max: how long a stored chunk is at most.
        limits: of the codecs that make bytes of bytes, which are the last ones, how many bytes each
            may make when it is undone.
        inner: the codecs of the chunks that a shard holds, if chunks are shards.
        chunk_bytes: the bytes of a chunk's elements.
        element_bytes: those of one; of no meaning for texts.
        is_fast: whether zarr-python has no part in it.

    Raises:
        UnknownCodec: a codec is none of those that are read.
        ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError: these
            are no codecs of such elements.
    """

    def __init__(
        self, chunk_shape: tuple[int, ...], kind: ElementType, codecs: Sequence[Codec]
    ) -> None:
        steps: list[Step] = []
        count = len(codecs)
        while count:
            codec = codecs[count - 1]
            step = step_of(codec["name"], codec.get("configuration") or {}, kind.dtype.itemsize)
            if step is None:
                break
            steps.append(step)
            count -= 1
        if not count:
            raise ValueError("no codec makes bytes of the elements")
        self._elements, self._turn = _elements_of(chunk_shape, kind, codecs[:count])
        self.is_fast = self._elements.is_fast
        self.element_bytes = kind.dtype.itemsize
        self.chunk_bytes = math.prod(chunk_shape) * self.element_bytes
        self.inner = self._elements.inner if isinstance(self._elements, _Shard) else None
        limits = [self._elements.stored_bytes_max]
        for _ in steps:
            limits.append(_grown(limits[-1]))
        self.stored_bytes_max = limits.pop()
        self.limits = tuple(limits)
        self._compressions = list(zip(steps, reversed(limits), strict=True))

    def decode(self, data: Any) -> AnyArray:
        """An array of the chunk's shape, or a view of one with its axes turned; where there is nothing
        to undo, it is a view of the bytes themselves."""
        for undo, bytes_max in self._compressions:
            data = undo(data, bytes_max)
        stored = self._elements.decode(data)
        return stored if self._turn is None else stored.transpose(self._turn)


def _elements_of(
    shape: tuple[int, ...], kind: ElementType, codecs: Sequence[Codec]
) -> tuple[_Elements, tuple[int, ...] | None]:
    """How elements are read, and how their axes are turned then, if they are.

    Args:
        codecs: what was done to the elements, and behind that what made bytes of them.
    """
    *filters, serializer = codecs
    name, options = serializer["name"], serializer.get("configuration") or {}
    is_turned_only = all(codec["name"] == "transpose" for codec in filters)
    if not is_turned_only or (name == "bytes" and not kind.is_plain):
        return ZarrElements(kind.document, shape, codecs, kind.dtype.itemsize), None
    axes = tuple(range(len(shape)))
    for codec in filters:
        axes = tuple(axes[axis] for axis in codec["configuration"]["order"])
    if sorted(axes) != list(range(len(shape))):
        raise ValueError("an axis is not stored")
    turn = None if axes == tuple(range(len(shape))) else tuple(np.argsort(axes).tolist())
    stored_shape = tuple(shape[axis] for axis in axes)
    if name == "bytes":
        return _PlainElements(stored_shape, kind.dtype, options), turn
    if name == "sharding_indexed":
        return _Shard(stored_shape, kind, options), turn
    return ZarrElements(
        kind.document, stored_shape, [serializer], kind.dtype.itemsize), turn


class _PlainElements:
    """Elements that lie one after another, in either order of bytes.

    Source: Zarr codec `bytes`, version 1.
    """

    is_fast = True

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], options: Mapping[str, Any]
    ) -> None:
        self._shape, self._dtype = shape, dtype
        endian = options.get("endian")
        self._stored_dtype = dtype
        if endian in ("big", "little"):
            self._stored_dtype = dtype.newbyteorder(">" if endian == "big" else "<")
        self.stored_bytes_max = math.prod(shape) * dtype.itemsize

    def decode(self, data: Any) -> AnyArray:
        """A view of the bytes, if they are in this machine's order."""
        if len(data) != self.stored_bytes_max:
            raise ValueError(f"it has {len(data)} bytes and not {self.stored_bytes_max}")
        stored = np.frombuffer(data, self._stored_dtype).reshape(self._shape)
        return stored if self._stored_dtype.isnative else stored.astype(self._dtype)


class _Shard:
    """An object that holds inner chunks, and at its end or beginning an index of them.

    Source: Zarr codec `sharding_indexed`, version 1.
    """

    def __init__(
        self, shape: tuple[int, ...], kind: ElementType, options: Mapping[str, Any]
    ) -> None:
        self._shape, self._kind = shape, kind
        self._inner_shape = tuple(options["chunk_shape"])
        self._grid = tuple(
            extent // inner for extent, inner in zip(shape, self._inner_shape, strict=True)
        )
        self.inner = Chain(self._inner_shape, kind, options["codecs"])
        self.is_fast = self.inner.is_fast
        index_codecs = options.get("index_codecs") or [
            {"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"},
        ]
        # Only a codec that adds a fixed number of bytes can be in the index.
        if any(codec["name"] not in ("bytes", "crc32c") for codec in index_codecs):
            raise ValueError("the index of a shard is compressed")
        index_shape = (*self._grid, 2)
        self._index = Chain(index_shape, _INDEX_TYPE, index_codecs)
        self._index_bytes = 8 * math.prod(index_shape) + 4 * (len(index_codecs) - 1)
        self._is_index_first = options.get("index_location", "end") == "start"
        chunk_bytes = math.prod(self._grid) * self.inner.stored_bytes_max
        self.stored_bytes_max = self._index_bytes + _SHARD_PARTS_MAX * chunk_bytes

    def decode(self, data: Any) -> AnyArray:
        """A new array of the shard's shape; what is not in it is the fill value."""
        view = memoryview(data)
        if len(view) < self._index_bytes:
            raise ValueError("the shard is shorter than its index")
        index = view[: self._index_bytes] if self._is_index_first else view[-self._index_bytes :]
        entries = self._index.decode(bytes(index)).reshape(-1, 2)
        result = np.full(self._shape, self._kind.fill, self._kind.dtype)
        for place, entry in zip(np.ndindex(self._grid), entries, strict=True):
            offset, length = int(entry[0]), int(entry[1])
            if offset == _ABSENT and length == _ABSENT:
                continue
            if offset + length > len(view):
                raise ValueError("an inner chunk lies outside its shard")
            region = tuple(
                slice(at * extent, (at + 1) * extent)
                for at, extent in zip(place, self._inner_shape, strict=True)
            )
            result[region] = self.inner.decode(bytes(view[offset : offset + length]))
        return result


_INDEX_TYPE = ElementType({}, np.dtype("u8"), np.uint64(_ABSENT), is_plain=True)


def _grown(content_bytes: int) -> int:
    """What any compression makes of so many bytes, at most; a checksum, too.

    Of what cannot be compressed, bzip2 makes 1% and 600 bytes more, and the others less.
    """
    return content_bytes + content_bytes // 8 + 4096
