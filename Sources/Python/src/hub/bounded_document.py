"""Documents of arrays with codecs that keep within bounds, for zarr-python to open.

Stored documents may be anybody's, and zarr-python undoes whatever codecs they name, to however
much comes out. So it is given documents that name `bounded_codecs` instead: for the codecs of
`decoding` the same with how much each may make, and for others one that refuses every chunk.

Invariant: what is stored is not changed, nor what the cache keeps of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from hub.bounded_codecs import BOUNDED, BYTE_STRINGS, REFUSED, SHARDING, TEXTS
from hub.compression import step_of
from hub.decoding import MALFORMED, Chain, Codec, ElementType
from hub.errors import Invalid
from hub.metadata import ArrayMetadata
from hub.zarr_elements import VARIABLE, UnknownCodec

Document = dict[str, Any]
Result = TypeVar("Result")

_TEXT_TYPES = {
    "string": TEXTS, "bytes": BYTE_STRINGS, "variable_length_bytes": BYTE_STRINGS,
}
"""Types without a fixed size, as zarr-python names them."""

_VERSION_2 = frozenset({"compressor", "filters"})
"""The members by which an array of version 2 names its codecs."""


def bounded_document(document: Mapping[str, Any]) -> Document:
    """Any document of arrays or groups, of either version, with what it tells of those below it.

    What zarr-python takes for an array, and of which version, it decides by one member here and by
    another there, and it merges documents of one path. So whatever names codecs is bounded, in the
    way of each version whose members it has, wherever it stands.
    """
    bounded = dict(document)
    if document.get("node_type") == "array" or "codecs" in document:
        bounded |= _members(document)
    if _VERSION_2 & document.keys() or (document.get("zarr_format") == 2 and "shape" in document):
        bounded |= _members_of_version_2(document)
    told, below = document.get("consolidated_metadata"), document.get("metadata")
    if isinstance(told, Mapping):
        bounded["consolidated_metadata"] = bounded_document(told)
    if isinstance(below, Mapping):
        bounded["metadata"] = {
            path: bounded_document(member) if isinstance(member, Mapping) else member
            for path, member in below.items()}
    return bounded


def stored_bytes_max(document: Mapping[str, Any]) -> int:
    """How long a chunk of an array is stored at most, by its document of either version; 0 if no
    chunk of it is read."""
    chain = _chain_of_version_2 if document.get("zarr_format") == 2 else _chain
    return _unless_refused(lambda: chain(document).stored_bytes_max, lambda _: 0)


def _members(document: Mapping[str, Any]) -> Document:
    """What takes the place of an array's codecs."""
    return _unless_refused(
        lambda: {"codecs": _bounded(_chain(document), document["codecs"])},
        lambda reason: {"codecs": [
            _serializer(document), {"name": REFUSED, "configuration": {"reason": reason}}]})


def _serializer(document: Mapping[str, Any]) -> Document:
    """One that zarr-python opens an array of such elements with."""
    texts = _TEXT_TYPES.get(str(document.get("data_type")))
    return {"name": texts} if texts else {"name": "bytes", "configuration": {"endian": "little"}}


def _chain(document: Mapping[str, Any]) -> Chain:
    metadata = ArrayMetadata.parse(json.dumps(document).encode())
    return Chain(metadata.chunk_shape, ElementType.of(metadata), document["codecs"])


def _bounded(chain: Chain, codecs: Sequence[Codec]) -> list[Document]:
    """Codecs in the place of those that a chain undoes: the last ones, and what makes bytes."""
    count = len(codecs) - len(chain.limits)
    *filters, serializer = codecs[:count]
    bounded = [
        {"name": BOUNDED, "configuration": {
            "codec": _named_alone(codec), "bytes_max": limit, "chunk_bytes": chain.chunk_bytes,
            "element_bytes": chain.element_bytes}}
        for codec, limit in zip(codecs[count:], chain.limits, strict=True)]
    if chain.inner is not None:
        options = serializer["configuration"]
        inner = _bounded(chain.inner, options["codecs"])
        serializer = {"name": SHARDING, "configuration": {**options, "codecs": inner}}
    elif serializer["name"] in VARIABLE:
        serializer = {"name": f"hub.{serializer['name']}"}
    return [*map(dict, filters), dict(serializer), *bounded]


def _named_alone(codec: Codec) -> Document:
    """A codec without what would choose another one of numcodecs."""
    options = {
        name: value for name, value in (codec.get("configuration") or {}).items() if name != "id"}
    return {"name": codec["name"], "configuration": options}


def _members_of_version_2(document: Mapping[str, Any]) -> Document:
    """What takes the place of an array's compressor and filters."""

    def bounded() -> Document:
        chain, codecs = _chain_of_version_2(document), _codecs_of_version_2(document)
        count = len(codecs) - len(chain.limits)
        compressions = [
            {"id": BOUNDED, "codec": codec, "bytes_max": limit,
             "element_bytes": chain.element_bytes}
            for codec, limit in zip(codecs[count:], chain.limits, strict=True)]
        compressor = compressions.pop() if document.get("compressor") else None
        filters = [*(document.get("filters") or ())[:count - 1], *compressions]
        return {"compressor": compressor, "filters": filters or None}

    return _unless_refused(
        bounded,
        lambda reason: {"compressor": {"id": REFUSED, "reason": reason}, "filters": None})


def _chain_of_version_2(document: Mapping[str, Any]) -> Chain:
    kind = ElementType({}, np.dtype(document["dtype"]), 0, is_plain=True)
    return Chain(tuple(map(int, document["chunks"])), kind, _codecs_of_version_2(document))


def _codecs_of_version_2(document: Mapping[str, Any]) -> list[Codec]:
    """The filters and the compressor by their names in version 3, and between them `bytes`.

    Source: Zarr storage specification version 2, "Metadata".
    """
    stored = [*(document.get("filters") or ()), document.get("compressor")]
    named: list[Document] = [
        {"name": f"numcodecs.{codec['id']}",
         "configuration": {name: value for name, value in codec.items() if name != "id"}}
        for codec in stored if codec]
    count = next((number for number, one in enumerate(named) if _makes_bytes(one)), len(named))
    return [*named[:count], {"name": "bytes"}, *named[count:]]


def _makes_bytes(codec: Codec) -> bool:
    return step_of(codec["name"], codec["configuration"], 1) is not None


def _unless_refused(
    bounded: Callable[[], Result], refused: Callable[[str], Result]
) -> Result:
    """What is made of a document's codecs, or of the reason why they are not read."""
    try:
        return bounded()
    except UnknownCodec as error:
        return refused(f"it has a codec that is not read here, {error}")
    except Invalid as error:
        return refused(error.what.rstrip("."))
    except MALFORMED as error:
        return refused(f"its codecs or its type are not understood: {error}")
