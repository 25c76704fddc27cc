"""A permutation of a range that is computed where it is asked, never listed."""

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

# Twice what is needed for ranges of thousands: of the 24 orders of four values, the smallest range
# whose halves are one bit each, some come visibly more often than others with fewer rounds.
ROUNDS = 16
ROUNDS_LARGE = 8
LARGE_BITS = 12


def digest_key(*parts: object) -> bytes:
    """A key of 16 bytes that is different for different parts, on every machine alike."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"hub.training").digest()


class Permutation:
    """A bijection of `range(size)` onto itself, chosen by a key.

    A Feistel network over the bits that `size - 1` has; what falls outside is sent through again
    until it is inside (cycle walking, at most twice on average). It takes no memory, and any part
    of it can be computed alone.

    The result is fixed for ever: it is part of what a saved state of a loader means.

    Source: Black and Rogaway, "Ciphers with arbitrary finite domains" (2002), section 4; the round
    function is the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
    """

    def __init__(self, size: int, key: bytes) -> None:
        """Takes the number of values, 1 to 2**62, and any key."""
        if not 0 < size <= 1 << 62:
            raise ValueError(f"a permutation has 1 to 2**62 values, not {size}")
        self.size = size
        bits = max(2, (size - 1).bit_length())
        self._right_bits = np.uint64(bits // 2)
        self._right_mask = np.uint64((1 << bits // 2) - 1)
        self._left_mask = np.uint64((1 << bits - bits // 2) - 1)
        self._keys = _round_keys(key, ROUNDS_LARGE if bits > LARGE_BITS else ROUNDS)

    def __call__(self, values: Integers) -> Integers:
        """Where each of `values` goes; an array of the same shape, O(its size) time and memory."""
        return self._walk(values, self._encrypt)

    def inverse(self, values: Integers) -> Integers:
        """What goes to each of `values`."""
        return self._walk(values, self._decrypt)

    def _walk(self, values: Integers, step: Callable[[Words], Words]) -> Integers:
        words = np.ascontiguousarray(values, np.int64).view(np.uint64)
        if words.size and int(words.max()) >= self.size:
            raise IndexError(f"values are outside of range({self.size})")
        if self.size == 1:
            return np.zeros(words.shape, np.int64)
        found = step(words)
        outside = np.flatnonzero(found >= self.size)
        while outside.size:
            again = step(found[outside])
            found[outside] = again
            outside = outside[again >= self.size]
        return found.view(np.int64)

    def _encrypt(self, words: Words) -> Words:
        left, right = words >> self._right_bits, words & self._right_mask
        for number, key in enumerate(self._keys):
            if number % 2:
                right ^= _scramble(left, key) & self._right_mask
            else:
                left ^= _scramble(right, key) & self._left_mask
        return (left << self._right_bits) | right

    def _decrypt(self, words: Words) -> Words:
        left, right = words >> self._right_bits, words & self._right_mask
        for number in reversed(range(len(self._keys))):
            if number % 2:
                right ^= _scramble(left, self._keys[number]) & self._right_mask
            else:
                left ^= _scramble(right, self._keys[number]) & self._left_mask
        return (left << self._right_bits) | right


def _round_keys(key: bytes, rounds: int) -> Words:
    stream = hashlib.shake_128(key).digest(8 * rounds)
    return np.frombuffer(stream, "<u8").astype(np.uint64)


def _scramble(words: Words, key: np.uint64) -> Words:
    mixed = words + key
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
