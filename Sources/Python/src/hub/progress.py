"""How far long work is: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import shutil
from typing import Any

from hub.printable import printable


def progress(text: str, bytes_total: int, is_shown: bool | None = None) -> Any:
    """A bar on standard error that counts bytes; use it in a `with` block and call `update(bytes)`.

    Without `is_shown` it is there only if standard error is a terminal.
    """
    from tqdm import tqdm

    # tqdm shows nothing on a terminal that does not tell its size.
    size = shutil.get_terminal_size((80, 24))
    return tqdm(
        ncols=size.columns, nrows=size.lines, total=bytes_total, desc=printable(text), unit="B",
        unit_scale=True, unit_divisor=1000, disable=None if is_shown is None else not is_shown,
        leave=False)
