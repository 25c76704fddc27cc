"""Codecs for zarr-python that undo no more than a chunk can have, in place of its own.

`bounded_document` names them in the documents of arrays that anybody may have stored. They go by
names of their own, so that whatever else reads with zarr-python is left alone; as documents are
written again, in a copy of the array, they have the names of the codecs that they stand for.

Source: zarr-python, `zarr.abc.codec`; numcodecs, `numcodecs.abc`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numcodecs  # type: ignore[import-untyped]
import numpy as np
from numcodecs.abc import Codec as Numcodec  # type: ignore[import-untyped]
import zarr.codecs
from zarr.abc.codec import BytesBytesCodec
from zarr.registry import get_codec_class, register_codec

from hub.compression import Step, step_of
from hub.errors import IntegrityError, Invalid
from hub.zarr_elements import check_text_count

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

BOUNDED, SHARDING, REFUSED = "hub.bounded", "hub.sharding", "hub.refused"
TEXTS, BYTE_STRINGS = "hub.vlen-utf8", "hub.vlen-bytes"
"""The names that the codecs here are registered under."""

_DAMAGED = "It was damaged, or written with other codecs than the array's document names."


@dataclass(frozen=True)
class BoundedCodec(BytesBytesCodec):
    """A compression, or another codec that makes bytes of bytes; zarr-python's own encodes.

    Attributes:
        codec: the codec's name and configuration in the document.
        bytes_max: how many bytes come out at most, where a chunk has as many elements as the
            document says; of larger ones, as a copy of the array may have, as much more.
        chunk_bytes: the bytes of all elements of such a chunk.
        element_bytes: those of one.
    """

    codec: Mapping[str, Any]
    bytes_max: int
    chunk_bytes: int
    element_bytes: int
    is_fixed_size: bool = field(default=False, init=False)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        # docstring inherited
        return cls(**data["configuration"])

    def to_dict(self) -> dict[str, Any]:
        # docstring inherited
        return dict(self.codec)

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        element_bytes = np.dtype(chunk_spec.dtype.to_native_dtype()).itemsize
        asked_bytes = math.prod(chunk_spec.shape) * element_bytes
        bytes_max = self.bytes_max * max(1, -(-asked_bytes // max(1, self.chunk_bytes)))
        step = _step(self.codec, self.element_bytes)
        content = await asyncio.to_thread(_undone, step, chunk_bytes.to_bytes(), bytes_max)
        return chunk_spec.prototype.buffer.from_array_like(content)

    async def _encode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer | None:
        meant: Any = get_codec_class(self.codec["name"]).from_dict(self.to_dict())
        encoded = await meant.evolve_from_array_spec(chunk_spec).encode([(chunk_bytes, chunk_spec)])
        first: Buffer | None = next(iter(encoded))
        return first

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        # docstring inherited
        raise NotImplementedError


class _BoundedTexts:
    """Elements without a fixed size, of which numcodecs makes room for as many as are announced."""

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        _check_count(chunk_bytes, chunk_spec)
        above: Any = super()
        decoded: NDBuffer = await above._decode_single(chunk_bytes, chunk_spec)
        return decoded

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        _check_count(chunk_bytes, chunk_spec)
        above: Any = super()
        decoded: NDBuffer = above._decode_sync(chunk_bytes, chunk_spec)
        return decoded


# zarr-python allows codecs of these names alone for such types.
class VLenUTF8Codec(_BoundedTexts, zarr.codecs.VLenUTF8Codec):
    """Texts."""

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        # docstring inherited
        return cls()


class VLenBytesCodec(_BoundedTexts, zarr.codecs.VLenBytesCodec):
    """Strings of bytes."""

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        # docstring inherited
        return cls()


class BoundedSharding(zarr.codecs.ShardingCodec):
    """Shards whose inner codecs are some of these, also where they were pickled."""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        # docstring inherited
        return cls(**data["configuration"])

    def __getstate__(self) -> dict[str, Any]:
        # zarr-python would pickle them as a document has them.
        state: dict[str, Any] = self.to_dict()
        state["configuration"] |= {"codecs": self.codecs}
        return state


@dataclass(frozen=True)
class RefusedCodec(BytesBytesCodec):
    """What stands for codecs that are not read: an array is opened with it, but no chunk is.

    Attributes:
        reason: why they are not.
    """

    reason: str
    is_fixed_size: bool = field(default=False, init=False)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        # docstring inherited
        return cls(**data["configuration"])

    def to_dict(self) -> dict[str, Any]:
        # docstring inherited
        return {"name": REFUSED, "configuration": {"reason": self.reason}}

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        raise _refused(self.reason)

    async def _encode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer | None:
        raise _refused(self.reason)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        # docstring inherited
        raise NotImplementedError


class BoundedNumcodec(Numcodec):  # type: ignore[misc]
    """A compression of an array of Zarr version 2; it is read alone."""

    codec_id = BOUNDED

    def __init__(self, codec: Mapping[str, Any], bytes_max: int, element_bytes: int) -> None:
        self.codec, self.bytes_max, self.element_bytes = codec, bytes_max, element_bytes

    def encode(self, buf: Any) -> Any:
        raise NotImplementedError("an array that is read within bounds is not written")

    def decode(self, buf: Any, out: Any = None) -> Any:
        if out is not None:
            raise NotImplementedError
        return _undone(_step(self.codec, self.element_bytes), bytes(buf), self.bytes_max)


class RefusedNumcodec(Numcodec):  # type: ignore[misc]
    """What stands for codecs of an array of Zarr version 2 that are not read."""

    codec_id = REFUSED

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def encode(self, buf: Any) -> Any:
        raise _refused(self.reason)

    def decode(self, buf: Any, out: Any = None) -> Any:
        raise _refused(self.reason)


def _step(codec: Mapping[str, Any], element_bytes: int) -> Step:
    step = step_of(codec["name"], codec.get("configuration") or {}, element_bytes)
    if step is None:
        raise Invalid(f"{codec['name']} makes no bytes of bytes.")
    return step


def _undone(step: Step, data: bytes, bytes_max: int) -> Any:
    """What a codec makes of stored bytes, as an array of bytes.

    Raises:
        IntegrityError: they are none of this codec, or would become more than `bytes_max`.
    """
    try:
        return np.frombuffer(step(data, bytes_max), np.uint8)
    except Exception as error:
        raise _damaged(error) from error


def _check_count(chunk_bytes: Buffer, spec: ArraySpec) -> None:
    try:
        check_text_count(chunk_bytes.as_numpy_array(), math.prod(spec.shape))
    except ValueError as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> IntegrityError:
    reason = "there is too little memory" if isinstance(error, MemoryError) else error
    return IntegrityError(f"A chunk cannot be decoded: {reason}.", hint=_DAMAGED)


def _refused(reason: str) -> Invalid:
    return Invalid(
        f"The array cannot be decoded: {reason}.",
        hint="What people you trust have written, hub.ViewStore(…, is_trusted=True) opens with"
        " whatever codecs you have installed.")


register_codec(BOUNDED, BoundedCodec)
register_codec(TEXTS, VLenUTF8Codec)
register_codec(BYTE_STRINGS, VLenBytesCodec)
register_codec(SHARDING, BoundedSharding)
register_codec(REFUSED, RefusedCodec)
numcodecs.register_codec(BoundedNumcodec)
numcodecs.register_codec(RefusedNumcodec)
