"""Which positions of an epoch make which batch, and which of them one rank takes."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from hub.errors import Invalid
from hub.training.permutation import Integers


class Route(Protocol):
    """The order of an epoch over the samples of one data set or several."""

    @property
    def count(self) -> int: ...

    @property
    def block_samples_max(self) -> int:
        """The most positions that a block has."""
        ...

    def block(self, position: int) -> range:
        """The positions of the block that holds `position`; what is read together."""
        ...

    def locate(self, positions: Integers) -> tuple[Integers, Integers]:
        """The number of the data set, and the sample of its array, at each of `positions`."""
        ...


@dataclasses.dataclass(frozen=True)
class Window:
    """What one rank takes of a stretch of positions that are read together.

    Attributes:
        positions: of the epoch, ascending.
        batches: the number of the batch of each, counted from the start of this iteration.
        places: the place of each within the rank's part of the batch.
        stop: the end of the stretch, among all positions.
    """

    positions: Integers
    batches: Integers
    places: Integers
    stop: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """The batches of what is left of an epoch.

    Batch `b` is the positions `[start + b * batch, start + (b + 1) * batch)`, whatever the ranks;
    of its `n` samples rank `r` of `world` takes those from `n * r // world` to
    `n * (r + 1) // world`. So the parts differ by at most one sample, and those of all ranks, one
    after another, are the batch.

    Invariants: every rank has the same number of batches, and none of them is empty.
    """

    count: int
    batch: int
    start: int = 0
    rank: int = 0
    world: int = 1
    drop_last: bool = False

    def __post_init__(self) -> None:
        if self.batch < 1 or self.world < 1:
            raise Invalid(f"A batch and a world have at least one member, not {self.batch} samples"
                          f" and {self.world} ranks.")
        if not 0 <= self.rank < self.world:
            raise Invalid(f"rank {self.rank} is not one of 0 to {self.world - 1}.")
        if self.batch < self.world:
            raise Invalid(
                f"A batch of {self.batch} samples cannot be shared by {self.world} ranks.",
                hint="The batch is the global one, of all ranks together.")
        last = (self.stop - self.start) % self.batch
        if 0 < last < self.world:
            raise Invalid(
                f"The last batch has {last} samples, fewer than the {self.world} ranks.",
                hint="Use drop_last=True, or another batch.")

    @property
    def stop(self) -> int:
        """The end of the positions that are used."""
        left = max(0, self.count - self.start)
        return self.count - left % self.batch if self.drop_last else max(self.count, self.start)

    def __len__(self) -> int:
        return -(-(self.stop - self.start) // self.batch)

    def end_of(self, number: int) -> int:
        """The position behind a batch."""
        return min(self.start + (number + 1) * self.batch, self.stop)

    def local_count(self, number: int) -> int:
        """How many samples of a batch this rank takes."""
        size = self.end_of(number) - self.start - number * self.batch
        return size * (self.rank + 1) // self.world - size * self.rank // self.world

    @property
    def local_count_max(self) -> int:
        """The most samples that this rank takes of any batch."""
        return self.batch * (self.rank + 1) // self.world - self.batch * self.rank // self.world

    def window(self, position: int, route: Route) -> Window:
        """What is read together from `position` on, up to the end of its block."""
        stop = min(route.block(position).stop, self.stop)
        positions = np.arange(position, stop)
        batches, offsets = np.divmod(positions - self.start, self.batch)
        sizes = np.minimum(self.batch, self.stop - self.start - batches * self.batch)
        lower = sizes * self.rank // self.world
        upper = sizes * (self.rank + 1) // self.world
        mine = (lower <= offsets) & (offsets < upper)
        return Window(positions[mine], batches[mine], (offsets - lower)[mine], stop)
