"""What lies far apart in huge arrays is read and written without what lies between.

Method: some elements of arrays too large for any memory are written and read; the requests and bytes
are counted.
"""

import hub
import numpy as np
import pytest

ROWS = 10_000_000_000


@pytest.fixture
def huge(connected, namespace):
    """Ten thousand million rows of 1000, of which three are written."""
    array = hub.array((ROWS, 1000), name=f"{namespace}/huge:v1", dtype="i4", chunks=(64, 500))
    for row in (0, ROWS // 2, ROWS - 1):
        array[row] = np.arange(1000) + row % 997
    return array


def expected(rows, columns):
    rows, columns = np.broadcast_arrays(rows, columns)
    is_written = np.isin(rows, (0, ROWS // 2, ROWS - 1))
    return np.where(is_written, columns + rows % 997, 0).astype("i4")


def test_points(huge):
    rows, columns = np.array([ROWS - 1, 0, 5, ROWS // 2, 0]), np.array([999, 0, 1, 500, 7])
    with hub.trace() as trace:
        found = huge[rows, columns]
    np.testing.assert_array_equal(found, expected(rows, columns))
    assert trace.requests == 1 and trace.bytes_received < 100
    np.testing.assert_array_equal(huge[rows[:, None], [3, 4]], expected(rows[:, None], [[3, 4]]))


def test_boxes_at_points(connected, namespace):
    array = hub.array((3, ROWS, 5, 10**7), name=f"{namespace}/four:v1", dtype="i2",
                      chunks=(3, 8, 5, 8))
    array[:, ROWS - 1, :, 7] = np.arange(15).reshape(3, 5)
    index = (slice(None, None, -1), [5, ROWS - 1], slice(1, 4), [7, 7])
    found = array[index]
    assert found.shape == (2, 3, 3)
    assert (found[0] == 0).all()
    np.testing.assert_array_equal(found[1], np.arange(15).reshape(3, 5)[::-1, 1:4])


def test_rows_and_columns(huge):
    rows, columns = [ROWS - 1, 3, ROWS // 2, ROWS - 1], [999, 0, 400, 400]
    with hub.trace() as trace:
        found = huge.oindex[rows, columns]
    np.testing.assert_array_equal(found, expected(np.array(rows)[:, None], np.array(columns)))
    assert trace.bytes_received < 10_000


def test_more_rows_than_a_slice_can_say(huge):
    rows = np.linspace(0, ROWS - 1, 5001).astype(np.int64)
    assert rows[2500] == ROWS // 2 - 1 or ROWS // 2 in rows
    with hub.trace() as trace:
        found = huge[rows, 10:12]
    np.testing.assert_array_equal(found, expected(rows[:, None], [10, 11]))
    with hub.trace() as whole:
        np.testing.assert_array_equal(
            huge[rows[::1000]], expected(rows[::1000, None], np.arange(1000)))
    assert trace.requests <= 6 and whole.requests == 1


def test_more_columns_than_a_slice_can_say(connected, namespace):
    array = hub.array((4, ROWS), name=f"{namespace}/wide:v1", dtype="i4", chunks=(4, 1000))
    array[:, -1] = [1, 2, 3, 4]
    columns = np.linspace(0, ROWS - 1, 4000).astype(np.int64)
    found = array[1:3, columns]
    assert found.shape == (2, 4000) and found[:, -1].tolist() == [2, 3]
    assert not found[:, :-1].any()


def test_gathering_in_several_requests(huge, monkeypatch):
    from hub import reading

    monkeypatch.setattr(reading, "_SAMPLES_A_REQUEST", 3)
    rows = np.array([0, 5, ROWS - 1, -1, ROWS // 2, 0, 1])
    with hub.trace() as trace:
        found = huge.gather(rows)
    np.testing.assert_array_equal(found, expected((rows % ROWS)[:, None], np.arange(1000)))
    assert trace.requests == 3
    out = np.zeros((7, 1000), "i4", order="F")
    np.testing.assert_array_equal(huge.gather(rows, out=out), found)


def test_assignments(huge):
    rows, columns = np.array([5, ROWS - 1, ROWS - 1, 5]), np.array([1, 998, 999, 1])
    with hub.trace() as trace:
        huge[rows, columns] = [1, 2, 3, 4]
    assert huge[5, 1] == 4 and huge[ROWS - 1, 998:].tolist() == [2, 3]
    assert huge[ROWS - 1, 997] == 997 + (ROWS - 1) % 997 and trace.bytes_sent < 2000
    huge.oindex[[1, ROWS // 2], [0, 999]] = [[1, 2], [3, 4]]
    assert huge.oindex[[ROWS // 2, 1], [999, 0]].tolist() == [[4, 3], [2, 1]]
    assert huge[ROWS // 2, 1] == 1 + ROWS // 2 % 997


def test_a_mean_over_what_is_not_stored(huge):
    assert huge.lazy[:, 3].max() == 3 + max(0, ROWS // 2 % 997, (ROWS - 1) % 997)
