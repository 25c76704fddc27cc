"""One damaged record of the log costs nothing that the index holds, and a backup's no more than it must.

Method: a bit is turned, or 4 KiB are overwritten, in a record of the log of a folder whose server has
stopped, or of a backup; the folder is served, loses its index, is backed up and restored, and every
object is compared with what was written.
"""

import json
import os
import shutil
import struct

import pytest
import requests

from s3_clients import s3_client
from server_process import ServerProcess, nave

HEADER = struct.Struct("<IHHqqQIIQ")
MAGIC = 0x524C564E
SMALL = {f"small/{number:02}": os.urandom(1000 + number) for number in range(20)}
LARGE = {f"large/{number}": os.urandom(200_000 + number) for number in range(5)}


def records(path):
    """The place and length of each record of a segment that holds a change."""
    data = path.read_bytes()
    offset, found = 64, []
    while offset + HEADER.size <= len(data):
        magic, _, kind, position, _, _, body, payload, _ = HEADER.unpack_from(data, offset)
        if magic != MAGIC or position != offset + int(path.stem, 16):
            break
        blocks = (payload + 65535) // 65536
        length = (48 + 8 * blocks + body + payload + 7) // 8 * 8
        if kind == 1:
            found.append((offset, length, payload))
        offset += length
    return found


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def flip(path, offset):
    overwrite(path, offset, bytes([path.read_bytes()[offset] ^ 4]))


def segment(data):
    return data / "log" / ("0" * 16 + ".log")


def result_of(*arguments, code=0):
    run = nave(*arguments)
    assert run.returncode == code, run.stdout + run.stderr
    return json.loads(run.stdout)


def objects(server):
    s3 = s3_client(server)
    found = {}
    for item in s3.list_objects_v2(Bucket="test").get("Contents", []):
        found[item["Key"]] = s3.get_object(Bucket="test", Key=item["Key"])["Body"].read()
    return found


def damage(server):
    return requests.get(
        f"{server.endpoint}/v1/damage", auth=server.root_keys, timeout=10).json()["damage"]


def fill(server):
    s3 = s3_client(server)
    s3.create_bucket(Bucket="test")
    for key, body in {**SMALL, **LARGE}.items():
        s3.put_object(Bucket="test", Key=key, Body=body)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with objects, whose server has stopped, and a backup of it."""
    folder = tmp_path_factory.mktemp("damaged-log")
    with ServerProcess(folder / "data") as server:
        fill(server)
        result_of("backup", server.data, folder / "backup")
    return folder


@pytest.fixture
def data(made, tmp_path):
    shutil.copytree(made / "data", tmp_path / "data", symlinks=True)
    return tmp_path / "data"


@pytest.fixture
def backup(made, tmp_path):
    shutil.copytree(made / "backup", tmp_path / "backup")
    return tmp_path / "backup"


def count():
    """The namespace, the objects, and whatever else is a change."""
    return 1 + len(SMALL) + len(LARGE)


@pytest.mark.parametrize("number, part", [(0, 1), (5, 9), (13, 42), (25, 60)])
def test_a_damaged_record_costs_nothing_that_the_index_holds(data, tmp_path, number, part):
    found = records(segment(data))
    assert len(found) == count()
    offset = found[number][0]
    flip(segment(data), offset + part)
    report = result_of("check", data, code=1)
    assert "log_record_unreadable" in {item["kind"] for item in report["disagreements"]}
    with ServerProcess(data) as server:
        assert objects(server) == {**SMALL, **LARGE}
        items = [item for item in damage(server) if item["kind"] == "log_record"]
        assert [(item["path"], item["offset"]) for item in items] == [
            (str(segment(data)), offset)]
        s3_client(server).put_object(Bucket="test", Key="new", Body=b"new")
        result_of("backup", data, tmp_path / "backup")
        assert [item["state"] for item in damage(server)] == ["healed"]
    assert result_of("check", data, "--payloads")["is_well"]
    assert result_of("scrub", data)["is_well"]
    shutil.rmtree(data / "index")
    with ServerProcess(data) as server:
        assert objects(server) == {**SMALL, **LARGE, "new": b"new"}
    result_of("rebuild", data)
    assert result_of("check", data)["is_well"]
    report = result_of("restore", tmp_path / "backup", tmp_path / "restored", code=1)
    assert [(item["kind"], item["offset"]) for item in report["damage"]] == [
        ("log_record_unreadable", offset)]
    with ServerProcess(tmp_path / "restored") as server:
        assert objects(server) == {**SMALL, **LARGE, "new": b"new"}


def test_a_bad_sector_costs_the_objects_whose_bytes_were_in_it(data, tmp_path):
    start = records(segment(data))[8][0] // 4096 * 4096
    assert start > 0
    overwrite(segment(data), start, os.urandom(4096))
    with ServerProcess(data) as server:
        s3 = s3_client(server)
        lost = []
        for key, body in {**SMALL, **LARGE}.items():
            try:
                assert s3.get_object(Bucket="test", Key=key)["Body"].read() == body
            except s3.exceptions.ClientError:
                lost.append(key)
        assert 1 <= len(lost) <= 6 and all(key.startswith("small/") for key in lost)
        for key in lost:
            s3.put_object(Bucket="test", Key=key, Body=SMALL[key])
        result_of("backup", data, tmp_path / "backup")
        assert objects(server) == {**SMALL, **LARGE}
    shutil.rmtree(data / "index")
    with ServerProcess(data) as server:
        assert objects(server) == {**SMALL, **LARGE}


@pytest.mark.parametrize("number", [0, 25])
def test_after_a_kill_a_damaged_record_costs_nothing_either(tmp_path, number):
    server = ServerProcess(tmp_path / "data").start()
    fill(server)
    server.kill()
    offset = records(segment(server.data))[number][0]
    flip(segment(server.data), offset + 50)
    with ServerProcess(server.data) as server:
        assert objects(server) == {**SMALL, **LARGE}


def test_without_an_index_it_is_refused_and_left_as_it_is(data):
    offset = records(segment(data))[7][0]
    flip(segment(data), offset + 50)
    shutil.rmtree(data / "index")
    before = segment(data).read_bytes()
    for command in ("serve", "rebuild", "scrub"):
        run = nave(command, data, *(["--listen", "127.0.0.1:0"] if command == "serve" else []))
        assert run.returncode == (1 if command == "serve" else 3)
        assert str(segment(data)) in run.stderr and f"byte {offset}" in run.stderr
        assert "restore a backup" in run.stderr and "no index" in run.stderr
    assert segment(data).read_bytes() == before


@pytest.mark.parametrize("number", [0, 9, 25])
def test_a_damaged_backup_is_restored_up_to_the_damage(backup, tmp_path, number):
    offset = records(segment(backup))[number][0]
    flip(segment(backup), offset + 50)
    report = result_of("restore", backup, tmp_path / "restored", code=1)
    item, = report["damage"]
    assert (item["kind"], item["path"], item["offset"]) == (
        "log_record_unreadable", str(segment(backup)), offset)
    written = [*SMALL, *LARGE]
    if number > 0:
        assert item["objects"] == [f"test/{key}" for key in written[number:]][:16]
    with ServerProcess(tmp_path / "restored") as server:
        s3 = s3_client(server)
        if number == 0:
            s3.create_bucket(Bucket="test")
        assert set(objects(server)) == set(written[:max(0, number - 1)])
    assert result_of("check", tmp_path / "restored", "--payloads")["is_well"]


def test_a_restore_that_fails_leaves_nothing(backup, tmp_path):
    flip(segment(backup), 20)
    for made_before in (False, True):
        target = tmp_path / "restored"
        if made_before:
            target.mkdir()
        run = nave("restore", backup, target)
        assert run.returncode == 3 and run.stdout == ""
        assert str(segment(backup)) in run.stderr and str(target) not in run.stderr
        assert target.exists() == made_before
        assert not made_before or list(target.iterdir()) == []
