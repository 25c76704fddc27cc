"""Folders of pictures of one size; the folders in it, if there are any, are their classes."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout
from hub.files.links import check_links
from hub.files.reader import (
    Reader, ReadingOptions, fingerprint, refused_if_damaged, required)

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
CHUNK_BYTES = 4 << 20
THREADS = 4
# What Pillow may take a file for. The others are not asked: PostScript it hands to another program.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
# How Pillow's modes are read: those of one bit or with a palette as what they look like.
MODES = {"1": "L", "P": "RGB", "PA": "RGBA", "LA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB"}
CHANNELS = {"L": 0, "I;16": 0, "RGB": 3, "RGBA": 4}


def open_file(path: pathlib.Path, options: ReadingOptions) -> ImageFolderReader:
    """The pictures of a folder and of the folders in it, in the order of their names.

    Raises `Invalid` if they differ in size or kind and the options do not say what they shall be,
    or if one is a link that leads out of the folder.
    """
    pillow = required("PIL.Image", "pillow", path)
    files = sorted(_pictures(path), key=lambda file: _natural(file.relative_to(path)))
    if not files:
        raise Invalid(f"There are no pictures in {path}.")
    check_links((file for file in files if file.is_symlink()), path)
    size, mode = options.size, options.mode
    if size is None or mode is None:
        found_size, found_mode = _common_form(files, pillow, size is None, mode is None)
        size, mode = size or found_size, mode or found_mode
    if mode not in CHANNELS:
        raise Invalid(
            f"{path}: pictures of the mode {mode} cannot be kept.",
            hint=f"Choose another with --mode: {', '.join(CHANNELS)}.")
    return ImageFolderReader(path, files, size, mode)


def _pictures(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if pathlib.Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield pathlib.Path(parent, name)


def _natural(path: pathlib.Path) -> list[list[tuple[int, int | str]]]:
    """A key by which `scan-9` comes before `scan-10`."""
    return [
        [(0, int(piece)) if piece.isdigit() else (1, piece)
         for piece in re.split(r"(\d+)", part) if piece]
        for part in path.parts]


def _common_form(
    files: list[pathlib.Path], pillow: Any, compare_sizes: bool, compare_modes: bool,
) -> tuple[tuple[int, int], str]:
    """Size (height, width) and mode of all files, from their headers alone."""
    first = None
    for file, (size, mode) in zip(files, _threaded(lambda file: _form(file, pillow), files)):
        first = first or (size, mode)
        if compare_sizes and size != first[0]:
            raise Invalid(
                f"{file} is of {size[0]}x{size[1]} pixels (height, width), {files[0].name} of "
                f"{first[0][0]}x{first[0][1]}.",
                hint=f"Bring all to one size with --size {first[0][0]}x{first[0][1]}.")
        if compare_modes and mode != first[1]:
            raise Invalid(
                f"{file} is of the mode {mode}, {files[0].name} of {first[1]}.",
                hint="Bring all to one mode with --mode RGB or --mode L.")
    assert first is not None
    return first


@cache
def _formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this Pillow was built with."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _form(file: pathlib.Path, pillow: Any) -> tuple[tuple[int, int], str]:
    with refused_if_damaged(file, "is no picture"):
        with pillow.open(file, formats=_formats()) as picture:
            mode = "RGBA" if "transparency" in picture.info else picture.mode
            return (picture.height, picture.width), MODES.get(mode, mode)


def _threaded(work: Any, items: Iterable[Any]) -> Iterator[Any]:
    """The results of `work`, in order, with a bounded number ahead of who takes them."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = iter(items)
        running = [pool.submit(work, item) for item in islice(waiting, 4 * THREADS)]
        running.reverse()
        while running:
            yield running.pop().result()
            running[:0] = [pool.submit(work, item) for item in islice(waiting, 1)]


class ImageFolderReader(Reader):
    """Pictures along the first axis: `(pictures, height, width)`, with channels last if coloured.

    `labels` (int64, one for each picture) are the numbers of `classes`, the names of the folders
    right below; without such folders there are none of either.
    """

    def __init__(
        self, path: pathlib.Path, files: list[pathlib.Path], size: tuple[int, int], mode: str,
    ) -> None:
        self._files = files
        self._size = size
        self._mode = mode
        channels = CHANNELS[mode]
        sample = size + ((channels,) if channels else ())
        dtype = np.dtype("<u2") if mode == "I;16" else np.dtype("u1")
        samples_per_chunk = CHUNK_BYTES // max(1, int(np.prod(sample)) * dtype.itemsize)
        names = ("sample", "y", "x", "channel")[: 1 + len(sample)]
        self.classes, self.labels = _classes(path, files)
        self.fingerprint = fingerprint(files, size, mode)
        self.layout = Layout(
            (len(files), *sample), dtype, dimension_names=names,
            chunks=(min(len(files), max(1, samples_per_chunk)), *sample),
            attributes={"classes": self.classes} if self.classes else {})

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The pictures of the box, decoded several at a time."""
        wanted = self._files[box[0]]
        inside = box[1:]
        shape = tuple(len(range(*part.indices(extent)))
                      for part, extent in zip(inside, self.layout.shape[1:]))
        pixels = np.empty((len(wanted), *shape), self.layout.dtype)
        for place, picture in enumerate(_threaded(self._decode, wanted)):
            pixels[place] = picture[inside]
        return pixels

    def _decode(self, file: pathlib.Path) -> np.ndarray[Any, Any]:
        from PIL import Image, ImageOps

        with refused_if_damaged(file, "is no whole picture"):
            with Image.open(file, formats=_formats()) as picture:
                converted = picture if picture.mode == self._mode else picture.convert(self._mode)
                size = (self._size[1], self._size[0])
                if converted.size != size:
                    converted = ImageOps.fit(converted, size, Image.Resampling.BILINEAR)
                return np.asarray(converted, dtype=self.layout.dtype)


def _classes(
    path: pathlib.Path, files: list[pathlib.Path],
) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]] | None]:
    """The names of the folders right below, and for each file the number of its one."""
    folders = [file.relative_to(path).parts[0] for file in files if file.parent != path]
    if len(folders) < len(files):
        return [], None
    classes = list(dict.fromkeys(folders))
    numbers = {name: number for number, name in enumerate(classes)}
    return classes, np.array([numbers[name] for name in folders], dtype="<i8")
