"""One rank's way through what is left of an epoch: what is read ahead, and what comes next."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np

from hub.training.collate import AnyArray, placed, tensor_of, unpack
from hub.training.crew import Crew
from hub.training.memory import Slots
from hub.training.permutation import Integers
from hub.training.plan import Plan, Route, Window
from hub.training.recipe import Recipe
from hub.training.work import Fill, Make

# How much one task reads, at most, where every worker has one. Its chunks are asked for together, which
# takes 1.5 ms of a core here and as much of the server's: of a sample of 150 kB in a block of 64 MB, five
# tasks for two workers took 310 µs of two cores, and two take 275 (2026-11).
FILL_BYTES = 32_000_000
# Batches that the caller may keep at one time before he is given copies.
LENT_MAX = 3


@dataclasses.dataclass
class Equipment:
    """A crew with its memory, which goes on from epoch to epoch.

    Attributes:
        slots: of the ring, each for the samples of one batch; `places` samples together.
        outputs: for batches that workers make.
        workers: how many share the work.
    """

    recipe: Recipe
    crew: Crew
    slots: Slots
    outputs: Slots
    places: int
    workers: int


@dataclasses.dataclass
class Batch:
    """A batch on its way.

    Attributes:
        slot: the places of the ring that its samples go to.
        missing: how many of them are not yet there.
        datasets, samples: which they are, in order of their places.
        labels: from memory, or copied from the ring when the batch is made.
        output: the memory of the made batch; `None` until it is being made.
        made: the packed batch, when it is made.
        error: what went wrong with it; raised when it is its turn, after the batches before it.
    """

    slot: int
    missing: int
    datasets: Integers
    samples: Integers
    labels: AnyArray | None = None
    output: int | None = None
    made: Any = None
    is_ready: bool = False
    error: BaseException | None = None


class Pipeline:
    """Keeps the crew busy with what comes next, and gives batches in their order.

    Invariants:

    - Places are taken, and batches made, in the order of batches: no later one starves the first.
    - What is read ahead, from the first batch that was not given out, is at most `blocks` blocks,
      or one batch and a block where that is more. So the ring always has room for it.
    """

    def __init__(
        self, plan: Plan, route: Route, equipment: Equipment, blocks: int, key: tuple[object, ...]
    ) -> None:
        self._plan, self._route, self._key = plan, route, key
        self._recipe, self._crew = equipment.recipe, equipment.crew
        self._slots, self._outputs = equipment.slots, equipment.outputs
        self._workers = equipment.workers
        self._ahead_max = blocks * route.block_samples_max
        self._views = [
            self._crew.ring.array((section.places, *section.shape), section.dtype, section.offset)
            for section in self._recipe.sections(equipment.places)]
        self._numbers = itertools.count()
        self._tasks: dict[int, Any] = {}
        self._batches: dict[int, Batch] = {}
        self._next = 0
        self._to_make = 0
        self._planned = plan.start

    def prepare(self, number: int) -> None:
        """Waits until a batch is ready; they are asked for one after another, from 0.

        Raises what reading or making it raised.
        """
        self._next = number
        self._look_ahead()
        while not self._batches[number].is_ready:
            self._take_note(*self._crew.result())
            self._look_ahead()
        if (error := self._batches[number].error) is not None:
            raise error

    def batch(self, number: int) -> Any:
        """A batch that is ready, as the caller gets it; its memory is his until he drops it."""
        batch = self._batches.pop(number)
        if batch.output is None:
            arrays = self._slots.lend(batch.slot, [self._view(view, batch) for view in self._views])
            made = self._as_tensor(arrays[0])
            labels = arrays[1] if len(arrays) > 1 else self._labels(batch)
        else:
            memory = self._crew.outputs[batch.output]
            views = [
                memory.array(mark.shape, mark.dtype, mark.offset) for mark in placed(batch.made)]
            arrays = self._outputs.lend(batch.output, views)
            made = unpack(batch.made, arrays, self._recipe.tensors)
            labels = None if self._recipe.collate else batch.labels
        return made if labels is None else (made, self._as_tensor(labels))

    def finish(self) -> None:
        """Waits for what is still under way; after the last batch that is nothing."""
        while self._tasks:
            self._take_note(*self._crew.result())

    def _look_ahead(self) -> None:
        while self._planned < self._plan.stop and self._may_plan():
            window = self._plan.window(self._planned, self._route)
            if len(window.positions):
                self._submit(window)
            self._planned = window.stop
        self._make_ready()

    def _may_plan(self) -> bool:
        """Whether the next batch cannot be had without more, or less than may be is read ahead."""
        if self._planned < self._plan.end_of(self._next):
            return True
        given = self._plan.start + self._next * self._plan.batch
        return self._planned + self._route.block_samples_max - given <= self._ahead_max

    def _submit(self, window: Window) -> None:
        """Splits what is read together into tasks, each of whole rows of chunks."""
        datasets, samples = self._route.locate(window.positions)
        places = self._places(window, datasets, samples)
        order = np.lexsort((samples, datasets))
        datasets, samples, places = datasets[order], samples[order], places[order]
        rows = self._recipe.rows(datasets, samples)
        starts = np.flatnonzero(
            (np.diff(rows, prepend=-1) != 0) | (np.diff(datasets, prepend=-1) != 0))
        for part in self._shares(starts, len(order)):
            pieces = self._recipe.pieces(datasets[part], samples[part], places[part])
            task = Fill(next(self._numbers), pieces)
            batches = window.batches[order[part]]
            self._tasks[task.number] = np.unique(batches, return_counts=True)
            self._crew.submit(task)

    def _places(self, window: Window, datasets: Integers, samples: Integers) -> Integers:
        """The place of each sample in the ring; begins the batches that are not yet there."""
        first, last = int(window.batches[0]), int(window.batches[-1])
        bounds = np.searchsorted(window.batches, np.arange(first, last + 2))
        slots = np.zeros(last + 1 - first, np.int64)
        for number in range(first, last + 1):
            if number not in self._batches:
                self._batches[number] = self._begun(number)
            batch = self._batches[number]
            part = slice(*bounds[number - first:number - first + 2])
            batch.datasets[window.places[part]] = datasets[part]
            batch.samples[window.places[part]] = samples[part]
            slots[number - first] = batch.slot
        return slots[window.batches - first] * self._plan.local_count_max + window.places

    def _begun(self, number: int) -> Batch:
        slot = self._slots.take()
        assert slot is not None, "the ring has room for all that is read ahead"
        count = self._plan.local_count(number)
        return Batch(slot, count, np.zeros(count, np.int64), np.zeros(count, np.int64))

    def _shares(self, starts: Integers, count: int) -> list[slice]:
        """The samples of each task: equally many rows, as all are waited for together."""
        rows = len(starts)
        parts = max(self._workers, -(-rows * self._recipe.row_bytes // FILL_BYTES))
        parts = min(parts, rows)
        bounds = [*starts[np.arange(parts) * rows // parts].tolist(), count]
        return [slice(*pair) for pair in itertools.pairwise(bounds)]

    def _take_note(self, number: int, value: Any, error: BaseException | None) -> None:
        """Takes note of a task that is done."""
        about = self._tasks.pop(number)
        if isinstance(about, Batch):
            about.made, about.error, about.is_ready = value, error, True
            self._slots.give_back(about.slot)
            return
        for batch_number, count in zip(*about):
            batch = self._batches[int(batch_number)]
            batch.error = batch.error or error
            batch.missing -= int(count)
            batch.is_ready = not batch.missing and not (self._recipe.makes and not batch.error)

    def _make_ready(self) -> None:
        """Has the next batches made, as far as their samples are there and memory for them is."""
        while self._recipe.makes and self._to_make in self._batches:
            batch = self._batches[self._to_make]
            if batch.missing or batch.error or (output := self._outputs.take()) is None:
                return
            batch.output = output
            batch.labels = self._labels(batch)
            if len(self._views) > 1:
                batch.labels = self._view(self._views[1], batch).copy()
            task = Make(
                next(self._numbers), batch.slot * self._plan.local_count_max, len(batch.samples),
                batch.datasets, batch.samples, batch.labels if self._recipe.collate else None,
                output, self._key)
            self._tasks[task.number] = batch
            self._crew.submit(task)
            self._to_make += 1

    def _labels(self, batch: Batch) -> AnyArray | None:
        return self._recipe.resident_labels(batch.datasets, batch.samples)

    def _view(self, view: AnyArray, batch: Batch) -> AnyArray:
        start = batch.slot * self._plan.local_count_max
        return view[start:start + len(batch.samples)]

    def _as_tensor(self, array: AnyArray) -> Any:
        return tensor_of(array) if self._recipe.tensors else array
