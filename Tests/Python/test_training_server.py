"""Training on arrays of a server: states, the cache, worker processes, and requests."""

import gc
import multiprocessing
import pickle
import sys
import warnings

import numpy as np
import pytest
import zarr

import hub
from hub.training.column import ArrayChangedWarning
from hub.training.dataset import to_pytorch
from hub.training.order import Shuffle

COUNT = 120


def images(count=COUNT):
    """Samples that tell their number, and are different in every element."""
    rng = np.random.default_rng(4)
    values = rng.integers(0, 256, (count, 12, 10, 3), dtype="u1")
    values[:, 0, 0, 0] = np.arange(count)
    return values


@pytest.fixture
def stored(namespace, connected):
    """An array of images in chunks that clip, and their labels."""
    values = images()
    array = hub.array(values.shape, name=f"{namespace}/images:v1", dtype="u1", chunks=(7, 8, 10, 3))
    array[...] = values
    labels = hub.array((COUNT,), name=f"{namespace}/labels:v1", dtype="i4", chunks=(50,))
    labels[...] = np.arange(COUNT, dtype="i4")
    return array, labels, values


def numpy_dataset(array, labels=None, transform=None):
    data = array.to_pytorch(labels, transform)
    data.tensors = False
    return data


def check_epoch(loader, values):
    seen = []
    for images_of_batch, labels in loader:
        np.testing.assert_array_equal(images_of_batch, values[labels])
        seen += labels.tolist()
    assert sorted(seen) == list(range(len(values)))
    return seen


@pytest.mark.parametrize("workers, start", [
    (0, None), (2, "thread"), (2, "fork"), (2, "spawn"), (2, "forkserver")])
def test_an_epoch_of_a_tag_and_one_of_a_commit(stored, workers, start):
    array, labels, values = stored
    data = numpy_dataset(array, labels)
    with data.loader(32, shuffle=Shuffle(1, 3000), workers=workers, start=start) as loader:
        first = check_epoch(loader, values)
        assert loader.state_dict()["digest"] == ""
        array.commit("all images")
        labels.commit("all labels")
        second = check_epoch(loader, values)
        third = check_epoch(loader, values)
    assert len({tuple(first), tuple(second), tuple(third)}) == 3


def test_the_second_epoch_of_a_commit_asks_for_no_chunk(stored):
    array, labels, values = stored
    array.commit("all images")
    labels.commit("all labels")
    with numpy_dataset(array, labels).loader(32, shuffle=True, workers=2) as loader:
        check_epoch(loader, values)
        with hub.trace() as trace:
            check_epoch(loader, values)
    assert trace.cache_misses == 0
    assert not [entry for entry in trace.log if "/v1/zarr/" in entry[1]]
    # What the two tags are, and nothing else.
    assert trace.requests == 2, trace.log


def test_a_batch_is_one_request(stored):
    array, _, values = stored
    data = numpy_dataset(array)
    with hub.trace() as trace:
        batch = data.__getitems__(list(range(0, COUNT, 3)))
    np.testing.assert_array_equal(np.stack(batch), values[::3])
    assert trace.requests == 1


def test_a_batch_of_a_commit_whose_chunks_are_cached_is_no_request(stored):
    array, _, values = stored
    array.commit("all images")
    pinned = hub.load(f"{array.reference.namespace}/images@{array.digest}")
    data = numpy_dataset(pinned)
    list(data.loader(40))
    data[0]
    with hub.trace() as trace:
        batch = data.__getitems__([77, 3, 3, 119])
    np.testing.assert_array_equal(np.stack(batch), values[[77, 3, 3, 119]])
    assert trace.requests == 0


def test_an_epoch_reads_one_commit_whatever_is_written_meanwhile(stored):
    array, labels, values = stored
    array.commit("before")
    loader = numpy_dataset(array, labels.commit("before") and labels).loader(
        10, shuffle=Shuffle(0, 800))
    batches = iter(loader)
    first = next(batches)
    array[...] = 0
    array.commit("after")
    for images_of_batch, label in [first, *batches]:
        np.testing.assert_array_equal(images_of_batch, values[label])
    changed, _ = next(iter(loader))
    assert not changed.any()


def test_a_change_of_an_open_array_in_the_middle_is_told(stored):
    array, _, _ = stored
    loader = numpy_dataset(array).loader(10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(map(len, loader)) == COUNT
    batches = iter(loader)
    next(batches)
    array[5] = 1
    with pytest.warns(ArrayChangedWarning, match="Commit it"):
        list(batches)


@pytest.mark.parametrize("workers, start", [(0, None), (2, "thread"), (2, "fork")])
@pytest.mark.parametrize("shape", [(30, 12, 10, 3), (COUNT, 12, 4, 3)], ids=["samples", "columns"])
def test_samples_that_are_cut_off_in_the_middle_are_not_invented(stored, workers, start, shape):
    array, _, values = stored
    values = np.maximum(values, 1)
    array[...] = values
    order = [sample for batch in numpy_dataset(array).loader(10, shuffle=Shuffle(1, 800))
             for sample in batch]
    with numpy_dataset(array).loader(
            10, shuffle=Shuffle(1, 800), workers=workers, start=start, prefetch=1) as loader:
        batches = iter(loader)
        given = list(next(batches))
        hub.load(array.name).resize(shape)
        with pytest.raises(hub.Conflict, match="made smaller while it was read"):
            for batch in batches:
                given += list(batch)
    assert len(given) < COUNT
    # Epoch 0 of both is in the same order.
    np.testing.assert_array_equal(given, order[: len(given)])


def test_samples_that_are_cut_off_are_not_had_one_by_one(stored):
    array, _, values = stored
    data = numpy_dataset(array)
    hub.load(array.name).resize((30, 12, 4, 3))
    with pytest.raises(hub.OutOfRange):
        data[40]
    with pytest.raises(hub.Conflict, match="has the shape"):
        data[3]


def test_the_next_epoch_sees_samples_that_were_appended(stored):
    array, _, values = stored
    loader = numpy_dataset(array).loader(50)
    assert sum(map(len, loader)) == COUNT
    array.append(values[:30])
    assert sum(map(len, loader)) == COUNT + 30


def test_a_state_of_another_commit_is_refused(stored):
    array, labels, values = stored
    array.commit("one")
    labels.commit("one")
    loader = numpy_dataset(array, labels).loader(30, shuffle=True)
    first, _ = next(iter(loader))
    state = loader.state_dict()
    assert state["digest"] == array.digest
    array[0] = 9
    array.commit("two")
    again = numpy_dataset(array, labels).loader(30)
    again.load_state_dict(state)
    with pytest.raises(hub.Invalid, match=state["digest"]):
        next(iter(again))
    pinned = hub.load(f"{array.reference.namespace}/images@{state['digest']}")
    again = numpy_dataset(pinned, labels).loader(30)
    again.load_state_dict(state)
    seen = [labels for _, labels in again]
    assert sum(map(len, seen)) == COUNT - 30


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
def test_data_sets_in_processes_that_others_start(stored, start):
    array, labels, values = stored
    data = numpy_dataset(array, labels)
    # The parent has used its connections, obstore's too.
    list(data.loader(60))
    data[0]
    with multiprocessing.get_context(start).Pool(2) as pool:
        found = pool.map_async(data.__getitem__, range(0, COUNT, 11)).get(30)
    for (image, label), number in zip(found, range(0, COUNT, 11)):
        assert label == number
        np.testing.assert_array_equal(image, values[number])
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again[17][0], values[17])


def test_samples_that_are_not_stored_are_the_fill_value(namespace, connected):
    name = f"{namespace}/sparse:v1"
    array = hub.array((10**10, 4, 4), name=name, dtype="u1", chunks=(100, 4, 4))
    array[12_345_678] = 3
    data = numpy_dataset(array)
    assert data[12_345_678].tolist() == [[3] * 4] * 4
    batch = next(iter(data.loader(64, shuffle=hub.Shuffle(block=1600))))
    assert batch.shape == (64, 4, 4) and not batch.any()
    train, val = data.split(train=0.8, val=0.2)
    assert (len(train), len(val)) == (8 * 10**9, 2 * 10**9)
    assert next(iter(val.loader(8, shuffle=hub.Shuffle(block=1600)))).shape == (8, 4, 4)


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[ms]"])
def test_times_are_loaded_also_where_none_is_stored(namespace, connected, dtype):
    store = hub.HubStore(f"{namespace}/times:v1")
    with warnings.catch_warnings():
        # zarr-python warns that the type has no specification.
        warnings.simplefilter("ignore")
        stored = zarr.create_array(store, shape=(20,), chunks=(5,), dtype=dtype,
                                   fill_value=np.array(7, dtype)[()])
        stored[5:10] = np.arange(5).astype(dtype)
    expected = np.full(20, 7).astype(dtype)
    expected[5:10] = np.arange(5).astype(dtype)
    array = hub.load(f"{namespace}/times:v1")
    assert array.fill_value == expected[0] and array.fill_value.dtype == np.dtype(dtype)
    found = np.concatenate(list(numpy_dataset(array).loader(8)))
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, expected)


def test_objects_are_not_loaded():
    data = to_pytorch(np.array(["a", None], object))
    assert [data[0], data[1]] == ["a", None]
    with pytest.raises(hub.Invalid, match="objects cannot lie in the memory of a loader"):
        next(iter(data.loader(2)))


def test_mixtures_and_parts_of_arrays(stored):
    array, labels, values = stored
    train, val = numpy_dataset(array, labels).split(
        train=0.75, val=0.25, stratify=np.arange(COUNT) % 2)
    assert sorted(
        label for part in (train, val) for _, batch in part.loader(16, shuffle=True)
        for label in batch.tolist()) == list(range(COUNT))
    mixture = hub.mix({train: 1, val: 1})
    for images_of_batch, label in mixture.loader(30, shuffle=hub.Shuffle(2)):
        np.testing.assert_array_equal(images_of_batch, values[label])


def test_a_server_that_refuses_is_an_exception_not_zeros(stored, server):
    array, _, _ = stored
    keys = server.add_principal(f"stranger{COUNT}")
    for workers, start in [(0, None), (2, "thread"), (1, "fork")]:
        with hub.configured(
                endpoint=server.endpoint, access_key=keys[0], secret_key=keys[1], retries=0):
            stranger = hub.Array(hub.current_client(), array.description)
            loader = numpy_dataset(stranger).loader(10, workers=workers, start=start)
            with pytest.raises(hub.Denied):
                list(loader)


def test_making_a_data_set_imports_no_torch(stored):
    assert "torch" not in sys.modules or pytest.skip("another test has imported torch")
    array, labels, _ = stored
    data = array.to_pytorch(labels)
    len(data), repr(data)
    assert "torch" not in sys.modules


def test_workers_that_fill_from_the_server_share_the_memory_of_the_loader(stored):
    """Batches are views of the ring: no copy of the samples is made on the way to the caller."""
    array, _, values = stored
    with numpy_dataset(array).loader(20, workers=2, start="fork") as loader:
        first = next(iter(loader))
        assert not first.flags.owndata and first.flags.writeable
        np.testing.assert_array_equal(first, values[:20])
    del loader
    gc.collect()
    # What was given out stays, also when the loader is gone.
    np.testing.assert_array_equal(first, values[:20])
