"""Pictures as arrays of pixels: to and from PNG files, and drawn with characters in a terminal."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from hub.errors import Invalid

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
"""`(height, width, channels)` of uint8; 1 to 4 channels: grey, grey and alpha, RGB, RGBA."""
Colours = Literal["full", "256", "none"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Channels by the colour type of PNG, and the other way. Source: PNG specification, 11.2.1.
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_COLOUR_TYPES = {channels: kind for kind, channels in _CHANNELS.items()}
# Characters from dark to bright, for terminals without colours.
_RAMP = " .:-=+*#%@"
# The levels of the 6 × 6 × 6 cube in the palette of 256 colours that terminals have.
_CUBE = np.array([0, 95, 135, 175, 215, 255])


def encode_png(pixels: Pixels) -> bytes:
    """A PNG file of pixels."""
    height, width, channels = pixels.shape
    lines = np.zeros((height, 1 + width * channels), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    pieces = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in pieces)


def decode_png(data: bytes) -> Pixels:
    """The pixels of a PNG file with 8 bits a sample and without a palette.

    Raises:
        Invalid: it is none of those.
    """
    try:
        parts = list(_parts(data))
        width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", parts[0][1])
        if depth != 8 or kind not in _CHANNELS or interlace:
            raise Invalid(f"A PNG of {depth} bits and colour type {kind} cannot be drawn.")
        channels = _CHANNELS[kind]
        lines = np.frombuffer(
            zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT")), np.uint8)
        return _unfiltered(lines.reshape(height, 1 + width * channels), channels)
    except (struct.error, zlib.error, IndexError, ValueError) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid(f"It is no whole PNG file ({error}).") from None


def _parts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(_SIGNATURE):
        raise Invalid("It is no PNG file.")
    place = len(_SIGNATURE)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length


def _unfiltered(lines: Pixels, channels: int) -> Pixels:
    """Takes back the filters of the lines. Source: PNG specification, 9.2."""
    height, width = lines.shape[0], (lines.shape[1] - 1) // channels
    pixels = np.zeros((height, width, channels), np.uint8)
    above = np.zeros((width, channels), np.uint8)
    for number, line in enumerate(lines):
        residues = line[1:].reshape(width, channels)
        match int(line[0]):
            case 0:
                row = residues
            case 1:
                row = np.cumsum(residues, axis=0, dtype=np.uint8)
            case 2:
                row = residues + above
            case 3 | 4 as kind:
                row = _predicted(residues, above, kind == 4)
            case other:
                raise Invalid(f"It is no PNG file: there is no filter {other}.")
        pixels[number] = row
        above = pixels[number]
    return pixels


def _predicted(residues: Pixels, above: Pixels, is_paeth: bool) -> Pixels:
    """A line whose pixels follow from those to the left, one after another."""
    row = np.empty_like(residues)
    for channel in range(residues.shape[1]):
        left = corner = 0
        column = []
        for residue, up in zip(residues[:, channel].tolist(), above[:, channel].tolist()):
            guess = _paeth(left, up, corner) if is_paeth else (left + up) // 2
            left, corner = (residue + guess) % 256, up
            column.append(left)
        row[:, channel] = column
    return row


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    distances = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    return (left, up, corner)[distances.index(min(distances))]


def averaged(plane: np.ndarray[Any, Any], height: int, width: int) -> np.ndarray[Any, Any]:
    """A plane `(y, x, …)` made smaller by the means of boxes; sides that are short stay."""
    result = plane.astype(float)
    for axis, size in ((0, height), (1, width)):
        extent = result.shape[axis]
        if size < extent:
            starts = np.arange(size) * extent // size
            counts = np.diff(np.append(starts, extent))
            sums = np.add.reduceat(result, starts, axis=axis)
            result = sums / counts.reshape([-1 if other == axis else 1
                                            for other in range(sums.ndim)])
    return result


def fitted(pixels: Pixels, columns: int, lines: int) -> Pixels:
    """Pixels that fit a terminal, where a character shows two, one above the other.

    Small pictures are enlarged by a whole number, at most eight times.
    """
    height, width = pixels.shape[:2]
    scale = min(columns / width, 2 * lines / height)
    if scale >= 2:
        times = min(8, int(scale))
        enlarged: Pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
        return enlarged
    if scale >= 1:
        return pixels
    small = averaged(pixels, max(1, int(height * scale)), max(1, int(width * scale)))
    rounded: Pixels = np.rint(small).astype(np.uint8)
    return rounded


def colours_of(environment: Mapping[str, str], is_terminal: bool) -> Colours:
    """How many colours a terminal has, by its environment; none if it is not a terminal.

    Source: no-color.org; the convention of COLORTERM.
    """
    terminal = environment.get("TERM", "")
    if not is_terminal or environment.get("NO_COLOR") or terminal in ("", "dumb"):
        return "none"
    if environment.get("COLORTERM", "") in ("truecolor", "24bit") or "direct" in terminal:
        return "full"
    return "256"


def drawn(pixels: Pixels, colours: Colours) -> str:
    """Text that shows pixels, two in a character; lines end with a newline.

    Alpha is laid on black.
    """
    rgb = _flattened(pixels)
    if rgb.shape[0] % 2:
        rgb = np.concatenate([rgb, np.zeros_like(rgb[:1])])
    if colours == "none":
        return _drawn_plainly(rgb)
    numbers = rgb if colours == "full" else _palette(rgb)[..., np.newaxis]
    kind = "2" if colours == "full" else "5"
    lines = []
    for top, bottom in zip(numbers[0::2].tolist(), numbers[1::2].tolist()):
        line, before = [], None
        for pair in zip(top, bottom):
            if pair != before:
                upper, lower = (";".join(map(str, pixel)) for pixel in pair)
                line.append(f"\x1b[38;{kind};{upper};48;{kind};{lower}m")
                before = pair
            line.append("▀")
        lines.append("".join(line) + "\x1b[0m\n")
    return "".join(lines)


def _flattened(pixels: Pixels) -> Pixels:
    """RGB of any pixels."""
    channels = pixels.shape[2]
    colour = pixels[..., : channels - 1 if channels in (2, 4) else channels]
    if channels in (2, 4):
        colour = (colour.astype(np.uint16) * pixels[..., -1:] // 255).astype(np.uint8)
    rgb: Pixels = np.broadcast_to(colour, (*pixels.shape[:2], 3))
    return rgb


def _palette(rgb: Pixels) -> np.ndarray[Any, Any]:
    """The nearest colours of the palette of 256: a cube, and greys between 8 and 238."""
    wide = rgb.astype(int)
    steps = np.abs(wide[..., np.newaxis] - _CUBE).argmin(axis=-1)
    cube = 16 + steps @ np.array([36, 6, 1])
    cube_error = np.square(_CUBE[steps] - wide).sum(axis=-1)
    grey = np.clip((wide.mean(axis=-1) - 3) // 10, 0, 23).astype(int)
    grey_error = np.square(8 + 10 * grey[..., np.newaxis] - wide).sum(axis=-1)
    nearest: np.ndarray[Any, Any] = np.where(grey_error < cube_error, 232 + grey, cube)
    return nearest


def _drawn_plainly(rgb: Pixels) -> str:
    # The weights of the channels: ITU-R BT.601.
    brightness = (rgb @ np.array([0.299, 0.587, 0.114])).reshape(-1, 2, rgb.shape[1]).mean(axis=1)
    levels = np.rint(brightness / 255 * (len(_RAMP) - 1)).astype(int)
    return "".join("".join(_RAMP[level] for level in line).rstrip() + "\n" for line in levels)
