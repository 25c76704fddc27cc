"""The present server reads the data folders of earlier versions, and leaves those of later ones alone.

Method: Fixtures/formats/served-*/data was written through S3 by the server of its time, see
served_folder.py; every object of it must be as expected.json says. For a later version the number of a
format is raised in a copy of the folder, with the checksum over it if there is one.
"""

import hashlib
import json
import shutil
import sqlite3
import struct
import sys

import pytest
from array_api import ArrayAPI
from botocore.exceptions import BotoCoreError, ClientError
from s3_clients import body_of, refused, s3_client
from served_folder import LONG, contents
from server_process import REPOSITORY, ServerProcess, nave

FORMATS = REPOSITORY / "Fixtures" / "formats"
sys.path.append(str(FORMATS))
from generate import crc64  # noqa: E402

SERVED = sorted(FORMATS.glob("served-*"))
NEWEST = SERVED[-1]


def copied(folder, target):
    data = shutil.copytree(folder / "data", target / "data")
    # A checkout knows no mode but "executable".
    (data / "keys.env").chmod(0o600)
    return data


def check(server, expected):
    """Everything that the folder holds, as its own principals see it."""
    s3 = s3_client(server)
    reader = s3_client(server, expected["principals"]["reader"])
    for bucket, objects in expected["buckets"].items():
        assert contents(reader if bucket == "of-reader" else s3, bucket) == objects
    with refused("NoSuchKey"):
        s3.get_object(Bucket="plain", Key="deleted")
    api = ArrayAPI(server)
    for reference, elements in expected["arrays"].items():
        assert api.data(reference).tolist() == elements
        assert api.document(f"arrays/{reference}")["attributes"] == {"unit": "counts"}
    upload = expected["upload"]
    found = s3.list_multipart_uploads(Bucket=upload["bucket"])["Uploads"]
    assert [(each["Key"], each["UploadId"]) for each in found] == [(upload["key"], upload["id"])]
    return s3


@pytest.mark.parametrize("index", ["kept", "lost"])
@pytest.mark.parametrize("folder", SERVED, ids=lambda folder: folder.name)
def test_the_folder_of_an_earlier_version_is_read_and_written(tmp_path, folder, index):
    expected = json.loads((folder / "expected.json").read_text())
    data = copied(folder, tmp_path)
    if index == "lost":
        shutil.rmtree(data / "index")
    with ServerProcess(data) as server:
        s3 = check(server, expected)
        upload = expected["upload"]
        s3.complete_multipart_upload(
            Bucket=upload["bucket"], Key=upload["key"], UploadId=upload["id"],
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": upload["part"]}]})
        body = body_of(s3, upload["bucket"], upload["key"])
        assert hashlib.sha256(body).hexdigest() == upload["sha256"]
        s3.put_object(Bucket="plain", Key="replaced", Body=b"by the present version")
        s3.delete_object(Bucket="plain", Key="long")
    with ServerProcess(data) as server:
        s3 = s3_client(server)
        assert body_of(s3, "plain", "replaced") == b"by the present version"
        assert hashlib.sha256(body_of(s3, "plain", "copy of long")).hexdigest() == \
            expected["buckets"]["plain"]["copy of long"]["sha256"]
    result = nave("check", data)
    assert result.returncode == 0, result.stdout + result.stderr


def only(folder, pattern):
    files = sorted(folder.glob(pattern))
    assert files, pattern
    return files[0]


def raise_label(data):
    label = data / "volume.json"
    text = label.read_text()
    assert '"version": 1' in text
    label.write_text(text.replace('"version": 1', '"version": 2'))
    return label


def raise_segment(data):
    segment = only(data, "log/*.log")
    content = bytearray(segment.read_bytes())
    struct.pack_into("<I", content, 8, 2)
    struct.pack_into("<Q", content, 56, crc64(bytes(content[:56])))
    segment.write_bytes(content)
    return segment


def raise_record(data):
    """The first record, which begins after the header of the segment."""
    segment = only(data, "log/*.log")
    content = bytearray(segment.read_bytes())
    assert content[64:68] == b"NVLR"
    struct.pack_into("<H", content, 68, 2)
    segment.write_bytes(content)
    return segment


def state_of(data):
    """What is in every file that is not for the moment alone."""
    passing = ("-wal", "-shm", ".lock", ".ready", ".log.txt")
    return {
        path.relative_to(data): path.read_bytes()
        for path in data.rglob("*") if path.is_file() and not path.name.endswith(passing)}


@pytest.mark.parametrize("raise_version", [raise_label, raise_segment, raise_record])
@pytest.mark.parametrize("index", ["kept", "lost"])
def test_a_folder_of_a_later_version_is_refused_and_left_alone(tmp_path, raise_version, index):
    data = copied(NEWEST, tmp_path)
    if index == "lost":
        shutil.rmtree(data / "index")
    path = raise_version(data)
    before = state_of(data)
    result = nave("serve", data, "--listen", "127.0.0.1:0")
    assert result.returncode != 0
    message = result.stdout + result.stderr
    assert path.name in message or str(data) in message
    if raise_version is not raise_record:
        assert "format version 2, which a newer nave wrote" in message
        assert "use that nave again, or restore a backup" in message
    assert state_of(data) == before


def test_a_blob_of_a_later_version_is_an_error_and_left_alone(tmp_path):
    data = copied(NEWEST, tmp_path)
    blob = only(data, "blobs/*/*.blob")
    content = bytearray(blob.read_bytes())
    struct.pack_into("<I", content, 8, 2)
    struct.pack_into("<Q", content, 4088, crc64(bytes(content[:4088])))
    # A reader asks the footer alone; a later version has another magic there.
    footer = content.rindex(b"NAVEEND\n")
    content[footer:footer + 8] = b"NAVEEN2\n"
    table = footer - 8 * -(-len(LONG) // 65536)
    struct.pack_into("<Q", content, len(content) - 8, crc64(bytes(content[table:-8])))
    blob.write_bytes(content)
    with ServerProcess(data) as server:
        s3 = s3_client(server)
        # Before the first byte or instead of it: never wrong ones.
        with pytest.raises((ClientError, BotoCoreError)):
            s3.get_object(Bucket="plain", Key="long")["Body"].read()
        assert body_of(s3, "plain", "replaced") == b"after" * 100
        assert blob.read_bytes() == content
    result = nave("check", data)
    assert result.returncode != 0 and blob.name in result.stdout + result.stderr


def test_an_index_of_a_later_version_is_made_anew_from_the_log(tmp_path):
    """The index is derived: nothing in it is worth more than what the log says."""
    data = copied(NEWEST, tmp_path)
    connection = sqlite3.connect(data / "index" / "nave.sqlite")
    with connection:
        connection.execute("UPDATE state SET format = format + 1")
    connection.close()
    with ServerProcess(data) as server:
        check(server, json.loads((NEWEST / "expected.json").read_text()))
