"""In which order an epoch visits the samples of an array."""

import dataclasses

import numpy as np

from hub import configuration
from hub.errors import Invalid
from hub.training.permutation import Integers, Permutation, digest_key

# Samples of a few bytes would make blocks of many millions; the plan of a block lists its samples.
BLOCK_SAMPLES_MAX = 1 << 20


def byte_count(size: int | str) -> int:
    """The number of bytes in a size such as `64_000_000`, `"64MB"` or `"1.5 GiB"`.

    Raises `Invalid` if it is none, or less than one byte.
    """
    try:
        count = configuration.byte_count(size)
    except (ValueError, TypeError):
        count = 0
    if count < 1:
        raise Invalid(f'A size is a number of bytes or a text such as "64MB", not {size!r}.')
    return count


@dataclasses.dataclass(frozen=True)
class Shuffle:
    """How an epoch is shuffled: chunks in random order, samples at random within a block of them.

    `seed` chooses the order, together with the number of the epoch and the array's digest.
    `block` is how much is read ahead and mixed, in bytes of decoded elements: the larger, the
    closer to a shuffle of everything, at the cost of memory (see `Loader`). A block has at least
    one chunk along the first axis, however large that is, and beyond one chunk at most 1,048,576
    samples.
    """

    seed: int = 0
    block: int | str = "64MB"

    def __post_init__(self) -> None:
        byte_count(self.block)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise Invalid(f"The seed of a shuffle is a whole number, not {self.seed!r}.")

    @property
    def block_bytes(self) -> int:
        """The size of a block in bytes."""
        return byte_count(self.block)


class SampleOrder:
    """A bijection from positions in an epoch to samples, both `range(count)`.

    A *row* is what one chunk covers along the first axis: samples
    `[r * samples_per_row, (r + 1) * samples_per_row)`, the last one perhaps fewer. Rows are
    permuted; `rows_per_block` of them that follow one another make a block; the samples of a block
    are permuted. Nothing else enters but (seed, epoch, digest), so any machine that knows them
    knows the order, and any position is computed on its own in constant time and memory.

    Invariants:

    - Positions of one block are contiguous, and no row is in two blocks.
    - Without a shuffle, position and sample are the same number.
    """

    def __init__(
        self, count: int, samples_per_row: int, row_bytes: int = 1, *,
        shuffle: Shuffle | None = None, epoch: int = 0, digest: str = "",
    ) -> None:
        """Takes `count` >= 0 samples, of which `samples_per_row` take `row_bytes` decoded."""
        if count < 0 or samples_per_row < 1:
            raise ValueError(f"no order of {count} samples, {samples_per_row} a row")
        self.count = count
        self.samples_per_row = samples_per_row
        self.shuffle = shuffle
        self._key = ("order", shuffle.seed if shuffle else 0, epoch, digest)
        self.rows = -(-count // samples_per_row)
        self.rows_per_block = _rows_per_block(samples_per_row, row_bytes, shuffle)
        self._missing = self.rows * samples_per_row - count
        self._row_of_slot = Permutation(max(1, self.rows), digest_key(*self._key, "rows"))
        # The slot (place in the order of rows) of the row that has fewer samples than the others.
        self._short_slot = self.rows - 1
        if shuffle and self.rows:
            self._short_slot = int(self._row_of_slot.inverse(np.array([self.rows - 1]))[0])

    def __len__(self) -> int:
        return self.count

    def samples(self, positions: Integers) -> Integers:
        """The samples at `positions`; int64, of the same shape. Raises `IndexError` if outside."""
        positions = np.asarray(positions, np.int64)
        if positions.size and not 0 <= positions.min() <= positions.max() < self.count:
            raise IndexError(f"positions are outside of range({self.count})")
        if not self.shuffle or not positions.size:
            return positions
        places = self._places(self._shuffled(positions))
        slots, within = np.divmod(places, self.samples_per_row)
        return self._row_of_slot(slots) * self.samples_per_row + within

    def block(self, position: int) -> range:
        """The positions of the block that holds `position`."""
        if not 0 <= position < self.count:
            raise IndexError(f"position {position} is outside of range({self.count})")
        place = int(self._places(np.array([position]))[0])
        return self._block_positions(place // (self.rows_per_block * self.samples_per_row))

    def _shuffled(self, positions: Integers) -> Integers:
        """Positions as they are before the samples of each block are permuted."""
        blocks = self._places(positions) // (self.rows_per_block * self.samples_per_row)
        result = np.empty_like(positions)
        for block in np.unique(blocks):
            chosen = blocks == block
            whole = self._block_positions(int(block))
            permutation = Permutation(len(whole), digest_key(*self._key, "block", int(block)))
            result[chosen] = permutation(positions[chosen] - whole.start) + whole.start
        return result

    def _places(self, positions: Integers) -> Integers:
        """Positions counted as if every row were full."""
        behind = positions >= (self._short_slot + 1) * self.samples_per_row - self._missing
        return positions + self._missing * behind

    def _block_positions(self, block: int) -> range:
        first, last = block * self.rows_per_block, (block + 1) * self.rows_per_block
        return range(self._slot_start(first), self._slot_start(min(last, self.rows)))

    def _slot_start(self, slot: int) -> int:
        return slot * self.samples_per_row - (self._missing if slot > self._short_slot else 0)


def _rows_per_block(samples_per_row: int, row_bytes: int, shuffle: Shuffle | None) -> int:
    block_bytes = (shuffle or Shuffle()).block_bytes
    rows = min(block_bytes // max(1, row_bytes), BLOCK_SAMPLES_MAX // samples_per_row)
    return max(1, rows)
