"""What is cached is not asked for again, what may have changed always is, and offline says so.

Method: requests are counted by traces; the elements are compared with those in memory.
"""

import hub
import numpy as np
import pytest


@pytest.fixture
def pair(connected, namespace):
    values = np.arange(20 * 6 * 4, dtype="i2").reshape(20, 6, 4)
    array = hub.array(values.shape, name=f"{namespace}/a:v1", dtype="i2", chunks=(5, 3, 4))
    array[:15] = values[:15]
    values[15:] = 0
    return array, values


def test_an_open_version_is_read_in_one_request_and_never_stale(pair):
    array, values = pair
    with hub.trace() as trace:
        array[0]
    assert trace.requests == 1
    array.prefetch()
    np.testing.assert_array_equal(array[...], values)
    array[3] = 7
    values[3] = 7
    with hub.trace() as trace:
        np.testing.assert_array_equal(array[...], values)
    assert trace.requests == 1


def test_whole_chunks_of_a_commit_are_kept(pair):
    array, values = pair
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    with hub.trace() as first:
        np.testing.assert_array_equal(fixed[...], values)
    assert first.cache_misses > 0
    with hub.trace() as second:
        np.testing.assert_array_equal(fixed[...], values)
        np.testing.assert_array_equal(fixed[3:9:2, ::-1, [0, 3]], values[3:9:2, ::-1, [0, 3]])
        assert fixed[14, 5, 3] == values[14, 5, 3]
        np.testing.assert_array_equal(fixed.gather([9, 2, -3]), values[[9, 2, -3]])
    assert (second.requests, second.cache_misses) == (0, 0) and second.cache_hits > 0


def test_a_small_part_of_a_commit_is_asked_for_as_such(pair):
    array, values = pair
    fixed = hub.load(f"{array.reference.line}@{array.commit().digest}")
    with hub.trace() as trace:
        assert fixed[2, 1, 1] == values[2, 1, 1]
    assert [one.path.startswith("/v1/data/") for one in trace.log][-1]


def test_a_tag_is_asked_each_time_and_its_chunks_are_not(pair):
    array, values = pair
    array[...]
    array.commit()
    array.prefetch()
    array[...]
    with hub.trace() as trace:
        np.testing.assert_array_equal(array[2:4], values[2:4])
    assert [one.path.split("/")[2] for one in trace.log] == ["versions"]
    hub.load(array.name)[0] = 5
    values[0] = 5
    np.testing.assert_array_equal(array[...], values)


def test_what_is_pinned_is_read_without_a_server(pair):
    array, values = pair
    array.seal()
    fixed = array.pin()
    with hub.configured(endpoint="http://127.0.0.1:9", offline=True), \
            pytest.raises(hub.Offline, match="nothing of"):
        hub.load(fixed)
    with hub.configured(offline=True), hub.trace() as trace:
        offline = hub.load(fixed)
        np.testing.assert_array_equal(offline[...], values)
        np.testing.assert_array_equal(np.asarray(offline.lazy[4, ::2]), values[4, ::2])
        np.testing.assert_array_equal(offline.gather([0, 19]), values[[0, 19]])
        np.testing.assert_array_equal(offline[[0, 4], [1, 2]], values[[0, 4], [1, 2]])
        assert (offline[16:] == 0).all()
        assert repr(offline)
        for refused in (lambda: offline.mean(), lambda: offline.fork("v2"),
                        lambda: offline.history(), lambda: hub.versions(array.name)):
            with pytest.raises(hub.Offline, match="No request may be made: this is offline") as raised:
                refused()
            assert "configure offline=False" in str(raised.value)
        with pytest.raises(hub.Offline) as raised:
            hub.load(array.name)
    assert str(fixed) in str(raised.value), "it says what is pinned"
    assert trace.requests == 0


def test_offline_names_the_chunk_that_is_missing(pair):
    array, values = pair
    digest = array.commit().digest
    fixed = hub.load(f"{array.reference.line}@{digest}")
    fixed[:5]
    with hub.configured(offline=True):
        again = hub.load(fixed.reference)
        np.testing.assert_array_equal(again[:5], values[:5])
        with pytest.raises(hub.Offline, match="c/1/") as raised:
            again[6]
    assert raised.value.where and "Pin the array" in str(raised.value)
