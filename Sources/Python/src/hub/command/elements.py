"""Commands about elements: `get`, `show`, `stats`."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

import hub
from hub.command import words
from hub.command.output import print_json, print_lines, say
from hub.display import Look, bytes_text, picture, picture_form, terminal_picture
from hub.errors import Invalid
from hub.files.replacement import written_file
from hub.transfer.pull import pull

PRINTED_BYTES_MAX = 64 << 20
FORMS = ("text", "npy", "raw", "json", "csv", "png")
SERVER_SUFFIXES = {".csv": "csv", ".json": "json", ".raw": "raw", ".bin": "raw", ".png": "png"}


def add_verbs(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Adds the commands to the grammar."""
    verb = verbs.add_parser(
        "get", parents=[common], help="print a part of an array, or write it to a file",
        description="Prints elements as NumPy does. With -o they go into a file whose name says "
                    "how: .csv, .json, .raw, .png, or as `hub pull` writes them.")
    verb.add_argument("array", type=words.sliced, metavar="NAME[SLICE]")
    verb.add_argument("-o", "--output", metavar="FILE")
    verb.add_argument("--format", choices=FORMS, help="for standard output (text)")
    verb.set_defaults(run=run_get)

    verb = verbs.add_parser(
        "show", parents=[common], help="show a picture of an array",
        description="Draws a plane in the terminal, or writes it into a .png or .jpg. Axes that "
                    "the slice does not name are shown at their middle.")
    verb.add_argument("array", type=words.sliced, metavar="NAME[SLICE]")
    verb.add_argument("-o", "--output", metavar="FILE", type=pathlib.Path)
    verb.add_argument("--map", choices=("gray", "viridis", "magma", "inferno", "turbo"))
    verb.add_argument("--window", type=words.pair, metavar="LOW,HIGH",
                      help="the values that become black and white")
    verb.add_argument("--percentile", type=words.pair, metavar="LOW,HIGH",
                      help="the same by percentiles (1,99, but for uint8)")
    verb.add_argument("--size", type=words.count, metavar="PIXELS", help="the longest side")
    verb.add_argument("--axes", type=words.two_axes, metavar="Y,X", help="rows and columns")
    verb.set_defaults(run=run_show)

    verb = verbs.add_parser(
        "stats", parents=[common], help="statistics that the server computes",
        description="Statistics of an array or of the part in brackets, percentiles and histograms "
                    "too; nothing but the results is sent.")
    verb.add_argument("array", type=words.sliced, metavar="NAME[SLICE]")
    verb.add_argument("--op", default="", metavar="NAME,…",
                      help="of sum, mean, std, var, min, max, count, count_nonzero, count_nan, "
                           "histogram, and percentile with --percentile")
    verb.add_argument("--axis", type=words.axes, metavar="AXIS,…", help="reduce these axes alone")
    verb.add_argument("--percentile", type=words.numbers, metavar="Q,…",
                      help="exact percentiles, from 0 to 100, as 5,50,95")
    verb.add_argument("--histogram", type=words.count, metavar="BINS",
                      help="a histogram of so many bins")
    verb.add_argument("--skip-nan", action="store_true", help="pass NaN over")
    verb.set_defaults(run=run_stats)


def run_get(options: argparse.Namespace) -> None:
    """Prints elements, or writes them."""
    name, index = options.array
    if options.output is not None:
        _get_file(name, index, options)
        return
    form = options.format or ("json" if options.json else "text")
    array = hub.load(name)
    if form == "text":
        print(_text(array, index))
        return
    if form in ("npy", "raw", "png") and sys.stdout.isatty():
        raise Invalid(f"{form} is nothing for a terminal.", hint="Name a file with -o.")
    for piece in _pieces(array, index, form):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _get_file(name: str, index: Any, options: argparse.Namespace) -> None:
    path = pathlib.Path(options.output)
    form = options.format or SERVER_SUFFIXES.get(path.suffix.lower())
    if form is None or form in ("npy", "text"):
        pull(name, options.output, index=index or None, overwrite=True,
             show_progress=False if options.quiet else None)
        return
    with written_file(path) as file:
        file.writelines(_pieces(hub.load(name), index, form))


def _pieces(array: Any, index: Any, form: str) -> Iterator[bytes]:
    """The server's answer in a form, as it comes."""
    text = array.lazy[index].selection.text
    if text is None:
        raise Invalid("The server takes one list of indices at most.", hint="Pull it into a .npy.")
    query = [("slice", text), ("format", form)]
    with array.client.transport.stream(
            "GET", f"/v1/data/{array.reference.path}", query) as answer:
        if "X-Nave-Shape" not in answer.headers:
            raise array.client.no_nave("no array", f"GET /v1/data/{array.reference.path}")
        yield from answer.chunks()


def _text(array: Any, index: Any) -> str:
    view = array.lazy[index]
    size = int(np.prod(view.shape, dtype=object)) * array.dtype.itemsize
    if size > PRINTED_BYTES_MAX:
        raise Invalid(f"{bytes_text(size)} are too much to print.",
                      hint="Take a smaller part, or write it with -o.")
    return str(array[index])


def run_show(options: argparse.Namespace) -> None:
    """Shows a picture in the terminal or in a file."""
    name, index = options.array
    look = Look(options.window, options.percentile, options.map, options.size, options.axes)
    array = hub.load(name)
    if options.output is not None:
        form = picture_form(options.output)
        with written_file(options.output) as file:
            file.write(picture(array, index, look, form))
        return
    sys.stdout.write(terminal_picture(array, index, look))
    say(f"{array.reference}: {array.dtype} of {'x'.join(map(str, array.shape))}", options.quiet)


def run_stats(options: argparse.Namespace) -> None:
    """Prints statistics."""
    name, index = options.array
    array = hub.load(name)
    answer = array.client.statistics(
        array.reference, *_slice_of(array, index), **_statistics_parameters(options))
    if options.json:
        print_json(answer)
        return
    _print_statistics({
        name: _told(_complex(value) if name in ("sum", "mean") and array.dtype.kind == "c" else value)
        for name, value in answer.get("statistics", {}).items()})
    if "percentile" in answer:
        found = answer["percentile"]
        _print_statistics({f"percentile {q:g}": _told(value)
                           for q, value in zip(found["q"], found["values"])})
    if "histogram" in answer:
        _print_histogram(answer["histogram"])


def _slice_of(array: Any, index: Any) -> tuple[str, ...]:
    if not index:
        return ()
    text = array.lazy[index].selection.text
    if text is None:
        raise Invalid("The server takes one list of indices at most.")
    return (text,)


def _statistics_parameters(options: argparse.Namespace) -> dict[str, str]:
    operations = [word.strip() for word in options.op.split(",") if word.strip()]
    if "percentile" in operations and not options.percentile:
        raise Invalid("Which percentiles is not said.", hint="Say it, as in --percentile 5,50,95.")
    operations += [word for word, given in (
        ("percentile", options.percentile), ("histogram", options.histogram))
        if given and word not in operations]
    parameters = {"op": ",".join(operations)} if operations else {}
    if options.percentile:
        parameters["q"] = ",".join(f"{q:g}" for q in options.percentile)
    if options.histogram:
        parameters["bins"] = str(options.histogram)
    if options.axis is not None:
        parameters["axis"] = ",".join(map(str, options.axis))
    if options.skip_nan:
        parameters["nan"] = "skip"
    return parameters


def _complex(pairs: Any) -> Any:
    """Complex numbers of the pairs that JSON has of them."""
    parts = np.array(pairs, dtype=float)
    return (parts[..., 0] + 1j * parts[..., 1]).tolist()


def _told(value: Any) -> str:
    if isinstance(value, list):
        return np.array2string(np.array(value), separator=", ")
    return "none" if value is None else str(value)


def _print_statistics(told: dict[str, str]) -> None:
    """Prints names and values, which are of several lines where they are arrays."""
    width = max(map(len, told), default=0)
    for name, value in told.items():
        print_lines(*f"{name:{width}}  {value}".splitlines())


def _print_histogram(histogram: dict[str, Any]) -> None:
    counts, edges = histogram["counts"], histogram["edges"]
    most = max(counts, default=0)
    for low, high, number in zip(edges, edges[1:], counts):
        bar = "█" * round(40 * number / most) if most else ""
        print(f"{low:>12.6g} … {high:<12.6g} {number:>12,} {bar}".rstrip())
