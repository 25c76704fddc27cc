"""The order in which an array too large for memory is copied: box after box of whole chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hub.files.layout import Box, Order

BOX_BYTES_MAX = 16 << 20
# Half of what the server takes in one write.
BOX_CHUNKS_MAX = 8000


class Boxes:
    """A partition of an array into boxes of whole chunks, in the order that reading likes.

    Every box begins at a chunk's edge and ends at one or at the array's, so that no chunk is
    written by two boxes. A box has at most `bytes_max` bytes (or `BOX_BYTES_MAX`) and
    `BOX_CHUNKS_MAX` chunks, or is a single chunk. It grows along the fastest axes
    first, so that what a box covers lies together in a file of that order. The boxes are
    computed as they are asked for; none is kept.

    >>> [box for box in Boxes((5, 4), (2, 4), item_bytes=1, bytes_max=8)]
    [(slice(0, 2, None), slice(0, 4, None)), (slice(2, 4, None), slice(0, 4, None)), \
(slice(4, 5, None), slice(0, 4, None))]
    """

    def __init__(
        self, shape: Sequence[int], chunks: Sequence[int], item_bytes: int,
        bytes_max: int | None = None, order: Order = "C",
    ) -> None:
        if len(shape) != len(chunks) or any(chunk < 1 for chunk in chunks):
            raise ValueError(f"chunks {tuple(chunks)} do not divide the shape {tuple(shape)}")
        self.shape = tuple(shape)
        self.chunks = tuple(chunks)
        axes = range(len(self.shape))
        self._slow_to_fast = list(axes if order == "C" else reversed(axes))
        self.box_shape = self._grow(
            item_bytes, BOX_BYTES_MAX if bytes_max is None else bytes_max)
        self._grid = [-(-extent // size) for extent, size in zip(self.shape, self.box_shape)]
        self._count = math.prod(self._grid)

    def _grow(self, item_bytes: int, bytes_max: int) -> tuple[int, ...]:
        box = [max(1, min(sizes)) for sizes in zip(self.chunks, self.shape)]
        used, count = item_bytes * math.prod(box), 1
        for axis in reversed(self._slow_to_fast):
            steps = -(-self.shape[axis] // self.chunks[axis])
            taken = min(steps, bytes_max // used, BOX_CHUNKS_MAX // count)
            if taken > 1:
                used //= box[axis]
                box[axis] = min(self.chunks[axis] * taken, self.shape[axis])
                used *= box[axis]
                count *= taken
            if taken < steps:
                break
        return tuple(box)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Box:
        """The box of that number, a slice for each axis."""
        if not 0 <= number < self._count:
            raise IndexError(number)
        box: list[slice] = [slice(0)] * len(self.shape)
        for axis in reversed(self._slow_to_fast):
            number, place = divmod(number, self._grid[axis])
            start = place * self.box_shape[axis]
            box[axis] = slice(start, min(start + self.box_shape[axis], self.shape[axis]))
        return tuple(box)

    def __iter__(self) -> Iterator[Box]:
        return (self[number] for number in range(self._count))


def box_shape(box: Box) -> tuple[int, ...]:
    """The extents of a box."""
    return tuple(part.stop - part.start for part in box)
