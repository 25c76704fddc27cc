"""The writer of Zarr folders."""

from __future__ import annotations

import json
import os
import pathlib
import re
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import zarr
from zarr.storage import LocalStore, WrapperStore

from hub.files.layout import Box
from hub.files.writer import Writer
from hub.pool import uninterrupted

if TYPE_CHECKING:
    from zarr.core.buffer import Buffer

DOCUMENTS = ("zarr.json", ".zarray", ".zattrs")
# Of version 3: `c/0/1`, and `c` alone without axes; of version 2: `0.1` or `0/1`.
CHUNK = re.compile(r"(c/)?\d+([./]\d+)*|c")


class ZarrWriter(Writer):
    """A folder that holds a Zarr array, version 3."""

    _store: UnfailingStore | None = None

    @classmethod
    def what_stays(cls, path: pathlib.Path) -> str:
        """Whatever is no array of Zarr, or holds something else too."""
        if not path.is_dir():
            return "is no folder"
        if not _is_array(path):
            return "" if not any(path.iterdir()) else "is no Zarr array"
        for folder, _, names in os.walk(path):
            for name in names:
                key = (pathlib.Path(folder) / name).relative_to(path).as_posix()
                if key not in DOCUMENTS and not CHUNK.fullmatch(key):
                    return f"holds {key}, which is no part of a Zarr array"
        return ""

    def _begin(self) -> None:
        layout = self.layout
        store = self._store = UnfailingStore(LocalStore(self.partial))
        self._array: Any = uninterrupted(lambda: zarr.create_array(
            store, shape=layout.shape, dtype=layout.dtype, chunks=self.chunks,
            dimension_names=layout.dimension_names, attributes=dict(layout.attributes)))
        store.check()

    def _write(self, box: Box, elements: np.ndarray[Any, Any]) -> None:
        """Writes the chunks of a box; when it ends, also by an interrupt, nothing is under way."""
        assert self._store is not None, "the writer is not in its block"

        uninterrupted(lambda: self._array.__setitem__(box, elements))
        self._store.check()


class UnfailingStore(WrapperStore[LocalStore]):
    """A folder that never fails towards zarr: it keeps the first failure.

    zarr goes on with the other chunks when one has failed, beside whoever removes the folder. So
    what follows a failure is dropped, zarr ends as ever, and its caller asks with `check`.
    """

    def __init__(self, store: LocalStore) -> None:
        super().__init__(store)
        self._lock = threading.Lock()
        self._failure: OSError | None = None

    def check(self) -> None:
        """Raises the first failure, if there was one."""
        if self._failure is not None:
            raise self._failure

    async def set(self, key: str, value: Buffer) -> None:
        """Writes an object, or nothing more for ever."""
        if self._failure is not None:
            return
        try:
            await super().set(key, value)
        except OSError as failure:
            with self._lock:
                self._failure = self._failure or failure


def _is_array(folder: pathlib.Path) -> bool:
    """Whether a folder has the document of an array, of version 2 or 3."""
    if (folder / ".zarray").is_file():
        return True
    try:
        document = json.loads((folder / "zarr.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("node_type") == "array"
