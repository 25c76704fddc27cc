"""One of two disks dies, is read-only or is too small: with two copies nothing stops."""

import json
import random
import shutil
import time

import pytest
import requests
from dead_disk import Disks
from s3_clients import s3_client
from server_process import nave, parse_exports
from test_maintenance import kinds, metrics, result_of, samples
from test_volumes import refusal, serve, wait_until_said
from test_volumes_loss import copies, wait_until_complete

SECONDS_MAX = 60


@pytest.fixture
def disks(tmp_path):
    with Disks(tmp_path) as made:
        yield made


def put_some(server, keys, kept, numbers):
    s3 = s3_client(server, keys)
    for number in numbers:
        body = random.Random(number).randbytes(200_000 if number % 2 else 3000)
        s3.put_object(Bucket="disks", Key=f"k{number:03}", Body=body)
        kept[f"k{number:03}"] = body


def fill(server, count=20):
    s3_client(server).create_bucket(Bucket="disks")
    kept = {}
    put_some(server, server.root_keys, kept, range(count))
    return kept


def check(server, keys, kept):
    s3 = s3_client(server, keys)
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket="disks")["Contents"]]
    assert listed == sorted(kept)
    for key, body in kept.items():
        assert s3.get_object(Bucket="disks", Key=key)["Body"].read() == body, key


def readiness(server):
    answer = requests.get(f"{server.endpoint}/-/ready", timeout=10)
    body = answer.json()
    states = {volume["directory"]: volume["state"] for volume in body["volumes"]}
    return answer.status_code, body, states


def check_is_ready(server):
    status, body, states = readiness(server)
    assert (status, body["state"], body["index"]) == (200, "ready", "usable")
    assert samples(metrics(server).text)[0]["nave_index_usable"] == 1
    return states


@pytest.mark.parametrize("dead", [0, 1])
def test_a_disk_that_dies_stops_neither_the_server_nor_a_start_nor_a_command(disks, tmp_path, dead):
    pair = disks.make(64, 64)
    folders = [disk.folder for disk in pair]
    good = folders[1 - dead]
    with serve(*folders, copies=2) as server:
        kept, keys = fill(server), server.root_keys
        pair[dead].die()
        # No request fails; those that need an index on the dead disk wait for the new one.
        put_some(server, keys, kept, range(20, 26))
        s3_client(server, keys).delete_object(Bucket="disks", Key=f"k{1:03}")
        del kept[f"k{1:03}"]
        check(server, keys, kept)
        assert check_is_ready(server)[str(folders[dead])] == "failed"
        assert nave("principal", "add", "ada", "--data", good).returncode == 0
        assert parse_exports(nave("env", good).stdout)["AWS_ENDPOINT_URL"] == server.endpoint
        assert nave("backup", good, tmp_path / "backup").returncode == 0
    # What the scrub remembers has moved with the index.
    assert json.loads((good / "scrub.json").read_text())["format"] == "nave-scrub"
    # The same command line again, as a supervisor has it.
    with serve(*folders, copies=2) as server:
        check(server, keys, kept)
        check_is_ready(server)
        put_some(server, keys, kept, range(30, 33))
    report = result_of("check", good, code=1)
    assert "volume_unreadable" in kinds(report), report
    assert nave("rebuild", good).returncode == 0
    assert nave("backup", good, tmp_path / "backup").returncode == 0
    new = disks.make(64)[0]
    with serve(good, new.folder, copies=2) as server:
        wait_until_complete(server)
        check(server, keys, kept)
    # Not a byte of it was on the first disk alone.
    with serve(new.folder) as server:
        check(server, keys, kept)
    restored = tmp_path / "restored"
    assert nave("restore", tmp_path / "backup", restored).returncode == 0
    with serve(restored) as server:
        check(server, keys, kept)


def test_reads_alone_have_an_index_made_anew_that_dies_with_its_disk(disks):
    first, second = disks.make(64, 64)
    with serve(first.folder, second.folder, copies=2) as server:
        kept, keys = fill(server), server.root_keys
        s3 = s3_client(server, keys, retries={"mode": "standard", "max_attempts": 10})
        first.die()
        deadline = time.monotonic() + SECONDS_MAX
        for key, body in kept.items():
            assert s3.get_object(Bucket="disks", Key=key)["Body"].read() == body, key
        while not s3.list_objects_v2(Bucket="disks").get("Contents"):
            assert time.monotonic() < deadline
        check_is_ready(server)


@pytest.mark.parametrize("read_only", [0, 1])
def test_a_disk_that_is_read_only_at_a_start_is_done_without(disks, read_only):
    pair = disks.make(64, 64)
    folders = [disk.folder for disk in pair]
    with serve(*folders, copies=2) as server:
        kept, keys = fill(server), server.root_keys
    pair[read_only].remount("ro")
    with serve(*folders) as server:
        check(server, keys, kept)
        put_some(server, keys, kept, range(20, 24))
        check(server, keys, kept)
        assert check_is_ready(server)[str(folders[read_only])] == "failed"
    pair[read_only].remount("rw")
    # What the disk missed, and an index that went on elsewhere, is no obstacle to its return.
    with serve(*folders) as server:
        wait_until_complete(server)
        check(server, keys, kept)
    report = result_of("check", folders[0], "--payloads")
    assert report["disagreements"] == []


def test_a_lone_disk_that_is_read_only_is_named(disks):
    disk = disks.make(32)[0]
    with serve(disk.folder) as server:
        fill(server, 2)
    disk.remount("ro")
    text = nave("serve", disk.folder, "--listen", "127.0.0.1:0").stderr
    assert str(disk.folder) in text and "Read-only file system" in text


def test_copies_that_a_new_disk_has_no_room_for_are_said_to_be_wanting(disks):
    first, small = disks.make(128, 8)
    with serve(first.folder) as server:
        kept, keys = fill(server, 100), server.root_keys
    with serve(first.folder, small.folder, copies=2) as server:
        wait_until_said(server, "volumes not brought up to date")
        deadline = time.monotonic() + SECONDS_MAX
        # Between two tries nothing is copied, and the report says so.
        while (found := copies(server))["state"] != "wanting":
            assert time.monotonic() < deadline, json.dumps(found)
            time.sleep(0.02)
        assert found["payloads_below"] > 0
        check(server, keys, kept)


def test_nothing_is_written_where_a_disk_is_not_mounted(disks):
    first, second = disks.make(64, 64)
    with serve(first.folder, second.folder, copies=2) as server:
        kept, keys = fill(server), server.root_keys
    second.unmount()
    for named in [(first.folder, second.folder), (second.folder, first.folder)]:
        text = refusal(*named)
        assert f"No disk is mounted at {second.folder}" in text
    assert list(second.folder.iterdir()) == []
    # Left out, the server goes on; named again, it is missed still.
    with serve(first.folder) as server:
        check(server, keys, kept)
    assert f"No disk is mounted at {second.folder}" in refusal(first.folder, second.folder)
    assert list(second.folder.iterdir()) == []
    second.mount()
    with serve(first.folder, second.folder) as server:
        wait_until_complete(server)
        check(server, keys, kept)
    # That none belongs there any more can be said.
    second.unmount()
    (first.folder / "mounts").unlink()
    with serve(first.folder, second.folder) as server:
        wait_until_complete(server)
        check(server, keys, kept)


@pytest.mark.parametrize("part", ["blobs", "log", "index"])
def test_nothing_is_written_where_the_disk_of_a_part_is_not_mounted(disks, tmp_path, part):
    first, second = tmp_path / "one", tmp_path / "two"
    second.mkdir()
    disk = disks.make(64, at=second / part)
    (second / part / "lost+found").rmdir()
    with serve(first, second, copies=2) as server:
        kept, keys = fill(server), server.root_keys
    disk.unmount()
    assert f"No disk is mounted at {second / part}" in refusal(first, second)
    scrubbed = nave("scrub", first)
    assert scrubbed.returncode == 3 and "No disk is mounted" in scrubbed.stderr
    assert list((second / part).iterdir()) == []
    disk.mount()
    with serve(first, second) as server:
        wait_until_complete(server)
        check(server, keys, kept)
    assert nave("check", first).returncode == 0


def test_what_was_copied_from_a_disk_takes_its_place(disks, tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    second.mkdir()
    disk = disks.make(64, at=second / "blobs")
    with serve(first, second, copies=2) as server:
        kept, keys = fill(server), server.root_keys
    shutil.copytree(second / "blobs", tmp_path / "copy")
    disk.unmount()
    shutil.copytree(tmp_path / "copy", second / "blobs", dirs_exist_ok=True)
    with serve(first, second) as server:
        check(server, keys, kept)
    shutil.rmtree(second / "blobs")
    # No disk is missed there any more.
    with serve(first, second) as server:
        wait_until_complete(server)
        check(server, keys, kept)
