"""What a command prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.printable import printable, printable_json

PAGE_ROWS = 1000


def print_json(value: Any) -> None:
    """Prints a document."""
    print(printable_json(json.dumps(value, indent=2, ensure_ascii=False, default=str)))


def print_lines(*lines: str) -> None:
    """Prints texts, each in a line of its own whatever is in it."""
    for line in lines:
        print(printable(line))


def print_table(
    rows: Iterable[Sequence[str]], heads: Sequence[str] = (), right: Sequence[int] = (),
) -> int:
    """Prints columns as wide as they must be, page after page; returns the number of rows.

    The heads are shown on a terminal alone. The columns in `right` are aligned to the right.
    """
    page: list[Sequence[str]] = []
    total = 0
    shown_heads: Sequence[str] = heads if sys.stdout.isatty() else ()
    for row in rows:
        page.append(row)
        total += 1
        if len(page) == PAGE_ROWS:
            _print_page(page, shown_heads, right)
            page, shown_heads = [], ()
    if page:
        _print_page(page, shown_heads, right)
    return total


def _print_page(
    rows: Sequence[Sequence[str]], heads: Sequence[str], right: Sequence[int],
) -> None:
    shown = [[printable(cell) for cell in row] for row in rows]
    everything = [heads, *shown] if heads else shown
    widths = [max(len(cell) for cell in column) for column in zip(*everything)]
    for row in everything:
        cells = [cell.rjust(width) if number in right else cell.ljust(width)
                 for number, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def print_members(members: Mapping[str, Any]) -> None:
    """Prints names and values, a line each; what is empty is left out."""
    print_table([(name, str(value)) for name, value in members.items() if value not in (None, "")])


def say(text: str, quiet: bool = False) -> None:
    """Tells a person something, on standard error, if there is one to read it."""
    if not quiet and sys.stderr.isatty():
        print(printable(text), file=sys.stderr)
