"""Arrays that are in memory, read like those in files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from hub.files.layout import Box, Layout, stored_type
from hub.files.reader import Reader


class MemoryReader(Reader):
    """An array in memory, under the name that people know it by."""

    def __init__(
        self, array: np.ndarray[Any, Any], name: str, attributes: Mapping[str, Any] | None = None,
        dimension_names: tuple[str, ...] | None = None,
    ) -> None:
        self._array = array
        self.name = name
        self.fingerprint = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:32]
        self.layout = Layout(
            array.shape, stored_type(array.dtype, name), attributes=attributes or {},
            dimension_names=dimension_names)

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements, not copied where the type is right."""
        return np.asarray(self._array[box], dtype=self.layout.dtype)
