"""Four processes fill one array at once; their parts share chunks, and nothing is lost."""

import multiprocessing

import numpy as np

import hub

NAME = "examples/mosaic:v1"
SIZE, CHUNK, WRITERS = 400, 100, 4


def write(number):
    """Every writer has every fourth row: each chunk is written by all of them."""
    mosaic = hub.load(NAME)
    for start in range(0, SIZE, CHUNK):
        mosaic[start + number : start + CHUNK : WRITERS] = number + 1


def main():
    hub.array((SIZE, SIZE), name=NAME, dtype="uint8", chunks=(CHUNK, CHUNK))[:] = 0
    with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
        pool.map(write, range(WRITERS))
    mosaic = hub.load(NAME)
    expected = np.arange(SIZE)[:, np.newaxis] % WRITERS + 1
    assert np.array_equal(mosaic[:], np.broadcast_to(expected, (SIZE, SIZE)))
    counts, _ = mosaic.histogram(bins=WRITERS, range=(1, WRITERS + 1))
    print("elements of each writer:", counts.tolist())


if __name__ == "__main__":
    main()
