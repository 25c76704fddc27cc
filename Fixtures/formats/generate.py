#!/usr/bin/env python3
"""Writes the volumes in volume-1*/ from docs/formats alone, without any code of Nave.

It is an independent second implementation of the formats: what Nave writes must equal it byte for
byte, and Nave must read it. Run it only to add a fixture of a new version; old ones stay.
"""
import pathlib
import struct
import uuid

VOLUME = uuid.UUID("0123e456-7a8b-4c9d-8e0f-112233445566")
NAVE = uuid.UUID("fedcba98-7654-4321-8fed-cba987654321")
CREATED = 1_767_225_600_000  # 2026-01-01T00:00:00Z
BLOB = 0x1A2B3C4D5E6F7081
BLOCK = 65536


def crc64(data, polynomial=0x9A6C9329AC4BC9B5):
    """CRC-64/NVME: reflected, all-ones initial value, final inversion."""
    table = []
    for index in range(256):
        value = index
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    check = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        check = table[(check ^ byte) & 0xFF] ^ (check >> 8)
    return check ^ 0xFFFFFFFFFFFFFFFF


def pattern(length):
    return bytes((index * 7 + index // 251) & 0xFF for index in range(length))


def blocks(payload):
    return b"".join(
        struct.pack("<Q", crc64(payload[start:start + BLOCK]))
        for start in range(0, len(payload), BLOCK)
    )


def segment_header(first, previous):
    head = b"NAVELOG\n" + struct.pack("<II", 1, 0) + VOLUME.bytes
    head += struct.pack("<qQQ", first, previous, 0)
    return head + struct.pack("<Q", crc64(head))


def record(kind, position, durable, previous, body, payload):
    head = b"NVLR" + struct.pack(
        "<HHqqQII", 1, kind, position, durable, previous, len(body), len(payload))
    rest = blocks(payload) + body
    rest += bytes(-(48 + len(rest) + len(payload)) % 8)
    check = crc64(VOLUME.bytes + head + rest)
    return head + struct.pack("<Q", check) + rest + payload, check


def framed(magic, number, payload):
    head = magic + struct.pack("<II", 1, BLOCK) + VOLUME.bytes + struct.pack("<Q", number)
    head = head.ljust(4088, b"\0")
    head += struct.pack("<Q", crc64(head))
    foot = bytes(-len(payload) % 8) + blocks(payload)
    foot += b"NAVEEND\n" + struct.pack("<qQ", len(payload), number) + VOLUME.bytes
    return head + payload + foot + struct.pack("<Q", crc64(foot))


def log():
    data, previous, durable = segment_header(0, 0), 0, 64
    batches = [
        [(1, b"first change", b""), (1, b"second, with a payload", pattern(100))],
        [(1, b"third", pattern(65543))],
        [(2, b"", b"")],
    ]
    for batch in batches:
        durable = len(data)
        for kind, body, payload in batch:
            written, previous = record(kind, len(data), durable, previous, body, payload)
            data += written
    return data


def cleaned():
    """A log of three segments of which the first is gone and the second has a hole, and the
    positions of the two snapshots that allow it."""
    segments, previous, position = [], 0, 0
    for batch in [
        [(1, b"gone", pattern(10))],
        [(1, b"dead", pattern(20000)), (1, b"live", pattern(3000))],
        [(1, b"later", b"")],
    ]:
        first = position
        data = segment_header(first, previous)
        durable = first + len(data)
        for kind, body, payload in batch:
            written, previous = record(kind, first + len(data), durable, previous, body, payload)
            data += written
        position = first + len(data)
        segments.append((first, data))
    first, data = segments[1]
    # The first block stays for the header's sake; the next three hold dead payload alone.
    segments[1] = (first, data[:4096] + bytes(3 * 4096) + data[4 * 4096:])
    return segments[1:], [segments[2][0], position]


def label():
    return (
        "{\n"
        '  "format": "nave-volume",\n'
        '  "version": 1,\n'
        f'  "volume": "{VOLUME}",\n'
        f'  "nave": "{NAVE}",\n'
        f'  "created": {CREATED}\n'
        "}\n"
    )


def write_cleaned(root):
    for folder in ("log", "blobs", "snapshots"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "volume.json").write_text(label())
    segments, positions = cleaned()
    for first, data in segments:
        (root / "log" / f"{first:016x}.log").write_bytes(data)
    for position in positions:
        (root / "snapshots" / f"{position:016x}.snapshot").write_bytes(
            framed(b"NAVESNP\n", position, pattern(65541)))


def main():
    assert crc64(b"123456789") == 0xAE8B14860A799888
    root = pathlib.Path(__file__).parent / "volume-1"
    (root / "log").mkdir(parents=True, exist_ok=True)
    (root / "blobs" / f"{BLOB:016x}"[:2]).mkdir(parents=True, exist_ok=True)
    (root / "volume.json").write_text(label())
    (root / "log" / f"{0:016x}.log").write_bytes(log())
    (root / "blobs" / f"{BLOB:016x}"[:2] / f"{BLOB:016x}.blob").write_bytes(
        framed(b"NAVEBLB\n", BLOB, pattern(65541)))
    write_cleaned(root.parent / "volume-1-cleaned")


if __name__ == "__main__":
    main()
