"""The clients of the demo, all set up from the environment that `nave env` prints."""

import io
import json
import os
import urllib.parse

import boto3
import numpy as np
import requests
from boto3.s3.transfer import TransferConfig
from obstore.store import S3Store
from zarr.storage import FsspecStore, ObjectStore

import progress

NAMESPACE = "demo"
HUB_NAMESPACE = "snark-hub-demo"


def s3_client():
    return boto3.client("s3")


def obstore_store(path):
    """Zarr's store over obstore, which is written in Rust."""
    return ObjectStore(
        S3Store(
            NAMESPACE, prefix=path, endpoint=os.environ["AWS_ENDPOINT_URL"],
            region="us-east-1", virtual_hosted_style_request=False,
            access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
            secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
            client_options={"allow_http": True}))


def s3fs_store(path):
    """Zarr's store over s3fs, which is written in Python."""
    return FsspecStore.from_url(
        f"s3://{NAMESPACE}/{path}", read_only=True,
        storage_options={"client_kwargs": {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}})


def push_one_chunk(s3, path, data):
    """Writes an array of one chunk: its metadata, and its bytes as a multipart upload."""
    metadata = {
        "zarr_format": 3, "node_type": "array", "shape": data.shape, "data_type": "float32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": data.shape}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0.0, "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": {"pushed_with": "boto3 multipart"},
    }
    key = "/".join(["c"] + ["0"] * data.ndim)
    sent = 0

    def note(count):
        nonlocal sent
        sent += count
        progress.show("boto3", sent, data.nbytes, "bytes")

    s3.upload_fileobj(
        io.BytesIO(data.tobytes()), NAMESPACE, f"{path}/{key}", Callback=note,
        Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    s3.put_object(Bucket=NAMESPACE, Key=f"{path}/zarr.json", Body=json.dumps(metadata).encode())
    return s3.head_object(Bucket=NAMESPACE, Key=f"{path}/{key}")["ETag"]


def fetch_hub_chunks(s3, path, chunk):
    """Reads a Hub array with plain S3 requests, following its layout."""
    info = json.loads(
        s3.get_object(Bucket=HUB_NAMESPACE, Key=f"{path}/info.txt")["Body"].read())
    shape, result = info["shape"], np.zeros(info["shape"], info["dtype"])
    for index in np.ndindex(*[-(-extent // size) for extent, size in zip(shape, chunk)]):
        low = [number * size for number, size in zip(index, chunk)]
        high = [min(start + size, extent) for start, size, extent in zip(low, chunk, shape)]
        key = f"{path}/" + "_".join(f"{start}-{end}" for start, end in zip(low, high))
        body = s3.get_object(Bucket=HUB_NAMESPACE, Key=key)["Body"].read()
        block = np.frombuffer(body, info["dtype"]).reshape(info["chunk_shape"], order="F")
        inside = tuple(slice(0, end - start) for start, end in zip(low, high))
        result[tuple(slice(start, end) for start, end in zip(low, high))] = block[inside]
    return result


class ArrayAPI:
    """The server's own array API, with the same keys."""

    def __init__(self):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (
            os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])

    def get(self, path, **parameters):
        url = f"{os.environ['AWS_ENDPOINT_URL']}/v1/{urllib.parse.quote(path, safe='/:')}"
        answer = self.session.get(url, params=parameters, timeout=60)
        if answer.status_code != 200:
            raise SystemExit(f"{answer.url}: {answer.status_code} {answer.text}")
        return answer

    def data(self, reference, text):
        return np.load(io.BytesIO(self.get(f"data/{reference}", slice=text).content))

    def statistics(self, reference, text=""):
        return self.get(f"stats/{reference}", slice=text).json()["statistics"]
