"""Which samples of an array a data set has: all, a part of a split, or those of a list."""

from __future__ import annotations

import dataclasses
import fractions
import math
from typing import Protocol

import numpy as np

from hub.errors import Invalid
from hub.training.order import BLOCK_SAMPLES_MAX, Shuffle
from hub.training.permutation import Integers, Permutation, digest_key

GROUP_BYTES = Shuffle().block_bytes
# How much larger than a block a group may be for parts to have exactly their share of it.
GROUP_GROWTH_MAX = 4


class Subset(Protocol):
    """An enumeration of samples: position -> sample of the array, without repetition.

    `samples_per_row` positions that follow one another are read together: they lie in chunks of
    `row_bytes` decoded bytes, of which other rows of the enumeration need none or few.
    """

    @property
    def count(self) -> int: ...

    @property
    def samples_per_row(self) -> int: ...

    @property
    def row_bytes(self) -> int: ...

    def samples(self, positions: Integers) -> Integers:
        """The samples at `positions`, each in `range(count)`; int64, of the same shape."""
        ...


@dataclasses.dataclass(frozen=True)
class Whole:
    """All samples of an array, in its own order."""

    count: int
    samples_per_row: int
    row_bytes: int

    def samples(self, positions: Integers) -> Integers:
        return positions


@dataclasses.dataclass(frozen=True)
class Part:
    """A share of another enumeration, chosen at random and never listed.

    The other one is cut into groups of `group` positions, about what a loader reads as one block.
    The positions of each group are permuted by a key, and the part takes those from `lower` to
    `upper`, as fractions of the group. So parts are disjoint, have their share of every region,
    and samples that are appended later do not move others from one part to another, but for the
    last group.
    """

    parent: Subset
    group: int
    lower: fractions.Fraction
    upper: fractions.Fraction
    key: tuple[object, ...]

    @property
    def count(self) -> int:
        full, rest = divmod(self.parent.count, self.group)
        return full * self.samples_per_row + len(_share(self.lower, self.upper, rest))

    @property
    def samples_per_row(self) -> int:
        return len(_share(self.lower, self.upper, self.group))

    @property
    def row_bytes(self) -> int:
        return -(-self.group // self.parent.samples_per_row) * self.parent.row_bytes

    def samples(self, positions: Integers) -> Integers:
        positions = np.asarray(positions, np.int64)
        full = self.parent.count // self.group
        groups = np.minimum(positions // self.samples_per_row, full)
        found = np.empty_like(positions)
        for group in np.unique(groups):
            start = int(group) * self.group
            size = min(self.group, self.parent.count - start)
            share = _share(self.lower, self.upper, size)
            permutation = Permutation(size, digest_key("split", *self.key, int(group)))
            chosen = groups == group
            within = positions[chosen] - int(group) * self.samples_per_row
            found[chosen] = permutation(share.start + within) + start
        return self.parent.samples(found)


@dataclasses.dataclass(frozen=True)
class Listed:
    """Samples of a list, in its order; one that goes upwards is read with the fewest chunks."""

    parent: Subset
    positions: Integers

    @property
    def count(self) -> int:
        return len(self.positions)

    @property
    def samples_per_row(self) -> int:
        rows = max(1, GROUP_BYTES // self.parent.row_bytes)
        density = self.count / max(1, self.parent.count)
        return max(1, min(round(rows * self.parent.samples_per_row * density), BLOCK_SAMPLES_MAX))

    @property
    def row_bytes(self) -> int:
        rows_met = max(1, GROUP_BYTES // self.parent.row_bytes)
        return min(rows_met, self.samples_per_row) * self.parent.row_bytes

    def samples(self, positions: Integers) -> Integers:
        return self.parent.samples(self.positions[positions])


def group_size(parent: Subset, bounds: list[fractions.Fraction]) -> int:
    """How many positions a group of a split has, so that parts have their share and it is a block.

    Where the shares are fractions with a small denominator, each is a whole number of samples.
    """
    row = parent.samples_per_row
    rows = max(1, min(GROUP_BYTES // max(1, parent.row_bytes), BLOCK_SAMPLES_MAX // row))
    exact = math.lcm(row, *(bound.denominator for bound in bounds))
    if exact <= rows * row * GROUP_GROWTH_MAX:
        return max(1, rows * row // exact) * exact
    narrowest = min(upper - lower for lower, upper in zip(bounds, bounds[1:]))
    return max(rows, math.ceil(2 / narrowest / row)) * row


def share_bounds(shares: dict[str, float]) -> list[fractions.Fraction]:
    """The cumulative bounds of shares, from 0; raises `Invalid` unless they are parts of one."""
    if not shares:
        raise Invalid("A split needs parts, such as train=0.8, val=0.2.")
    bounds = [fractions.Fraction(0)]
    for name, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
            raise Invalid(f"The share of {name} is a number above 0, up to 1, not {share!r}.")
        bounds.append(bounds[-1] + fractions.Fraction(share).limit_denominator(1_000_000))
    if bounds[-1] > 1 + fractions.Fraction(1, 100_000):
        raise Invalid(f"The shares {dict(shares)} are together more than 1.")
    return [min(bound, fractions.Fraction(1)) for bound in bounds]


def stratified(
    labels: np.ndarray, bounds: list[fractions.Fraction], key: tuple[object, ...]
) -> list[Integers]:
    """Positions of each part, ascending, so that every label has its share of it within one."""
    _, classes = np.unique(labels, return_inverse=True)
    by_class = np.argsort(classes.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(classes.reshape(-1)))
    parts: list[list[Integers]] = [[] for _ in bounds[1:]]
    for number, end in enumerate(ends):
        members = by_class[ends[number - 1] if number else 0:end]
        permutation = Permutation(len(members), digest_key("stratum", *key, number))
        shuffled = members[permutation(np.arange(len(members)))]
        for part, lower, upper in zip(parts, bounds, bounds[1:]):
            share = _share(lower, upper, len(members))
            part.append(shuffled[share.start:share.stop])
    return [np.sort(np.concatenate(part)) for part in parts]


def _share(lower: fractions.Fraction, upper: fractions.Fraction, size: int) -> range:
    """The places in a group of `size` that lie between two fractions of it, rounded."""
    half = fractions.Fraction(1, 2)
    return range(math.floor(lower * size + half), math.floor(upper * size + half))
