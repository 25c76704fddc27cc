"""The order of an epoch: a bijection, the same for everybody, computed without a list."""

import collections
import itertools
import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.training.order import SampleOrder, Shuffle, byte_count
from hub.training.permutation import Permutation, digest_key

shapes = st.tuples(
    st.integers(0, 700), st.integers(1, 90), st.integers(1, 50), st.integers(1, 400),
    st.integers(0, 2**70))


def order(count, samples_per_row, row_bytes, block, seed, **more):
    return SampleOrder(
        count, samples_per_row, row_bytes, shuffle=Shuffle(seed=seed, block=block), **more)


@given(st.integers(1, 5000), st.integers(0, 2**64))
@settings(max_examples=60, deadline=None)
def test_a_permutation_is_a_bijection_and_its_inverse_undoes_it(size, seed):
    permutation = Permutation(size, digest_key(seed))
    everything = np.arange(size)
    assert sorted(permutation(everything)) == everything.tolist()
    np.testing.assert_array_equal(permutation.inverse(permutation(everything)), everything)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_every_permutation_of_a_few_values_comes_equally_often(size):
    total = 100 * math.factorial(size)
    seen = collections.Counter(
        tuple(Permutation(size, digest_key("uniform", seed))(np.arange(size)).tolist())
        for seed in range(total))
    spread = sum((seen[values] - 100) ** 2 / 100 for values in itertools.permutations(range(size)))
    freedom = math.factorial(size) - 1
    # Chi-squared with that many degrees of freedom; five standard deviations above its mean.
    assert spread < freedom + 5 * math.sqrt(2 * freedom)


def test_a_value_goes_anywhere_equally_often_in_a_large_permutation():
    places = np.array([
        int(Permutation(100_000, digest_key(seed))(np.array([77]))[0]) for seed in range(4000)])
    counts = np.bincount(places // 10_000, minlength=10)
    assert ((counts - 400) ** 2 / 400).sum() < 9 + 5 * math.sqrt(18)


def test_neighbours_do_not_stay_neighbours():
    shuffled = Permutation(1 << 16, digest_key("neighbours"))(np.arange(1 << 16))
    assert abs(np.corrcoef(shuffled[:-1], shuffled[1:])[0, 1]) < 0.02
    assert (np.abs(np.diff(shuffled)) == 1).sum() < 20


def test_values_outside_of_the_range_are_refused():
    for value in (-1, 10):
        with pytest.raises(IndexError, match=r"range\(10\)"):
            Permutation(10, b"")(np.array([value]))
    with pytest.raises(ValueError, match="not 0"):
        Permutation(0, b"")


@given(shapes)
@settings(max_examples=150, deadline=None)
def test_every_sample_comes_once(shape):
    count, *_ = shape
    assert sorted(order(*shape).samples(np.arange(count))) == list(range(count))


@given(shapes, st.data())
@settings(max_examples=100, deadline=None)
def test_any_position_is_computed_alone(shape, data):
    count = shape[0]
    positions = data.draw(st.lists(st.integers(0, count - 1), max_size=20)) if count else []
    whole = order(*shape).samples(np.arange(count))
    found = order(*shape).samples(np.array(positions, np.int64))
    assert found.tolist() == whole[positions].tolist()


@given(shapes)
@settings(max_examples=100, deadline=None)
def test_blocks_are_contiguous_and_share_no_row(shape):
    count, samples_per_row, row_bytes, block_bytes, _ = shape
    one, seen, position = order(*shape), set(), 0
    while position < count:
        block = one.block(position)
        assert block.start == position and all(one.block(p) == block for p in (block[0], block[-1]))
        rows = set((one.samples(np.array(block)) // samples_per_row).tolist())
        assert not rows & seen
        assert len(rows) == 1 or len(rows) * row_bytes <= block_bytes
        # Whole rows: as many samples as their rows have.
        assert len(block) == sum(min(samples_per_row, count - r * samples_per_row) for r in rows)
        seen |= rows
        position = block.stop
    assert seen == set(range(-(-count // samples_per_row)))


def test_samples_of_a_block_are_mixed_and_rows_come_in_another_order():
    one = order(6400, 64, 1000, 8000, seed=3)
    first = one.samples(np.array(one.block(0)))
    rows = first // 64
    assert len(set(rows.tolist())) == 8
    assert sorted(set(rows.tolist())) != list(range(8))
    # Of neighbours, about one in eight is of the same row.
    assert (np.diff(rows) == 0).mean() < 0.25


@pytest.mark.parametrize("change", [{"epoch": 1}, {"digest": "sha256:b"}, {"seed": 1}])
def test_another_epoch_digest_or_seed_is_another_order(change):
    def samples(seed=0, epoch=0, digest="sha256:a"):
        return order(1000, 10, 10, 100, seed, epoch=epoch, digest=digest).samples(np.arange(1000))

    np.testing.assert_array_equal(samples(), samples())
    assert (samples() == samples(**change)).mean() < 0.05


def test_the_order_does_not_change_between_releases():
    # These were written down when the format of saved states was made; they must never change.
    one = order(100, 7, 7, 21, seed=42, epoch=3, digest="sha256:00")
    assert one.samples(np.arange(12)).tolist() == FIXED_ORDER
    text = (
        "import numpy; from hub.training.order import *; print(SampleOrder(100, 7, 7, shuffle="
        "Shuffle(42, 21), epoch=3, digest='sha256:00').samples(numpy.arange(12)).tolist())")
    other = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60,
        env={"PYTHONHASHSEED": "7"})
    assert other.stdout.strip() == str(FIXED_ORDER), other.stderr


FIXED_ORDER = [64, 85, 31, 34, 28, 29, 65, 33, 86, 63, 89, 32]


def test_without_a_shuffle_the_order_is_that_of_the_array():
    one = SampleOrder(10, 4, 100)
    assert one.samples(np.arange(10)).tolist() == list(range(10))
    assert one.block(9) == range(0, 10)


def test_a_trillion_samples_take_the_memory_of_a_batch():
    count = 10**12
    tracemalloc.start()
    try:
        one = order(count, 100, 100, 10**6, seed=1)
        found = one.samples(np.arange(count // 2, count // 2 + 256))
        last = one.samples(np.arange(count - 256, count))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(set(found.tolist()) | set(last.tolist())) == 512
    assert max(found) > count // 4
    assert peak < 1 << 20


def test_a_position_outside_is_refused():
    for position in (-1, 10):
        with pytest.raises(IndexError, match=r"range\(10\)"):
            order(10, 3, 1, 1, 0).samples(np.array([position]))
        with pytest.raises(IndexError, match=r"range\(10\)"):
            order(10, 3, 1, 1, 0).block(position)


@pytest.mark.parametrize("size, expected", [
    (1000, 1000), ("64MB", 64_000_000), ("1.5 GiB", 3 << 29), ("7", 7), ("2kb", 2000)])
def test_sizes(size, expected):
    assert byte_count(size) == expected


@pytest.mark.parametrize("size", ["", "64 parrots", 0, -1, "-1MB", "0.1", None])
def test_what_is_no_size(size):
    with pytest.raises(ValueError, match="64MB"):
        Shuffle(block=size)


@pytest.mark.parametrize("seed", [1.5, "one", None, True])
def test_what_is_no_seed(seed):
    with pytest.raises(ValueError, match="seed"):
        Shuffle(seed=seed)
