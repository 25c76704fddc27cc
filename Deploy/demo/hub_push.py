"""Pushes .npy files with the unmodified hub==0.2.0.4; runs in that client's own environment.

Arguments: one NAME=FILE=CHUNK for each array, the chunk as numbers joined by `x`.
"""

import logging
import os
import sys

import hub
import numpy as np

import progress


def push(name, path, chunk):
    data = np.load(path, mmap_mode="r")
    array = hub.array(data.shape, name=name, dtype=data.dtype.name, chunk_size=chunk)
    rows = chunk[-1]
    total = data.shape[-1]
    for start in range(0, total, rows):
        array[..., start : start + rows] = data[..., start : start + rows]
        progress.show(f"hub.array {name}", min(start + rows, total), total, "planes")


def main():
    # The client turns on the notes of every library.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    for argument in sys.argv[1:]:
        name, path, chunk = argument.split("=")
        push(name, path, tuple(int(extent) for extent in chunk.split("x")))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # Its thread pools do not end by themselves.
    os._exit(0)
