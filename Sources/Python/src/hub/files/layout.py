"""What an array on this machine looks like, whatever file it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from hub.errors import Invalid

Box = tuple[slice, ...]
Order = Literal["C", "F"]

# Kinds of NumPy types that arrays can have: booleans, whole numbers, floats, complex numbers.
KINDS = "biufc"
ITEM_BYTES_MAX = {"f": 8, "c": 16}


@dataclass(frozen=True)
class Layout:
    """Shape, type and description of an array.

    `dtype` is little-endian. `chunks` is how the file divides it, if it does. `order` is the order
    in which reading costs least: "C" if the last axis is the fastest, "F" if the first is.
    `attributes` is what JSON can say.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...] | None = None
    dimension_names: tuple[str, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    order: Order = "C"

    @property
    def bytes(self) -> int:
        """Bytes of all elements."""
        total = self.dtype.itemsize
        for extent in self.shape:
            total *= extent
        return total


def stored_type(dtype: Any, where: str) -> np.dtype[Any]:
    """The little-endian type in which elements of `dtype` are kept on a server.

    Raises `Invalid` for types that arrays cannot have, such as texts, objects and records.
    """
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind.kind not in KINDS or kind.itemsize > ITEM_BYTES_MAX.get(kind.kind, 8):
        raise Invalid(
            f"{where}: elements of type {kind} cannot be kept.",
            hint="Booleans, whole numbers, floats and complex numbers can.")
    stored: np.dtype[Any] = kind.newbyteorder("<")
    return stored


def json_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `values` that JSON can say, NumPy's numbers and small arrays turned into its own."""
    kept = {}
    for name, value in values.items():
        if isinstance(value, np.generic | np.ndarray) and value.size <= 1024:
            value = value.tolist()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if _is_json(value):
            kept[str(name)] = value
    return kept


def _is_json(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_json(entry) for entry in value)
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_json(entry) for name, entry in value.items())
    if isinstance(value, float):
        return bool(np.isfinite(value))
    return value is None or isinstance(value, str | int | bool)
