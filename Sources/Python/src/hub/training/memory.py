"""Memory that a loader and its workers share, and that goes when the last of them does."""

from __future__ import annotations

import math
import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
ALIGNMENT = 64


class SharedMemory:
    """Bytes that processes share, and that can grow.

    It has no name in any folder: there is nothing to leave behind however a process ends, and
    the size of `/dev/shm` (64 MB in many containers) does not bound it. It travels to a worker
    process while that is started, by fork, spawn or forkserver, and no other way.
    """

    def __init__(self, size: int) -> None:
        """Takes the size in bytes, of which only what is written to is taken from the machine."""
        self._descriptor = _anonymous_file()
        self._map: mmap.mmap | None = None
        self.require(max(1, size))

    def require(self, size: int) -> None:
        """Makes the file at least so large; arrays that were made before stay as they are."""
        if os.fstat(self._descriptor).st_size < size:
            os.ftruncate(self._descriptor, size)
        if self._map is None or len(self._map) < size:
            self._map = mmap.mmap(self._descriptor, size)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int = 0) -> AnyArray:
        """The elements from `offset` on as an array that shares them, and keeps them alive."""
        count = math.prod(shape)
        self.require(offset + count * dtype.itemsize)
        assert self._map is not None
        flat = np.frombuffer(self._map, np.uint8, count * dtype.itemsize, offset)
        return flat.view(dtype).reshape(shape) if count else np.empty(shape, dtype)

    def __getstate__(self) -> Any:
        return reduction.DupFd(self._descriptor)

    def __setstate__(self, state: Any) -> None:
        self._descriptor = state.detach()
        self._map = None

    def __del__(self) -> None:
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None:
            os.close(descriptor)


class PrivateMemory:
    """The same for threads: bytes of this process alone."""

    def __init__(self, size: int) -> None:
        self._bytes = np.empty(max(1, size), np.uint8)

    def require(self, size: int) -> None:
        """Makes it at least so large; arrays that were made before stay as they are."""
        if len(self._bytes) < size:
            self._bytes = np.empty(size, np.uint8)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int = 0) -> AnyArray:
        """The elements from `offset` on as an array that shares them, and keeps them alive."""
        size = math.prod(shape) * dtype.itemsize
        self.require(offset + size)
        return self._bytes[offset:offset + size].view(dtype).reshape(shape)


Memory = SharedMemory | PrivateMemory


class Slots:
    """Numbered places in memory that are taken, lent to whoever reads a batch, and come back.

    State: `free`, a list, whose single operations are atomic; lent places come back in
    whatever thread the last array that shares them is dropped. Of free places the last used is
    taken first, so no more memory is touched than is needed, and it is still in the cache.
    """

    def __init__(self, count: int, lent_max: int) -> None:
        """Takes the number of places, and how many of them may be lent at one time."""
        self.free = list(range(count))
        self._lent: set[int] = set()
        self._lent_max = lent_max

    def take(self) -> int | None:
        """A free place, or `None`."""
        return self.free.pop() if self.free else None

    def give_back(self, slot: int) -> None:
        """Frees a place that was taken."""
        self._lent.discard(slot)
        self.free.append(slot)

    def lend(self, slot: int, arrays: list[AnyArray]) -> list[AnyArray]:
        """Arrays with the same elements, whose owner is the caller; takes care of the slot.

        They share the memory, and the slot is free when all of them are gone; if too many are
        lent, because the caller keeps batches, they are copies.
        """
        if len(self._lent) >= self._lent_max:
            copies = [array.copy() for array in arrays]
            self.give_back(slot)
            return copies
        self._lent.add(slot)
        loan = _Loan()
        weakref.finalize(loan, self.give_back, slot).atexit = False
        return [np.asarray(_Lent(array, loan)) for array in arrays]


class _Loan:
    """What all arrays of one slot hold."""

    __slots__ = ("__weakref__",)


class _Lent:
    """The owner of an array's elements in NumPy's eyes; alive as long as any view of it is."""

    def __init__(self, array: AnyArray, loan: _Loan) -> None:
        self._array, self._loan = array, loan
        self.__array_interface__ = array.__array_interface__


def aligned(size: int) -> int:
    """The next multiple of `ALIGNMENT`."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _anonymous_file() -> int:
    if sys.platform == "linux":
        return os.memfd_create("hub-loader")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


Allocate = Callable[[int], Memory]
