"""Arrays as the bytes of `.npy` files and as raw elements, without copies where that is possible.

Source: NumPy reference, "numpy.lib.format", version 1.0 and 2.0 of the format.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

AnyArray = np.ndarray[Any, np.dtype[Any]]


def raw_bytes(array: AnyArray) -> memoryview:
    """The memory of a C-contiguous array as bytes, writable if the array is."""
    # Void types have no buffer format, so the memory is looked at as bytes.
    return array.reshape(-1).view(np.uint8).data


def file_pieces(array: AnyArray) -> list[bytes | memoryview]:
    """What `numpy.save` would write, as a header and the array's own memory where it is contiguous.

    An array in Fortran's order is sent as it lies.
    """
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    if not is_fortran:
        array = np.ascontiguousarray(array).reshape(array.shape)
    header = io.BytesIO()
    values = npy_format.header_data_from_array_1_0(array)
    npy_format.write_array_header_1_0(header, values)
    return [header.getvalue(), raw_bytes(array.T if is_fortran else array)]
