"""Arrays as arrays of dask: each block is read by the worker that needs it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.errors import Invalid
from hub.state import describe, resolve

if TYPE_CHECKING:
    from hub.arrays import Array

_BLOCKS_MAX = 1 << 20
"""dask holds all extents of blocks in memory, and a task a block."""


def fixed(array: Array) -> Array:
    """The array at the commit that its tag is just now, or itself if it is open."""
    from hub.arrays import Array

    target = resolve(array.client, array.reference)
    if target == array.reference and target.is_immutable:
        return array
    return Array(array.client, describe(array.client, target))


def to_dask(array: Array, chunks: Any = None) -> Any:
    """A `dask.array.Array` of an array.

    The state is taken now: of a tag that is a commit just now, all blocks are read from that
    commit, and two calls give the same names of tasks. Of an open tag each block is as it is when
    it is read, and no two calls give the same names, since nobody knows whether the elements are
    equal.

    Args:
        array: what is read.
        chunks: extents of a block, as dask takes them; if None, as many whole stored chunks as dask
            likes in a block (its setting `array.chunk-size`), along the last axes first.

    Raises:
        Invalid: there would be more than 1,048,576 blocks.
        ImportError: dask is not installed (`pip install 'nave-hub[dask]'`).
    """
    from dask.array import from_array
    from dask.array.core import normalize_chunks
    from dask.base import tokenize

    state = fixed(array)
    extents = _block(state) if chunks is None else chunks
    if chunks is None:
        _check_count(state, extents)
    blocks = normalize_chunks(  # type: ignore[no-untyped-call]
        extents, state.shape, dtype=state.dtype
    )
    name: str | bool = False
    if state.reference.is_immutable:
        endpoint = state.client.transport.configuration.endpoint
        name = f"hub-{tokenize(endpoint, str(state.reference), blocks)}"
    return from_array(  # type: ignore[no-untyped-call]
        state, chunks=blocks, name=name, asarray=True, fancy=False,
        meta=np.empty((0,) * state.ndim, state.dtype),
    )


def _block(array: Array) -> tuple[int, ...]:
    """A block of whole stored chunks, as large as dask likes them."""
    import dask
    from dask.utils import parse_bytes

    limit = parse_bytes(dask.config.get("array.chunk-size"))
    extents = list(array.description.chunk_shape)
    size = math.prod(extents) * array.dtype.itemsize
    for axis in reversed(range(array.ndim)):
        count = max(1, min(-(-array.shape[axis] // extents[axis]), int(limit) // size))
        extents[axis] *= count
        size *= count
    return tuple(extents)


def _check_count(array: Array, extents: tuple[int, ...]) -> None:
    count = math.prod(
        -(-extent // block) for extent, block in zip(array.shape, extents, strict=True)
    )
    if count > _BLOCKS_MAX:
        raise Invalid(
            f"{array.reference} would have {count:,} blocks in dask, which takes {_BLOCKS_MAX:,}.",
            hint="Give larger chunks, or read a part of it: array[…] is a NumPy array.",
        )
