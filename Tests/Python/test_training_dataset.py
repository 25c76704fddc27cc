"""Data sets: single samples and batches, splits, choices and mixtures."""

import collections
import fractions
import itertools
import pickle
import tracemalloc

import numpy as np
import pytest
import training_stubs as stubs
from hypothesis import given, settings
from hypothesis import strategies as st

import hub
from hub.training.dataset import Dataset, to_pytorch
from hub.training.mix import _sequence, mix
from hub.training.order import Shuffle
from hub.training.subset import Part, Whole, group_size, share_bounds


def samples_of(dataset):
    return dataset.subset.samples(np.arange(len(dataset))).tolist()


def test_samples_and_batches_of_samples(tmp_path):
    log = tmp_path / "log"
    data = stubs.dataset(20, (2,), labels=stubs.numbered(20), log=str(log))
    values, label = data[-1]
    assert values.tolist() == [19, 19] and label == 19
    pairs = data.__getitems__([3, 0, -2, 3])
    assert [one[0].tolist() for one in pairs] == [[3, 3], [0, 0], [18, 18], [3, 3]]
    assert [int(one[1]) for one in pairs] == [3, 0, 18, 3]
    assert len(log.read_text().splitlines()) == 2
    for index in (20, -21):
        with pytest.raises(IndexError, match="not one of 20"):
            data[index]


def test_iterating_a_data_set_ends():
    assert [int(one) for one in stubs.dataset(5)] == [0, 1, 2, 3, 4]


def test_transforms_of_single_samples():
    assert stubs.dataset(9, transform=stubs.double)[4] == 8
    one, other = (stubs.dataset(9, transform=stubs.with_generator)[4] for _ in range(2))
    assert one[0] == other[0] == 4 and one[1] != other[1]


def test_a_data_set_is_picklable():
    data = stubs.dataset(20, (2,), transform=stubs.double, labels=stubs.numbered(20))
    data, = data.split(part=0.5)
    again = pickle.loads(pickle.dumps(data))
    assert samples_of(again) == samples_of(data)
    assert again[3][0].tolist() == data[3][0].tolist()


def test_arrays_in_memory_are_data_sets():
    data = to_pytorch(np.arange(10) * 2, labels=list(range(10)))
    data.tensors = False
    assert [(int(a), int(b)) for a, b in data] == [(2 * i, i) for i in range(10)]
    with pytest.raises(hub.Invalid, match="without axes"):
        to_pytorch(np.array(3))
    with pytest.raises(hub.Invalid, match="9 labels for 10 samples"):
        to_pytorch(np.arange(10), labels=np.arange(9))


shares = st.lists(st.integers(1, 97), min_size=1, max_size=4)


@given(
    count=st.integers(0, 3000), samples_per_chunk=st.integers(1, 60), parts=shares,
    row_bytes=st.sampled_from([1, 10**5, 10**7, 10**9]), seed=st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_parts_are_disjoint_and_are_all(count, samples_per_chunk, parts, row_bytes, seed):
    whole = Whole(count, samples_per_chunk, row_bytes)
    named = {f"part{i}": part / sum(parts) for i, part in enumerate(parts)}
    bounds = share_bounds(named)
    group = group_size(whole, bounds)
    made = [Part(whole, group, *pair, (seed,)) for pair in itertools.pairwise(bounds)]
    found = [part.samples(np.arange(part.count)).tolist() for part in made]
    # The last bound is 1 but for the rounding of fractions to millionths.
    assert len(set(itertools.chain(*found))) == sum(map(len, found)) >= count - 1 - count // group
    assert all(0 <= sample < count for one in found for sample in one)
    groups = -(-count // group)
    for part, share in zip(made, parts):
        assert abs(part.count - count * share / sum(parts)) <= max(1, groups) + 0.01
        # Samples that are read together lie in one group of rows.
        positions = np.arange(0, part.count - 1, part.samples_per_row)
        for start in positions[:3].tolist():
            row = np.arange(start, min(start + part.samples_per_row, part.count))
            assert len(set((part.samples(row) // group).tolist())) <= 2


@pytest.mark.parametrize("count, row, shares", [
    (10_000, 1, {"train": 0.8, "val": 0.2}), (10_000, 64, {"a": 0.7, "b": 0.15, "c": 0.15}),
    (99, 1, {"a": 1 / 3, "b": 2 / 3}), (1_000_000, 27, {"a": 0.9, "b": 0.1})])
def test_simple_shares_are_exact(count, row, shares):
    parts = stubs.dataset(count, samples_per_chunk=row).split(**shares)
    assert [len(part) for part in parts] == [
        round(count * fractions.Fraction(share).limit_denominator(1000))
        for share in shares.values()]
    assert parts._fields == tuple(shares)


def test_a_split_is_random_repeatable_and_depends_on_its_seed():
    data = stubs.dataset(2000, samples_per_chunk=16)
    train, val = data.split(train=0.8, val=0.2)
    chosen = sorted(samples_of(val))
    assert sorted(samples_of(data.split(train=0.8, val=0.2).val)) == chosen
    assert sorted(samples_of(data.split(seed=1, train=0.8, val=0.2).val)) != chosen
    # Spread over the whole, and not evenly: gaps of a geometric distribution.
    gaps = np.diff(chosen)
    assert 4.5 < gaps.mean() < 5.5 and gaps.std() > 3
    assert len(train) == 1600


def test_samples_stay_in_their_part_when_the_array_grows():
    values = np.zeros((40_000, 1000), "u1")
    small = Dataset(stubs.ChunkedColumn(values[:130_000 // 4], (10, 1000)), tensors=False)
    large = Dataset(stubs.ChunkedColumn(values, (10, 1000)), tensors=False)
    before = samples_of(small.split(train=0.9, val=0.1).val)
    after = set(samples_of(large.split(train=0.9, val=0.1).val))
    # All but those of the last block, which was not full.
    kept = [sample in after for sample in before if sample < 32_000 // 64 * 64]
    assert np.mean(kept) > 0.9 or len(small) < 64_000


def test_a_part_is_loaded_like_any_data_set(tmp_path):
    log = tmp_path / "log"
    data = stubs.dataset(3000, (100,), 10, log=str(log))
    train, val = data.split(train=0.75, val=0.25)
    shuffle = Shuffle(0, block=100_000)
    seen = [int(one) for batch in train.loader(100, shuffle=shuffle) for one in batch[:, 0]]
    assert sorted(seen) == sorted(samples_of(train)) and len(seen) == 2250
    # Every chunk once: parts cut across chunks, but not blocks across parts of chunks.
    assert len(log.read_text().splitlines()) == 300
    assert not set(seen) & set(samples_of(val))


def test_a_split_of_a_trillion_samples_takes_no_memory():
    tracemalloc.start()
    try:
        whole = Whole(10**12, 100, 15_000_000)
        bounds = share_bounds({"train": 0.8, "val": 0.2})
        part = Part(whole, group_size(whole, bounds), *bounds[:2], (0,))
        assert part.count == 8 * 10**11
        assert len(set(part.samples(np.arange(7 * 10**11, 7 * 10**11 + 1000)).tolist())) == 1000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@given(st.lists(st.integers(0, 6), min_size=1, max_size=300), shares, st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_every_label_has_its_share_in_a_stratified_split(labels, parts, seed):
    labels = np.array(labels)
    named = {f"part{i}": part / sum(parts) for i, part in enumerate(parts)}
    made = stubs.dataset(len(labels)).split(seed=seed, stratify=labels, **named)
    found = [samples_of(part) for part in made]
    assert len(set(itertools.chain(*found))) == sum(map(len, found)) >= len(labels) - 7
    for label, total in collections.Counter(labels.tolist()).items():
        for samples, share in zip(found, parts):
            assert abs((labels[samples] == label).sum() - total * share / sum(parts)) <= 1.01


def test_stratified_by_its_own_labels():
    labels = np.repeat(["rare", "common"], [20, 980])
    data = stubs.dataset(1000, labels=stubs.ChunkedColumn(np.arange(1000) < 20, (100,)))
    train, val = data.split(train=0.9, val=0.1, stratify=True)
    assert [sum(labels[samples_of(one)] == "rare") for one in (train, val)] == [18, 2]
    batches = list(val.loader(10, shuffle=True))
    assert sum(int(label.sum()) for _, label in batches) == 2
    inner = train.split(a=0.5, b=0.5, stratify=labels[samples_of(train)])
    assert set(samples_of(inner.a)) | set(samples_of(inner.b)) == set(samples_of(train))


@pytest.mark.parametrize("arguments, text", [
    ({}, "needs parts"), ({"a": 0.0}, "share of a"), ({"a": 1.5}, "share of a"),
    ({"a": 0.9, "b": 0.2}, "more than 1"), ({"a": "half"}, "share of a"),
    ({"a": 0.5, "stratify": True}, "no labels"), ({"a": 0.5, "stratify": [1, 2]}, "10 labels")])
def test_what_is_no_split(arguments, text):
    with pytest.raises(hub.Invalid, match=text):
        stubs.dataset(10).split(**arguments)


def test_a_choice_of_samples():
    data = stubs.dataset(10, samples_per_chunk=3)
    assert [int(one) for one in data.take([7, 2, 2, 9])] == [7, 2, 2, 9]
    assert [int(one) for one in data.take(np.arange(10) % 2 == 1)] == [1, 3, 5, 7, 9]
    assert len(data.take([])) == 0
    with pytest.raises(IndexError, match="0 to 9"):
        data.take([10])
    with pytest.raises(hub.Invalid, match="whole numbers"):
        data.take([0.5])
    for index in (1.5, 2.0, "1"):
        with pytest.raises(hub.Invalid, match="list of whole numbers"):
            data[index]
    with pytest.raises(IndexError):
        data[2**63]
    assert int(data[np.uint8(3)]) == 3
    seen = np.concatenate(list(data.take([7, 2, 2, 9]).loader(3, shuffle=True)))
    assert sorted(seen.tolist()) == [2, 2, 7, 9]


def marked(count, mark, **options):
    """A data set whose samples are `mark` and a number."""
    values = np.stack([np.full(count, mark), np.arange(count)], axis=1)
    return Dataset(stubs.ChunkedColumn(values, (4, 2), **options), tensors=False)


def test_a_mixture_keeps_its_proportions_and_goes_through_all_samples():
    small, large = marked(50, 1), marked(5000, 2)
    mixture = mix({small: 1, large: 3}, samples=2000)
    loader = mixture.loader(100, shuffle=Shuffle(1, block=4000))
    epochs = [np.concatenate(list(loader)) for _ in range(3)]
    for epoch in epochs:
        for thousand in (epoch[:1000], epoch[1000:]):
            assert np.bincount(thousand[:, 0]).tolist() == [0, 250, 750]
        of_small = epoch[epoch[:, 0] == 1, 1]
        assert np.bincount(of_small).tolist() == [10] * 50
        # Mixed finely: every batch has some of both.
        assert all(
            10 < (batch == 1).sum() < 45 for batch in epoch[:, 0].reshape(-1, 100))
    of_large = np.concatenate([epoch[epoch[:, 0] == 2, 1] for epoch in epochs])
    assert len(set(of_large.tolist())) == len(of_large) == 4500


@pytest.mark.parametrize("sizes, weights, samples", [
    ([300, 300], [1, 1], None), ([300, 100], [3, 1], None), ([50, 5000], [1, 3], 777),
    ([7, 11, 13], [0.2, 0.5, 0.3], 34), ([40, 60], [1, 999], 100), ([5, 5], [1, 2], 1),
    ([1500, 1500], [1, 1], None), ([3, 2000], [1, 499], 1001)])
@pytest.mark.parametrize("shuffle", [None, Shuffle(5, block=400)], ids=["in order", "shuffled"])
def test_all_samples_of_a_member_come_before_one_comes_again(sizes, weights, samples, shuffle):
    """However long an epoch is; and each has its share of what came so far, to within a sample."""
    members = [marked(size, mark, digest=f"sha256:{mark}") for mark, size in enumerate(sizes)]
    mixture = mix(dict(zip(members, weights)), samples=samples)
    loader = mixture.loader(64, shuffle=shuffle)
    epochs = [np.concatenate(list(loader)) for _ in range(max(3, 1200 // len(mixture)))]
    assert {len(epoch) for epoch in epochs} == {len(mixture)}
    seen = np.concatenate(epochs)
    for mark, (size, weight) in enumerate(zip(sizes, weights)):
        share = weight / sum(weights)
        counts = np.cumsum([np.count_nonzero(epoch[:, 0] == mark) for epoch in epochs])
        expected = share * len(mixture) * np.arange(1, len(epochs) + 1)
        # Shares are told by thousandths: 1 of 3 is 333 or 334 of 1000.
        assert np.all(np.abs(counts - expected) < 1 + expected * 0.0005 / share)
        draws = seen[seen[:, 0] == mark, 1]
        for start in range(0, len(draws), size):
            one_pass = draws[start:start + size]
            assert len(np.unique(one_pass)) == len(one_pass)
            if shuffle is None:
                assert one_pass.tolist() == list(range(len(one_pass)))


def test_equal_shares_of_equal_sets_are_whole_in_every_epoch():
    mixture = mix({marked(300, 1): 1, marked(300, 2, digest="sha256:b"): 1})
    loader = mixture.loader(50, shuffle=Shuffle(0))
    for _ in range(3):
        epoch = np.concatenate(list(loader))
        assert len(np.unique(epoch, axis=0)) == len(epoch) == 600


def test_a_mixture_is_the_same_for_any_workers_ranks_and_after_resuming():
    def mixture():
        return mix({marked(300, 1): 0.5, marked(40, 2, digest="sha256:b"): 0.5})

    whole = list(mixture().loader(34, shuffle=Shuffle(3, 500)))
    assert sum(map(len, whole)) == 340
    with mixture().loader(34, shuffle=Shuffle(3, 500), workers=2, start="fork") as loader:
        np.testing.assert_array_equal(np.concatenate(list(loader)), np.concatenate(whole))
    first = mixture().loader(34, shuffle=Shuffle(3, 500))
    for _ in itertools.islice(first, 4):
        pass
    parts = []
    for rank in range(2):
        loader = mixture().loader(34, rank=rank, world=2)
        loader.load_state_dict(first.state_dict())
        parts.append(list(loader))
    np.testing.assert_array_equal(
        np.concatenate([np.concatenate(pair) for pair in zip(*parts)]), np.concatenate(whole[4:]))


def test_members_of_a_mixture_keep_their_transforms_and_labels():
    one = Dataset(stubs.numbered(10), stubs.numbered(10), stubs.double, tensors=False)
    other = Dataset(stubs.numbered(10), stubs.numbered(10), tensors=False)
    factors = [
        (int(value), int(label)) for values, labels in mix({one: 1, other: 1}).loader(5)
        for value, label in zip(values, labels)]
    assert {value == 2 * label for value, label in factors if label} == {True, False}
    assert all(value in (label, 2 * label) for value, label in factors)


@pytest.mark.parametrize("weights", [
    [1], [1, 1], [1, 999], [3, 1], [0.45, 0.1, 0.45], [1, 2, 3, 5, 8, 13, 21], [1] * 1000,
    [997, 1, 1, 1], [1] * 7 + [500]])
def test_every_beginning_of_a_round_has_its_shares(weights):
    quotas = mix({stubs.dataset(5): weight for weight in weights}).quotas
    turns = np.eye(len(quotas), dtype=int)[_sequence(quotas)]
    exact = np.arange(1, 1001)[:, None] * np.array(quotas) / 1000
    assert np.all(np.abs(np.cumsum(turns, axis=0) - exact) < 1)


@pytest.mark.parametrize("weights, quotas", [
    ([1, 1, 1], [334, 333, 333]), ([0.5, 0.5], [500, 500]), ([1e-9, 1], [1, 999]), ([7], [1000]),
    ([1e-9] * 3 + [1.0], [1, 1, 1, 997])])
def test_weights_are_told_by_thousandths(weights, quotas):
    members = [stubs.dataset(5) for _ in weights]
    assert mix(dict(zip(members, weights))).quotas == quotas


@pytest.mark.parametrize("weights, text", [
    ({}, "0"), ({stubs.dataset(3): 0}, "above 0"), ({stubs.dataset(3): float("nan")}, "above 0"),
    ({stubs.dataset(3): float("inf")}, "above 0"), ({stubs.dataset(3): True}, "above 0"),
    ({stubs.dataset(0): 1}, "no samples")])
def test_what_is_no_mixture(weights, text):
    with pytest.raises(hub.Invalid, match=text):
        mix(weights)


def test_members_of_a_mixture_have_one_form():
    other_shape = mix({stubs.dataset(3, (2,)): 1, stubs.dataset(3, (3,)): 1})
    with pytest.raises(hub.Invalid, match=r"\(2,\) of int64 and \(3,\) of int64"):
        list(other_shape.loader(2))
    one_labelled = mix({stubs.dataset(3): 1, stubs.dataset(3, labels=stubs.numbered(3)): 1})
    with pytest.raises(hub.Invalid, match="others have none"):
        list(one_labelled.loader(2))
