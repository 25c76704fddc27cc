"""The words that people type: shapes, indices in brackets, attributes, pairs of numbers."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

_NUMBER = re.compile(r"[+-]?\d+")
_EXTENT_BREAK = re.compile(r"\s*[x×,]\s*|\s+")
_TRUTH = {"true": True, "True": True, "false": False, "False": False}


def shape(text: str) -> tuple[int, ...]:
    """Extents such as `100x512x512` or `100,512,512`; nothing or `()` is the shape without axes.

    Raises `argparse.ArgumentTypeError` if it is none.
    """
    inner = text.strip("() ")
    # As Python writes a tuple of one.
    words = _EXTENT_BREAK.split(inner.removesuffix(",").rstrip()) if inner else []
    if not all(word.isdecimal() for word in words):
        raise argparse.ArgumentTypeError(f"'{text}' is no shape; shapes look like 100x512x512")
    return tuple(int(word) for word in words)


def picture_size(text: str) -> tuple[int, int]:
    """Height and width, such as `224x224`."""
    extents = shape(text)
    if len(extents) != 2 or 0 in extents:
        raise argparse.ArgumentTypeError(f"'{text}' is no size; sizes look like 224x224")
    return extents[0], extents[1]


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 1")
    return int(text)


def number(text: str) -> int | float:
    """A number: a whole one, or any that Python reads as a float, `nan` and `inf` too."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is no number") from None


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between."""
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of numbers such as 1,99") from None


def pair(text: str) -> tuple[float, float]:
    """Two numbers with a comma between."""
    found = numbers(text)
    if len(found) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is no pair of numbers such as 0,1000")
    return found[0], found[1]


def axes(text: str) -> tuple[int, ...]:
    """Axes with commas between; negative ones from the end."""
    words = text.split(",")
    if not all(_NUMBER.fullmatch(word.strip()) for word in words):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of axes such as 0,-1")
    return tuple(int(word) for word in words)


def two_axes(text: str) -> tuple[int, int]:
    """Two axes with a comma between."""
    found = axes(text)
    if len(found) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is no pair of axes such as 1,2")
    return found[0], found[1]


def attribute(text: str) -> tuple[str, Any]:
    """`name=value`; the value is JSON, or else a text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is no attribute such as unit=K")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def sliced(text: str) -> tuple[str, Any]:
    """A reference and what stands in brackets behind it: `test/x:v1[0:10, -1]`.

    Without brackets the index is `()`, which is everything.
    """
    reference, bracket, rest = text.partition("[")
    if not bracket:
        return text, ()
    if not rest.endswith("]"):
        raise argparse.ArgumentTypeError(f"'{text}' has no ] at the end")
    return reference, index(rest[:-1])


def index(text: str) -> Any:
    """What stands in NumPy's brackets, as the object that NumPy would be given.

    Whole numbers, slices, `...`, `None` and lists of numbers or truth values; nothing is evaluated.
    """
    parts = _split(text)
    if parts and not parts[-1].strip():
        parts.pop()
    return tuple(_entry(part.strip(), text) for part in parts)


def _split(text: str) -> list[str]:
    """The parts between the commas that are outside brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _entry(word: str, whole: str) -> Any:
    if word in ("...", "…"):
        return Ellipsis
    if word in ("None", "newaxis"):
        return None
    if _NUMBER.fullmatch(word):
        return int(word)
    if word.startswith("[") and word.endswith("]"):
        items = [item.strip() for item in word[1:-1].split(",") if item.strip()]
        if items and all(item in _TRUTH for item in items):
            return [_TRUTH[item] for item in items]
        if all(_NUMBER.fullmatch(item) for item in items):
            return [int(item) for item in items]
    bounds = [bound.strip() for bound in word.split(":")]
    if 2 <= len(bounds) <= 3 and all(_NUMBER.fullmatch(bound) or not bound for bound in bounds):
        return slice(*(int(bound) if bound else None for bound in bounds))
    raise argparse.ArgumentTypeError(
        f"'{word}' in [{whole}] is no index; indices look like 3, 0:10, ::-2, ... or [1,5]")
