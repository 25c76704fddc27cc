"""What arrays and views share of NumPy's protocol."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from hub.errors import Unsupported
from hub.npy import AnyArray
from hub.operators import Operators

_PREFETCHED_BYTES = 8 << 20


class NumPyLike(Operators):
    """Reads like a NumPy array, from a shape, a type and a way to read a selection."""

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        raise NotImplementedError

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """What the elements would take in memory, in bytes; not what is stored."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        """The samples along the first axis, read in blocks of some megabytes."""
        count = len(self)
        sample_bytes = max(1, self.nbytes // max(1, count))
        step = max(1, _PREFETCHED_BYTES // sample_bytes)
        for start in range(0, count, step):
            yield from self[start : min(start + step, count)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        """All elements in memory, as `numpy.asarray(a)` asks for them.

        Raises:
            ValueError: `copy=False`, as reading always makes an array.
        """
        if copy is False:
            raise ValueError("A remote array cannot be had without a copy.")
        values: AnyArray = np.asarray(self[...])
        return values if dtype is None else values.astype(dtype, copy=False)

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous.")
        return bool(np.asarray(self[...]).any())

    def __int__(self) -> int:
        return int(self._single())

    def __float__(self) -> float:
        return float(self._single())

    def __index__(self) -> int:
        return operator.index(self._single())

    def __contains__(self, value: object) -> bool:
        raise Unsupported("Whether a value is in a remote array takes reading all of it.",
                          hint="Use value in a[...], or a.min() and a.max().")

    def __eq__(self, other: object) -> bool:
        """Whether it is this very object; values are not compared.

        Raises:
            Unsupported: `other` is a number or an array of NumPy, which NumPy compares with each element.
        """
        if isinstance(other, (numbers.Number, np.generic, np.ndarray)):
            raise Unsupported("A remote array is not compared with values.",
                              hint="Read what is compared: a[...] == value.")
        return self is other

    __hash__ = object.__hash__

    def _single(self) -> Any:
        if self.size != 1:
            raise TypeError("Only an array of one element can be a number.")
        return np.asarray(self[...]).reshape(())[()]


def scalar_or_array(result: AnyArray, index: Any) -> Any:
    """A result as NumPy gives it out: a single element is a scalar, unless `...` was written."""
    entries = index if isinstance(index, tuple) else (index,)
    return result if result.ndim or any(one is Ellipsis for one in entries) else result[()]
