"""The same samples in the formats of all loaders: arrays, MDS, LitData and tar files."""

import io
import json
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


def pictures(count, seed=1):
    """Smooth fields with a little noise, which compress about as photographs do without loss."""
    generator = np.random.default_rng(seed)
    places = np.linspace(0, 13, SAMPLE[0])
    spread = np.maximum(0, 1 - abs(places[:, None] - np.arange(14)))  # Linear interpolation.
    images = np.empty((count, *SAMPLE), "u1")
    for image in images:
        coarse = generator.uniform(20, 235, (14, 14, 3))
        smooth = np.einsum("ya,xb,abc->yxc", spread, spread, coarse, optimize=True)
        image[...] = np.clip(smooth + generator.normal(0, 1.5, SAMPLE), 0, 255)
    return images


DATA = {"noise": samples, "pictures": pictures}


def array_name(per_chunk, data="noise"):
    """What an array is called on Nave and as a folder."""
    return f"chunks-of-{per_chunk}" + ("" if data == "noise" else f"-of-{data}")


def s3_client(settings):
    return boto3.client(
        "s3", endpoint_url=settings["endpoint"], aws_access_key_id=settings["access_key"],
        aws_secret_access_key=settings["secret_key"], region_name="us-east-1",
        config=botocore.config.Config(signature_version="s3v4"))


def write_arrays(settings, folder, images, per_chunk, data="noise"):
    """On Nave, committed, and as local Zarr files, with the same chunks.

    Noise is stored as it is, anything else with the compression that zarr takes if none is named.
    """
    name = array_name(per_chunk, data)
    shape, labels = images.shape, np.arange(len(images))
    local = zarr.create_array(
        zarr.storage.LocalStore(folder / name), shape=shape, chunks=(per_chunk, *SAMPLE),
        dtype="u1", compressors=None if data == "noise" else "auto")
    local[...] = images
    codecs = json.loads((folder / name / "zarr.json").read_text())["codecs"]
    with hub.configured(**settings):
        array = hub.array(
            shape, name=f"{BUCKET}/{name}:v0", dtype="u1", chunks=(per_chunk, *SAMPLE),
            codecs=codecs)
        for start in range(0, len(images), 512):
            array[start:start + 512] = images[start:start + 512]
        array.commit("samples")
        stored = hub.array(
            labels.shape, name=f"{BUCKET}/labels-of-{name}:v0", dtype="i8", chunks=(4096,))
        stored[...] = labels
        stored.commit("labels")


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
