"""Compares work on arrays: the same data in Nave and in files of the same disk, rounds in turn."""

import argparse
import base64
import io
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import boto3
import numpy as np
import obstore.store
import requests
import zarr
import zarr.storage

import versions as versions_benchmark
from servers import KEYS, Nave

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SHAPE, CHUNKS = (1024, 256, 256), (16, 128, 128)
IMAGES, IMAGE = 2048, (224, 224, 3)
SLICE = 16
CONNECTIONS = 16
WORKS = ["slices", "read", "mean", "gather", "versions"]


def say(text):
    print(text, flush=True)


class Arrays:
    """One Nave with the arrays in it, and the same arrays as local files."""

    def __init__(self, folder):
        self.server = Nave(folder)
        self.server.start()
        self.local = pathlib.Path(folder) / "local"
        self.session = requests.Session()
        self.session.auth = KEYS
        self.session.trust_env = False
        # What a client without a wish sends; elements are then not compressed on their way.
        self.session.headers["Accept-Encoding"] = "identity"
        boto3.client(
            "s3", endpoint_url=self.server.endpoint, aws_access_key_id=KEYS[0],
            aws_secret_access_key=KEYS[1], region_name="us-east-1").create_bucket(Bucket="bench")
        noise = np.random.default_rng(1)
        # A volume as scanners make it: smooth, with noise in the low bits.
        ramp = np.add.outer(np.arange(SHAPE[0]) * 3, np.add.outer(np.arange(256), np.arange(256)))
        self.volume = (ramp + noise.integers(0, 16, SHAPE)).astype("<u2")
        self.images = noise.integers(0, 256, (IMAGES, *IMAGE), "u1")
        for store in [self.store, self.files]:
            for name, data, chunks in [
                ("volume", self.volume, CHUNKS), ("images", self.images, (1, *IMAGE))]:
                array = zarr.create_array(
                    store(name), shape=data.shape, chunks=chunks, dtype=data.dtype,
                    compressors=None if name == "images" else "auto")
                array[...] = data

    def store(self, name):
        store = obstore.store.S3Store(
            "bench", prefix=f"{name}:v0", endpoint=self.server.endpoint,
            access_key_id=KEYS[0], secret_access_key=KEYS[1], region="us-east-1",
            client_options={"allow_http": True}, virtual_hosted_style_request=False)
        return zarr.storage.ObjectStore(store)

    def files(self, name):
        return zarr.storage.LocalStore(self.local / name)

    def get(self, path, **parameters):
        answer = self.session.get(
            f"{self.server.endpoint}/v1/{path}", params=parameters, stream=True)
        answer.raise_for_status()
        return answer

    def bytes(self, path, **parameters):
        """The body of an answer in one piece; `content` would read it ten kilobytes at a time."""
        return self.get(path, **parameters).raw.read()

    def forget_statistics(self):
        """A start anew without what was kept of chunks; the page cache stays warm for everybody."""
        self.server.stop()
        for kept in self.server.folder.rglob("index/statistics"):
            kept.unlink()
        self.server.start()


def timed(work):
    begun = time.monotonic()
    result = work()
    return time.monotonic() - begun, result


def slices(arrays, seconds):
    """Random cubes over HTTP, 16 connections, by wrk with one thread."""
    source = random.Random(1)
    targets = arrays.server.folder / "targets"
    lines = []
    for _ in range(20_000):
        starts = [source.randrange(extent - SLICE) for extent in (128, *SHAPE[1:])]
        text = ",".join(f"{start}:{start + SLICE}" for start in starts)
        lines.append(f"/v1/data/bench/volume:v0?slice={text}&format=raw")
    targets.write_text("\n".join(lines) + "\n")
    keys = base64.b64encode(":".join(KEYS).encode()).decode()
    command = [
        "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s",
        str(REPOSITORY / "Tests/Benchmarks/requests.lua"), "-H", f"Authorization: Basic {keys}",
        arrays.server.endpoint, "--", str(targets), "GET"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(output.split("RESULT ")[1].splitlines()[0])
    assert result["failed"] == 0, output
    local = zarr.open_array(arrays.files("volume"))
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        starts = [source.randrange(extent - SLICE) for extent in (128, *SHAPE[1:])]
        local[tuple(slice(start, start + SLICE) for start in starts)]
        count += 1
    return {
        "small slices, /s": result["requests"] / (result["microseconds"] / 1e6),
        "small slices, p50 ms": result["p50"] / 1000,
        "small slices, zarr on files, /s": count / (time.monotonic() - begun)}


def read(arrays, _):
    """The whole volume through zarr, from a store that is open: a program opens one and reads often."""
    rows = {}
    for name, make in [("Nave", arrays.store), ("files", arrays.files)]:
        store = make("volume")
        spent, got = timed(lambda store=store: zarr.open_array(store)[...])
        assert got[-1, -1, -1] == arrays.volume[-1, -1, -1]
        rows[f"full read through zarr, {name}, MB/s"] = arrays.volume.nbytes / spent / 1e6
    spent, content = timed(lambda: arrays.bytes("data/bench/volume:v0", format="raw"))
    assert len(content) == arrays.volume.nbytes
    rows["full read over /v1/data, MB/s"] = arrays.volume.nbytes / spent / 1e6
    return rows


def mean(arrays, _):
    """The mean of the volume: computed, known, and of NumPy on local files."""
    arrays.forget_statistics()
    arrays.bytes("stats/bench/images:v0", slice="0", op="mean")
    cold, content = timed(lambda: arrays.bytes("stats/bench/volume:v0", op="mean"))
    assert abs(json.loads(content)["statistics"]["mean"] - arrays.volume.mean()) < 1e-6
    known = min(
        timed(lambda: arrays.bytes("stats/bench/volume:v0", op="mean"))[0] for _ in range(5))
    numpy, _ = timed(lambda: zarr.open_array(arrays.files("volume"))[...].mean())
    return {
        "mean, cold, ms": cold * 1000, "mean, known, ms": known * 1000,
        "mean, NumPy on zarr files, ms": numpy * 1000}


def gather(arrays, _):
    """256 images at random: one request, and one for each."""
    samples = random.Random(time.monotonic_ns()).sample(range(IMAGES), 256)
    address = f"{arrays.server.endpoint}/v1/gather/bench/images:v0"
    one, content = timed(
        lambda: arrays.session.post(address, json={"samples": samples}, stream=True).raw.read())
    got = np.load(io.BytesIO(content))
    np.testing.assert_array_equal(got, arrays.images[samples])

    def singles():
        return [
            np.load(io.BytesIO(arrays.bytes("data/bench/images:v0", slice=str(sample))))
            for sample in samples]

    each, got = timed(singles)
    np.testing.assert_array_equal(np.stack(got), arrays.images[samples])
    return {
        "gather of 256 images, ms": one * 1000, "256 single requests, ms": each * 1000,
        "gather, times as fast": each / one}


def versions(arrays, _):
    """Forks, commits and drafts of arrays of many chunks; once, as filling them takes minutes."""
    if getattr(arrays, "has_versions", False):
        return {}
    arrays.has_versions = True
    return versions_benchmark.measure(arrays.server)


def report(rows, options):
    lines = [
        "# Arrays", "",
        f"Made by `Tests/Benchmarks/arrays`: medians of {options.rounds} rounds; client and server"
        f" share the machine, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f} at the end. A volume"
        " of 1024 × 256 × 256 `uint16` in chunks of 16 × 128 × 128 (zstd), and 2048 images of"
        " 224 × 224 × 3 `uint8`, one a chunk, uncompressed. Small slices are cubes of 16 within 128"
        " planes, by wrk with one thread and 16 connections; Python reads with `requests`. Versions are"
        " timed once, each the median of 20 calls, of 160 for drafts.", "",
        "| quantity | median | rounds |", "|---|---|---|"]
    for name, values in rows.items():
        rounds = " · ".join(f"{value:,.2f}" for value in values)
        lines.append(f"| {name} | {statistics.median(values):,.2f} | {rounds} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", default=",".join(WORKS))
    parser.add_argument("--no-report", action="store_true")
    options = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        arrays = Arrays(folder)
        try:
            for number in range(1, options.rounds + 1):
                for work in options.only.split(","):
                    for name, value in globals()[work](arrays, options.seconds).items():
                        rows.setdefault(name, []).append(value)
                        say(f"  round {number}  {name:40} {value:12,.2f}")
        finally:
            arrays.server.stop()
    text = report(rows, options)
    say(text)
    if not options.no_report:
        (REPOSITORY / "docs/benchmarks-arrays.md").write_text(text)


if __name__ == "__main__":
    main()
