"""What the server says of an array or a group."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.reference import Reference
from hub.understanding import extents, member, understood

_RAW_BITS = re.compile(r"r([1-9]\d{0,9})")


@dataclass(frozen=True)
class Description:
    """An array or group at one moment; picklable.

    Attributes:
        reference: what was described; names a tag or a digest.
        kind: `array`, `group` or `unreadable`; only arrays have the attributes from `shape` on.
        dialect: `zarr3`, `zarr2` or `hub0`.
        note: why it cannot be read or sliced, or empty.
        attributes: those of the user; `None` where they are too long to be told.
        changed: when a chunk or the metadata changed last, as text in UTC.
        content_hash: equal for equal stored chunks.
        key_prefix: what its keys in the bucket begin with; `None` for a commit.
        metadata_entity_tag: which state the metadata is in, whatever the chunks hold, with
            quotation marks; "" for a commit, and of servers that do not tell.
        shape: extents per axis, in elements.
        data_type: the type by Zarr v3's name.
        chunk_shape: extents of a stored object.
        inner_chunk_shape: extents of the chunks inside a stored object of a sharded array.
        codecs: names of the steps from a chunk to its stored bytes.
        order: `C` or `F`, as elements lie in a stored chunk.
        byte_order: `little`, `big` or `None`, as they are stored.
        fill_value: the value of what is not stored, as in the JSON; see `fill`.
        dimension_names: one a dimension, or `None`.
        chunks_total, chunks_stored: of the grid.
        bytes_stored: of all stored chunks, as they are stored.
        members: of a group, what is in it.
    """

    reference: Reference
    kind: str
    dialect: str
    note: str = ""
    attributes: Mapping[str, Any] | None = None
    changed: str = ""
    content_hash: str = ""
    key_prefix: str | None = None
    metadata_entity_tag: str = ""
    shape: tuple[int, ...] = ()
    data_type: str = ""
    chunk_shape: tuple[int, ...] = ()
    inner_chunk_shape: tuple[int, ...] | None = None
    codecs: tuple[str, ...] = ()
    order: str = "C"
    byte_order: str | None = None
    fill_value: Any = 0
    dimension_names: tuple[str | None, ...] | None = None
    chunks_total: int = 0
    chunks_stored: int = 0
    bytes_stored: int = 0
    members: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_document(cls, reference: Reference, document: Mapping[str, Any]) -> Description:
        """Reads the answer to `GET /v1/arrays/{reference}`.

        Raises:
            Invalid: it is no description, as of a server that is no Nave.
        """
        if "kind" not in document:
            raise Invalid(f"What the endpoint says of {reference} is no description.",
                          hint="Is it a Nave server? `hub doctor` looks.")
        with understood(str(reference)):
            return cls._read(reference, document)

    @classmethod
    def _read(cls, reference: Reference, document: Mapping[str, Any]) -> Description:
        def text(name: str, default: str = "") -> str:
            return str(member(document, name, str, default))

        def count(name: str) -> int:
            return int(member(document, name, int, 0))

        names = member(document, "dimension_names", (list, NoneType), None)
        inner = document.get("inner_chunk_shape")
        return cls(
            reference=reference,
            kind=text("kind"),
            dialect=text("dialect"),
            note=text("note"),
            attributes=member(document, "attributes", (dict, NoneType), None),
            changed=text("changed"),
            content_hash=text("content_hash"),
            key_prefix=member(document, "key_prefix", (str, NoneType), None),
            metadata_entity_tag=text("metadata_entity_tag"),
            shape=extents(document.get("shape", [])),
            data_type=text("dtype"),
            chunk_shape=extents(document.get("chunk_shape", [])),
            inner_chunk_shape=None if inner is None else extents(inner),
            codecs=tuple(map(str, member(document, "codecs", list, []))),
            order=text("order", "C"),
            byte_order=member(document, "byte_order", (str, NoneType), None),
            fill_value=document.get("fill_value", 0),
            dimension_names=None if names is None else tuple(map(_axis_name, names)),
            chunks_total=count("chunks_total"),
            chunks_stored=count("chunks_stored"),
            bytes_stored=count("bytes_stored"),
            members=_member_references(member(document, "members", list, [])),
            document=document,
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of elements in NumPy, in this machine's byte order; `V2` for `bfloat16`.

        Raises:
            Invalid: NumPy has no such type.
        """
        return dtype_of(self.data_type)

    @property
    def fill(self) -> Any:
        """The fill value as a scalar of `dtype`."""
        if self.data_type == "bfloat16":
            from hub.metadata import bfloat16_bytes

            return np.frombuffer(bfloat16_bytes(self.fill_value or 0), "V2")[0]
        with understood(f"the fill value of {self.reference}"):
            return fill_of(self.fill_value, self.dtype)


def dtype_of(name: str) -> np.dtype[Any]:
    """NumPy's type for a name of Zarr v3.

    Raises:
        Invalid: NumPy has none.
    """
    if name == "bfloat16":
        return np.dtype("V2")
    if (bits := _RAW_BITS.fullmatch(name)) and int(bits[1]) % 8 == 0:
        return np.dtype(f"V{int(bits[1]) // 8}")
    try:
        found: np.dtype[Any] = np.dtype(name)
    except (TypeError, ValueError):
        found = np.dtype(object)
    if found.kind not in "biufcmM":
        raise Invalid(f"NumPy has no type {name}.",
                      hint="zarr-python may: zarr.open_array(hub.ViewStore(name), mode=\"r\").")
    return found


def fill_of(value: Any, dtype: np.dtype[Any]) -> Any:
    """A fill value in the JSON of the API as a scalar.

    NaN, infinities and NaT are words, complex numbers pairs, raw bits hexadecimal digits or
    numbers.
    """
    if value is None:
        return np.zeros((), dtype)[()]
    if dtype.kind == "V":
        if isinstance(value, str):
            raw = bytes.fromhex(value.removeprefix("0x"))
        else:
            raw = bytes(value) if isinstance(value, Sequence) else bytes(dtype.itemsize)
        return np.frombuffer(raw.ljust(dtype.itemsize, b"\0"), dtype)[0]
    if dtype.kind in "mM":
        # The type alone has no unit; `NaT` is a word.
        return np.array(value, dtype)[()]
    if dtype.kind == "c":
        real, imaginary = value
        return dtype.type(complex(float(real), float(imaginary)))
    if isinstance(value, str) and value.startswith("0x"):
        bits = int(value, 16).to_bytes(dtype.itemsize, "little")
        return np.frombuffer(bits, dtype.newbyteorder("<"))[0]
    if dtype.kind == "f":
        return dtype.type(float(value))
    return dtype.type(value)


def _axis_name(value: Any) -> str | None:
    if not isinstance(value, str | NoneType):
        raise TypeError("the name of an axis is no text")
    return value


def _member_references(members: Sequence[Any]) -> tuple[str, ...]:
    return tuple(
        str(one["reference"]) if isinstance(one, Mapping) else str(one) for one in members
    )
