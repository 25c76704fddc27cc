"""TensorStore's S3 driver: conditional writes, transactions and ranges as it relies on them."""

import os
import subprocess
import sys

import numpy as np
import pytest

from s3_clients import body_of
from server_process import clean_environment

# TensorStore takes credentials from the environment of its process, so it gets one of its own.
SCRIPT = '''
import sys
import numpy as np
import tensorstore as ts

endpoint, bucket, path, driver = sys.argv[1:5]
store = {
    "driver": "s3", "bucket": bucket, "endpoint": endpoint, "aws_region": "us-east-1",
    "path": path, "aws_credentials": {"type": "environment"},
}
spec = {"driver": driver, "kvstore": store}
data = np.arange(60 * 50, dtype="u2").reshape(60, 50)
array = ts.open(
    spec, create=True, dtype=ts.uint16, shape=data.shape,
    chunk_layout=ts.ChunkLayout(chunk_shape=[16, 16])).result()
array[...] = data
back = ts.open(spec, read=True, recheck_cached_data=True).result()
assert np.array_equal(back[...].read().result(), data)
assert np.array_equal(back[7:55:3, 49].read().result(), data[7:55:3, 49])
with ts.Transaction() as transaction:
    array.with_transaction(transaction)[0:3, 0:3] = 9
data[0:3, 0:3] = 9
assert np.array_equal(back[...].read().result(), data)
try:
    ts.open(spec | {"create": True, "delete_existing": False}, dtype=ts.uint16, shape=[1]).result()
    sys.exit("an array was created where one was")
except ValueError:
    pass
keys = ts.KvStore.open(store).result()
keys.write("marker", b"x").result()
assert keys.read("marker").result().value == b"x"
generation = keys.read("marker").result().stamp.generation
assert keys.write("marker", b"y", if_equal=generation).result().generation
assert keys.write("marker", b"z", if_equal=generation).result().generation == b""
assert keys.read("marker").result().value == b"y"
assert b"marker" in keys.list().result()
keys.delete_range(ts.KvStore.KeyRange("marker", "marker\\0")).result()
assert keys.read("marker").result().state == "missing"
'''


@pytest.mark.parametrize("driver", ["zarr3", "zarr"])
@pytest.mark.parametrize("path", ["plain/", "name:v0/"])
def test_tensorstore_writes_swaps_and_reads_back(server, s3, bucket, driver, path):
    access_key, secret_key = server.root_keys
    environment = clean_environment(
        AWS_ACCESS_KEY_ID=access_key, AWS_SECRET_ACCESS_KEY=secret_key,
        AWS_EC2_METADATA_DISABLED="true", HOME=os.devnull)
    if server.certificate:
        environment["TENSORSTORE_CA_BUNDLE"] = server.bundle
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, server.endpoint, bucket, path, driver], env=environment,
        capture_output=True, text=True, timeout=90)
    assert result.returncode == 0, result.stdout + result.stderr
    metadata = "zarr.json" if driver == "zarr3" else ".zarray"
    assert b'"shape"' in body_of(s3, bucket, path + metadata)


def test_zarr_reads_what_tensorstore_wrote(server, s3, bucket):
    from test_zarr import obstore_store

    import zarr

    test_tensorstore_writes_swaps_and_reads_back(server, s3, bucket, "zarr3", "shared:v0/")
    array = zarr.open_array(obstore_store(server, bucket, "shared:v0"), mode="r")
    expected = np.arange(60 * 50, dtype="u2").reshape(60, 50)
    expected[0:3, 0:3] = 9
    np.testing.assert_array_equal(array[:], expected)
