"""Data sets without a server: columns in memory, and transforms that processes can import."""

import dataclasses
import os
import random
import signal
import threading
import time

import numpy as np

from hub.training.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class ChunkedColumn:
    """An array in memory that gives full chunks of any shape, as a server's are."""

    values: np.ndarray
    chunks: tuple
    digest: str = "sha256:stub"
    missing: frozenset = frozenset()
    fill_value: int = 77
    fails_at: int = -1
    seconds_per_chunk: float = 0.0
    log: str = ""

    @property
    def shape(self):
        return self.values.shape

    @property
    def dtype(self):
        return self.values.dtype

    def open(self):
        return self

    def frozen(self):
        return self

    def warn_if_changed(self):
        pass

    def gather(self, samples):
        self.note("gather")
        return self.values[samples]

    def fetch(self, coordinates, concurrency=16):
        # In another order than asked, as a server answers.
        asked = list(coordinates)
        for place in reversed(asked):
            if place[0] == self.fails_at:
                raise OSError(f"chunk {place} cannot be had")
            time.sleep(self.seconds_per_chunk)
            self.note(f"chunk {place[0]}")
            yield place, None if place in self.missing else self.chunk(place)

    def chunk(self, place):
        full = np.full(self.chunks, 201, self.values.dtype)
        inside = tuple(
            slice(number * size, min((number + 1) * size, extent))
            for number, size, extent in zip(place, self.chunks, self.values.shape))
        part = self.values[inside]
        full[tuple(slice(0, size) for size in part.shape)] = part
        full.flags.writeable = False
        return full

    def note(self, text):
        if self.log:
            with open(self.log, "a") as log:
                log.write(f"{os.getpid()} {text}\n")


def numbered(count, shape=(), samples_per_chunk=1, dtype="i8", **options):
    """A column whose samples are filled with their numbers."""
    values = np.empty((count, *shape), dtype)
    values[...] = np.arange(count).reshape(-1, *[1] * len(shape))
    return ChunkedColumn(values, (samples_per_chunk, *shape), **options)


def dataset(count, shape=(), samples_per_chunk=1, transform=None, labels=None, **options):
    return Dataset(
        numbered(count, shape, samples_per_chunk, **options), labels, transform, tensors=False)


def double(sample):
    return sample * 2


def as_dictionary(sample):
    return {"twice": sample * 2, "pair": (float(sample.flat[0]), "text")}


def with_random(sample):
    """Three generators at once, of which each must be seeded."""
    return np.array([sample.flat[0], random.random(), np.random.random()])


def with_generator(sample, rng):
    return np.array([sample.flat[0], rng.random()])


def process_of(sample):
    return os.getpid()


def fail_at_50(sample):
    if sample.flat[0] == 50:
        raise KeyError("sample fifty is bad")
    return sample


class Unpicklable(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def fail_badly(sample):
    raise Unpicklable("one", "two")


def exit_process(sample):
    os._exit(3)


def raise_exit(sample):
    raise SystemExit("a transform wants to end it all")


def kill_process(sample):
    os.kill(os.getpid(), signal.SIGKILL)


def unpicklable_result(sample):
    return threading.Lock()


def ragged(sample):
    return np.zeros(int(sample.flat[0]) % 3 + 1)


def slow(sample):
    time.sleep(0.05)
    return sample


def list_of_pairs(pairs):
    return [(int(sample.flat[0]), int(label)) for sample, label in pairs]


def keep_list(samples):
    return {"sizes": np.array([np.size(one) for one in samples]), "raw": samples}
