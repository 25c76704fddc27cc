"""What a loader reads, and what it makes of it: columns, their places in memory, transforms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.errors import Invalid
from hub.training.collate import AnyArray
from hub.training.column import Column, MemoryColumn, read_samples, sample_bytes
from hub.training.memory import aligned
from hub.training.permutation import Integers
from hub.training.work import Section, Trade

if TYPE_CHECKING:
    from hub.training.dataset import Dataset

# Labels of up to this size are read once and kept; larger ones come with their samples.
LABELS_BYTES_MAX = 64_000_000
# Requests under way, of all workers together; one worker has a few in any case.
CONCURRENCY = 16
CONCURRENCY_MIN = 4
Piece = tuple[int, Integers, Integers]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How samples of some data sets, which have one form, become batches.

    Attributes:
        columns: all that is read, each with the section of the ring that it goes to.
        shapes: the form of a sample, and of a label that is read with it, if any.
        data, labels: the number of the column of each data set; `labels` may be empty.
        resident: the labels of each data set where they are in memory; may be empty.
        transforms, collate: see `Trade`.
        tensors: whether batches are given out as tensors.
    """

    columns: list[tuple[Column, int]]
    shapes: list[tuple[tuple[int, ...], np.dtype[Any]]]
    data: list[int]
    labels: list[int]
    resident: list[AnyArray]
    transforms: list[Callable[..., Any] | None]
    collate: Callable[[list[Any]], Any] | None
    tensors: bool

    @property
    def makes(self) -> bool:
        """Whether workers make batches; else what was read is given out as it lies there."""
        return self.collate is not None or any(one is not None for one in self.transforms)

    @property
    def form(self) -> tuple[object, ...]:
        """What must be equal for a crew to go from one recipe to another."""
        return (
            tuple((str(dtype), shape) for shape, dtype in self.shapes), tuple(self.data),
            tuple(self.labels))

    @property
    def row_bytes(self) -> int:
        """The most that a row of chunks takes, decoded."""
        return max(row_bytes(self.columns[number][0]) for number in self.data)

    def sections(self, places: int) -> list[Section]:
        """The parts of a ring that holds so many samples."""
        found, offset = [], 0
        for shape, dtype in self.shapes:
            found.append(Section(offset, places, shape, dtype))
            offset = aligned(offset + places * _bytes(shape, dtype))
        return found

    def ring_bytes(self, places: int) -> int:
        """The size of such a ring."""
        return sum(aligned(places * _bytes(shape, dtype)) for shape, dtype in self.shapes)

    def trade(self, places: int, workers: int, seeds_global_generators: bool) -> Trade:
        """What workers are told."""
        concurrency = max(CONCURRENCY_MIN, CONCURRENCY // max(1, workers))
        return Trade(
            self.columns, self.sections(places), self.transforms, self.collate,
            seeds_global_generators, concurrency)

    def rows(self, datasets: Integers, samples: Integers) -> Integers:
        """The row of chunks of each sample."""
        per_row = [self.columns[number][0].chunks[0] for number in self.data]
        rows: Integers = samples // np.array(per_row, np.int64)[datasets]
        return rows

    def pieces(self, datasets: Integers, samples: Integers, places: Integers) -> list[Piece]:
        """What is to be read for samples that go up within each data set."""
        found = []
        for dataset in np.unique(datasets).tolist():
            chosen = datasets == dataset
            for columns in (self.data, self.labels):
                if columns:
                    found.append((columns[dataset], samples[chosen], places[chosen]))
        return found

    def resident_labels(self, datasets: Integers, samples: Integers) -> AnyArray | None:
        """The labels of samples from memory, or `None` if they are not there."""
        if not self.resident:
            return None
        if len(self.resident) == 1:
            return self.resident[0][samples]
        first = self.resident[0]
        found = np.empty((len(samples), *first.shape[1:]), first.dtype)
        for dataset, labels in enumerate(self.resident):
            chosen = datasets == dataset
            found[chosen] = labels[samples[chosen]]
        return found


def recipe_of(
    datasets: Sequence[Dataset], collate: Callable[[list[Any]], Any] | None, tensors: bool
) -> Recipe:
    """The recipe for data sets, whose columns are frozen.

    Raises:
        Invalid: their samples or labels have different forms, or samples are Python's objects.
    """
    _require_one_form([one.data for one in datasets], "samples")
    if datasets[0].data.dtype.hasobject:
        raise Invalid("Samples of Python's objects cannot lie in the memory of a loader.",
                      hint="Make an array of numbers of them, or index the data set.")
    labels = [one.labels for one in datasets if one.labels is not None]
    if labels and len(labels) != len(datasets):
        raise Invalid("Some of the data sets have labels, others have none.")
    _require_one_form(labels, "labels")
    columns: list[tuple[Column, int]] = [(one.data, 0) for one in datasets]
    shapes = [_form(datasets[0].data)]
    resident: list[AnyArray] = []
    streamed: list[int] = []
    if labels and sum(_size(one) for one in labels) <= LABELS_BYTES_MAX or all(
            isinstance(one, MemoryColumn) for one in labels):
        resident = [in_memory(one) for one in labels]
    elif labels:
        streamed = [len(columns) + number for number in range(len(labels))]
        columns += [(one, 1) for one in labels]
        shapes.append(_form(labels[0]))
    return Recipe(
        columns, shapes, list(range(len(datasets))), streamed, resident,
        [one.transform for one in datasets], collate, tensors)


def row_bytes(column: Column) -> int:
    """What one row of chunks of a column takes, decoded."""
    return max(1, sample_bytes(column) * min(column.chunks[0], max(1, column.shape[0])))


def in_memory(column: Column) -> AnyArray:
    """All elements of a column."""
    if isinstance(column, MemoryColumn):
        return column.values
    values = np.empty(column.shape, column.dtype)
    everything = np.arange(column.shape[0])
    read_samples(column, column.open(), everything, values, everything)
    return values


def _form(column: Column) -> tuple[tuple[int, ...], np.dtype[Any]]:
    return column.shape[1:], column.dtype


def _bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize


def _size(column: Column) -> int:
    return _bytes(column.shape, column.dtype)


def _require_one_form(columns: Sequence[Column], what: str) -> None:
    forms = {_form(column) for column in columns}
    if len(forms) > 1:
        texts = " and ".join(sorted(f"{shape} of {dtype}" for shape, dtype in forms))
        raise Invalid(f"The data sets have {what} of different forms: {texts}.")
