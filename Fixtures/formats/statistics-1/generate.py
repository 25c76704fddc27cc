#!/usr/bin/env python3
"""Makes the file `statistics` beside this one, after docs/formats/statistics.md.

Needs google-crc32c. It shares no code with the server: the numbers are those of [1, -2, 3] as int16, of
[0.5, NaN, 2] as float64 and of [1+2j, 0] as complex64.
"""
import pathlib
import struct

import google_crc32c

HERE = pathlib.Path(__file__).parent
# nave_item_kind
INT16, FLOAT32, FLOAT64 = 2, 11, 12
ALL = 7


def record(key, form, kind, first, second=b"", nan=0, nonzero=0):
    text = struct.pack("<QQBBB5x", *key, form, kind, ALL)
    text += first.ljust(96, b"\0") + second.ljust(96, b"\0")
    text += struct.pack("<QQ4x", nan, nonzero)
    return text + struct.pack("<I", google_crc32c.value(text))


def moments(count, pivot, offset, squares):
    return struct.pack("<Qddd", count, pivot, offset, squares)


def integers(count, nonzero, least, greatest, total, squares):
    wide = b"".join(number.to_bytes(16, "little", signed=True) for number in (total, squares))
    return struct.pack("<QQqq", count, nonzero, least, greatest) + wide + moments(0, 0, 0, 0)


def floats(count, nan, nonzero, least, greatest, total, parts):
    return struct.pack(
        "<QQQdddd", count, nan, nonzero, least, greatest, total, 0) + moments(*parts)


if __name__ == "__main__":
    records = [
        record((1, 2), 0, INT16, integers(3, 3, -2, 3, 2, 14)),
        record((3, 4), 1, FLOAT64, floats(2, 1, 2, 0.5, 2, 2.5, (2, 1.25, 0, 1.125))),
        record(
            (5, 6), 2, FLOAT32, floats(2, 0, 1, 0, 1, 1, (2, 0.5, 0, 0.5)),
            floats(2, 0, 1, 0, 2, 2, (2, 1, 0, 2)), nonzero=1),
    ]
    # The end of a record that was torn.
    (HERE / "statistics").write_bytes(b"NAVESUM1" + b"".join(records) + b"\1" * 100)
