"""Elements that only zarr-python decodes: filters of numcodecs, texts, times, and types like them.

It reads an array of one chunk in memory, and undoes none but the codecs that are named here:
compressions were undone before (`compression`), and what is registered under other names may do
anything with what anybody stored.
"""

from __future__ import annotations

import json
import math
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Codec = Mapping[str, Any]

_FILTERS = frozenset(
    f"numcodecs.{name}"
    for name in ("astype", "bitround", "delta", "fixedscaleoffset", "packbits", "quantize")
)
VARIABLE = frozenset(["vlen-bytes", "vlen-utf8"])
_SERIALIZERS = VARIABLE | {"bytes", "numcodecs.pcodec", "numcodecs.zfpy"}

_TYPE_OPTIONS = ("astype", "decode_dtype", "dtype", "encode_dtype")
_NUMBER_KINDS = "biufc"
_NUMBER_BYTES_MAX = 16

_HEADER_BYTES_MAX = 4096
"""What filters and compressions of numbers put before them, at most."""

_VARIABLE_BYTES_MAX = 1 << 30
"""What a chunk of texts, or of other elements without a fixed size, takes at most."""

_zarr_lock = threading.Lock()
os.register_at_fork(after_in_child=lambda: globals().update(_zarr_lock=threading.Lock()))


class UnknownCodec(Exception):
    """A codec that is none of those that are read."""


class ZarrElements:
    """Decodes one chunk's serialized elements; for any threads.

    Args:
        document: the array's `zarr.json`.
        shape: the chunk's extents.
        codecs: filters, and behind them what makes bytes of elements.
        element_bytes: the size of an element when it is decoded; of no meaning for texts.

    Attributes:
        stored_bytes_max: how long what is decoded may be.

    Raises:
        UnknownCodec: a codec is none of those that are read.
        TypeError, ValueError: its configuration is not.
    """

    is_fast = False

    def __init__(
        self,
        document: Mapping[str, Any],
        shape: tuple[int, ...],
        codecs: Sequence[Codec],
        element_bytes: int,
    ) -> None:
        *filters, serializer = codecs
        if serializer["name"] not in _SERIALIZERS:
            raise UnknownCodec(serializer["name"])
        for codec in filters:
            if codec["name"] != "transpose" and codec["name"] not in _FILTERS:
                raise UnknownCodec(codec["name"])
        for codec in codecs:
            _check_options(codec.get("configuration") or {})
        self._shape = shape
        self._is_variable = serializer["name"] in VARIABLE
        self.stored_bytes_max = _VARIABLE_BYTES_MAX
        if not self._is_variable:
            one_bytes = max(element_bytes, _NUMBER_BYTES_MAX)
            self.stored_bytes_max = math.prod(shape) * one_bytes + _HEADER_BYTES_MAX
        self._key = "/".join(["c", *("0" for _ in shape)])
        one = dict(document) | {
            "shape": shape,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "codecs": list(codecs),
            "attributes": {},
        }
        one.pop("dimension_names", None)
        self._document = json.dumps(one).encode()

    def decode(self, data: Any) -> npt.NDArray[Any]:
        """The elements, in this machine's byte order.

        Raises:
            ValueError: they are not as many as the chunk has.
            Exception: whatever zarr-python raises for what it cannot decode.
        """
        import zarr
        from zarr.buffer.cpu import buffer_prototype
        from zarr.storage import MemoryStore

        if self._is_variable:
            check_text_count(data, math.prod(self._shape))
        buffer = buffer_prototype.buffer
        contents = {
            "zarr.json": buffer.from_bytes(self._document),
            self._key: buffer.from_bytes(bytes(data)),
        }
        # It warns of codecs that are not in the specification, each time, and filters of warnings
        # are not made for threads.
        with _zarr_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = zarr.open_array(MemoryStore(contents, read_only=True), mode="r")
            decoded = np.asarray(array[...])
        return decoded if decoded.dtype.isnative else decoded.astype(decoded.dtype.newbyteorder("="))


def check_text_count(data: Any, count: int) -> None:
    """Sees that a chunk of texts announces as many as it has: numcodecs makes room for those.

    Source: numcodecs, `vlen`.

    Raises:
        ValueError: it does not.
    """
    if int.from_bytes(bytes(data[:4]), "little") != count:
        raise ValueError(f"it has not {count} elements")


def _check_options(options: Mapping[str, Any]) -> None:
    """Sees that a configuration chooses no other codec, and no type but numbers.

    An element of a type such as `U100000000` would take as much as that says.
    """
    if "id" in options:
        raise ValueError("a codec's configuration names another one")
    for name in _TYPE_OPTIONS:
        if options.get(name) is not None:
            dtype = np.dtype(options[name])
            if dtype.kind not in _NUMBER_KINDS or dtype.itemsize > _NUMBER_BYTES_MAX:
                raise ValueError(f"{options[name]} is no type of numbers")
