"""A data set for training: samples of an array, with labels and a transform."""

from __future__ import annotations

import collections
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hub.errors import Invalid, OutOfRange
from hub.training.collate import AnyArray, is_tensor, tensor_of
from hub.training.column import Column, column_of
from hub.training.loader import Loader
from hub.training.order import SampleOrder, Shuffle
from hub.training.permutation import Integers
from hub.training.recipe import in_memory, row_bytes
from hub.training.subset import Listed, Part, Subset, Whole, group_size, share_bounds, stratified
from hub.training.work import check_transform, generator_of, takes_generator
from hub.whole_number import indices as whole_indices


class Dataset:
    """Samples along the first axis of an array, for `torch.utils.data.DataLoader` or `loader`.

    `dataset[i]` is a sample, or a pair of sample and label; a tensor where torch is installed and
    the transform gives nothing else. `dataset.__getitems__` reads a batch in one request. It is
    picklable, and holds no connection: workers that are started in any way can use it.
    """

    def __init__(
        self, data: Column, labels: Column | None = None,
        transform: Callable[..., Any] | None = None, *, subset: Subset | None = None,
        tensors: bool | None = None,
    ) -> None:
        """See `to_pytorch`, which makes one of an array."""
        check_transform(transform)
        self.data, self.labels, self.transform = data, labels, transform
        self.tensors = has_torch() if tensors is None else tensors
        self._chosen = subset
        if labels is not None and labels.shape[0] != data.shape[0]:
            raise Invalid(f"There are {labels.shape[0]:,} labels for {data.shape[0]:,} samples.")

    @property
    def subset(self) -> Subset:
        """Which samples of the array it has."""
        if self._chosen is not None:
            return self._chosen
        rows = max(1, min(self.data.chunks[0], self.data.shape[0]))
        return Whole(self.data.shape[0], rows, row_bytes(self.data))

    def __len__(self) -> int:
        return self.subset.count

    def __repr__(self) -> str:
        return f"<hub.Dataset of {len(self):,} samples {self.data.shape[1:]} of {self.data.dtype}>"

    def __getitem__(self, index: int) -> Any:
        """One sample, read with a request of its own; raises `OutOfRange`."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Samples, read with one request; raises `OutOfRange`."""
        wanted = whole_indices(indices, "Samples are named by")
        outside = wanted[(wanted < -len(self)) | (wanted >= len(self))]
        if outside.size:
            raise OutOfRange(f"Sample {outside[0]} is not one of {len(self):,}.")
        samples = self.subset.samples(np.where(wanted < 0, wanted + len(self), wanted))
        values = list(self.data.gather(samples))
        made = [self._made(value) for value in values]
        if self.labels is None:
            return made
        labels = self.labels.gather(samples)
        return list(zip(made, [self._as_tensor(label) for label in labels]))

    def _made(self, value: AnyArray) -> Any:
        if self.transform is None:
            return self._as_tensor(value)
        if takes_generator(self.transform):
            # Of NumPy's global generator, which torch seeds apart in each of its workers.
            return self.transform(value, rng=generator_of(np.random.bytes(16)))
        made = self.transform(value)
        return self._as_tensor(made) if isinstance(made, np.ndarray) else made

    def _as_tensor(self, value: Any) -> Any:
        if not self.tensors or is_tensor(value):
            return value
        return tensor_of(np.asarray(value))

    def loader(
        self, batch: int, *, shuffle: Shuffle | bool | None = None, workers: int = 0,
        rank: int = 0, world: int = 1, drop_last: bool = False, prefetch: int = 2,
        start: str | None = None, collate: Callable[[list[Any]], Any] | None = None,
    ) -> Loader:
        """An iterable of batches, which can be resumed; see `Loader` for what all of it means."""
        return Loader(
            self, batch, shuffle=shuffle, workers=workers, rank=rank, world=world,
            drop_last=drop_last, prefetch=prefetch, start=start, collate=collate)

    def take(self, indices: Sequence[int] | AnyArray) -> Dataset:
        """A data set of some samples, in the order of `indices`, which are kept in memory."""
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_ and chosen.shape == (len(self),):
            chosen = np.flatnonzero(chosen)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu" and chosen.size:
            raise Invalid("Samples are chosen by a list of whole numbers, or a mask of all.")
        chosen = whole_indices(chosen)
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < len(self):
            raise OutOfRange(f"Samples are numbered from 0 to {len(self) - 1:,}.")
        return self.with_subset(Listed(self.subset, chosen))

    def split(
        self, *, seed: int = 0, stratify: Any = None, **shares: float
    ) -> Any:
        """Disjoint data sets of some shares: `train, val = dataset.split(train=0.8, val=0.2)`.

        Which sample is where depends on `seed` and the number of the sample alone, and no list of
        samples is made. Every stretch of the array that a loader reads as one block has its
        share in each part; together a part has its share within one sample a block, exactly where
        the shares are simple fractions.

        Args:
            seed: chooses another split.
            stratify: labels, one a sample (`True` for those of this data set): each label's
                samples are shared out within one. The samples of each part are then listed in
                memory.
            shares: names and fractions, together at most 1.

        Returns:
            A named tuple of data sets, in the order of the shares.

        Raises:
            Invalid: the shares are no fractions, or are more than 1.
        """
        bounds = share_bounds(shares)
        if stratify is None:
            group = group_size(self.subset, bounds)
            subsets: list[Subset] = [
                Part(self.subset, group, lower, upper, (seed,))
                for lower, upper in zip(bounds, bounds[1:])]
        else:
            labels = self._stratum_labels(stratify)
            subsets = [
                Listed(self.subset, chosen) for chosen in stratified(labels, bounds, (seed,))]
        parts = collections.namedtuple("Parts", shares)  # type: ignore[misc]
        return parts._make(map(self.with_subset, subsets))

    def _stratum_labels(self, stratify: Any) -> AnyArray:
        if stratify is True:
            if self.labels is None:
                raise Invalid("The data set has no labels to stratify by.")
            return in_memory(self.labels)[self.subset.samples(np.arange(len(self)))]
        labels = in_memory(column_of(stratify))
        if labels.ndim != 1 or len(labels) != len(self):
            raise Invalid(f"Stratification takes {len(self):,} labels, not {labels.shape}.")
        return labels

    def with_subset(self, subset: Subset) -> Dataset:
        """The same with other samples of the array."""
        return Dataset(
            self.data, self.labels, self.transform, subset=subset, tensors=self.tensors)

    # What a loader asks.

    @property
    def members(self) -> list[Dataset]:
        """The data sets that samples come from: this one."""
        return [self]

    @property
    def digest(self) -> str:
        """What pins the array; empty if nothing does."""
        return self.data.digest

    def frozen(self) -> Dataset:
        """The data set as it is now; asks the server what the tags are."""
        labels = None if self.labels is None else self.labels.frozen()
        return Dataset(
            self.data.frozen(), labels, self.transform, subset=self._chosen, tensors=self.tensors)

    def route(self, shuffle: Shuffle | None, epoch: int) -> DatasetRoute:
        """The order of an epoch."""
        return DatasetRoute(self, shuffle, epoch)


class DatasetRoute:
    """The order of an epoch over one data set."""

    def __init__(self, dataset: Dataset, shuffle: Shuffle | None, epoch: int) -> None:
        self._subset = dataset.subset
        self._order = SampleOrder(
            self._subset.count, self._subset.samples_per_row, self._subset.row_bytes,
            shuffle=shuffle, epoch=epoch, digest=dataset.digest)
        self.count = self._order.count
        self.block_samples_max = self._order.rows_per_block * self._order.samples_per_row
        self.block = self._order.block

    def locate(self, positions: Integers) -> tuple[Integers, Integers]:
        """Data set 0, and the samples of its array."""
        samples = self._subset.samples(self._order.samples(positions))
        return np.zeros(len(positions), np.int64), samples


def to_pytorch(
    array: Any, labels: Any = None, transform: Callable[..., Any] | None = None
) -> Dataset:
    """A data set of the samples along an array's first axis.

    Args:
        array: an `Array`, or anything that NumPy makes an array of.
        labels: another array with one label a sample; labels of up to 64 MB are read once.
        transform: a function of one sample, an array of its own. If it has a parameter `rng`, it
            gets a NumPy generator that depends on (seed, epoch, sample) alone.

    Raises:
        Invalid: the number of labels is another than that of samples.
    """
    column = None if labels is None else column_of(labels)
    return Dataset(column_of(array), column, transform)


def has_torch() -> bool:
    """Whether torch is installed; does not import it."""
    return importlib.util.find_spec("torch") is not None
