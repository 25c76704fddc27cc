"""How arrays are opened and created: `hub.load`, `hub.array`, `hub.delete`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from hub.arrays import Array
from hub.client import Client, current_client
from hub.description import Description
from hub.errors import Conflict, Invalid, NotFound
from hub.keywords import check_keywords
from hub.reference import Reference
from hub.whole_number import extents

_BYTES_MAX = {"b": 1, "i": 8, "u": 8, "f": 8, "c": 16, "V": 1 << 20}
"""How large elements of each kind may be. Source: docs/array-api.md, "Regions"."""


def load(name: str | Reference, **settings: Any) -> Array:
    """Opens an array: `imagenet` is `library/imagenet:latest`, `ns/name@sha256:…` a commit.

    Args:
        name: `namespace/name:tag/member`; see `Reference`.
        settings: for this array alone, as for `hub.configure`; with `offline=True` no request is
            made, and what is pinned by its digest is read from the cache.

    Raises:
        NotFound: it is not there; the message says what is.
        Invalid: the name is none, or it is a group, or a keyword is unknown.
        Offline: no request may be made, and it is not pinned; the message says what is.
    """
    check_keywords(load, settings)
    client = current_client(**settings)
    reference = Reference.parse(name)
    if reference.is_immutable or client.transport.configuration.offline:
        from hub.state import describe

        return Array(client, describe(client, reference))
    return Array(client, client.describe(reference))


def delete(name: str | Reference, **settings: Any) -> None:
    """Deletes an array, a group or a version, with the commits that nothing else goes on from.

    Of what is deleted inside a group, the commits of the version stay and still hold it.

    Raises:
        NotFound: it is not there; the message says what is.
        Invalid: the name is none, or a keyword is unknown.
    """
    check_keywords(delete, settings)
    current_client(**settings).delete(Reference.parse(name))


def array(
    shape: Sequence[int] | int | None = None,
    name: str | Reference = "",
    dtype: Any = "float64",
    chunks: Sequence[int] | int | None = None,
    *,
    shards: Sequence[int] | int | None = None,
    codecs: Sequence[Mapping[str, Any]] | None = None,
    fill_value: Any = None,
    dimension_names: Sequence[str | None] | None = None,
    attributes: Mapping[str, Any] | None = None,
    dialect: str | None = None,
    compressor: Mapping[str, Any] | Literal["auto"] | None = "auto",
    order: Literal["C", "F"] | None = None,
    **settings: Any,
) -> Array:
    """Creates an array, or opens the one that is there if its shape and type agree.

    Nothing is stored until something is written, so any shape takes the same moment. The namespace
    is made if there is none. Without a shape the array must be there.

    Args:
        shape: extents per axis; 0 for an axis that is to grow.
        name: `namespace/name:tag`.
        dtype: a type of NumPy, or `bfloat16`.
        chunks: extents of a chunk; chosen by the server if not given.
        shards: extents of a stored object that holds many chunks.
        codecs: as in `zarr.json`.
        fill_value: the value of what is not written; 0 if not given.
        dimension_names, attributes: for the array's metadata.
        dialect: `zarr3` (if not given), `zarr2` or `hub0`.
        compressor: of `zarr2` alone, as in `.zarray`; `None` stores chunks as they are.
        order: of `zarr2` alone, how elements lie in a chunk; `C` if not given.
        settings: for this array alone, as for `hub.configure`.

    Raises:
        Conflict: the name has an array of another shape or type.
        Invalid: the shape, type or something else is not possible, or a keyword is unknown.
        Denied: the keys may not create it.
    """
    check_keywords(array, settings)
    if not name:
        raise Invalid("An array needs a name.",
                      hint='Write hub.array(shape, name="namespace/name:tag").')
    if shape is None:
        return load(name, **settings)
    reference = Reference.parse(name)
    members = {
        "shape": _shape(shape), "dtype": type_name(dtype),
        "chunks": None if chunks is None else extents(chunks),
        "shards": None if shards is None else extents(shards),
        "codecs": codecs, "fill_value": _json_fill(fill_value),
        "dimension_names": dimension_names, "attributes": attributes, "dialect": dialect,
        "order": order,
    }
    specification = {name: value for name, value in members.items() if value is not None}
    if compressor != "auto":
        specification["compressor"] = compressor
    client = current_client(**settings)
    return Array(client, _created_or_opened(client, reference, specification))


def _shape(shape: Any) -> list[int]:
    """The extents of an array; who gives its elements instead is told how they are written."""
    try:
        return extents(shape)
    except Invalid as error:
        if len(getattr(shape, "shape", ())) > 1:
            error.hint = (
                "An array is made by its shape and then written: hub.array(values.shape, name=…,"
                " dtype=values.dtype)[...] = values.")
        raise


def _created_or_opened(
    client: Client, reference: Reference, specification: Mapping[str, Any]
) -> Description:
    try:
        try:
            return client.create_array(reference, specification)
        except NotFound as error:
            if error.code != "namespace_missing":
                raise
            client.create_namespace(reference.namespace)
            return client.create_array(reference, specification)
    except Conflict as error:
        if error.code != "array_exists":
            raise
    found = client.describe(reference)
    wanted = (tuple(specification["shape"]), np.dtype(_comparable(specification["dtype"])))
    if found.kind == "array" and (found.shape, found.dtype) == wanted:
        return found
    there = f"{found.shape} of {found.data_type}" if found.kind == "array" else f"a {found.kind}"
    raise Conflict(
        f"{reference} is there already: {there}; asked for was {wanted[0]} of"
        f" {specification['dtype']}.",
        hint="Open it with hub.load, choose another tag, or delete it.", code="array_exists")


def type_name(dtype: Any) -> str:
    """A type as the server takes it: NumPy's name, or with the order of bytes if it is not ours.

    Raises:
        Invalid: it is no type, or one whose elements no array has, such as texts and records.
    """
    if isinstance(dtype, str) and dtype == "bfloat16":
        return dtype
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise Invalid(f"{dtype!r} is no type of elements: {error}.") from None
    # The server would take a record for raw bits, without its fields.
    if found.names is not None or found.itemsize > _BYTES_MAX.get(found.kind, -1):
        raise Invalid(
            f"No array has elements of type {found}.",
            hint="Booleans, whole numbers, floats and complex numbers can be kept, and raw bits"
            " (V4); dates as int64, records as an array for each field.")
    is_plain = found.isnative and found.kind in "biufc"
    return str(found.name if is_plain else found.str)


def _comparable(name: str) -> str:
    return "V2" if name == "bfloat16" else np.dtype(name).newbyteorder("=").str


def _json_fill(value: Any) -> Any:
    """A fill value in the JSON of Zarr: NaN and infinities as words, complex numbers as pairs."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (complex, np.complexfloating)):
        return [_json_fill(value.real), _json_fill(value.imag)]
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return "NaN" if np.isnan(plain) else "Infinity" if plain > 0 else "-Infinity"
    return plain
