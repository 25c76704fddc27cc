"""A disk that others have filled to the last byte: deletions, reads and a start still work."""

import json
import os
import pathlib
import subprocess
import time
import urllib.request

import botocore.exceptions
import pytest

from s3_clients import s3_client
from server_process import ServerProcess

OBJECTS = 30


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 48 MiB in memory, with the folder of a server on it."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(place):
    """Takes all room there is."""
    with open(place / "filler", "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(b"\1" * size):
                    pass
            except OSError:
                continue
    assert os.statvfs(place).f_bavail == 0


def contents(s3):
    listed = s3.list_objects_v2(Bucket="full").get("Contents", [])
    return {
        entry["Key"]: s3.get_object(Bucket="full", Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def readiness(server):
    with urllib.request.urlopen(f"{server.endpoint}/-/ready") as answer:
        return json.load(answer)


def stored(server):
    s3 = s3_client(server)
    s3.create_bucket(Bucket="full")
    kept = {}
    for number in range(OBJECTS):
        body = os.urandom(300_000 if number % 2 else 3000)
        s3.put_object(Bucket="full", Key=f"k{number}", Body=body)
        kept[f"k{number}"] = body
    return kept


def await_reserve(data):
    """Waits until the server has put its room aside, which it does behind its start."""
    deadline = time.monotonic() + 30
    while not (data / "reserve").exists() or not (data / "index/reserve").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_deletions_are_taken_on_a_disk_that_others_filled(small_disk):
    data = small_disk / "data"
    with ServerProcess(data) as server:
        kept = stored(server)
        await_reserve(data)
        fill(small_disk)
        s3 = s3_client(server)
        assert contents(s3) == kept
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            s3.put_object(Bucket="full", Key="new", Body=b"x")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
        answer = readiness(server)
        assert (answer["state"], answer["room"]) == ("ready", "low")
        for number in range(0, OBJECTS, 3):
            s3.delete_object(Bucket="full", Key=f"k{number}")
            del kept[f"k{number}"]
        deleted = s3.delete_objects(Bucket="full", Delete={"Objects": [{"Key": "k1"}, {"Key": "k2"}]})
        assert "Errors" not in deleted
        del kept["k1"], kept["k2"]
        assert contents(s3) == kept
        pathlib.Path(small_disk / "filler").unlink()
        s3.put_object(Bucket="full", Key="again", Body=b"x")
        kept["again"] = b"x"
        assert readiness(server)["room"] == "enough"
    with ServerProcess(data) as server:
        assert contents(s3_client(server)) == kept


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_starts_on_a_disk_that_others_filled(small_disk, end):
    data = small_disk / "data"
    server = ServerProcess(data)
    with server:
        kept = stored(server)
        await_reserve(data)
        if end == "kill":
            server.kill()
    fill(small_disk)
    with ServerProcess(data) as server:
        s3 = s3_client(server)
        assert contents(s3) == kept
        s3.delete_object(Bucket="full", Key="k7")
        del kept["k7"]
        assert contents(s3) == kept
        assert "made anew" not in server.output()
