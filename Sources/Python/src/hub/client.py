"""The server's verbs about arrays, namespaces and versions, typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import numpy as np

from hub import npy
from hub.configuration import Configuration, current_configuration
from hub.description import Description, dtype_of
from hub.errors import Conflict, Invalid
from hub.listing_pages import pages_of
from hub.npy import AnyArray
from hub.reference import Reference
from hub.requester import Document, Members, Query, as_read
from hub.transport import Transport
from hub.understanding import extents, understood
from hub.version_requests import VersionRequests

# Whole arrays are reduced by the server while nothing is sent, which may take long.
_STATISTICS_SECONDS = 3600.0
_SAMPLES_MAX = 1_000_000
_BOXES_MAX = 100_000
_OCCUPANCY_PAGE = 10_000
_GATHER_BODY_BYTES_MAX = 8 << 20
# Source: PNG specification, section 5.2; ITU T.81, annex B, marker SOI.
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
DESCRIPTION_MEMBERS: Members = ("reference", "kind")
"""What every description of an array or group has."""


class ShapeChanged(Conflict):
    """A region has another shape than was expected, because the array was resized."""


class Client(VersionRequests):
    """All requests of this package to one server; picklable, for any threads and processes.

    All methods raise `NotFound`, `Denied`, `Conflict`, `Invalid`, `IntegrityError` as the server
    refuses, and `Unavailable` if no whole answer comes.
    """

    # Arrays and groups.

    def describe(self, reference: Reference) -> Description:
        """What the server says of an array or group."""
        path = f"/v1/arrays/{reference.path}"
        document = self.document("GET", path, reference, members=DESCRIPTION_MEMBERS)
        return Description.from_document(reference, document)

    def create_array(self, reference: Reference, specification: Mapping[str, Any]) -> Description:
        """Creates an array or group (`{"kind": "group"}`); its namespace must be there.

        Args:
            specification: `shape`, `dtype`, and others that the API has.

        Raises:
            Conflict: the name is taken.
        """
        path = f"/v1/arrays/{reference.path}"
        document = self.document("PUT", path, None, body=specification, members=DESCRIPTION_MEMBERS)
        return Description.from_document(reference, document)

    def create_namespace(self, name: str) -> None:
        """Creates a private namespace unless it is ours already.

        Raises:
            Conflict: it is somebody else's.
        """
        self.document("PUT", f"/v1/namespaces/{quote(name, safe='~')}", members=("name", "owner"))

    def list_arrays(
        self, namespace: str | None = None, prefix: str = "", limit: int | None = None
    ) -> Iterator[Document]:
        """Descriptions of the arrays and groups of one namespace, or of all, as documents."""
        path = "/v1/arrays" + (f"/{quote(namespace, safe='~')}" if namespace else "")
        query = [("prefix", prefix)] if prefix else []
        return self.pages(path, "arrays", query=query, limit=limit)

    def list_namespaces(self, prefix: str = "", limit: int | None = None) -> Iterator[Document]:
        """The namespaces that may be listed, as documents."""
        query = [("prefix", prefix)] if prefix else []
        return self.pages("/v1/namespaces", "namespaces", query=query, limit=limit)

    def delete(self, reference: Reference) -> None:
        """Deletes an array, or a group and what is below it."""
        path = f"/v1/arrays/{reference.path}"
        self.document("DELETE", path, reference, members=("deleted_keys",))

    def resize(
        self, reference: Reference, shape: Sequence[int], metadata_entity_tag: str = ""
    ) -> Description:
        """Gives an array another shape; what is outside a smaller one is gone.

        It is sent once: a repetition might cut off what others appended meanwhile. With the tag of a
        description, nothing is done unless the metadata is still what was described, so it is
        repeated; a repetition may find what was done itself, and raise `Conflict`.

        Raises:
            Conflict: the metadata is something else now.
            Unavailable: it may have been done, and the array has another shape now.
        """
        wanted = list(map(int, shape))
        if metadata_entity_tag:
            return self._changed_if(reference, {"shape": wanted}, metadata_entity_tag)
        return self._changed_once(
            reference, {"shape": wanted}, lambda found: found.get("shape") == wanted)

    def attributes(
        self, reference: Reference, attributes: Mapping[str, Any], policy: str = "merge",
        metadata_entity_tag: str = "",
    ) -> Description:
        """Merges attributes (`None` removes one), or with the policy `replace` replaces all.

        To replace them is sent once: a repetition might remove what others set meanwhile.

        Args:
            metadata_entity_tag: to merge, of the description that the attributes are made for;
                a repetition may find what was done itself, and raise `Conflict`.

        Raises:
            Conflict: the metadata is something else now.
        """
        change: dict[str, Any] = {"attributes": dict(attributes)}
        if policy == "merge":
            return self._changed_if(reference, change, metadata_entity_tag)
        change["attribute_policy"] = policy
        wanted = as_read(change["attributes"])
        return self._changed_once(
            reference, change, lambda found: found.get("attributes") == wanted)

    def _changed_if(
        self, reference: Reference, change: Mapping[str, Any], metadata_entity_tag: str
    ) -> Description:
        path = f"/v1/arrays/{reference.path}"
        document = self.document(
            "PATCH", path, reference, body=change, repeat="safe", members=DESCRIPTION_MEMBERS,
            if_match=metadata_entity_tag)
        return Description.from_document(reference, document)

    def _changed_once(
        self, reference: Reference, change: Mapping[str, Any], is_done: Callable[[Document], bool]
    ) -> Description:
        path = f"/v1/arrays/{reference.path}"
        document = self.document_once(
            "PATCH", path, reference, change, DESCRIPTION_MEMBERS,
            lambda: self.document("GET", path, members=DESCRIPTION_MEMBERS), is_done)
        return Description.from_document(reference, document)

    # Elements.

    def read_region(
        self,
        reference: Reference,
        text: str = "",
        *,
        shape: tuple[int, ...] | None = None,
        out: AnyArray | None = None,
    ) -> AnyArray:
        """Reads a region, of one state of the array where it is not large.

        Args:
            text: the slice in the server's grammar; empty for the whole array.
            shape: the shape that the region must have.
            out: a C-contiguous array of the region's shape and type to read into.

        Returns:
            `out`, or a new array in this machine's byte order.

        Raises:
            ShapeChanged: the region has another shape than asked for.
        """
        query = [("slice", text), ("format", "raw")] if text else [("format", "raw")]
        return self._received("GET", f"/v1/data/{reference.path}", query, reference, shape, out)

    def write_region(self, reference: Reference, text: str, values: AnyArray) -> Document:
        """Writes a region, all of it or nothing; `values` are broadcast to it by the server.

        Args:
            text: the slice: numbers, slices and `...`.
            values: of the array's own type; at most 256 MiB of the region's elements.
        """
        path = f"/v1/data/{reference.path}"
        with self.about(reference):
            answer = self.transport.request(
                "PUT", path, [("slice", text)] if text else [], body=npy.file_pieces(values))
        return self.read_document(answer.data, f"PUT {path}", ("chunks_written", "sequence"))

    def append(self, reference: Reference, values: AnyArray, axis: int = 0) -> Document:
        """Grows the array along an axis and writes there; `start`, `stop` and `shape` afterwards.

        It is not repeated once it may have reached the server.
        """
        path = f"/v1/append/{reference.path}"
        with self.about(reference):
            answer = self.transport.request(
                "POST", path, [("axis", str(axis))], body=npy.file_pieces(values))
        return self.read_document(answer.data, f"POST {path}", ("start", "stop", "shape"))

    def gather(
        self, reference: Reference, samples: Sequence[int] | AnyArray, out: AnyArray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> AnyArray:
        """Reads samples along the first axis: `array[samples]`, in one request.

        Args:
            samples: whole numbers, negative ones from the end, at most 1,000,000.
            out: a C-contiguous array of the result's shape and type to read into.
            shape: the shape that the result must have.

        Raises:
            ShapeChanged: it has another shape than asked for.
        """
        numbers = np.asarray(samples, dtype=np.int64).reshape(-1)
        if numbers.size > _SAMPLES_MAX:
            raise Invalid(f"At most {_SAMPLES_MAX:,} samples can be gathered at once.")
        # JSON of a list of numbers, faster than the json module makes it.
        body = b'{"samples": [%s]}' % ",".join(map(str, numbers.tolist())).encode()
        return self._gathered(reference, body, out, shape)

    def gather_boxes(
        self, reference: Reference, boxes: Sequence[str], shape: tuple[int, ...] | None = None
    ) -> AnyArray:
        """Reads slices of equal shapes: one array with an axis more in front; at most 100,000.

        Args:
            shape: the shape that the result must have.

        Raises:
            ShapeChanged: it has another shape than asked for.
        """
        if len(boxes) > _BOXES_MAX:
            raise Invalid(f"At most {_BOXES_MAX:,} boxes can be gathered at once.")
        return self._gathered(reference, json.dumps({"boxes": list(boxes)}).encode(), None, shape)

    def _gathered(
        self, reference: Reference, body: bytes, out: AnyArray | None,
        shape: tuple[int, ...] | None,
    ) -> AnyArray:
        if len(body) > _GATHER_BODY_BYTES_MAX:
            raise Invalid("The indices to be gathered take more than 8 MiB as text.",
                          hint="Gather fewer at once.")
        path = f"/v1/gather/{reference.path}"
        return self._received("POST", path, [("format", "raw")], reference, shape, out, body)

    def _received(
        self,
        method: str,
        path: str,
        query: Query,
        reference: Reference,
        shape: tuple[int, ...] | None,
        out: AnyArray | None,
        body: bytes | None = None,
    ) -> AnyArray:
        """Reads elements into `out` or a new array, after the answer's head says what comes."""
        result = out

        def buffer(headers: Mapping[str, str]) -> memoryview:
            nonlocal result
            if "X-Nave-Shape" not in headers or "X-Nave-Dtype" not in headers:
                raise self.no_nave("no array", path)
            with understood(f"the elements of {reference}"):
                actual = extents(json.loads(headers["X-Nave-Shape"]))
            dtype = dtype_of(headers["X-Nave-Dtype"])
            wanted = shape if out is None else out.shape
            if wanted is not None and actual != wanted:
                raise ShapeChanged(
                    f"The region of {reference} has the shape {actual}, not {wanted}.",
                    where=path, hint="The array was resized meanwhile: read it again.")
            if out is None:
                result = np.empty(actual, dtype)
            elif out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
                raise Invalid(
                    f"out must be a writable array of {dtype} in C order, not of {out.dtype}.")
            assert result is not None
            return npy.raw_bytes(result)

        with self.about(reference):
            self.transport.receive(method, path, query, buffer, body=body)
        assert result is not None, "the answer's head is seen before its body"
        return result

    # What is computed by the server.

    def statistics(self, reference: Reference, text: str = "", **parameters: str) -> Document:
        """Statistics of a region: the server's document, with NaN and infinities as words.

        Args:
            text: the slice; empty for the whole array.
            parameters: `op`, `axis`, `ddof`, `nan`, `bins`, `range`, `q`, as text.
        """
        path = f"/v1/stats/{reference.path}"
        query = [("slice", text)] if text else []
        query += list(parameters.items())
        with self.about(reference):
            answer = self.transport.request(
                "GET", path, query, timeout_seconds=_STATISTICS_SECONDS)
        return self.read_document(answer.data, f"GET {path}", _statistics_members(parameters))

    def preview(
        self, reference: Reference, timeout_seconds: float | None = None, **parameters: str
    ) -> bytes:
        """A picture of a plane, as the bytes of a PNG or JPEG file.

        Args:
            parameters: `axes`, `index`, `window`, `percentile`, `map`, `size`, `format`.
        """
        path = f"/v1/preview/{reference.path}"
        with self.about(reference):
            found = self.transport.request(
                "GET", path, list(parameters.items()), timeout_seconds=timeout_seconds).data
        if not found.startswith(_PICTURES):
            raise self.no_nave("no picture", f"GET {path}")
        return found

    def occupancy(self, reference: Reference) -> Iterator[list[int]]:
        """The coordinates of all chunks that are stored, in the grid of chunks."""
        path = f"/v1/occupancy/{reference.path}"

        def ask(cursor: str) -> tuple[list[list[int]], str | None]:
            query = [("limit", str(_OCCUPANCY_PAGE))]
            query += [("cursor", cursor)] if cursor else []
            page = self.document(
                "GET", path, reference, query, members=("grid_shape", "chunks", "next"))
            return page["chunks"], page["next"]

        for chunks in pages_of(ask, f"GET {path}"):
            yield from chunks


def _statistics_members(parameters: Mapping[str, str]) -> Members:
    """What the answer has: a member for each of the larger operations, and one for the rest."""
    operations = {word for word in parameters.get("op", "").split(",") if word}
    own = {"histogram", "percentile"}
    rest = ["statistics"] if not operations or operations - own else []
    return ("dtype", *rest, *sorted(operations & own))


def current_client(**overrides: Any) -> Client:
    """The client for what is configured now, shared by all who ask with the same configuration."""
    return client_for(current_configuration(**overrides))


@lru_cache(maxsize=64)
def client_for(configuration: Configuration) -> Client:
    """The client of a configuration."""
    return Client(Transport(configuration))
