"""One loader's two epochs over the same samples, in a process of its own.

    python loaders.py LOADER SETTINGS

SETTINGS is the JSON file that training.py writes. Prints one line of JSON: for each epoch the
samples a second, and the milliseconds to the first batch. The first epoch begins without any cache
of the loader's; the second has what the loader kept of the first. What a loader imports is imported
before the first epoch begins.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import sys
import time
from typing import Any

import numpy as np

import hub
from hub.training.dataset import Dataset
from training_formats import array_name

BLOCK = "64MB"


@dataclasses.dataclass(frozen=True)
class ZarrColumn:
    """Local Zarr files as zarr-python reads them, for this package's loader."""

    path: str
    shape: tuple
    chunks: tuple
    dtype: Any = np.dtype("u1")
    fill_value: int = 0
    digest: str = "local"

    def frozen(self):
        return self

    def warn_if_changed(self):
        pass

    def open(self):
        import zarr

        return ZarrSource(zarr.open_array(self.path, mode="r"))


class ZarrSource:
    """Chunks of local files; several at a time, as many as were the fastest here."""

    THREADS = int(os.environ.get("ZARR_THREADS", "1"))

    def __init__(self, array):
        self.array = array

    def chunk(self, place):
        start = place[0] * self.array.chunks[0]
        return place, self.array[start:start + self.array.chunks[0]]

    def fetch(self, coordinates, concurrency=16):
        if self.THREADS < 2:
            yield from map(self.chunk, coordinates)
            return
        with concurrent.futures.ThreadPoolExecutor(self.THREADS) as pool:
            yield from pool.map(self.chunk, coordinates)


def nave(settings, start="thread"):
    import hub.chunks

    name = array_name(settings["per_chunk"], settings.get("data", "noise"))
    with hub.configured(**settings["server"], cache_folder=settings["scratch"]):
        images = hub.load(f"bench/{name}:v0")
        labels = hub.load(f"bench/labels-of-{name}:v0")
    return images.to_pytorch(labels).loader(
        settings["batch"], shuffle=hub.Shuffle(block=BLOCK), workers=settings["workers"],
        start=start)


def nave_processes(settings):
    return nave(settings, "forkserver")


def files(settings):
    import zarr  # noqa: F401

    count, per_chunk = settings["count"], settings["per_chunk"]
    name = array_name(per_chunk, settings.get("data", "noise"))
    path = str(pathlib.Path(settings["folder"]) / name)
    column = ZarrColumn(path, (count, 224, 224, 3), (per_chunk, 224, 224, 3))
    labels = hub.training.column.MemoryColumn(np.arange(count))
    return Dataset(column, labels).loader(
        settings["batch"], shuffle=hub.Shuffle(block=BLOCK), workers=settings["workers"],
        start="thread")


def torch_loader(dataset, settings, **options):
    import torch

    return torch.utils.data.DataLoader(
        dataset, batch_size=settings["batch"], num_workers=settings["workers"],
        persistent_workers=True, **options)


def mosaic(settings):
    from mosaic import streaming

    os.environ["S3_ENDPOINT_URL"] = settings["server"]["endpoint"]
    dataset = streaming.StreamingDataset(
        remote="s3://bench/mds", local=settings["scratch"], shuffle=True, shuffle_seed=0,
        batch_size=settings["batch"])
    # It has read an index; forked workers would share that connection, and lose answers to each
    # other until one of them waits for a minute.
    for stream in dataset.streams:
        stream._downloader.clean_up()
    return torch_loader(dataset, settings)


def litdata(settings):
    import litdata as library

    from litdata.streaming import downloader

    server = settings["server"]
    # It passes no options on to obstore, which refuses plain HTTP without this one.
    downloader._OBSTORE_CLIENT_OPTIONS["allow_http"] = True
    # By its defaults it decodes neighbours of every shuffled sample; without (batch_decode=False) it
    # reads a whole chunk of a remote data set for each sample, which is slower still.
    dataset = library.StreamingDataset(
        "s3://bench/litdata", cache_dir=settings["scratch"], shuffle=True, seed=0, storage_options={
            "endpoint_url": server["endpoint"], "aws_access_key_id": server["access_key"],
            "aws_secret_access_key": server["secret_key"], "region_name": "us-east-1"})
    return library.StreamingDataLoader(
        dataset, batch_size=settings["batch"], num_workers=settings["workers"],
        persistent_workers=True)


def webdataset(settings):
    import webdataset as library

    pathlib.Path(settings["scratch"]).mkdir()
    dataset = library.WebDataset(
        settings["urls"], shardshuffle=len(settings["urls"]), seed=0, cache_dir=settings["scratch"],
        empty_check=False)
    # As many samples are mixed as a block of the others has.
    dataset = dataset.shuffle(int(BLOCK[:-2]) * 10**6 // 150_528).map(webdataset_sample)
    return torch_loader(dataset, settings)


def webdataset_sample(sample):
    image = np.frombuffer(bytearray(sample["image"]), "u1").reshape(224, 224, 3)
    return {"image": image, "label": int(sample["label"])}


LOADERS = {
    "Nave": nave, "Nave, processes": nave_processes, "local zarr files": files,
    "MosaicML Streaming": mosaic, "LitData": litdata, "WebDataset": webdataset,
}


def epoch(loader, count):
    """Goes through an epoch; every sample must come once, with its label."""
    import torch

    first, seen = None, torch.zeros(count, dtype=torch.bool)
    begun = time.monotonic()
    for batch in loader:
        images, labels = batch if isinstance(batch, (list, tuple)) else (
            batch["image"], batch["label"])
        first = first or time.monotonic() - begun
        assert images.dtype == torch.uint8 and images.shape[1:] == (224, 224, 3), images.shape
        seen[labels] = True
    spent = time.monotonic() - begun
    assert seen.all(), f"{int((~seen).sum())} of {count} samples did not come"
    return {"samples per second": count / spent, "first batch, ms": first * 1000}


def main():
    import torch

    torch.set_num_threads(1)
    name, settings = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
    loader = LOADERS[name](settings)
    print(json.dumps([epoch(loader, settings["count"]) for _ in range(settings["epochs"])]))
    close = getattr(loader, "close", None)
    if close:
        close()


if __name__ == "__main__":
    main()
