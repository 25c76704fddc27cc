"""How values are assigned to a selection: at one moment, and without losing what others write.

One request is atomic on the server. What takes several goes into a draft of the version, which is
committed as a whole; if others changed the same chunks meanwhile, it is begun anew. Arrays that are
plain keys, and so have no versions, are written piece by piece.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hub import bfloat16
from hub.client import Client
from hub.description import Description
from hub.errors import Conflict, HubError, Invalid
from hub.npy import AnyArray
from hub.point_selection import PointSelection
from hub.pool import worked
from hub.reading import read_box
from hub.reference import Reference
from hub.selection import Pick, Selection
from hub.version_requests import VERSION_MEMBERS, CommitUnknown

REQUEST_BYTES_MAX = 64 << 20
"""What one request carries where several are needed; the server takes 256 MiB."""
_SINGLE_BYTES_MAX = 256 << 20
_SINGLE_CHUNKS_MAX = 16_000
_SINGLE_DECODED_BYTES_MAX = 8 << 30
_RUNS_MAX = 64
_PIECES_MAX = 100_000
_PARALLEL_REQUESTS = 4
_ATTEMPTS = 10
_PAUSE_SECONDS = 0.02

Piece = tuple[Selection, AnyArray]


def write(
    client: Client, description: Description, selection: Selection | PointSelection, value: Any
) -> None:
    """Assigns a value to a selection, broadcast to its shape as in NumPy.

    Raises:
        Invalid: the value cannot be cast or broadcast.
        Conflict: others kept changing the same chunks, see `conflicts`.
    """
    values = converted(value, description.dtype, selection.shape)
    if selection.size == 0:
        return
    if isinstance(selection, Selection) and not selection.lists:
        pieces = _box_pieces(description, selection, values)
    else:
        pieces = _listed_pieces(selection, values)
    first = list(itertools.islice(pieces, 2))
    if len(first) == 1:
        _write_piece(client, description.reference, first[0])
        return
    _write_together(client, description, selection, values, itertools.chain(first, pieces))


def elements(value: Any, dtype: np.dtype[Any]) -> AnyArray:
    """A value as an array of a type, cast as NumPy's assignment casts it.

    Arrays and NumPy's scalars are cast whatever they hold; Python's numbers must fit the type.

    Raises:
        Invalid: the value cannot be cast.
    """
    try:
        if dtype == bfloat16.DTYPE:
            return bfloat16.rounded(np.asarray(value))
        return np.asarray(value, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"The value cannot be made elements of {dtype}: {error}.") from None


def converted(value: Any, dtype: np.dtype[Any], shape: Sequence[int]) -> AnyArray:
    """A value as `elements` of a type that can be broadcast to a shape.

    Raises:
        Invalid: the value cannot be cast or broadcast.
    """
    values = elements(value, dtype)
    # As in NumPy's assignment, axes of extent 1 in front do not count.
    while values.ndim > len(shape) and values.shape[0] == 1:
        values = values[0]
    try:
        np.broadcast_to(values, tuple(shape))
    except ValueError:
        raise Invalid(
            f"A value of the shape {values.shape} cannot be broadcast to {tuple(shape)}, the shape"
            " of what it is assigned to.") from None
    return values


def _box_pieces(
    description: Description, selection: Selection, values: AnyArray
) -> Iterator[Piece]:
    """The selection in pieces that one request takes, in the order of the first axes."""
    if selection.is_plain and _is_single(description, selection):
        yield selection, values
        return
    box = selection.unarranged(np.broadcast_to(values, selection.shape))
    yield from _split(description, Selection.of(selection.extents, selection.picks), box)


def _is_single(description: Description, selection: Selection, limit: int = 0) -> bool:
    chunks = selection.chunk_count(description.chunk_shape)
    item = description.dtype.itemsize
    decoded = chunks * math.prod(description.chunk_shape) * item
    return (selection.size * item <= (limit or _SINGLE_BYTES_MAX)
            and chunks <= _SINGLE_CHUNKS_MAX and decoded <= _SINGLE_DECODED_BYTES_MAX)


def _split(description: Description, selection: Selection, box: AnyArray) -> Iterator[Piece]:
    """Halves a selection at chunk bounds until one request takes each part."""
    if selection.size <= 1 or _is_single(description, selection, REQUEST_BYTES_MAX):
        yield selection, box
        return
    axis, box_axis, cut = _cut(description, selection)
    pick = selection.picks[axis]
    assert isinstance(pick, range)
    front = np.moveaxis(box, box_axis, 0)
    for part, values in ((pick[:cut], front[:cut]), (pick[cut:], front[cut:])):
        yield from _split(
            description, selection.with_pick(axis, part), np.moveaxis(values, 0, box_axis))


def _cut(description: Description, selection: Selection) -> tuple[int, int, int]:
    """Where to halve: the axis, its place in the box, and how many of its elements go first."""
    axes = [axis for axis, pick in enumerate(selection.picks) if isinstance(pick, range)]
    chunks = description.chunk_shape

    def chunk_count(axis: int) -> float:
        return len(selection.picks[axis]) / chunks[axis]  # type: ignore[arg-type]

    # The first axis of several chunks, so that pieces are long runs; else the longest.
    longest = max(axes, key=lambda one: len(selection.picks[one]))  # type: ignore[arg-type]
    axis = next((axis for axis in axes if chunk_count(axis) > 1), longest)
    pick = selection.picks[axis]
    assert isinstance(pick, range)
    half = len(pick) // 2
    if pick.step > 0 and (bound := pick[half] // chunks[axis] * chunks[axis]) > pick.start:
        half = -(-(bound - pick.start) // pick.step)
    return axis, axes.index(axis), half


def _listed_pieces(selection: Selection | PointSelection, values: AnyArray) -> Iterator[Piece]:
    """A selection with lists as boxes of ranges; of what is named twice the last counts."""
    whole = np.broadcast_to(values, selection.shape)
    if isinstance(selection, PointSelection):
        stack = selection.unarranged(whole)
        for piece, run in selection.runs():
            yield piece, selection.run_values(stack, run)
        return
    box = selection.unarranged(whole)
    for picks, places in _product_of_runs(selection):
        yield Selection.of(selection.extents, picks), box[np.ix_(*places)] if places else box


def _product_of_runs(selection: Selection) -> Iterator[tuple[list[Pick], list[AnyArray]]]:
    """Boxes of ranges for a selection with lists, and their places in its box per box axis."""
    axes: list[list[tuple[Pick, AnyArray | None]]] = []
    for pick in selection.picks:
        if isinstance(pick, np.ndarray):
            axes.append(list(_runs(pick)))
        else:
            axes.append([(pick, None if isinstance(pick, int) else np.arange(len(pick)))])
    for combination in itertools.product(*axes):
        yield ([pick for pick, _ in combination],
               [places for _, places in combination if places is not None])


def _runs(pick: AnyArray) -> Iterator[tuple[Pick, AnyArray]]:
    unique, reverse = np.unique(pick[::-1], return_index=True)
    places = len(pick) - 1 - reverse
    ends = np.flatnonzero(np.diff(unique) != 1) + 1
    for indices, where in zip(np.split(unique, ends), np.split(places, ends), strict=True):
        yield range(int(indices[0]), int(indices[-1]) + 1), where


def _write_piece(client: Client, reference: Reference, piece: Piece) -> None:
    selection, values = piece
    text = selection.text
    assert text is not None, "pieces have no lists"
    client.write_region(reference, text, _unrepeated(values))


def _unrepeated(values: AnyArray) -> AnyArray:
    """Values without what is only repeated along an axis: the server repeats it again."""
    return values[tuple(
        slice(1) if stride == 0 and extent > 1 else slice(None)
        for extent, stride in zip(values.shape, values.strides, strict=True)
    )]


def _write_together(
    client: Client, description: Description, selection: Selection | PointSelection,
    values: AnyArray, pieces: Iterator[Piece],
) -> None:
    """Writes several pieces at one moment, if the array is in a version."""
    reference = description.reference
    if reference.is_draft or not _has_version(client, reference):
        _write_all(client, description, pieces)
        return
    for attempt in range(_ATTEMPTS):
        made = client.create_draft(reference)
        draft = Reference.parse(made["reference"])
        inside = replace(draft, member=reference.member)
        try:
            _write_in_draft(client, replace(description, reference=inside), selection, values)
            client.commit(draft, f"Assign to {reference}", made["opened"])
            return
        except CommitUnknown:
            # Others who assigned at the same time have the same message; all of them are in.
            return
        except BaseException as error:
            _discard(client, draft)
            if not isinstance(error, Conflict) or attempt == _ATTEMPTS - 1:
                raise
        # Those who got into each other's way try again at different moments.
        time.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))


def _has_version(client: Client, reference: Reference) -> bool:
    """Whether an array is in a version, of which drafts can be made, and not plain keys."""
    if reference.digest is not None:
        return False
    path = f"/v1/versions/{reference.version.path}"
    try:
        client.document("GET", path, members=VERSION_MEMBERS)
    except LookupError:
        return False
    return True


def _discard(client: Client, draft: Reference) -> None:
    try:
        client.discard_draft(draft)
    except HubError:
        # It is gone already, or goes by itself after a week.
        pass


def _write_in_draft(
    client: Client, description: Description, selection: Selection | PointSelection,
    values: AnyArray,
) -> None:
    """Writes into a draft, where nobody else does: many small pieces as the box around them."""
    if isinstance(selection, Selection) and not selection.lists:
        _write_all(client, description, _box_pieces(description, selection, values))
        return
    pieces = _listed_pieces(selection, values)
    first = list(itertools.islice(pieces, _RUNS_MAX + 1))
    bounds = selection.bounds
    if len(first) <= _RUNS_MAX or not _is_single(description, bounds):
        _write_all(client, description, itertools.chain(first, pieces))
        return
    region = read_box(client, description, bounds)
    whole = np.broadcast_to(values, selection.shape)
    if isinstance(selection, PointSelection):
        front = selection.points_in_front(region)
        front[selection.index_within(bounds)] = selection.unarranged(whole)
    else:
        _assign_lists(region, selection, bounds, selection.unarranged(whole))
    client.write_region(description.reference, bounds.text or "", region)


def _assign_lists(
    region: AnyArray, selection: Selection, bounds: Selection, box: AnyArray
) -> None:
    lists: list[AnyArray] = []
    for pick, edge in zip(selection.picks, bounds.picks, strict=True):
        if isinstance(pick, np.ndarray) and isinstance(edge, range):
            lists.append(pick - edge.start)
        elif isinstance(pick, range):
            lists.append(np.arange(len(pick)))
    region[np.ix_(*lists)] = box


def _write_all(client: Client, description: Description, pieces: Iterator[Piece]) -> None:
    """Writes pieces, several at once, with no more of them in memory."""
    written = worked(
        lambda piece: _write_piece(client, description.reference, piece), pieces,
        _PARALLEL_REQUESTS)
    for count, _ in enumerate(written, start=1):
        if count > _PIECES_MAX:
            raise Invalid(
                f"The assignment takes more than {_PIECES_MAX:,} requests.",
                hint="Assign to slices, or to a version, where it is done in one draft.")
