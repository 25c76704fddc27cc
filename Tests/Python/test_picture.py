"""Pictures in PNG files and in terminals.

Method: Pillow, which chooses among all filters, writes what is read and reads what is written; what
a terminal would show is read back from the text by a small terminal of our own.
"""

import re
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from sklearn.datasets import load_digits

from hub.errors import Invalid
from hub.picture import averaged, colours_of, decode_png, drawn, encode_png, fitted

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
shapes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
pictures = shapes.flatmap(lambda shape: arrays("u1", shape))


def seen(text):
    """The two pixels of every character, as a terminal shows them, in two rows for each line."""
    rows = []
    for line in text.splitlines():
        top, bottom = [], []
        for codes, blocks in re.findall(r"\x1b\[([\d;]+)m(▀*)", line):
            numbers = [int(code) for code in codes.split(";")]
            half = len(numbers) // 2
            top += [tuple(numbers[2:half])] * len(blocks)
            bottom += [tuple(numbers[half + 2:])] * len(blocks)
        rows += [top, bottom]
    return rows


@given(pictures)
def test_what_is_written_is_what_pillow_reads(tmp_path_factory, pixels):
    path = tmp_path_factory.getbasetemp() / "written.png"
    path.write_bytes(encode_png(pixels))
    with Image.open(path) as found:
        assert found.mode == MODES[pixels.shape[2]]
        assert np.array_equal(np.asarray(found).reshape(pixels.shape), pixels)
    assert np.array_equal(decode_png(path.read_bytes()), pixels)


def filtered(pixels, kind):
    """Every line with the same filter, after the specification's formulas."""
    height, width, channels = pixels.shape
    wide = np.zeros((height + 1, width + 1, channels), int)
    wide[1:, 1:] = pixels
    here, left, up, corner = wide[1:, 1:], wide[1:, :-1], wide[:-1, 1:], wide[:-1, :-1]
    estimate = left + up - corner
    distances = [abs(estimate - one) for one in (left, up, corner)]
    paeth = np.where(
        (distances[0] <= distances[1]) & (distances[0] <= distances[2]), left,
        np.where(distances[1] <= distances[2], up, corner))
    guess = [0 * here, left, up, (left + up) // 2, paeth][kind]
    lines = np.full((height, 1 + width * channels), kind, "u1")
    lines[:, 1:] = ((here - guess) % 256).reshape(height, -1)
    whole = encode_png(pixels)
    head, _, _ = whole.partition(b"IDAT")
    body = zlib.compress(lines.tobytes())
    return (head[:-4] + struct.pack(">I", len(body)) + b"IDAT" + body
            + struct.pack(">I", zlib.crc32(b"IDAT" + body)) + whole[-12:])


@pytest.mark.parametrize("kind", range(5))
@given(pictures)
def test_all_filters_are_taken_back(tmp_path_factory, kind, pixels):
    data = filtered(pixels, kind)
    path = tmp_path_factory.getbasetemp() / "filtered.png"
    path.write_bytes(data)
    with Image.open(path) as found:
        assert np.array_equal(np.asarray(found).reshape(pixels.shape), pixels)
    assert np.array_equal(decode_png(data), pixels)


@pytest.mark.parametrize("data", [
    b"", b"GIF89a", encode_png(np.zeros((2, 2, 3), "u1"))[:40],
    encode_png(np.zeros((2, 2, 1), "u1")).replace(b"IDAT", b"JDAT")])
def test_what_is_no_png_is_refused(data):
    with pytest.raises(Invalid, match="is no .*PNG file"):
        decode_png(data)


def test_a_picture_with_a_palette_is_refused(tmp_path):
    Image.new("P", (3, 3)).save(tmp_path / "a.png")
    with pytest.raises(Invalid, match="colour type 3 cannot be drawn"):
        decode_png((tmp_path / "a.png").read_bytes())


@given(shapes.map(lambda shape: (*shape[:2], 3)).flatmap(lambda shape: arrays("u1", shape)))
def test_a_terminal_of_all_colours_shows_every_pixel(pixels):
    rows = seen(drawn(pixels, "full"))
    assert np.array_equal(np.array(rows[: len(pixels)]), pixels)
    assert all(pixel == (0, 0, 0) for row in rows[len(pixels):] for pixel in row)


@given(shapes.map(lambda shape: (*shape[:2], 3)).flatmap(lambda shape: arrays("u1", shape)))
def test_a_terminal_of_256_colours_shows_the_nearest(pixels):
    levels = [0, 95, 135, 175, 215, 255]
    palette = np.array(
        [(r, g, b) for r in levels for g in levels for b in levels]
        + [(8 + 10 * step,) * 3 for step in range(24)])
    numbers = np.array(seen(drawn(pixels, "256")))[: len(pixels), :, 0]
    errors = np.square(palette[numbers - 16] - pixels.astype(int)).sum(-1)
    least = np.square(palette - pixels[:, :, None].astype(int)).sum(-1).min(-1)
    # The nearest grey is found by the mean, which differs by a step at most.
    assert (errors <= least + 3 * 25).all()


def test_without_colours_brightness_is_characters():
    digit = load_digits().images[0]
    pixels = np.rint(digit / 16 * 255).astype("u1")[..., None]
    text = drawn(pixels, "none").splitlines()
    assert len(text) == 4 and all(len(line) <= 8 for line in text)
    levels = [" .:-=+*#%@".index(line.ljust(8)[x]) for line in text for x in range(8)]
    means = pixels[..., 0].reshape(4, 2, 8).mean(axis=1).reshape(-1)
    assert np.abs(np.array(levels) / 9 * 255 - means).max() <= 255 / 18 + 1


def test_alpha_is_laid_on_black():
    pixels = np.array([[[200, 100, 50, 128]], [[200, 100, 50, 0]]], "u1")
    assert seen(drawn(pixels, "full")) == [[(100, 50, 25)], [(0, 0, 0)]]
    grey = np.array([[[200, 255]], [[200, 0]]], "u1")
    assert seen(drawn(grey, "full")) == [[(200, 200, 200)], [(0, 0, 0)]]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 80), st.integers(1, 40))
def test_pictures_fit_the_terminal_and_keep_their_form(height, width, columns, lines):
    found = fitted(np.zeros((height, width, 3), "u1"), columns, lines)
    assert found.shape[1] <= max(columns, 1) and found.shape[0] <= max(2 * lines, 1)
    if found.shape[0] > 8 and found.shape[1] > 8:
        assert abs(found.shape[0] / found.shape[1] * width / height - 1) < 0.25


def test_means_are_those_of_boxes():
    digit = load_digits().images[3]
    expected = digit.reshape(4, 2, 2, 4).mean(axis=(1, 3))
    assert np.allclose(averaged(digit, 4, 2), expected)
    assert np.array_equal(averaged(digit, 9, 8), digit)


@pytest.mark.parametrize("environment, is_terminal, colours", [
    ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, True, "full"),
    ({"TERM": "xterm-direct"}, True, "full"),
    ({"TERM": "xterm-256color"}, True, "256"),
    ({"TERM": "dumb", "COLORTERM": "truecolor"}, True, "none"),
    ({"TERM": "xterm", "COLORTERM": "24bit", "NO_COLOR": "1"}, True, "none"),
    ({"TERM": "xterm", "COLORTERM": "24bit"}, False, "none"),
    ({}, True, "none"),
])
def test_the_colours_of_a_terminal(environment, is_terminal, colours):
    assert colours_of(environment, is_terminal) == colours
