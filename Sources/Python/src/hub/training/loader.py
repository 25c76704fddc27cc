"""Batches for training: in an order that anybody can repeat, read ahead, and resumable."""

from __future__ import annotations

import dataclasses
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from hub.errors import Invalid
from hub.training.crew import Alone, Crew, Threads
from hub.training.memory import Slots
from hub.training.order import Shuffle
from hub.training.pipeline import LENT_MAX, Equipment, Pipeline
from hub.training.plan import Plan, Route
from hub.training.processes import METHODS, Processes
from hub.training.recipe import Recipe, recipe_of
from hub.training.state import LoaderState
from hub.whole_number import whole_number

if TYPE_CHECKING:
    from hub.training.dataset import Dataset

STARTS = ("thread", *METHODS)
# A shuffle that mixes fewer rows of chunks than this leaves most neighbours in one batch.
MIXED_ROWS_MIN = 4


class ShuffleWarning(UserWarning):
    """A block of the shuffle holds so few chunks that neighbours stay together."""


class Stock(Protocol):
    """What a loader can load: a data set or a mixture."""

    tensors: bool

    @property
    def members(self) -> Sequence[Dataset]: ...

    @property
    def digest(self) -> str: ...

    def __len__(self) -> int: ...

    def frozen(self) -> Stock: ...

    def route(self, shuffle: Shuffle | None, epoch: int) -> Route: ...


class Loader:
    """An iterable of the batches of an epoch; the next iteration is the next epoch.

    **Order.** A pure function of (seed, epoch, digest): `batch` samples at a time make the *global*
    batches, the same for any number of workers and ranks, and `rank` of `world` gets its contiguous
    part, `batch // world` samples, or one more where that does not come out even. All ranks get the
    same number of batches. Without `drop_last` the last one may be smaller.

    **Resuming.** `state_dict()` is where the batches end that were given out, whatever was read
    ahead. A loader that got it by `load_state_dict` goes on there, also with another `world`,
    number of workers or batch. An iteration that was broken off counts as its epoch.

    **Workers.** With `workers=0` the caller does all work when it asks for a batch. Else `start`
    says what workers are: `"thread"`, the default where there is no transform; or processes,
    `"fork"`, `"spawn"` or `"forkserver"`, the default with a transform (`"spawn"` where there is
    no forkserver). They stay from epoch to epoch, and end with `close`, with the loader, and when
    an iteration ends early. An exception in a transform comes in the place of its batch, with its
    traceback; a worker that ended is a `WorkerError`.

    **Randomness.** A transform with a parameter `rng` gets a NumPy generator that depends on (seed,
    epoch, sample) alone. In processes and with `workers=0`, `random`, `numpy.random` and torch's
    generator are seeded the same way before each sample, so augmentation is the same for any number
    of workers.

    **Memory.** At most `prefetch` blocks of `shuffle.block` bytes (64 MB without a shuffle), or one
    batch and one block if that is more, and six batches, all shared by the workers; with a
    transform also `2 * workers + 4` batches of what it makes; and of each worker a few chunks,
    encoded and decoded, whose memory, up to 32 MB a process, stays for the next ones. A batch is
    the caller's until he drops it: he is given copies if he keeps more than three.

    **State of the array.** What a tag means is asked when an epoch begins. If no commit pins it and
    it is changed meanwhile, there is an `ArrayChangedWarning` at the end; if it is made smaller, a
    `Conflict` in the place of the first batch that is read afterwards.
    """

    def __init__(
        self, stock: Stock, batch: int, *, shuffle: Shuffle | bool | None = None, workers: int = 0,
        rank: int = 0, world: int = 1, drop_last: bool = False, prefetch: int = 2,
        start: str | None = None, collate: Callable[[list[Any]], Any] | None = None,
    ) -> None:
        """Takes the global batch; `collate` makes a batch of a list of samples or pairs.

        Raises:
            Invalid: an argument is out of its range.
        """
        if isinstance(shuffle, bool) or shuffle is None:
            shuffle = Shuffle() if shuffle else None
        if not isinstance(shuffle, Shuffle | None):
            raise Invalid(f"shuffle is a hub.Shuffle, True or False, not {shuffle!r}.")
        batch, workers = whole_number(batch, "batch"), whole_number(workers, "workers")
        rank, world = whole_number(rank, "rank"), whole_number(world, "world")
        if workers < 0 or whole_number(prefetch, "prefetch") < 1:
            raise Invalid(f"There are no {workers} workers, or no {prefetch} blocks to prefetch.")
        if start is not None and start not in STARTS:
            raise Invalid(f"start is one of {', '.join(STARTS)}, not {start!r}.")
        self.stock, self.batch, self.workers = stock, batch, workers
        self.rank, self.world, self.drop_last = rank, world, drop_last
        self._prefetch, self._start, self._collate = prefetch, start, collate
        self._state = LoaderState(shuffle)
        self._resumes = False
        self._iteration: object = None
        self._equipment: Equipment | None = None
        self._closer: weakref.finalize[Any, Any] | None = None
        self._plan(len(stock), 0)
        if shuffle:
            _warn_if_hardly_mixed(stock, shuffle)

    @property
    def shuffle(self) -> Shuffle | None:
        """How an epoch is shuffled."""
        return self._state.shuffle

    @property
    def epoch(self) -> int:
        """The number of the epoch that is under way, or the next one."""
        return self._state.epoch

    def set_epoch(self, epoch: int) -> None:
        """Makes the next iteration the beginning of an epoch, as torch's samplers have it."""
        if type(epoch) is not int or epoch < 0:
            raise Invalid(f"An epoch is a whole number from 0, not {epoch!r}.")
        if self._resumes and epoch == self._state.epoch:
            return
        self._state = LoaderState(self.shuffle, epoch)
        self._resumes = True

    def __len__(self) -> int:
        """How many batches a whole epoch has, for every rank."""
        return len(self._plan(len(self.stock), 0))

    def state_dict(self) -> dict[str, Any]:
        """Where the batches end that were given out; plain values, the same on all ranks."""
        return self._state.to_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Makes the next iteration go on where a state was taken, in its order.

        Raises:
            Invalid: it is no state; or, when the iteration begins, one of other data.
        """
        self._state = LoaderState.from_dict(state)
        self._resumes = True

    def __iter__(self) -> Iterator[Any]:
        """The batches that are left of the epoch."""
        if self._state.samples and not self._resumes:
            self._state = LoaderState(self.shuffle, self.epoch + 1)
        self._resumes = False
        self._iteration = iteration = object()
        return self._iterate(iteration)

    def close(self) -> None:
        """Ends the workers; another iteration starts new ones."""
        self._equipment = None
        if self._closer is not None:
            self._closer()
            self._closer = None

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _iterate(self, iteration: object) -> Iterator[Any]:
        stock = self.stock.frozen()
        self._begin(stock)
        plan = self._plan(len(stock), self._state.samples)
        route = stock.route(self.shuffle, self.epoch)
        equipment, closer = self._equipped(stock, plan, route)
        pipeline = Pipeline(plan, route, equipment, self._prefetch, self._key(stock))
        try:
            for number in range(len(plan)):
                pipeline.prepare(number)
                self._state = dataclasses.replace(self._state, samples=plan.end_of(number))
                yield pipeline.batch(number)
                if self._iteration is not iteration:
                    raise RuntimeError("Another iteration of this loader has begun.")
            pipeline.finish()
            self._equipment = equipment
        finally:
            if self._equipment is not equipment:
                closer()
        for member in stock.members:
            member.data.warn_if_changed()
        if not self._resumes:
            self._state = LoaderState(self.shuffle, self.epoch + 1)

    def _begin(self, stock: Stock) -> None:
        """Takes note of what the epoch reads, and refuses to resume on something else."""
        state, count = self._state, len(stock)
        if state.samples and (state.count, state.digest) != (count, stock.digest):
            raise Invalid(
                f"The state is of {state.count:,} samples of {state.digest or 'an open array'}, the"
                f" data set has {count:,} of {stock.digest or 'an open array'}.",
                hint="Load the array by the digest that it had then.")
        if self._plan(count, 0).stop <= state.samples and state.samples:
            state = LoaderState(self.shuffle, state.epoch + 1)
        self._state = dataclasses.replace(state, count=count, digest=stock.digest)

    def _key(self, stock: Stock) -> tuple[object, ...]:
        return (self.shuffle.seed if self.shuffle else 0, self.epoch, stock.digest)

    def _plan(self, count: int, start: int) -> Plan:
        return Plan(count, self.batch, start, self.rank, self.world, self.drop_last)

    def _equipped(
        self, stock: Stock, plan: Plan, route: Route
    ) -> tuple[Equipment, Callable[[], Any]]:
        """The crew of the epoch before, if it fits, or a new one; and what ends it.

        It is not kept while it is in use: only one without work can go on to another epoch.
        """
        recipe = recipe_of(stock.members, self._collate, stock.tensors)
        ahead = max(self._prefetch * route.block_samples_max, plan.batch + route.block_samples_max)
        slots = -(-min(ahead, plan.count) // plan.batch) + 2 + LENT_MAX
        places = slots * plan.local_count_max
        kept, self._equipment = self._equipment, None
        if kept and self._closer and kept.recipe.form == recipe.form and kept.places >= places:
            kept.crew.change(recipe.columns)
            kept.recipe = recipe
            return kept, self._closer
        self.close()
        workers = max(1, self.workers)
        outputs = 2 * workers + 1 + LENT_MAX if recipe.makes else 0
        crew = self._crew(recipe, places, outputs)
        self._closer = weakref.finalize(self, crew.close)
        lent, made = Slots(slots, LENT_MAX), Slots(outputs, LENT_MAX)
        return Equipment(recipe, crew, lent, made, places, workers), self._closer

    def _crew(self, recipe: Recipe, places: int, outputs: int) -> Crew:
        start = self._start or _default_start(recipe)
        in_threads = self.workers > 0 and start == "thread"
        trade = recipe.trade(places, self.workers, seeds_global_generators=not in_threads)
        ring_bytes = recipe.ring_bytes(places)
        if not self.workers:
            return Alone(trade, ring_bytes, outputs)
        if in_threads:
            return Threads(trade, ring_bytes, outputs, self.workers)
        return Processes(trade, ring_bytes, outputs, self.workers, start)


def _default_start(recipe: Recipe) -> str:
    if not recipe.makes:
        return "thread"
    return "forkserver" if sys.platform == "linux" else "spawn"


def _warn_if_hardly_mixed(stock: Stock, shuffle: Shuffle) -> None:
    for member in stock.members:
        subset = member.subset
        rows = min(MIXED_ROWS_MIN, -(-subset.count // subset.samples_per_row))
        wanted = rows * subset.row_bytes
        # Who chose the block himself knows what it mixes.
        if shuffle.block == Shuffle.block and wanted > shuffle.block_bytes:
            warnings.warn(
                f"{subset.samples_per_row:,} samples are read together, {subset.row_bytes:,} bytes,"
                f" so a block of {shuffle.block} hardly mixes them. Give the shuffle a larger"
                f' block, such as hub.Shuffle(block="{wanted / 1e6:.0f}MB"), which takes that'
                " memory, or the array chunks of fewer samples.", ShuffleWarning, stacklevel=4)
