"""The document `zarr.json` of an array: its grid, its type, and the names of its chunks.

Source: Zarr core specification v3, "Array metadata".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hub.description import dtype_of, fill_of
from hub.errors import Invalid
from hub.kept_attribute import kept_attribute

_UNDERSTOOD_TYPES = frozenset(
    [
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128", "bfloat16",
    ]
)


@dataclass(frozen=True)
class ArrayMetadata:
    """What has to be known of an array to find and decode its chunks; picklable.

    Attributes:
        document: the whole of `zarr.json`.
        shape: extents per axis, in elements.
        chunk_shape: extents of what is stored under one key; chunks at the far edge are as large.
    """

    document: Mapping[str, Any]
    shape: tuple[int, ...]
    chunk_shape: tuple[int, ...]

    @classmethod
    def parse(cls, data: bytes, where: str = "") -> ArrayMetadata:
        """Reads the bytes of a `zarr.json`.

        Raises:
            Invalid: it is not an array on a regular grid, or no `zarr.json` at all.
        """
        try:
            return cls._read(json.loads(data), where)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError,
                RecursionError) as error:
            if isinstance(error, Invalid):
                raise
            raise Invalid("This is no zarr.json of an array.", where=where,
                          hint="Is the endpoint a Nave server? `hub doctor` looks.") from error

    @classmethod
    def _read(cls, document: Mapping[str, Any], where: str) -> ArrayMetadata:
        if document["node_type"] != "array":
            raise Invalid("This is a group, not an array.", where=where,
                          hint="Name one of its members.")
        grid = document["chunk_grid"]
        if grid["name"] != "regular" or document.get("storage_transformers"):
            raise Invalid("Only arrays on a regular grid can be read chunk by chunk.", where=where)
        chunk_shape = tuple(map(int, grid["configuration"]["chunk_shape"]))
        return cls(document, tuple(map(int, document["shape"])), chunk_shape)

    @property
    def data_type(self) -> Any:
        """The type as the document has it: a name, or an object with one."""
        return self.document["data_type"]

    @property
    def is_understood(self) -> bool:
        """Whether the type is one whose elements lie in memory as they are stored."""
        name = self.data_type
        is_raw = isinstance(name, str) and name[:1] == "r" and name[1:].isdigit()
        return is_raw or (isinstance(name, str) and name in _UNDERSTOOD_TYPES)

    @kept_attribute
    def dtype(self) -> np.dtype[Any]:
        """The type of elements in this machine's byte order; `V2` for `bfloat16`.

        Raises:
            Invalid: NumPy and zarr-python have no such type.
        """
        if self.is_understood:
            return dtype_of(self.data_type)
        return _zarr_type(self.data_type)

    @kept_attribute
    def fill(self) -> Any:
        """The value of what is not stored, as a scalar of `dtype`."""
        value = self.document["fill_value"]
        if self.data_type == "bfloat16":
            return np.frombuffer(bfloat16_bytes(value), "V2")[0]
        if self.is_understood:
            return fill_of(value, self.dtype)
        from zarr.dtype import parse_dtype

        return parse_dtype(self.data_type, zarr_format=3).from_json_scalar(value, zarr_format=3)

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """How many chunks there are along each axis."""
        return tuple(-(-extent // chunk) for extent, chunk in zip(self.shape, self.chunk_shape,
                                                                   strict=True))

    @property
    def chunk_bytes(self) -> int:
        """The bytes of a decoded chunk."""
        count = 1
        for extent in self.chunk_shape:
            count *= extent
        return count * self.dtype.itemsize

    @property
    def layout(self) -> dict[str, Any]:
        """What chunks were written by: while it stays, they can be read with this object."""
        names = ("chunk_grid", "chunk_key_encoding", "codecs", "data_type", "fill_value")
        return {name: self.document[name] for name in names}

    def key(self, coordinates: tuple[int, ...]) -> str:
        """The key of a chunk, by its number along each axis.

        Source: Zarr core specification v3, "Chunk key encoding".
        """
        encoding = self.document["chunk_key_encoding"]
        name = encoding["name"] if isinstance(encoding, Mapping) else encoding
        options = encoding.get("configuration", {}) if isinstance(encoding, Mapping) else {}
        if name == "default":
            return str(options.get("separator", "/")).join(["c", *map(str, coordinates)])
        if name == "v2":
            return str(options.get("separator", ".")).join(map(str, coordinates)) or "0"
        raise Invalid(f"Chunks are named in an unknown way, {name}.")


def bfloat16_bytes(value: Any) -> bytes:
    """The two bytes of a fill value of this type: a number, a word, or `0x` and its bits.

    Source: Zarr extension `bfloat16`; numbers are rounded to the nearest, ties to even.
    """
    if isinstance(value, str) and value.startswith("0x"):
        return int(value, 16).to_bytes(2, "little")
    number = np.float32(value)
    bits = int(number.view(np.uint32))
    if not np.isnan(number):
        bits += 0x7FFF + (bits >> 16 & 1)
    return (bits >> 16).to_bytes(2, "little")


def _zarr_type(data_type: Any) -> np.dtype[Any]:
    from zarr.dtype import parse_dtype

    try:
        return np.dtype(parse_dtype(data_type, zarr_format=3).to_native_dtype())
    except (ValueError, TypeError) as error:
        raise Invalid(f"zarr-python cannot read the type {data_type}: {error}") from None
