"""Elements of `bfloat16`, which NumPy does not have: the upper halves of `float32`, as `V2`."""

from __future__ import annotations

from typing import Any

import numpy as np

from hub.npy import AnyArray

DTYPE: np.dtype[Any] = np.dtype("V2")


def rounded(values: AnyArray) -> AnyArray:
    """Numbers as `bfloat16`, rounded to the nearest, ties to even; of `V2` as they are.

    Arrays of the type of `ml_dtypes` are taken as well.

    Raises:
        TypeError, ValueError: they are no real numbers.
    """
    if values.dtype == DTYPE:
        return values
    if values.dtype.kind == "V" and values.dtype.itemsize == 2:
        return values.view(DTYPE)
    # From doubles straight to halves would need another rounding; float32 is what the type rounds.
    singles = np.ascontiguousarray(values.astype(np.float32)).reshape(values.shape)
    bits = singles.view(np.uint32)
    upper = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    quiet = (bits >> 16) | 0x40
    halves = np.where(np.isnan(singles), quiet, upper).astype("<u2")
    return halves.view(DTYPE)


def floats(values: AnyArray) -> AnyArray:
    """Elements of `V2` as `float32`, exactly."""
    halves = np.ascontiguousarray(values).view("<u2").astype(np.uint32)
    return (halves << 16).view(np.float32)
