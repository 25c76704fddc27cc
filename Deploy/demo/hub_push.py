"""Pushes .npy files with the unmodified hub==0.2.0.4; runs in that client's own environment.

Arguments: one NAME=FILE=CHUNK for each array, the chunk as numbers joined by `x`.
"""

import os
import sys

import hub
import numpy as np


def push(name, path, chunk):
    data = np.load(path, mmap_mode="r")
    array = hub.array(data.shape, name=name, dtype=data.dtype.name, chunk_size=chunk)
    rows = chunk[-1]
    total = data.shape[-1]
    for start in range(0, total, rows):
        array[..., start : start + rows] = data[..., start : start + rows]
        print(f"\r      hub.array {name}: {min(start + rows, total)} of {total} planes", end="")
        sys.stdout.flush()
    print()


def main():
    for argument in sys.argv[1:]:
        name, path, chunk = argument.split("=")
        push(name, path, tuple(int(extent) for extent in chunk.split("x")))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # Its thread pools do not end by themselves.
    os._exit(0)
