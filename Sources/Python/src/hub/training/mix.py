"""Several data sets as one, in fixed proportions."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

import numpy as np

from hub.errors import Invalid
from hub.training.column import sample_bytes
from hub.training.dataset import Dataset, DatasetRoute
from hub.training.loader import Loader
from hub.training.order import BLOCK_SAMPLES_MAX, Shuffle
from hub.training.permutation import Integers, Permutation, digest_key
from hub.training.plan import Route

# Turns of a round, in which every data set has its share; so weights are told by thousandths.
ROUND = 1000
# How much more than a block is read ahead where chunks of a rare data set are large.
WINDOW_GROWTH_MAX = 4


def mix(weights: Mapping[Dataset, float], *, samples: int | None = None) -> Mixture:
    """A mixture of data sets: of every thousand samples each has its share.

    Each data set goes through its own epochs, each in an order of its own: all its samples come
    before one comes again, also from one epoch of the mixture to the next. At the end of an epoch,
    however long it is, each data set has given its share of all that came since the first one, to
    within one sample. Samples must have one shape and type, labels too; each data set keeps its
    own transform.

    Args:
        weights: how often samples of each data set come, relative to the others; in thousandths.
        samples: how many samples an epoch has; those of all data sets together if not given.

    Raises:
        Invalid: a weight is not above 0, the data sets do not fit together, or one is empty.
    """
    return Mixture(list(weights), list(weights.values()), samples)


class Mixture:
    """What `mix` makes; it has a `loader` like a data set."""

    def __init__(
        self, members: Sequence[Dataset], weights: Sequence[float], samples: int | None = None
    ) -> None:
        self.members = members
        self.weights = weights
        self.quotas = _quotas(weights)
        self.tensors = any(member.tensors for member in members)
        self._samples = samples
        if any(not len(member) for member in members):
            raise Invalid("A data set of a mixture has no samples.")
        if samples is not None and (type(samples) is not int or samples < 1):
            raise Invalid(f"An epoch has at least one sample, not {samples!r}.")

    def __len__(self) -> int:
        return self._samples or sum(map(len, self.members))

    def __repr__(self) -> str:
        shares = ", ".join(
            f"{quota / ROUND:g} of {member!r}" for member, quota in zip(self.members, self.quotas))
        return f"<hub.Mixture of {shares}>"

    @property
    def digest(self) -> str:
        """What pins all arrays; empty if one of them can change."""
        digests = [member.digest for member in self.members]
        # The word tells the order of a mixture; a state of another order is not gone on with.
        return digest_key("by turns", *digests, *self.quotas).hex() if all(digests) else ""

    def loader(self, batch: int, **options: object) -> Loader:
        """Batches of the mixture, with the options of `Dataset.loader`."""
        return Loader(self, batch, **options)  # type: ignore[arg-type]

    def frozen(self) -> Mixture:
        """The mixture of the data sets as they are now."""
        return Mixture(
            [member.frozen() for member in self.members], self.weights, self._samples)

    def route(self, shuffle: Shuffle | None, epoch: int) -> Route:
        """The order of an epoch."""
        return MixtureRoute(self, shuffle, epoch)


class MixtureRoute:
    """The order of an epoch of a mixture.

    An endless sequence of turns, `_sequence` again and again, says whose sample is next. Epoch
    `e` of `count` samples has the turns `[e * count, (e + 1) * count)`. They are cut into rounds,
    from the epoch's start and the last one perhaps shorter, and those of a round are permuted by a
    key. A data set's samples come in its own order, whatever the permutation: its turns in all
    epochs, one after another, are its epochs, one after another.
    """

    def __init__(self, mixture: Mixture, shuffle: Shuffle | None, epoch: int) -> None:
        self.count = len(mixture)
        self._mixture, self._shuffle, self._epoch = mixture, shuffle, epoch
        self._seed = shuffle.seed if shuffle else 0
        self._quotas = np.array(mixture.quotas)
        self._sequence = _sequence(mixture.quotas)
        self._orders: dict[tuple[int, int], DatasetRoute] = {}
        self._shares = [self._share(member) for member in range(len(mixture.members))]
        self.block_samples_max = self._window()

    def block(self, position: int) -> range:
        """Positions that are read together; each data set has about one block of its own there."""
        start = position - position % self.block_samples_max
        return range(start, min(start + self.block_samples_max, self.count))

    def locate(self, positions: Integers) -> tuple[Integers, Integers]:
        """The data set and the sample at each of `positions`.

        Takes time and memory by the rounds from the first of them to the last.
        """
        if not positions.size:
            return np.empty_like(positions), np.empty_like(positions)
        first, last = int(positions.min()) // ROUND, int(positions.max()) // ROUND
        rounds = [self._round(number) for number in range(first, last + 1)]
        places = positions - first * ROUND
        datasets = np.concatenate([datasets for datasets, _ in rounds])[places]
        turns = np.concatenate([turns for _, turns in rounds])[places]
        samples = np.empty_like(positions)
        for dataset in range(len(self._quotas)):
            chosen = datasets == dataset
            samples[chosen] = self._samples(dataset, turns[chosen])
        return datasets, samples

    def _round(self, number: int) -> tuple[Integers, Integers]:
        """The data set at each position of a round, and which of its turns that is, from 0."""
        size = min(ROUND, self.count - number * ROUND)
        passed, place = divmod(self._epoch * self.count + number * ROUND, ROUND)
        permutation = Permutation(size, digest_key("mix", self._seed, self._epoch, number))
        datasets = self._sequence[(place + permutation(np.arange(size))) % ROUND]
        before = np.bincount(self._sequence[:place], minlength=len(self._quotas))
        # In the order of the data sets, a turn's number is its place behind the set's first one.
        order = np.argsort(datasets, kind="stable")
        starts = np.searchsorted(datasets[order], np.arange(len(self._quotas)))
        turns = np.empty(size, np.int64)
        turns[order] = np.arange(size) - starts[datasets[order]]
        return datasets, turns + (passed * self._quotas + before)[datasets]

    def _samples(self, dataset: int, turns: Integers) -> Integers:
        """The samples of a data set that it gives at its `turns`, from 0."""
        passes, positions = np.divmod(turns, len(self._mixture.members[dataset]))
        samples = np.empty_like(turns)
        for number in np.unique(passes).tolist():
            chosen = passes == number
            samples[chosen] = self._order(dataset, number).locate(positions[chosen])[1]
        return samples

    def _order(self, dataset: int, number: int) -> DatasetRoute:
        if (dataset, number) not in self._orders:
            self._orders[dataset, number] = self._mixture.members[dataset].route(
                self._shares[dataset], number)
        return self._orders[dataset, number]

    def _share(self, dataset: int) -> Shuffle | None:
        """The shuffle of one data set, whose blocks are its part of what is read ahead."""
        if self._shuffle is None:
            return None
        share = self._mixture.quotas[dataset] / ROUND
        # Two equal data sets must not come in the same order.
        seed = int.from_bytes(digest_key("member", self._seed, dataset)[:8], "little")
        return Shuffle(seed, max(1, int(self._shuffle.block_bytes * share)))

    def _window(self) -> int:
        """How many positions are read together: those of a block of each data set, as far as that
        is not much more than a block of all of them."""
        block_bytes = (self._shuffle or Shuffle()).block_bytes
        size = max(1, max(sample_bytes(member.data) for member in self._mixture.members))
        usual = max(1, block_bytes // size)
        wanted = [
            math.ceil(self._order(dataset, 0).block_samples_max * ROUND / quota)
            for dataset, quota in enumerate(self._mixture.quotas)]
        return min(max(usual, *wanted), WINDOW_GROWTH_MAX * usual, BLOCK_SAMPLES_MAX)


def _sequence(quotas: Sequence[int]) -> Integers:
    """Whose each turn of a round is: however many of the first ones are taken, each data set has
    its share of them, to within less than one.

    The `j`-th of a set's `q` turns lies within `[j * ROUND / q, (j + 1) * ROUND / q)`, rounded
    outwards; of those that may come, the one that must come first does.

    Source: Baruah, Cohen, Plaxton and Varvel, "Proportionate progress: a notion of fairness in
    resource allocation" (1996), for a single resource.
    """
    beginning: list[list[tuple[int, int]]] = [[] for _ in range(ROUND)]
    for dataset, quota in enumerate(quotas):
        for turn in range(quota):
            end = -(-(turn + 1) * ROUND // quota)
            beginning[turn * ROUND // quota].append((end, dataset))
    waiting: list[tuple[int, int]] = []
    sequence = []
    for turns in beginning:
        for one in turns:
            heapq.heappush(waiting, one)
        sequence.append(heapq.heappop(waiting)[1])
    return np.array(sequence, np.int64)


def _quotas(weights: Sequence[float]) -> list[int]:
    """How many turns of a round each data set has: at least one, together all of them."""
    if not 0 < len(weights) <= ROUND:
        raise Invalid(f"A mixture has 1 to {ROUND} data sets, not {len(weights)}.")
    for weight in weights:
        is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not is_number or not 0 < weight < math.inf:
            raise Invalid(f"A weight is a number above 0, not {weight!r}.")
    exact = [weight / math.fsum(weights) * ROUND for weight in weights]
    quotas = [max(1, math.floor(one)) for one in exact]
    # The largest remainders get what is left; what is too much is taken from the largest quotas.
    by_rest = sorted(range(len(exact)), key=lambda index: math.floor(exact[index]) - exact[index])
    left = ROUND - sum(quotas)
    for index in by_rest[:max(0, left)]:
        quotas[index] += 1
    for _ in range(-left):
        quotas[quotas.index(max(quotas))] -= 1
    return quotas
