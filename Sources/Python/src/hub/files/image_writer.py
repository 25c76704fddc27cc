"""A folder of pictures, one for each index of the first axis."""

from __future__ import annotations

import os
import pathlib
import re
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.files.layout import Box, Layout
from hub.files.reader import required
from hub.files.writer import Writer

NUMBERED = re.compile(r"\d+\.png")


class ImageFolderWriter(Writer):
    """PNG files named by their index, with as many digits as the last has.

    An array of `(pictures, height, width)` or with 1, 3 or 4 channels last, of bool, uint8 or
    (grey) uint16. A box holds whole pictures.
    """

    def __init__(self, target: pathlib.Path, layout: Layout) -> None:
        super().__init__(target, layout)
        self._pillow = required("PIL.Image", "pillow", target)
        sample = layout.shape[1:]
        is_picture = len(sample) == 2 or len(sample) == 3 and sample[2] in (1, 3, 4)
        is_grey = len(sample) == 2 or sample[-1:] == (1,)
        types = ("bool", "uint8", "uint16") if is_grey else ("uint8",)
        if not is_picture or layout.dtype.name not in types:
            raise Invalid(
                f"{target}: {layout.dtype} of {layout.shape} makes no pictures.",
                hint="Pictures are (pictures, height, width), or with 1, 3 or 4 channels last, of "
                     "bool, uint8 or (one channel) uint16; .npy and .zarr hold everything.")
        first = (layout.chunks or (1,))[0]
        self.chunks = (first, *(max(1, extent) for extent in sample))
        self._digits = len(str(max(0, layout.shape[0] - 1)))

    @classmethod
    def what_stays(cls, path: pathlib.Path) -> str:
        """Whatever holds something else than numbered pictures."""
        if not path.is_dir():
            return "is no folder"
        with os.scandir(path) as entries:
            for entry in entries:
                if not NUMBERED.fullmatch(entry.name) or not entry.is_file():
                    return f"holds {entry.name}, which is no numbered picture"
        return ""

    def _begin(self) -> None:
        self.partial.mkdir()

    def _write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        for place, pixels in enumerate(elements, box[0].start):
            if pixels.ndim == 3 and pixels.shape[2] == 1:
                pixels = pixels[:, :, 0]
            picture = self._pillow.fromarray(np.ascontiguousarray(pixels))
            picture.save(self.partial / f"{place:0{self._digits}}.png")
