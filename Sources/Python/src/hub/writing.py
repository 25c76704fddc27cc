"""How values are assigned to a selection: at one moment, and without losing what others write.

One request is atomic on the server, and takes a box, or a list of indices along one axis. What takes
several goes into a draft of the version, which is committed as a whole; if others changed the same
chunks meanwhile, it is begun anew. Arrays that are plain keys, and so have no versions, are written
piece by piece.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hub import bfloat16
from hub.client import Client, ShapeChanged
from hub.contention import attempts
from hub.description import Description
from hub.errors import Conflict, HubError, Invalid
from hub.listed_pieces import (
    Piece,
    axes_of_runs,
    listed_pieces,
    one_list,
    product_of_runs,
    run_count,
    unrepeated,
)
from hub.npy import AnyArray
from hub.point_selection import PointSelection
from hub.pool import worked
from hub.reading import read_box
from hub.reference import Reference
from hub.selection import Selection
from hub.version_requests import VERSION_MEMBERS, CommitUnknown

REQUEST_BYTES_MAX = 64 << 20
"""What one request carries where several are needed; the server takes 256 MiB."""
_SINGLE_BYTES_MAX = 256 << 20
_SINGLE_CHUNKS_MAX = 16_000
_SINGLE_DECODED_BYTES_MAX = 8 << 30
_RUNS_MAX = 64
_PIECES_MAX = 100_000
_PARALLEL_REQUESTS = 4
_SLICE_REFUSED = "slice_invalid"

_LOOK_AGAIN_SECONDS = 600.0
_without_lists: dict[str, float] = {}
"""When servers refused a list, by their endpoints: older ones write none."""


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
    first = list(itertools.islice(_pieces(description, selection, values), 2))
    if len(first) == 1:
        _write_piece(client, description.reference, first[0])
        return
    listed = _list_of_one_request(description, selection, values)
    if listed is not None and _is_list_written(client, description.reference, listed):
        return
    _write_together(client, description, selection, values)


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


def _pieces(
    description: Description, selection: Selection | PointSelection, values: AnyArray
) -> Iterator[Piece]:
    """The selection in pieces that one request takes, in the order of the first axes."""
    if isinstance(selection, PointSelection) or selection.lists:
        for piece, box in listed_pieces(selection, values):
            yield from _fitting(description, piece, box)
    elif selection.is_plain and _is_single(description, selection):
        yield selection, values
    else:
        box = selection.unarranged(np.broadcast_to(values, selection.shape))
        yield from _split(description, Selection.of(selection.extents, selection.picks), box)


def _list_of_one_request(
    description: Description, selection: Selection | PointSelection, values: AnyArray
) -> Piece | None:
    """A selection as one piece, if it has one list and a request takes all of it."""
    if isinstance(selection, PointSelection) or len(selection.lists) != 1:
        return None
    is_taken = (
        selection.text is not None and _is_single(description, selection)
        and run_count(selection, description.chunk_shape) <= _SINGLE_CHUNKS_MAX)
    return one_list(selection, values) if is_taken else None


def _is_list_written(client: Client, reference: Reference, piece: Piece) -> bool:
    """Writes a piece with a list, unless the server takes none."""
    endpoint = client.transport.configuration.endpoint
    refused = _without_lists.get(endpoint)
    if refused is not None and time.monotonic() < refused + _LOOK_AGAIN_SECONDS:
        return False
    try:
        _write_piece(client, reference, piece)
    except Invalid as error:
        if error.code != _SLICE_REFUSED:
            raise
        _without_lists[endpoint] = time.monotonic()
        return False
    return True


def _fitting(description: Description, selection: Selection, box: AnyArray) -> Iterator[Piece]:
    """A box of ranges as it is if one request takes it, else in parts."""
    if _is_single(description, selection):
        yield selection, box
    else:
        yield from _split(description, selection, box)


def _check_count(description: Description, selection: Selection | PointSelection) -> None:
    """Refuses what takes too many requests, by the boxes alone, before the first is sent.

    Raises:
        Invalid: there are more than `_PIECES_MAX`.
    """
    hint = "Assign to slices, or to a version, where it is done in one draft."
    boxes: Iterator[Selection]
    if isinstance(selection, PointSelection):
        least: float = selection.run_count
        boxes = (piece for piece, _ in selection.runs())
    elif selection.lists:
        axes = axes_of_runs(selection)
        least = math.prod(map(len, axes))
        boxes = (Selection.of(selection.extents, picks) for picks, _ in product_of_runs(axes))
    else:
        shares = _shares_of_limits(description, selection)
        # What is halved has a quarter of one limit at least.
        if 1 + 4 * sum(shares) <= _PIECES_MAX:
            return
        least = max(shares)
        boxes = iter([Selection.of(selection.extents, selection.picks)])
        hint = "Assign to one part of it after the other."
    if least > _PIECES_MAX or _is_longer(_boxes(description, boxes), _PIECES_MAX):
        raise Invalid(f"The assignment takes more than {_PIECES_MAX:,} requests.", hint=hint)


def _shares_of_limits(description: Description, selection: Selection) -> tuple[float, ...]:
    """How much of each limit of a request a selection takes; of none, a request takes more."""
    item = description.dtype.itemsize
    chunks = selection.chunk_count(description.chunk_shape)
    decoded = chunks * math.prod(description.chunk_shape) * item
    return (selection.size * item / REQUEST_BYTES_MAX, chunks / _SINGLE_CHUNKS_MAX,
            decoded / _SINGLE_DECODED_BYTES_MAX)


def _boxes(description: Description, boxes: Iterator[Selection]) -> Iterator[Piece]:
    """The pieces of boxes, with nothing in them."""
    nothing = np.empty((), description.dtype)
    for box in boxes:
        yield from _fitting(description, box, np.broadcast_to(nothing, box.box_shape))


def _is_longer(items: Iterator[Any], count: int) -> bool:
    return sum(1 for _ in itertools.islice(items, count + 1)) > count


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


def _write_piece(client: Client, reference: Reference, piece: Piece) -> None:
    selection, values = piece
    text = selection.text
    assert text is not None, "pieces have no long lists"
    client.write_region(reference, text, unrepeated(values))


def _write_together(
    client: Client, description: Description, selection: Selection | PointSelection,
    values: AnyArray,
) -> None:
    """Writes several pieces at one moment, if the array is in a version."""
    reference = description.reference
    if reference.is_draft or not _has_version(client, reference):
        _write_all(client, description, selection, values)
        return
    for is_last in attempts():
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
            is_in_the_way = isinstance(error, Conflict) and not isinstance(error, ShapeChanged)
            if is_last or not is_in_the_way:
                raise


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
        _write_all(client, description, selection, values)
        return
    bounds = selection.bounds
    is_many = _is_longer(listed_pieces(selection, values), _RUNS_MAX)
    if not is_many or not _is_single(description, bounds):
        _write_all(client, description, selection, values)
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


def _write_all(
    client: Client, description: Description, selection: Selection | PointSelection,
    values: AnyArray,
) -> None:
    """Writes pieces, several at once, with no more of them in memory.

    Raises:
        Invalid: it takes too many requests, of which none was sent.
    """
    _check_count(description, selection)
    for _ in worked(lambda piece: _write_piece(client, description.reference, piece),
                    _pieces(description, selection, values), _PARALLEL_REQUESTS):
        pass
