"""How arrays look: in a notebook, in a terminal, in a file."""

from __future__ import annotations

import base64
import dataclasses
import html
import importlib
import os
import pathlib
import shutil
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.errors import HubError, Invalid
from hub.files.replacement import written_file
from hub.picture import Pixels, averaged, colours_of, decode_png, drawn, encode_png, fitted
from hub.plane import Plane, plane_of

if TYPE_CHECKING:
    from hub.arrays import Array

THUMBNAIL_SECONDS = 2.0
THUMBNAIL_PIXELS = 160
PICTURE_PIXELS = 512
REGION_BYTES_MAX = 64 << 20


@dataclass(frozen=True)
class Look:
    """How a picture is made.

    `window` are the values that become black and white; without one they are percentiles 1 and 99,
    or the type's range for uint8 and bool. `map` is one of gray, viridis, magma, inferno, turbo.
    `size` is the longest side in pixels. `axes` are rows and columns.
    """

    window: tuple[float, float] | None = None
    percentile: tuple[float, float] | None = None
    map: str | None = None
    size: int | None = None
    axes: tuple[int, int] | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """What the server is told of it."""
        asked = {}
        for name, pair in (("window", self.window), ("percentile", self.percentile)):
            if pair is not None:
                asked[name] = f"{pair[0]:.17g},{pair[1]:.17g}"
        if self.map is not None:
            asked["map"] = self.map
        if self.size is not None:
            asked["size"] = str(self.size)
        return asked


def picture(array: Array, index: Any = (), look: Look | None = None, form: str = "png") -> bytes:
    """A picture of a plane or a part of one, as the bytes of a PNG or JPEG file.

    A whole plane is made by the server, from what it keeps of it. Of a part, the elements are read,
    at most 64 MiB of them, and the picture is grey or RGB.

    Args:
        index: as in the array's brackets; axes that are not named are shown at their middle.
        form: `png` or `jpeg`.

    Raises:
        Invalid: the index leaves no picture.
        OutOfRange: a place is outside.
    """
    look = look or Look()
    return array.asking_again(lambda _: _picture(array, index, look, form))


def _picture(array: Array, index: Any, look: Look, form: str) -> bytes:
    plane = plane_of(array.shape, array.dtype, index, look.axes)
    if plane is not None:
        return array.client.preview(
            array.reference, None, **plane.parameters, **look.parameters, format=form)
    if form != "png" or look.map not in (None, "gray") or look.axes is not None:
        raise Invalid("A part of a plane is shown as a grey or RGB PNG alone.",
                      hint="Leave out map, axes and .jpg, or show a whole plane.")
    return encode_png(_part_pixels(array, index, look))


def _part_pixels(array: Array, index: Any, look: Look) -> Pixels:
    part = array.lazy[index]
    size = int(np.prod(part.shape)) * part.dtype.itemsize
    if size > REGION_BYTES_MAX:
        raise Invalid(
            f"This part has {size / 1e6:.0f} MB, too many for a picture.",
            hint="Take steps, such as ::4, or show the whole plane.")
    plane: np.ndarray[Any, Any] = np.asarray(part[...]).squeeze()
    is_coloured = plane.dtype == np.uint8 and plane.ndim == 3 and plane.shape[2] in (3, 4)
    if plane.ndim != 2 and not is_coloured or plane.dtype.kind not in "biuf" or not plane.size:
        raise Invalid(
            f"A picture needs two axes of numbers; this is {plane.dtype} of {plane.shape}.")
    if look.size is not None:
        longest = max(plane.shape[:2])
        scale = min(1.0, look.size / longest)
        plane = averaged(plane, *(max(1, round(side * scale)) for side in plane.shape[:2]))
    if is_coloured:
        colours: Pixels = np.rint(plane).astype(np.uint8)
        return colours
    low, high = _window(plane, part.dtype, look)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.clip((plane - low) / (high - low), 0, 1) if high != low else plane * 0.0
    grey: Pixels = np.rint(np.nan_to_num(level) * 255).astype(np.uint8)[..., np.newaxis]
    return grey


def _window(
    plane: np.ndarray[Any, Any], dtype: np.dtype[Any], look: Look,
) -> tuple[float, float]:
    if look.window is not None:
        return look.window
    if look.percentile is None and dtype in (np.dtype("u1"), np.dtype(bool)):
        return (0.0, 255.0 if dtype == np.uint8 else 1.0)
    finite = plane[np.isfinite(plane)]
    low, high = np.percentile(finite, look.percentile or (1, 99)) if finite.size else (0, 1)
    return float(low), float(high)


def show(
    array: Array, index: Any = (), file: str | os.PathLike[str] | None = None, *,
    window: tuple[float, float] | None = None, percentile: tuple[float, float] | None = None,
    map: str | None = None, size: int | None = None, axes: tuple[int, int] | None = None,
) -> None:
    """Shows a picture of the array: in the notebook, in the terminal, or in a file.

    Args:
        index: as in the array's brackets, `(98,)` or `np.s_[98, :, ::2]`; the middle without.
        file: a `.png` or `.jpg` to write instead.
        window: the values that become black and white.
        percentile: the same by percentiles of the picture's values.
        map: `gray`, `viridis`, `magma`, `inferno` or `turbo`.
        size: the longest side, in pixels.
        axes: which axes are rows and columns.

    Raises:
        Invalid: there is no such picture.
    """
    look = Look(window, percentile, map, size, axes)
    if file is not None:
        path = pathlib.Path(file)
        form = picture_form(path)
        with written_file(path) as output:
            output.write(picture(array, index, look, form))
    elif _is_notebook():
        notebook = importlib.import_module("IPython.display")
        notebook.display(notebook.Image(data=picture(array, index, look)))
    else:
        sys.stdout.write(terminal_picture(array, index, look))


def picture_form(path: pathlib.Path) -> str:
    """The form that a file's name asks for.

    Raises:
        Invalid: it is neither PNG nor JPEG.
    """
    forms = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
    if path.suffix.lower() not in forms:
        raise Invalid(f"{path} is no .png or .jpg.", hint="Choose one of the two.")
    return forms[path.suffix.lower()]


def terminal_picture(array: Array, index: Any, look: Look) -> str:
    """Text that shows the picture in this terminal, at most as wide and high as it is."""
    columns, lines = shutil.get_terminal_size((80, 24))
    lines = max(1, lines - 2)
    plane = array.asking_again(lambda _: plane_of(array.shape, array.dtype, index, look.axes))
    if look.size is None:
        longest = _terminal_pixels(array.shape, plane, columns, lines)
        look = dataclasses.replace(look, size=min(longest, 4096))
    pixels = decode_png(picture(array, index, look))
    return drawn(fitted(pixels, columns, lines), colours_of(os.environ, sys.stdout.isatty()))


def _terminal_pixels(
    shape: tuple[int, ...], plane: Plane | None, columns: int, lines: int,
) -> int:
    """The longest side of the picture to ask for.

    The server makes pictures smaller by whole numbers alone, so twice what fits is asked for, and
    fitted here.
    """
    if plane is None:
        return max(columns, 2 * lines)
    height, width = max(1, shape[plane.rows]), max(1, shape[plane.columns])
    scale = min(columns / width, 2 * lines / height, 1.0)
    return max(1, min(int(2 * max(height, width) * scale), max(height, width)))


def _is_notebook() -> bool:
    """Whether this runs in a notebook, which shows pictures."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return shell is not None and hasattr(shell, "kernel")


def represent_html(array: Array) -> str:
    """A table of what the array is, with a thumbnail; never fails, waits two seconds at most."""
    description = array.description
    rows = [
        ("shape", " × ".join(f"{extent:,}" for extent in description.shape) or "none"),
        ("type", description.data_type),
        ("chunks", " × ".join(map(str, description.chunk_shape))),
        ("stored", f"{description.chunks_stored:,} of {description.chunks_total:,} chunks, "
                   f"{bytes_text(description.bytes_stored)}"),
    ]
    if description.dimension_names:
        rows.insert(1, ("axes", ", ".join(name or "–" for name in description.dimension_names)))
    table = "".join(
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{html.escape(value)}</td></tr>' for name, value in rows)
    return (
        f'<div style="display:flex;gap:1em;align-items:flex-start"><div>'
        f"<strong>{html.escape(str(array.reference))}</strong><table>{table}</table></div>"
        f"{_thumbnail(array)}</div>")


def _thumbnail(array: Array) -> str:
    """The thumbnail's element, or nothing if there is no picture within the time."""
    found: list[bytes] = []

    def ask() -> None:
        try:
            plane = plane_of(array.shape, array.dtype)
            if plane is not None:
                found.append(_impatient_client(array).preview(
                    array.reference, THUMBNAIL_SECONDS, size=str(THUMBNAIL_PIXELS)))
        except (HubError, OSError):
            return  # A picture is an extra: without one the table says what there is.

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(THUMBNAIL_SECONDS)
    if not found:
        return ""
    text = base64.b64encode(found[0]).decode()
    return (f'<img alt="{html.escape(str(array.reference))}" '
            f'style="image-rendering:pixelated;max-width:{THUMBNAIL_PIXELS}px" '
            f'src="data:image/png;base64,{text}">')


def _impatient_client(array: Array) -> Any:
    """The array's client, but one that asks once."""
    from hub.client import client_for

    configuration = array.client.transport.configuration
    return client_for(dataclasses.replace(
        configuration, retries=0, timeout_seconds=THUMBNAIL_SECONDS))


def bytes_text(count: int) -> str:
    """A number of bytes with three digits: `1.23 GB`."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} EB"
