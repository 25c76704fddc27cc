"""The boxes of a copy are a partition into whole chunks, of bounded size, in the order of the file.

Method: the definition is checked on every element of small arrays that hypothesis makes.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.files.boxes import Boxes, box_shape

axes = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=4)


@given(axes, st.integers(1, 200), st.sampled_from([1, 4]), st.sampled_from("CF"))
def test_boxes_cover_everything_once_and_cut_no_chunk(axes, bytes_max, item_bytes, order):
    shape, chunks = tuple(a for a, _ in axes), tuple(c for _, c in axes)
    boxes = Boxes(shape, chunks, item_bytes, bytes_max, order)
    seen = np.zeros(shape, int)
    for number, box in enumerate(boxes):
        seen[box] += 1
        assert box == boxes[number]
        for part, extent, chunk in zip(box, shape, chunks):
            assert part.start % chunk == 0 and (part.stop % chunk == 0 or part.stop == extent)
        one_chunk = all(part.stop - part.start <= chunk for part, chunk in zip(box, chunks))
        assert one_chunk or np.prod(box_shape(box)) * item_bytes <= bytes_max
    assert (seen == 1).all() and len(boxes) == len(list(boxes))


@given(axes.filter(lambda axes: all(extent for extent, _ in axes)), st.sampled_from("CF"))
def test_places_in_the_file_rise_from_box_to_box(axes, order):
    shape, chunks = tuple(a for a, _ in axes), tuple(c for _, c in axes)
    places = np.arange(np.prod(shape, dtype=int)).reshape(shape, order=order)
    firsts = [places[box].flat[0] for box in Boxes(shape, chunks, 1, 20, order)]
    assert firsts == sorted(firsts)


def test_a_slab_of_a_file_in_memory_order_lies_together():
    boxes = Boxes((100, 50, 40), (10, 25, 40), 2, 80_000)
    assert boxes.box_shape == (20, 50, 40) and len(boxes) == 5


def test_an_array_of_petabytes_has_boxes_at_once():
    boxes = Boxes((10**10, 512, 512, 3), (64, 128, 128, 3), 1)
    assert boxes[len(boxes) - 1][0].stop == 10**10


def test_wrong_chunks_and_numbers_are_refused():
    with pytest.raises(ValueError):
        Boxes((4, 4), (2,), 1)
    with pytest.raises(ValueError):
        Boxes((4,), (0,), 1)
    with pytest.raises(IndexError):
        Boxes((4,), (2,), 1)[9]
