"""The memory of payloads: one that is gone gives its memory to the next, and none has another's.

Method: every array that is given out is filled and compared as long as anything of it is held;
whether memory is the same is seen by its address.
"""

import random
import threading

import numpy as np
import pytest

from hub.payload_memory import SPARE_BYTES_MAX, SPARE_BYTES_MIN, PayloadMemory

SIZE = 2_408_448


def address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture
def memory():
    return PayloadMemory()


class TestPayloadMemory:
    @pytest.mark.parametrize(
        "size", [0, 1, SPARE_BYTES_MIN - 1, SPARE_BYTES_MIN, SIZE, SPARE_BYTES_MAX,
                 SPARE_BYTES_MAX + 1])
    def test_an_array_has_the_length_that_was_asked_for(self, memory, size):
        for _ in range(2):
            array = memory.take(size)
            assert array.shape == (size,) and array.dtype == np.uint8 and array.flags.writeable
            array[...] = 7
            del array

    def test_what_is_gone_is_given_out_again(self, memory):
        first = memory.take(SIZE)
        place = address(first)
        del first
        assert address(memory.take(SIZE - 1000)) == place

    @pytest.mark.parametrize("view", [
        lambda array: array[5:], lambda array: array.data, lambda array: array.reshape(-1, 4),
        lambda array: np.frombuffer(array.data, np.uint16).reshape(2, -1),
        lambda array: memoryview(array.data)[9:]])
    def test_memory_of_which_any_view_is_left_is_nobody_elses(self, memory, view):
        first = memory.take(SIZE)
        place, kept = address(first), view(first)
        del first
        other = memory.take(SIZE)
        assert address(other) != place
        del kept
        assert address(memory.take(SIZE)) == place

    def test_what_does_not_fit_is_dropped(self, memory):
        memory.take(SIZE)
        assert len(memory._spare) == 1
        memory.take(SPARE_BYTES_MIN)
        assert [len(block) for block in memory._spare] == [SPARE_BYTES_MIN]

    def test_no_more_is_kept_than_said(self, memory):
        held = [memory.take(SPARE_BYTES_MAX) for _ in range(30)]
        del held
        assert sum(len(block) for block in memory._spare) == 8 * SPARE_BYTES_MAX

    def test_threads_never_have_the_same(self, memory):
        wrong = []

        def work(number):
            chance = random.Random(number)
            held = []
            for turn in range(300):
                size = chance.choice([SPARE_BYTES_MIN, SPARE_BYTES_MIN * 2 - 1, SPARE_BYTES_MIN * 2])
                array, value = memory.take(size), chance.randrange(256)
                array[::4096] = value
                held.append((array[1:], array, value))
                if len(held) > 4:
                    _, old, expected = held.pop(chance.randrange(len(held)))
                    if not (old[::4096] == expected).all():
                        wrong.append((number, turn))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
