"""Arrays on a server, read like those in files: to convert one, and to copy it elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from hub.client import Client
from hub.errors import Invalid
from hub.files.layout import Box, Layout, stored_type
from hub.files.reader import Reader
from hub.reference import Reference
from hub.transfer.push_job import slice_text


class ArrayReader(Reader):
    """An array of any layout on a server, under its reference.

    Raises `NotFound` if there is none, `Invalid` if it is a group or cannot be read.
    """

    def __init__(self, client: Client, reference: Reference) -> None:
        found = client.describe(reference)
        if found.kind != "array":
            raise Invalid(f"{reference} is no array but {found.kind}.", hint=found.note)
        self._client = client
        self._reference = reference
        self.name = str(reference)
        self.fingerprint = f"{reference} {found.content_hash}"
        names = found.dimension_names
        self.layout = Layout(
            found.shape, stored_type(found.dtype, self.name), chunks=found.chunk_shape,
            dimension_names=tuple(map(str, names)) if names and all(names) else None,
            attributes=dict(found.attributes or {}),
            order="F" if found.order == "F" else "C")

    def read(self, box: Box) -> np.ndarray[Any, Any]:
        """The elements, in one request."""
        return self._client.read_region(self._reference, slice_text(box))
