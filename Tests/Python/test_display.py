"""How arrays look in notebooks, terminals and files; and that looking never fails.

Method: what is shown is compared with the elements; servers that hang, refuse or are gone stand
behind the notebook's table.
"""

import base64
import dataclasses
import io
import json
import re
import socket
import sys
import threading
import time
import types

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import hub
from hub.arrays import Array
from hub.client import client_for
from hub.display import Look, bytes_text, picture, represent_html
from hub.errors import Invalid, OutOfRange
from hub.plane import Plane, plane_of
from hub.reference import Reference

DIGITS = load_digits().images.astype("u1")


@pytest.fixture
def digits(client, namespace):
    reference = Reference.parse(f"{namespace}/digits:v1")
    client.create_array(reference, {
        "shape": DIGITS.shape, "dtype": "uint8", "dimension_names": ["n", "<y>", "x"]})
    client.write_region(reference, "", DIGITS)
    return hub.load(reference)


def pixels(data):
    with Image.open(io.BytesIO(data)) as found:
        return np.asarray(found)


def thumbnails(text):
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    return [base64.b64decode(one) for one in found]


def test_a_notebook_shows_a_table_and_a_thumbnail(digits):
    with hub.trace() as trace:
        text = represent_html(digits)
    assert str(digits.reference) in text and "1,797 × 8 × 8" in text and "uint8" in text
    assert "n, &lt;y&gt;, x" in text and "<y>" not in text
    assert trace.requests <= 1
    (thumbnail,) = thumbnails(text)
    assert np.array_equal(pixels(thumbnail), DIGITS[1797 // 2])
    assert digits._repr_html_() == text


def test_arrays_without_pictures_have_a_table(client, namespace):
    for name, shape, dtype in [("line", [5], "f4"), ("one", [], "f4"), ("complex", [3, 3], "c8"),
                               ("empty", [0, 3], "f4")]:
        reference = Reference.parse(f"{namespace}/{name}:v1")
        client.create_array(reference, {"shape": shape, "dtype": dtype})
        text = represent_html(hub.load(reference))
        assert str(reference) in text and thumbnails(text) == []


def elsewhere(array, **changes):
    """The same array, but its client asks somewhere else."""
    configuration = array.client.transport.configuration
    return Array(client_for(dataclasses.replace(configuration, **changes)), array.description)


def test_offline_and_without_a_server_there_is_the_table(digits):
    for changes in ({"offline": True}, {"endpoint": "http://127.0.0.1:1"},
                    {"secret_key": "wrong"}):
        began = time.monotonic()
        text = represent_html(elsewhere(digits, **changes))
        assert "1,797 × 8 × 8" in text and thumbnails(text) == []
        assert time.monotonic() - began < 10


def test_a_server_that_hangs_costs_two_seconds(digits):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        array = elsewhere(digits, endpoint=f"http://127.0.0.1:{listening.getsockname()[1]}")
        done = threading.Event()
        texts = []
        thread = threading.Thread(
            target=lambda: (texts.append(represent_html(array)), done.set()), daemon=True)
        thread.start()
        assert done.wait(10)
        assert "1,797 × 8 × 8" in texts[0] and thumbnails(texts[0]) == []
        time.sleep(0.5)


def test_show_writes_a_file(digits, tmp_path):
    digits.show(3, tmp_path / "a.png", window=(0, 16))
    assert np.abs(pixels((tmp_path / "a.png").read_bytes()) / 255 - DIGITS[3] / 16).max() < 0.003
    with pytest.raises(Invalid, match="is no .png or .jpg"):
        digits.show(3, tmp_path / "a.tif")


def test_show_draws_on_standard_output(digits, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "16")
    monkeypatch.setenv("LINES", "10")
    digits.show(3, window=(0, 16))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8 and max(map(len, lines)) <= 16


def test_show_displays_in_a_notebook(digits, monkeypatch):
    shown = []
    interactive = types.ModuleType("IPython")
    interactive.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    display = types.ModuleType("IPython.display")
    display.Image = lambda data: data
    display.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", interactive)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    digits.show((3,))
    assert np.array_equal(pixels(shown[0]), DIGITS[3])


@pytest.mark.parametrize("index", [
    np.s_[3, 2:6], np.s_[3, ::-1, ::2], np.s_[3, [1, 2, 5]], np.s_[5:9, 3]])
def test_parts_of_planes(digits, index):
    found = pixels(picture(digits, index, Look(window=(0, 16))))
    assert np.abs(found / 255 - DIGITS[index] / 16).max() < 0.003


def test_parts_of_floats_and_colours(client, namespace):
    values = DIGITS[:3].astype("f4") / 16 - 0.5
    values[0, 0, 0] = np.nan
    reference = Reference.parse(f"{namespace}/floats:v1")
    client.create_array(reference, {"shape": values.shape, "dtype": "float32"})
    client.write_region(reference, "", values)
    found = pixels(picture(hub.load(reference), np.s_[0, :, :6]))
    low, high = np.nanpercentile(values[0, :, :6], [1, 99])
    expected = np.clip((values[0, :, :6] - low) / (high - low), 0, 1) * 255
    assert np.abs(found - np.nan_to_num(expected)).max() <= 1
    colours = np.stack([DIGITS[:3]] * 3, -1) * np.array([1, 4, 15], "u1")
    reference = Reference.parse(f"{namespace}/colours:v1")
    client.create_array(reference, {"shape": colours.shape, "dtype": "uint8"})
    client.write_region(reference, "", colours)
    array = hub.load(reference)
    assert np.array_equal(pixels(picture(array, 1)), colours[1])
    assert np.array_equal(pixels(picture(array, np.s_[1, 2:, 1:])), colours[1, 2:, 1:])
    assert np.array_equal(pixels(picture(array, np.s_[1, ..., 2])), colours[1, ..., 2])
    assert pixels(picture(array, np.s_[1, 1:], Look(size=4))).shape == (4, 4, 3)


def test_pictures_that_cannot_be_made(digits, client, namespace):
    with pytest.raises(Invalid, match="only one is left"):
        digits.show((3, 2))
    with pytest.raises(Invalid, match="Rows and columns cannot be the axes 1 and 1"):
        digits.show(axes=(1, 1))
    with pytest.raises(OutOfRange, match="Index 1797 is out of range for axis 0"):
        digits.show(1797)
    with pytest.raises(OutOfRange, match="There are 3 axes, not 4"):
        digits.show((1, 1, 1, 1))
    with pytest.raises(Invalid, match="shown as a grey or RGB PNG alone"):
        digits.show(np.s_[3, 2:], map="viridis")
    with pytest.raises(Invalid, match=r"needs two axes of numbers; this is uint8 of \(8,\)"):
        digits.show(np.s_[3, 2, ::-1])
    reference = Reference.parse(f"{namespace}/huge:v1")
    client.create_array(reference, {"shape": [10**5, 10**5], "dtype": "float32"})
    with pytest.raises(Invalid, match="too many for a picture"):
        hub.load(reference).show(np.s_[1:])


@pytest.mark.parametrize("shape, dtype, index, axes, plane", [
    ((5, 6, 7), "f4", (), None, Plane(1, 2, {0: 2})),
    ((5, 6, 7), "f4", -1, None, Plane(1, 2, {0: 4})),
    ((5, 6, 7), "f4", np.s_[:, 3], None, Plane(0, 2, {1: 3})),
    ((5, 6, 7), "f4", np.s_[..., 3], None, Plane(0, 1, {2: 3})),
    ((5, 6, 7), "f4", (), (2, 0), Plane(2, 0, {1: 3})),
    ((5, 6, 7), "f4", (), (-1, -3), Plane(2, 0, {1: 3})),
    ((5, 6, 7, 3), "u1", 2, None, Plane(1, 2, {0: 2}, 3)),
    ((5, 6, 7, 3), "u1", (), (0, 1), Plane(0, 1, {2: 3}, 3)),
    ((5, 6, 7, 3), "u1", (2, 1), (2, 3), Plane(2, 3, {0: 2, 1: 1})),
    ((5, 6, 7, 3), "f4", 2, None, Plane(2, 3, {0: 2, 1: 3})),
    ((5, 6, 7, 3), "u1", np.s_[2, ..., 1], None, None),
    ((5, 6, 7), "f4", np.s_[1, ::2], None, None),
    ((5, 6, 7), "f4", np.s_[1, 0:6], None, Plane(1, 2, {0: 1})),
    ((5, 6, 7), "f4", np.s_[[1, 2]], None, None),
])
def test_planes(shape, dtype, index, axes, plane):
    assert plane_of(shape, np.dtype(dtype), index, axes) == plane


@pytest.mark.parametrize("count, text", [
    (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1234567, "1.23 MB"), (999_600_000, "1 GB"),
    (7.5e15, "7.5 PB"), (2e18, "2 EB")])
def test_bytes_are_told_in_three_digits(count, text):
    assert bytes_text(int(count)) == text


def test_documents_of_arrays_can_be_json(digits):
    assert json.loads(json.dumps(digits.description.document))["shape"] == [1797, 8, 8]
