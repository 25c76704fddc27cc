"""The words of the command line mean what they would in Python.

Method: indices are compared with Python's own reading of the same text.
"""

import argparse

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.command import words

whole = st.integers(-20, 20)
bounds = st.one_of(st.just(""), whole.map(str))
slices = st.one_of(
    st.tuples(bounds, bounds).map(":".join),
    st.tuples(bounds, bounds, st.sampled_from(["", "2", "-1"])).map(":".join))
entries = st.one_of(
    whole.map(str), slices, st.just("..."), st.just("None"),
    st.lists(whole, min_size=1, max_size=4).map(str),
    st.lists(st.booleans(), min_size=1, max_size=4).map(str))
spaces = st.sampled_from(["", " "])


@given(st.lists(entries, min_size=1, max_size=4), spaces, st.booleans())
def test_an_index_is_what_python_reads(parts, space, has_comma):
    text = f",{space}".join(parts) + ("," if has_comma else "")
    expected = eval(f"np.s_[{text}]", {"np": np})
    found = words.index(text)
    assert found == (expected if isinstance(expected, tuple) else (expected,))


@pytest.mark.parametrize("text, reference, index", [
    ("test/x:v1", "test/x:v1", ()),
    ("test/x:v1[]", "test/x:v1", ()),
    ("imagenet[0]", "imagenet", (0,)),
    ("a/b@sha256:00[1:2, [3, 4], ...]", "a/b@sha256:00", (slice(1, 2), [3, 4], ...)),
])
def test_a_part_of_an_array(text, reference, index):
    assert words.sliced(text) == (reference, index)


@pytest.mark.parametrize("text", [
    "x[1", "x[1]]", "x[a]", "x[1:2:3:4]", "x[1.5]", "x[[1, True]]", "x[__import__('os')]",
    "x[1,,2]", "x[-]"])
def test_what_is_no_index_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="no index|has no ]"):
        words.sliced(text)


@pytest.mark.parametrize("text, shape", [
    ("100x512x3", (100, 512, 3)), ("100,512", (100, 512)), ("(100, 512)", (100, 512)), ("7", (7,)),
    ("()", ()), ("", ()), ("0x3", (0, 3)), ("(5,)", (5,)), ("100 512", (100, 512)), ("2 × 3", (2, 3))])
def test_shapes(text, shape):
    assert words.shape(text) == shape


@pytest.mark.parametrize("read, text", [
    (words.shape, "axb"), (words.shape, "-1x2"), (words.shape, "5,x"), (words.shape, "100,,512"),
    (words.shape, "x5"), (words.shape, ","), (words.shape, "5²"), (words.picture_size, "224"),
    (words.picture_size, "0x4"), (words.count, "0"), (words.count, "1.5"), (words.numbers, "1,x"),
    (words.number, "x"), (words.pair, "1"), (words.pair, "1,2,3"), (words.axes, "0,y"),
    (words.two_axes, "1"), (words.attribute, "unit"), (words.attribute, "=K")])
def test_what_is_none_is_refused(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}'"):
        read(text)


def test_attributes_are_json_or_texts():
    found = dict(map(words.attribute, ["unit=K", "scale=0.5", "list=[1, 2]", "a=b=c", "empty="]))
    assert found == {"unit": "K", "scale": 0.5, "list": [1, 2], "a": "b=c", "empty": ""}


def test_numbers():
    assert words.number("7") == 7 and isinstance(words.number("7"), int)
    assert words.number("1e3") == 1000.0 and np.isnan(words.number("nan"))
    assert words.pair("-1,2.5") == (-1.0, 2.5) and words.axes("0,-1") == (0, -1)
