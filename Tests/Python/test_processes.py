"""Many processes at once write and append to one array, and nothing is lost.

Method: each process writes parts of chunks that the others write too; every element is compared.
Each wait has a watchdog.
"""

import multiprocessing
from dataclasses import replace

import hub
import numpy as np
import pytest

PROCESSES = 4
WATCHDOG_SECONDS = 60


def write_rows(array, number):
    """Writes every fourth row of one chunk, and every fourth column of another."""
    for row in range(number, 32, PROCESSES):
        array[row] = 100 * number + row
        array[32:64, row] = 1000 * number + row


def append_rows(array, number):
    for step in range(8):
        array.append(np.full((1, 3), 10 * number + step, "i4"))


def draft_rows(array, number):
    """Assignments that take several requests and so go through drafts, which conflict."""
    array[[number, number + 8, number + 16]] = number + 1


def run(work, array):
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=work, args=(array, number)) for number in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join(WATCHDOG_SECONDS)
        assert child.exitcode == 0


def test_parts_of_one_chunk_are_all_kept(connected, namespace):
    array = hub.array((64, 32), name=f"{namespace}/a:v1", dtype="i4", chunks=(64, 32))
    run(write_rows, array)
    index = np.arange(32)
    np.testing.assert_array_equal(
        array[:32], np.broadcast_to((100 * (index % PROCESSES) + index)[:, None], (32, 32)))
    np.testing.assert_array_equal(
        array[32:], np.broadcast_to(1000 * (index % PROCESSES) + index, (32, 32)))


def test_appends_are_all_kept(connected, namespace):
    array = hub.array((0, 3), name=f"{namespace}/a:v1", dtype="i4", chunks=(5, 3))
    run(append_rows, array)
    rows = array.refresh()[...]
    expected = [10 * number + step for number in range(PROCESSES) for step in range(8)]
    assert sorted(rows[:, 0].tolist()) == sorted(expected)
    assert (rows == rows[:, :1]).all()
    for number in range(PROCESSES):
        own = [value for value in rows[:, 0].tolist() if value // 10 == number]
        assert own == sorted(own)


def test_assignments_through_drafts_are_all_kept(connected, namespace):
    array = hub.array((32, 3), name=f"{namespace}/a:v1", dtype="i4", chunks=(32, 3))
    run(draft_rows, array)
    rows = array[:, 0]
    for number in range(PROCESSES):
        assert rows[[number, number + 8, number + 16]].tolist() == [number + 1] * 3
    assert array.client.drafts(array.reference) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_writes_what_its_parent_reads(connected, namespace, method):
    array = hub.array((64, 32), name=f"{namespace}/a:v1", dtype="i4")
    array[0, 0]
    child = multiprocessing.get_context(method).Process(target=write_rows, args=(array, 0))
    child.start()
    child.join(WATCHDOG_SECONDS)
    assert child.exitcode == 0 and array[4, 4] == 4


def test_the_settings_travel_with_the_array(connected, namespace):
    array = hub.array((3,), name=f"{namespace}/a:v1", dtype="i4")
    with hub.configured(endpoint="http://127.0.0.1:9"):
        assert array[...].tolist() == [0, 0, 0]
    description = replace(array.description, shape=(4,))
    assert hub.Array(array.client, description).shape == (4,)
