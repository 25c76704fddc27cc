"""Text that others wrote, as it may be shown: it moves no cursor and makes no lines of its own.

Names, attributes, commit messages and what a server says can hold characters that a terminal obeys
instead of showing them.
"""

from __future__ import annotations

import re
import unicodedata

# Controls, formats such as those that turn the direction of writing, halves of pairs, separators.
# Source: Unicode Standard, section 4.5, "General Category".
_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# The joiners are part of words in Persian and Indic scripts, and of pictures.
_SHOWN = {"\u200c", "\u200d"}
_LINE_BREAKS = re.compile(r"[ ]*[\t\n\v\f\r\x85\u2028\u2029][\s]*")


def printable(text: str) -> str:
    r"""The text with what a terminal obeys written as Python writes it: `\x1b`, `\n`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(_escaped(letter) if _is_obeyed(letter) else letter for letter in text)


def one_line(text: str) -> str:
    """The same of a sentence, whose line breaks become spaces."""
    return printable(_LINE_BREAKS.sub(" ", text).strip())


def printable_json(text: str) -> str:
    """The same of a JSON document, in JSON's own spelling; the lines between its members stay."""
    if text.isprintable():
        return text
    return "".join(
        _json_escaped(letter) if letter != "\n" and _is_obeyed(letter) else letter
        for letter in text)


def _is_obeyed(letter: str) -> bool:
    return unicodedata.category(letter) in _OBEYED and letter not in _SHOWN


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


def _json_escaped(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start:start + 4]}" for start in range(0, len(units), 4))
