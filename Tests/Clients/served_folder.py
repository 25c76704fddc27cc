"""A small data folder as the server leaves it, and what is in it; a fixture for later versions to read.

`python served_folder.py TARGET` makes TARGET/data with the present server and writes down in
TARGET/expected.json what a client was told. Run it only to add a fixture of a new version; old ones stay.
The keys in it are of no other server.
"""

import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

from s3_clients import s3_client
from server_process import ServerProcess

ZARR = json.dumps({
    "zarr_format": 3, "node_type": "array", "shape": [4], "data_type": "uint8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
    "chunk_key_encoding": {"name": "default"}, "fill_value": 7, "codecs": [{"name": "bytes"}],
    "attributes": {"unit": "counts"}}).encode()
# One byte more than travels in the log, so that it gets a file of its own.
LONG = bytes(index * 7 & 0xFF for index in range(131_073))


def fill(server):
    """Writes through S3 what the folder is to hold, and gives what it holds then."""
    s3 = s3_client(server)
    s3.create_bucket(Bucket="plain")
    s3.create_bucket(Bucket="arrays")
    s3.put_object(Bucket="plain", Key="empty", Body=b"")
    s3.put_object(
        Bucket="plain", Key="letters/ä b+c.txt", Body="größer".encode(),
        ContentType="text/plain; charset=utf-8", Metadata={"origin": "fixture"})
    s3.put_object(Bucket="plain", Key="replaced", Body=b"before")
    s3.put_object(Bucket="plain", Key="replaced", Body=b"after" * 100)
    s3.put_object(Bucket="plain", Key="deleted", Body=b"gone")
    s3.delete_object(Bucket="plain", Key="deleted")
    s3.put_object(Bucket="plain", Key="long", Body=LONG)
    s3.copy_object(
        Bucket="plain", Key="copy of long", CopySource={"Bucket": "plain", "Key": "long"})
    s3.copy_object(
        Bucket="plain", Key="copy of replaced", CopySource={"Bucket": "plain", "Key": "replaced"})
    complete(s3, "plain", "in parts", b"one part " * 50)
    s3.put_object(Bucket="arrays", Key="scan:v0/zarr.json", Body=ZARR)
    s3.put_object(Bucket="arrays", Key="scan:v0/c/0", Body=bytes([1, 2]))
    s3.put_object(Bucket="arrays", Key="flat/zarr.json", Body=ZARR)
    open_upload = s3.create_multipart_upload(Bucket="plain", Key="unfinished")
    part = s3.upload_part(
        Bucket="plain", Key="unfinished", UploadId=open_upload["UploadId"], PartNumber=1,
        Body=b"to be gone on with")
    keys = server.add_principal("reader")
    other = s3_client(server, keys)
    other.create_bucket(Bucket="of-reader")
    other.put_object(Bucket="of-reader", Key="mine", Body=b"by another principal")
    return {
        "principals": {"reader": list(keys)},
        "buckets": {
            "plain": contents(s3, "plain"), "arrays": contents(s3, "arrays"),
            "of-reader": contents(other, "of-reader")},
        "arrays": {"arrays/scan:v0": [1, 2, 7, 7], "arrays/flat": [7, 7, 7, 7]},
        "upload": {
            "bucket": "plain", "key": "unfinished", "id": open_upload["UploadId"],
            "part": part["ETag"], "sha256": hashlib.sha256(b"to be gone on with").hexdigest()},
    }


def complete(s3, bucket, key, content):
    where = {"Bucket": bucket, "Key": key}
    where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, PartNumber=1, Body=content)
    s3.complete_multipart_upload(
        **where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})


def contents(s3, bucket):
    """Every object of a bucket as a client sees it."""
    found = {}
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = s3.get_object(Bucket=bucket, Key=item["Key"])
        body = answer["Body"].read()
        assert answer["ETag"] == item["ETag"] and len(body) == item["Size"]
        found[item["Key"]] = {
            "etag": answer["ETag"], "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(), "type": answer["ContentType"],
            "metadata": answer["Metadata"]}
    return found


def main():
    target = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        with ServerProcess(data) as server:
            expected = fill(server)
        shutil.copytree(data, target / "data", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    for segment in (target / "data" / "log").iterdir():
        # The zeros that the server wrote ahead of the log; a record ends at a multiple of 8.
        records = segment.read_bytes().rstrip(b"\0")
        segment.write_bytes(records + bytes(-len(records) % 8))
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (target / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
