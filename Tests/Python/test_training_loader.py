"""The loader: what comes in which batch, whoever does the work; resuming; memory."""

import dataclasses
import gc
import itertools

import numpy as np
import pytest
import training_stubs as stubs
from hypothesis import given, settings
from hypothesis import strategies as st

import hub
from hub.training import pipeline
from hub.training.dataset import Dataset
from hub.training.order import SampleOrder, Shuffle

STARTS = [(0, None), (2, "thread"), (2, "fork"), (2, "spawn"), (3, "forkserver")]


def flat(loader):
    return [np.asarray(batch).tolist() for batch in loader]


def expected_batches(count, samples_per_chunk, batch, shuffle, epoch=0, itemsize=8):
    """Batches by the definition: the order, cut."""
    order = SampleOrder(
        count, samples_per_chunk, samples_per_chunk * itemsize, shuffle=shuffle, epoch=epoch,
        digest="sha256:stub")
    samples = order.samples(np.arange(count)).tolist()
    return [samples[i:i + batch] for i in range(0, count, batch)]


@pytest.mark.parametrize("workers, start", STARTS)
def test_batches_are_the_order_cut_whoever_works(workers, start):
    shuffle = Shuffle(seed=5, block=400)
    data = stubs.dataset(501, samples_per_chunk=7)
    with data.loader(32, shuffle=shuffle, workers=workers, start=start) as loader:
        assert len(loader) == 16
        for epoch in range(2):
            assert loader.epoch == epoch
            assert flat(loader) == expected_batches(501, 7, 32, shuffle, epoch)


@pytest.mark.parametrize("workers, start", STARTS)
def test_transforms_and_labels(workers, start):
    labels = stubs.numbered(100, samples_per_chunk=9)
    data = stubs.dataset(100, (4, 3), 5, stubs.as_dictionary, labels)
    with data.loader(16, shuffle=Shuffle(1), workers=workers, start=start) as loader:
        seen = []
        for made, label in loader:
            assert made["twice"].shape == (len(label), 4, 3)
            assert (made["twice"] == 2 * label[:, None, None]).all()
            assert made["pair"][0].tolist() == label.tolist()
            assert made["pair"][1] == ["text"] * len(label)
            seen += label.tolist()
    assert sorted(seen) == list(range(100)) != seen


@dataclasses.dataclass(frozen=True)
class CountedColumn(stubs.ChunkedColumn):
    """Notes how many chunks are asked for at once."""

    asked: list = dataclasses.field(default_factory=list)

    def fetch(self, coordinates, concurrency=16):
        places = list(coordinates)
        self.asked.append(len(places))
        return super().fetch(places, concurrency)


# A row has 8 bytes, and a block 26 rows.
@pytest.mark.parametrize("workers, fill_bytes, expected", [
    (0, 1000, [26]), (1, 208, [26]), (2, 1000, [13, 13]), (4, 1000, [6, 6, 7, 7]),
    (2, 104, [13, 13]), (2, 103, [8, 9, 9]), (1, 1, [1] * 26), (30, 1000, [1] * 26),
])
def test_a_block_is_read_in_equal_parts_one_a_worker_where_they_are_not_too_large(
    monkeypatch, workers, fill_bytes, expected
):
    monkeypatch.setattr(pipeline, "FILL_BYTES", fill_bytes)
    column = CountedColumn(np.arange(26), (1,))
    data = Dataset(column, None, None, tensors=False)
    start = "thread" if workers else None
    with data.loader(7, shuffle=Shuffle(1, block=208), workers=workers, start=start) as loader:
        assert sorted(itertools.chain(*flat(loader))) == list(range(26))
    assert sorted(column.asked) == expected


@given(
    count=st.integers(0, 120), samples_per_chunk=st.integers(1, 20), batch=st.integers(1, 40),
    block=st.integers(1, 600), world=st.integers(1, 6), workers=st.integers(0, 2),
    drop_last=st.booleans(), shuffled=st.booleans(), prefetch=st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_ranks_share_the_same_global_batches(
    count, samples_per_chunk, batch, block, world, workers, drop_last, shuffled, prefetch
):
    shuffle = Shuffle(seed=3, block=block) if shuffled else None
    data = stubs.dataset(count, samples_per_chunk=samples_per_chunk)

    def loader(rank):
        return data.loader(
            batch, shuffle=shuffle, rank=rank, world=world, drop_last=drop_last, workers=workers,
            start="thread", prefetch=prefetch)

    last = count % batch
    if batch < world or (not drop_last and 0 < last < world):
        with pytest.raises(hub.Invalid, match="ranks"):
            loader(0)
        return
    loaders = [loader(rank) for rank in range(world)]
    parts = [flat(one) for one in loaders]
    for one in loaders:
        one.close()
    whole = expected_batches(count, samples_per_chunk, batch, shuffle)
    whole = [one for one in whole if len(one) == batch or not drop_last]
    assert [len(part) for part in parts] == [len(whole)] * world == [len(loaders[0])] * world
    for number, global_batch in enumerate(whole):
        assert list(itertools.chain(*(part[number] for part in parts))) == global_batch
        sizes = {len(part[number]) for part in parts}
        assert max(sizes) - min(sizes) <= 1 and min(sizes) > 0


@given(
    count=st.integers(1, 150), samples_per_chunk=st.integers(1, 20), batch=st.integers(4, 40),
    taken=st.integers(0, 40), world=st.sampled_from([1, 2, 4]), other=st.sampled_from([1, 2, 4]))
@settings(max_examples=80, deadline=None)
def test_a_state_goes_on_in_the_middle_at_another_world_size(
    count, samples_per_chunk, batch, taken, world, other
):
    data = stubs.dataset(count, samples_per_chunk=samples_per_chunk)
    options = {"shuffle": Shuffle(2, 300), "drop_last": True}
    whole = flat(data.loader(batch, **options))
    following = flat(_at_epoch(data.loader(batch, **options), 1))
    first = data.loader(batch, rank=world - 1, world=world, **options)
    for _ in itertools.islice(first, taken):
        pass
    state = first.state_dict()
    left = []
    for rank in range(other):
        again = data.loader(batch, rank=rank, world=other, drop_last=True)
        again.load_state_dict(state)
        left.append(flat(again))
    joined = [list(itertools.chain(*parts)) for parts in zip(*left)]
    assert joined in (whole[taken:], following if taken >= len(whole) else None)


def _at_epoch(loader, epoch):
    loader.set_epoch(epoch)
    return loader


@pytest.mark.parametrize("workers, start", STARTS)
def test_a_state_counts_what_was_given_out_not_what_was_read_ahead(workers, start):
    data = stubs.dataset(200, samples_per_chunk=4, transform=stubs.double)
    with data.loader(10, shuffle=True, workers=workers, start=start) as loader:
        whole = flat(loader)
        loader.set_epoch(0)
        batches = iter(loader)
        given = [next(batches).tolist() for _ in range(7)]
        state = loader.state_dict()
        batches.close()
    assert (state["samples"], state["epoch"], state["count"]) == (70, 0, 200)
    with data.loader(10, workers=0) as again:
        again.load_state_dict(state)
        assert given + flat(again) == whole
        assert again.state_dict()["epoch"] == 1


def test_a_resumed_loader_may_have_another_batch():
    data = stubs.dataset(100)
    whole = list(itertools.chain(*flat(data.loader(10, shuffle=True))))
    loader = data.loader(10, shuffle=True)
    next(iter(loader))
    again = data.loader(16)
    again.load_state_dict(loader.state_dict())
    assert list(itertools.chain(*flat(again))) == whole[10:]


def test_a_state_of_other_data_is_refused():
    loader = stubs.dataset(100).loader(10)
    next(iter(loader))
    for other in (stubs.dataset(101), stubs.dataset(100, digest="sha256:other")):
        again = other.loader(10)
        again.load_state_dict(loader.state_dict())
        with pytest.raises(hub.Invalid, match="(?s)state is of 100 samples.*digest"):
            next(iter(again))


@pytest.mark.parametrize("change", [
    {"version": 2}, {"epoch": -1}, {"samples": "many"}, {"seed": 1.5}, {"block": 0}, None,
    {"count": True}])
def test_what_is_no_state_is_refused(change):
    loader = stubs.dataset(10).loader(2, shuffle=True)
    state = None if change is None else loader.state_dict() | change
    with pytest.raises(hub.Invalid):
        loader.load_state_dict(state)
    del state
    with pytest.raises(hub.Invalid, match="no member 'count'"):
        loader.load_state_dict({
            name: value for name, value in loader.state_dict().items() if name != "count"})


def test_an_iteration_that_was_broken_off_counts_as_its_epoch():
    loader = stubs.dataset(100).loader(10, shuffle=True)
    first = [next(iter(loader)).tolist(), next(iter(loader)).tolist()]
    assert loader.epoch == 1
    assert first[0] != first[1]
    loader.set_epoch(0)
    assert next(iter(loader)).tolist() == first[0]


def test_another_iteration_ends_the_one_before():
    with stubs.dataset(100).loader(10, workers=2, start="thread") as loader:
        one = iter(loader)
        next(one)
        other = iter(loader)
        next(other)
        with pytest.raises(RuntimeError, match="Another iteration"):
            next(one)
        assert len(list(other)) == 9


def test_epochs_differ_and_repeat():
    loader = stubs.dataset(64).loader(64, shuffle=Shuffle(9))
    orders = [flat(loader)[0] for _ in range(4)]
    assert len({tuple(order) for order in orders}) == 4
    loader.set_epoch(2)
    assert flat(loader)[0] == orders[2]


def test_each_chunk_is_read_once_an_epoch(tmp_path):
    log = tmp_path / "log"
    data = stubs.dataset(300, samples_per_chunk=10, log=str(log))
    with data.loader(32, shuffle=Shuffle(0, block=400), workers=2, start="fork") as loader:
        assert sum(map(len, loader)) == 300
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()]
    assert sorted(text for _, text in lines) == sorted(f"chunk {i}" for i in range(30))
    assert len({process for process, _ in lines}) == 2


def test_a_resumed_epoch_reads_only_what_is_left(tmp_path):
    log = tmp_path / "log"
    data = stubs.dataset(300, samples_per_chunk=10, log=str(log))
    loader = data.loader(100)
    loader.load_state_dict(
        {"version": 1, "seed": None, "block": None, "epoch": 0, "samples": 200, "count": 300,
         "digest": "sha256:stub"})
    assert flat(loader) == [list(range(200, 300))]
    assert len(log.read_text().splitlines()) == 10


def test_chunks_of_several_axes_clipped_at_the_edge_and_missing_ones():
    values = np.arange(23 * 5 * 7, dtype=">u2").reshape(23, 5, 7)
    column = stubs.ChunkedColumn(
        values, (4, 2, 3), missing=frozenset({(1, 0, 0), (5, 2, 2)}))
    wanted = values.copy()
    wanted[4:8, 0:2, 0:3] = wanted[20:23, 4:, 6:] = 77
    loader = Dataset(column, tensors=False).loader(6, shuffle=Shuffle(4, 200))
    order = SampleOrder(23, 4, 4 * 70, shuffle=Shuffle(4, 200), digest="sha256:stub")
    np.testing.assert_array_equal(
        np.concatenate(list(loader)), wanted[order.samples(np.arange(23))])


def test_large_labels_come_with_their_samples(monkeypatch):
    monkeypatch.setattr("hub.training.recipe.LABELS_BYTES_MAX", 100)
    for transform in (None, stubs.double):
        labels = stubs.numbered(150, (2,), 40)
        data = stubs.dataset(150, (3,), 7, transform, labels)
        for values, label in data.loader(20, shuffle=Shuffle(1, 500), workers=2, start="thread"):
            factor = 1 if transform is None else 2
            assert (values[:, 0] == factor * label[:, 1]).all()


def test_collate_gets_samples_and_labels():
    data = stubs.dataset(10, labels=stubs.numbered(10))
    loader = data.loader(4, workers=1, start="spawn", collate=stubs.list_of_pairs)
    with loader:
        assert list(itertools.chain(*loader)) == [(i, i) for i in range(10)]
    with stubs.dataset(10, transform=stubs.ragged).loader(
            5, workers=1, start="fork", collate=stubs.keep_list) as loader:
        first = next(iter(loader))
    assert first["sizes"].tolist() == [1, 2, 3, 1, 2]
    assert [one.shape for one in first["raw"]] == [(1,), (2,), (3,), (1,), (2,)]


@pytest.mark.parametrize("start", ["fork", "forkserver", None])
def test_augmentation_is_the_same_for_any_workers_ranks_and_after_resuming(start):
    data = stubs.dataset(60, samples_per_chunk=4, transform=stubs.with_random)
    reference = np.concatenate(list(data.loader(20, shuffle=Shuffle(7))))
    assert len(set(reference[:, 1])) == len(set(reference[:, 2])) == 60
    with data.loader(20, shuffle=Shuffle(7), workers=3 if start else 0, start=start) as loader:
        np.testing.assert_array_equal(np.concatenate(list(loader)), reference)
        other_epoch = np.concatenate(list(loader))
        assert not set(other_epoch[:, 1]) & set(reference[:, 1])
    parts = [
        list(data.loader(20, shuffle=Shuffle(7), rank=rank, world=2)) for rank in range(2)]
    joined = np.concatenate([np.concatenate(pair) for pair in zip(*parts)])
    np.testing.assert_array_equal(joined, reference)


def test_a_generator_for_the_transform_is_the_same_in_threads():
    data = stubs.dataset(60, transform=stubs.with_generator)
    reference = np.concatenate(list(data.loader(20, shuffle=True)))
    with data.loader(20, shuffle=True, workers=3, start="thread") as loader:
        np.testing.assert_array_equal(np.concatenate(list(loader)), reference)
    assert len(set(reference[:, 1])) == 60


def test_the_callers_generators_are_left_alone():
    import random

    random.seed(1)
    np.random.seed(1)
    wanted = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    list(stubs.dataset(10, transform=stubs.with_random).loader(5))
    assert (random.random(), np.random.random()) == wanted


@pytest.mark.parametrize("workers, start", STARTS)
@pytest.mark.parametrize("transform", [None, stubs.double])
def test_batches_that_are_kept_do_not_change(workers, start, transform):
    data = stubs.dataset(400, (8,), 3, transform)
    with data.loader(20, workers=workers, start=start) as loader:
        kept = list(loader)
        kept += list(loader)
    factor = 1 if transform is None else 2
    for number, batch in enumerate(kept):
        start_at = number % 20 * 20
        assert (batch[:, 0] == factor * np.arange(start_at, start_at + 20)).all()
    kept[0][...] = 0
    assert (kept[1][:, 0] == factor * np.arange(20, 40)).all()


def test_memory_of_dropped_batches_is_used_again():
    with stubs.dataset(4000, (16,)).loader(10, workers=2, start="thread") as loader:
        addresses = set()
        for batch in loader:
            addresses.add(batch.__array_interface__["data"][0])
            del batch
            gc.collect(0)
        slots = loader._equipment.slots
        assert len(addresses) <= len(slots.free) + 1
        assert len(slots.free) == loader._equipment.places // 10


def test_a_batch_larger_than_all_blocks():
    shuffle = Shuffle(1, block=8)
    data = stubs.dataset(100)
    assert flat(data.loader(64, shuffle=shuffle, prefetch=1)) == expected_batches(
        100, 1, 64, shuffle)


@given(
    count=st.integers(1, 400), samples_per_chunk=st.integers(1, 64), batch=st.integers(5, 200),
    block=st.integers(8, 4000), prefetch=st.integers(1, 4), workers=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_memory_is_what_the_documentation_says(
    count, samples_per_chunk, batch, block, prefetch, workers
):
    """So many blocks, or a batch and a block, and six batches, whatever the number of workers."""
    data = stubs.dataset(count, samples_per_chunk=samples_per_chunk)
    loader = data.loader(
        batch, shuffle=Shuffle(0, block), prefetch=prefetch, workers=workers, start="thread")
    with loader:
        for _ in loader:
            pass
        block_samples = max(block // 8, samples_per_chunk)
        ahead = max(prefetch * block_samples, batch + block_samples)
        assert loader._equipment.places <= ahead + 6 * batch
        assert len(loader._equipment.crew.ring._bytes) < 8 * loader._equipment.places + 64


def test_a_shuffle_that_hardly_mixes_is_told():
    data = stubs.dataset(100, (1 << 18,), 10)
    with pytest.warns(hub.training.loader.ShuffleWarning, match='block="84MB"'):
        data.loader(10, shuffle=True)
    data.loader(10)
    data.loader(10, shuffle=Shuffle(block="60MB"))
    stubs.dataset(5, (1 << 18,), 10).loader(5, shuffle=True)


def test_an_empty_data_set_has_no_batches():
    for workers, start in STARTS[:3]:
        assert flat(stubs.dataset(0).loader(4, shuffle=True, workers=workers, start=start)) == []


@pytest.mark.parametrize("options, text", [
    ({"workers": -1}, "-1 workers"), ({"prefetch": 0}, "0 blocks"),
    ({"start": "magic"}, "start is"),
    ({"shuffle": 3}, "hub.Shuffle"), ({"rank": 2, "world": 2}, "rank 2"), ({"rank": -1}, "rank -1"),
    ({"world": 0}, "0 ranks"), ({"batch": 0}, "0 samples"), ({"world": 11}, "11 ranks"),
    ({"batch": 2.5}, "batch is a whole number"), ({"workers": 1.5}, "workers is a whole number"),
    ({"prefetch": 1.0}, "prefetch is a"), ({"rank": "0"}, "rank is a")])
def test_wrong_arguments_are_refused_at_once(options, text):
    arguments = {"batch": 10} | options
    with pytest.raises(hub.Invalid, match=text):
        stubs.dataset(100).loader(**arguments)
    with pytest.raises(hub.Invalid, match="epoch"):
        stubs.dataset(100).loader(10).set_epoch(-1)
