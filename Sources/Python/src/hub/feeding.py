"""Writing what a generator makes: in blocks of whole chunks, with little of it in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.errors import Invalid
from hub.growing import grow
from hub.npy import AnyArray
from hub.writing import REQUEST_BYTES_MAX, elements

if TYPE_CHECKING:
    from hub.arrays import Array

Samples = Iterable[Any] | Callable[[int], Iterable[Any]]

PROGRESS_ATTRIBUTE = "hub_samples_written"
"""How many samples along the first axis are written, while that is not all of them."""


def feed(array: Array, samples: Samples, resume: bool) -> int:
    """Writes samples one behind the other along the first axis; see `Array.write`."""
    # The extents of the other axes are those of the samples, and others may have changed them.
    array.refresh()
    start = _progress(array) if resume else 0
    blocks = _Blocks(array, start)
    written = start
    with ThreadPoolExecutor(1, thread_name_prefix="hub-write") as pool:
        pending: Future[int] | None = None
        # A function begins where it is told to; of anything else, what is there already is skipped.
        made, skipped = (samples(start), 0) if callable(samples) else (samples, start)
        for first, block in blocks.of(made, skipped):
            # One block is on its way while the next is made; the pool waits for it at the end.
            if pending is not None:
                written = pending.result()
            pending = pool.submit(copy_context().run, _write, array, first, block)
        if pending is not None:
            written = pending.result()
    _set_progress(array, None)
    return written


class _Blocks:
    """Puts samples together to blocks that end where chunks end."""

    def __init__(self, array: Array, start: int) -> None:
        self._array = array
        self._position = start
        sample_bytes = max(1, array.nbytes // max(1, len(array)))
        if not len(array):
            sample_bytes = max(1, int(np.prod(array.shape[1:])) * array.dtype.itemsize)
        rows = array.description.chunk_shape[0]
        # As many whole rows of chunks as one request takes; of a huge row, a part.
        fitting = max(1, REQUEST_BYTES_MAX // sample_bytes)
        self._rows = fitting // rows * rows if fitting >= rows else fitting

    def of(self, samples: Iterable[Any], skipped: int) -> Iterator[tuple[int, AnyArray]]:
        """The blocks of all samples behind the first ones, each with the index of its first."""
        block, filled = self._empty(), 0
        for one in samples:
            several = self._several(one)
            part = several[skipped:]
            skipped = max(0, skipped - len(several))
            while len(part):
                taken = part[: len(block) - filled]
                block[filled : filled + len(taken)] = taken
                filled += len(taken)
                part = part[len(taken) :]
                if filled == len(block):
                    yield self._position, block
                    self._position += filled
                    block, filled = self._empty(), 0
        if skipped:
            raise Invalid(
                f"The write that is to be gone on with stands at {self._position:,} samples, and"
                f" only {self._position - skipped:,} were made.",
                hint="Write without resume to begin anew.")
        if filled:
            yield self._position, block[:filled]

    def _empty(self) -> AnyArray:
        """A new block up to the next bound of blocks."""
        rows = self._rows - self._position % self._rows
        return np.empty((rows, *self._array.shape[1:]), self._array.dtype)

    def _several(self, one: Any) -> AnyArray:
        """One sample or several, as an array of several."""
        values = elements(one, self._array.dtype)
        shape = self._array.shape[1:]
        if values.shape == shape:
            return values[np.newaxis]
        if values.ndim and values.shape[1:] == shape:
            return values
        raise Invalid(
            f"What is written must be samples of the shape {shape}, one or several along a first"
            f" axis, not {values.shape}.")


def _write(array: Array, first: int, block: AnyArray) -> int:
    """Writes a block and notes how far it came."""
    stop = first + len(block)
    if stop > len(array):
        grow(array.client, array.reference, stop)
        array.refresh()
    array[first:stop] = block
    _set_progress(array, stop)
    return stop


def _progress(array: Array) -> int:
    if array.description.dialect == "hub0":
        raise Invalid("Arrays of the original layout have no attributes to note progress in.",
                      hint="Write without resume.")
    return int(array.attrs.get(PROGRESS_ATTRIBUTE, 0))


def _set_progress(array: Array, written: int | None) -> None:
    if array.description.dialect == "hub0":
        return
    if written is not None:
        array.attrs[PROGRESS_ATTRIBUTE] = written
    elif PROGRESS_ATTRIBUTE in array.attrs:
        del array.attrs[PROGRESS_ATTRIBUTE]
