"""The two things that workers do: fill places with samples, and transform those of a batch."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.training.collate import AnyArray, collate, pack
from hub.training.column import Column, Source, read_samples
from hub.training.memory import Memory
from hub.training.permutation import Integers, digest_key

Transform = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Section:
    """Where samples of one kind lie in the ring: `places` of them, one behind the other."""

    offset: int
    places: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclasses.dataclass(frozen=True)
class Fill:
    """Reads samples of columns into places; those of one row of chunks follow one another."""

    number: int
    pieces: Sequence[tuple[int, Integers, Integers]]
    priority = 1


@dataclasses.dataclass(frozen=True)
class Make:
    """Makes a batch of the samples in `count` places from `place` on.

    Attributes:
        datasets, samples: the data set and the number of each sample.
        labels: what `collate` gets beside the samples, if there is one; `None` without labels.
        output: the number of the memory that the batch is put into.
    """

    number: int
    place: int
    count: int
    datasets: Integers
    samples: Integers
    labels: AnyArray | None
    output: int
    key: tuple[object, ...]
    priority = 0


Task = Fill | Make


@dataclasses.dataclass(frozen=True)
class Trade:
    """What every worker is told once; picklable.

    Attributes:
        columns: what is read, each with the number of the section that its samples go to.
        transforms: of each data set; `None` where samples stay as they are.
        collate: makes a batch of a list of samples, or of pairs with labels.
        seeds_global_generators: whether the generators of the process may be seeded.
    """

    columns: Sequence[tuple[Column, int]]
    sections: Sequence[Section]
    transforms: Sequence[Transform | None]
    collate: Callable[[list[Any]], Any] | None = None
    seeds_global_generators: bool = True
    concurrency: int = 16


class Workbench:
    """A worker's own sources and views of the shared memory; used by one thread."""

    def __init__(self, trade: Trade, ring: Memory, outputs: Sequence[Memory]) -> None:
        self.trade = trade
        self._outputs = outputs
        self._sources: dict[int, Source] = {}
        self._views = [
            ring.array((section.places, *section.shape), section.dtype, section.offset)
            for section in trade.sections]
        self._takes_generator = [takes_generator(one) for one in trade.transforms]

    def change(self, columns: Sequence[tuple[Column, int]]) -> None:
        """Goes over to the columns of another epoch; their samples have the same form."""
        for number, ((new, _), (old, _)) in enumerate(zip(columns, self.trade.columns)):
            # What a digest pins is the same, and what its source knows of chunks is worth keeping.
            if not new.digest or new.digest != old.digest:
                self._sources.pop(number, None)
        self.trade = dataclasses.replace(self.trade, columns=columns)

    def run(self, task: Task) -> Any:
        """Does a task; returns the packed batch of a `Make`."""
        if isinstance(task, Make):
            return self._make(task)
        for number, samples, places in task.pieces:
            column, section = self.trade.columns[number]
            if number not in self._sources:
                self._sources[number] = column.open()
            read_samples(
                column, self._sources[number], samples, self._views[section], places,
                self.trade.concurrency)
        return None

    def _make(self, task: Make) -> Any:
        raw = self._views[0][task.place:task.place + task.count]
        made = []
        with self._generators_kept():
            for sample, dataset, values in zip(task.samples, task.datasets, raw):
                made.append(self._transformed(int(dataset), int(sample), values, task.key))
        if self.trade.collate is None:
            batch = collate(made)
        else:
            paired = made if task.labels is None else list(zip(made, task.labels))
            batch = self.trade.collate(paired)
        return pack(batch, self._outputs[task.output])

    def _transformed(
        self, dataset: int, sample: int, values: AnyArray, key: tuple[object, ...]
    ) -> Any:
        transform = self.trade.transforms[dataset]
        if transform is None:
            return values
        seed = digest_key("transform", *key, dataset, sample)
        if self.trade.seeds_global_generators:
            _seed_generators(seed)
        # A copy: the place is another sample's before long, and may be anybody's to change.
        values = values.copy()
        try:
            if self._takes_generator[dataset]:
                return transform(values, rng=generator_of(seed))
            return transform(values)
        except Exception as error:
            error.add_note(f"in the transform of sample {sample} of data set {dataset}")
            raise

    @contextlib.contextmanager
    def _generators_kept(self) -> Iterator[None]:
        if not self.trade.seeds_global_generators:
            yield
            return
        torch = sys.modules.get("torch")
        states = random.getstate(), np.random.get_state()
        tensor_state = torch.get_rng_state() if torch else None
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
            if torch and tensor_state is not None:
                torch.set_rng_state(tensor_state)


def generator_of(seed: bytes) -> np.random.Generator:
    """A generator of NumPy that depends on the seed alone."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(seed, "little")))


def _seed_generators(seed: bytes) -> None:
    word = int.from_bytes(seed[:8], "little")
    random.seed(word)
    np.random.seed(word & 0xFFFFFFFF)
    if torch := sys.modules.get("torch"):
        torch.default_generator.manual_seed(word >> 1)


def takes_generator(transform: Transform | None) -> bool:
    """Whether a transform has a parameter `rng`."""
    if transform is None:
        return False
    try:
        return "rng" in inspect.signature(transform).parameters
    except (TypeError, ValueError):
        return False


def check_transform(transform: Transform | None) -> None:
    """Raises `Invalid` unless it can be called."""
    if transform is not None and not callable(transform):
        raise Invalid(f"A transform is a function of one sample, not {transform!r}.")
