"""The same samples in the formats of all loaders: arrays, MDS, LitData and tar files."""

import io
import pathlib
import tarfile

import boto3
import botocore.config
import numpy as np
import zarr
import zarr.storage

import hub

SAMPLE = (224, 224, 3)
SHARD_BYTES = 64_000_000
BUCKET = "bench"
UNCOMPRESSED = [{"name": "bytes", "configuration": {"endian": "little"}}]


def samples(count, seed=1):
    """Noise, which no compression makes smaller: what is measured is moving it."""
    return np.random.default_rng(seed).integers(0, 256, (count, *SAMPLE), "u1")


def s3_client(settings):
    return boto3.client(
        "s3", endpoint_url=settings["endpoint"], aws_access_key_id=settings["access_key"],
        aws_secret_access_key=settings["secret_key"], region_name="us-east-1",
        config=botocore.config.Config(signature_version="s3v4"))


def write_arrays(settings, folder, images, per_chunk):
    """On Nave, committed, and as local Zarr files; chunks alike, elements as they are."""
    name = f"chunks-of-{per_chunk}"
    shape, labels = images.shape, np.arange(len(images))
    with hub.configured(**settings):
        array = hub.array(
            shape, name=f"{BUCKET}/{name}:v0", dtype="u1", chunks=(per_chunk, *SAMPLE),
            codecs=[{"name": "bytes"}])
        for start in range(0, len(images), 512):
            array[start:start + 512] = images[start:start + 512]
        array.commit("samples")
        stored = hub.array(
            labels.shape, name=f"{BUCKET}/labels-{per_chunk}:v0", dtype="i8", chunks=(4096,))
        stored[...] = labels
        stored.commit("labels")
    local = zarr.create_array(
        zarr.storage.LocalStore(folder / name), shape=shape, chunks=(per_chunk, *SAMPLE),
        dtype="u1", compressors=None)
    local[...] = images


def write_mosaic(folder, images):
    from mosaic import streaming

    columns = {"image": "ndarray:uint8:224,224,3", "label": "int"}
    with streaming.MDSWriter(out=str(folder), columns=columns, size_limit=SHARD_BYTES) as writer:
        for number, image in enumerate(images):
            writer.write({"image": image, "label": number})


def write_litdata(folder, images):
    from litdata.streaming.writer import BinaryWriter

    folder.mkdir()
    writer = BinaryWriter(str(folder), chunk_bytes=SHARD_BYTES)
    for number, image in enumerate(images):
        writer[number] = {"image": image, "label": number}
    writer.done()
    writer.merge()


def write_webdataset(folder, images):
    folder.mkdir()
    per_shard = SHARD_BYTES // images[0].nbytes
    for shard, start in enumerate(range(0, len(images), per_shard)):
        with tarfile.open(folder / f"samples-{shard:05}.tar", "w") as tar:
            for number, image in enumerate(images[start:start + per_shard], start):
                for suffix, content in [("image", image.tobytes()), ("label", b"%d" % number)]:
                    entry = tarfile.TarInfo(f"{number:08}.{suffix}")
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))


def upload(settings, folder, prefix):
    """Puts a folder's files into the bucket."""
    client = s3_client(settings)
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file():
            client.upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(folder)}")
