"""Compares epochs of training data: from Nave, from local files, and by other loaders from Nave."""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import hub
import page_cache
import training_formats as formats
from loaders import LOADERS
from report import machine, markdown
from servers import KEYS, Nave

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
EPOCHS = ["first", "second"]
COLD = "first, cold files"
REFERENCE = "local zarr files"
OURS = ("Nave", "Nave, processes", REFERENCE)
SECONDS_MAX = 600
GATHERED_TURNS = 7
# What the issue asks for: epoch, compared with, at least this ratio.
TARGETS = {
    ("first", REFERENCE): 0.95, (COLD, REFERENCE): 0.95, ("second", REFERENCE): 1.0,
    **{("first", name): 1.0 for name in ("MosaicML Streaming", "LitData", "WebDataset")}}


def say(text):
    print(text, flush=True)


@dataclasses.dataclass(frozen=True)
class Samples:
    """Samples of one kind in chunks of one length."""

    data: str
    per_chunk: int

    def __str__(self):
        return f"{self.per_chunk}" if self.data == "noise" else f"{self.per_chunk} ({self.data})"

    @property
    def name(self):
        return formats.array_name(self.per_chunk, self.data)


class Prepared:
    """One Nave with the samples in the formats of all loaders, and local files."""

    def __init__(self, folder, options):
        self.folder, self.options = pathlib.Path(folder), options
        self.how_cold = "none were"
        self.server = Nave(folder)
        self.server.start()
        self.keys = {
            "endpoint": self.server.endpoint, "access_key": KEYS[0], "secret_key": KEYS[1]}

    def write(self):
        """Writes the samples in every format that is asked for."""
        options = self.options
        formats.s3_client(self.keys).create_bucket(Bucket=formats.BUCKET)
        for data in options.data:
            images = formats.DATA[data](options.samples)
            for samples in options.sets:
                if samples.data == data:
                    say(f"  writing {len(images)} samples, {samples} a chunk")
                    formats.write_arrays(
                        self.keys, self.folder, images, samples.per_chunk, data)
        images = formats.samples(options.samples)
        for name, prefix, write in [
                ("MosaicML Streaming", "mds", formats.write_mosaic),
                ("LitData", "litdata", formats.write_litdata),
                ("WebDataset", "webdataset", formats.write_webdataset)]:
            if name in options.only:
                say(f"  writing for {name}")
                write(self.folder / prefix, images)
                formats.upload(self.keys, self.folder / prefix, prefix)

    def settings(self, samples, scratch, epochs):
        client = formats.s3_client(self.keys)
        shards = sorted((self.folder / "webdataset").glob("*.tar"))
        return {
            "server": self.keys, "folder": str(self.folder), "scratch": str(scratch),
            "count": self.options.samples, "data": samples.data, "per_chunk": samples.per_chunk,
            "batch": self.options.batch, "workers": self.options.workers, "epochs": epochs,
            "urls": [
                "pipe:curl -s -f '%s'" % client.generate_presigned_url(
                    "get_object", {"Bucket": formats.BUCKET, "Key": f"webdataset/{shard.name}"},
                    ExpiresIn=86_400)
                for shard in shards],
        }

    def epochs(self, name, samples):
        """The results of a loader's epochs by their titles: with warm files, and with cold ones."""
        results = dict(zip(EPOCHS, self.run(name, samples, len(EPOCHS)), strict=True))
        if self.options.cold:
            self.how_cold = page_cache.forget([self.server.folder, self.folder / samples.name])
            results[COLD] = self.run(name, samples, 1)[0]
        return results

    def run(self, name, samples, epochs):
        """Epochs of a loader in a process of its own, with an empty cache."""
        scratch = tempfile.mkdtemp(dir=self.folder)
        settings = self.settings(samples, pathlib.Path(scratch) / "cache", epochs)
        file = self.folder / "settings.json"
        file.write_text(json.dumps(settings))
        kept = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("NAVE_", "AWS_", "HUB_"))}
        run = subprocess.run(
            [sys.executable, REPOSITORY / "Tests/Benchmarks/loaders.py", name, file],
            capture_output=True, text=True, timeout=SECONDS_MAX, env=kept | {
                "AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1],
                "AWS_DEFAULT_REGION": "us-east-1", "HOME": scratch})
        page_cache.empty_files(scratch)
        if run.returncode:
            raise SystemExit(f"{name} failed:\n{run.stderr[-4000:]}")
        return json.loads(run.stdout.strip().splitlines()[-1])

    def gather(self, samples):
        """256 random samples of a data set, others in each turn: batches in one request each, as an epoch
        asks for them one after the other, and then one request for each sample of the same. All of it was
        read before, so that neither finds the server's files cold."""
        batches, singles = [], []
        random = np.random.default_rng()
        with hub.configured(**self.keys, cache_folder=str(self.folder / "no-cache")):
            data = hub.load(f"bench/{samples.name}:v0").to_pytorch()
            turns = [random.permutation(len(data))[:256].tolist() for _ in range(GATHERED_TURNS)]
            for chosen in turns:
                data.__getitems__(chosen)
            for chosen in turns:
                begun = time.monotonic()
                together = data.__getitems__(chosen)
                batches.append(time.monotonic() - begun)
            for chosen in turns:
                begun = time.monotonic()
                alone = [data[number] for number in chosen]
                singles.append(time.monotonic() - begun)
            # Of the last turn, whose batch is still there.
            assert all((a == b).all() for a, b in zip(together, alone, strict=True))
        one, each = statistics.median(batches), statistics.median(singles)
        return {"batch of 256, ms": one * 1000, "256 single samples, ms": each * 1000,
                "batch, times as fast": each / one}


def measure(prepared, options):
    """Samples a second of every loader by epoch and chunk; in each round all take their turn."""
    rates, firsts, gathered = {}, {}, {}
    for number in range(1, options.rounds + 1):
        for samples in options.sets:
            for name in options.only:
                # What other loaders read does not depend on the chunks of an array.
                if name not in OURS and samples != options.sets[0]:
                    continue
                for title, result in prepared.epochs(name, samples).items():
                    key = (samples, title, name)
                    rates.setdefault(key, []).append(result["samples per second"])
                    firsts.setdefault(key, []).append(result["first batch, ms"])
                    say(f"  round {number}  {samples!s:13} a chunk  {name:20} {title:17}"
                        f" {result['samples per second']:9,.0f} /s, first batch"
                        f" {result['first batch, ms']:6,.0f} ms")
            for quantity, value in prepared.gather(samples).items():
                gathered.setdefault((samples, quantity), []).append(value)
    return rates, firsts, gathered


def ratio_text(rates, samples, title, name, options):
    mine = rates.get((samples, title, "Nave"))
    theirs = rates.get((samples, title, name)) or rates.get((options.sets[0], title, name))
    if not mine or not theirs or name.startswith("Nave"):
        return "–"
    ratio, target = statistics.median(mine) / statistics.median(theirs), TARGETS.get((title, name))
    if target is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} ({'reaches' if ratio >= target else 'misses'} {target})"


def rows(rates, firsts, options):
    yield ["loader", "samples a chunk", "epoch", "samples/s", "MB/s", "first batch, ms",
           "Nave ÷ it", "rounds"]
    for (samples, title, name), values in rates.items():
        ratios = [ratio_text(rates, samples, title, name, options)]
        shared = name not in OURS
        if shared:
            noise = [one for one in options.sets if one.data == samples.data]
            ratios = [ratio_text(rates, one, title, name, options) for one in noise]
        middle = statistics.median(values)
        yield [
            name, "–" if shared else str(samples), title, f"{middle:,.0f}",
            f"{middle * np.prod(formats.SAMPLE) / 1e6:,.0f}",
            f"{statistics.median(firsts[samples, title, name]):,.0f}", " · ".join(ratios),
            " · ".join(f"{value:,.0f}" for value in values)]


def page(rates, firsts, gathered, prepared, options):
    lines = [
        "# Training", "",
        f"Made by `Tests/Benchmarks/training`: medians of {options.rounds} rounds in which the"
        f" loaders take turns, each in a process of its own. {options.samples} samples of 224 × 224"
        f" × 3 `uint8`, in batches of {options.batch} tensors with labels, by {options.workers}"
        " workers: noise that is not compressed, and where that is said pictures, smooth fields with a"
        " little noise, with zarr's usual compression. The first epoch begins with an empty cache; the"
        " second has what the loader kept on the local disk. All others than the local files read from"
        " the same Nave, over S3. Files are in the page cache, but where they are said to be cold:"
        f" {prepared.how_cold}, as of data larger than memory. Server and loader share the machine.",
        "",
        f"- Machine: {machine()}",
        f"- Versions: {prepared.server.version}", "",
        markdown(rows(rates, firsts, options)), "",
        "Ratios to loaders with formats of their own are told for"
        f" {' and '.join(map(str, options.per_chunk))} samples a chunk.", "",
        markdown([["quantity", "samples a chunk", "median"]] + [
            [quantity, str(samples), f"{statistics.median(values):,.1f}"]
            for (samples, quantity), values in gathered.items()])]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--per-chunk", default="1,16")
    parser.add_argument(
        "--data", default="noise", help="noise, pictures or both with , between them")
    parser.add_argument("--no-cold", dest="cold", action="store_false", help="only warm files")
    parser.add_argument("--only", default=";".join(LOADERS), help="names with ; between them")
    parser.add_argument("--no-report", action="store_true")
    options = parser.parse_args()
    options.only = options.only.split(";")
    options.per_chunk = [int(one) for one in options.per_chunk.split(",")]
    options.data = options.data.split(",")
    options.sets = [
        Samples(data, per_chunk) for data in options.data for per_chunk in options.per_chunk]
    with tempfile.TemporaryDirectory() as folder:
        prepared = Prepared(folder, options)
        try:
            prepared.write()
            text = page(*measure(prepared, options), prepared, options)
        finally:
            prepared.server.stop()
    say(text)
    if not options.no_report:
        (REPOSITORY / "docs/benchmarks-training.md").write_text(text)


if __name__ == "__main__":
    main()
