"""A volume whose disk is lost for good is forgotten when that is said, unless something may be on it alone."""

import json
import shutil
import subprocess

import pytest
import requests
from s3_clients import s3_client
from server_process import nave
from test_maintenance import result_of
from test_volumes import blob_files, check, fill, refusal, serve
from test_volumes_loss import wait_until_complete


@pytest.fixture
def folders(tmp_path):
    return [tmp_path / name for name in ("one", "two", "three")]


def volumes(server):
    return requests.get(f"{server.endpoint}/-/ready", timeout=10).json()["volumes"]


def missing(server):
    return [volume["volume"] for volume in volumes(server) if volume["state"] == "missing"]


def forget(server, volume, keys=None):
    keys = keys or server.root_keys
    url = f"{server.endpoint}/v1/volumes/{volume}"
    return requests.delete(url, auth=keys, timeout=60)


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("by", ["a command", "a request", "a command without a server"])
def test_a_volume_that_was_forgotten_is_not_taken_back_before_it_is_emptied(folders, tmp_path, by):
    first, second, third = folders
    with serve(*folders, copies=2) as server:
        expected = fill(server)
    shutil.move(third, tmp_path / "away")
    with serve(first, second) as server:
        wait_until_complete(server)
        [lost] = missing(server)
        if by == "a command":
            assert nave("forget", second, lost).returncode == 0
        elif by == "a request":
            assert forget(server, lost).status_code == 204
        if by != "a command without a server":
            assert [volume["state"] for volume in volumes(server)] == ["ok", "ok"]
            # Whatever comes next.
            server.kill()
    if by == "a command without a server":
        assert result_of("forget", first, lost) == {"event": "forget", "volume": lost}
    shutil.move(tmp_path / "away", third)
    before = files(third)
    for named in ([first, second, third], [third, first], [second, third]):
        text = refusal(*named)
        assert f"{third}" in text and "it was forgotten" in text and "find" in text
        assert files(third) == before
    with serve(first, second, copies=2) as server:
        assert [volume["state"] for volume in volumes(server)] == ["ok", "ok"]
        check(server, expected)
    subprocess.run(["find", third, "-mindepth", "1", "-delete"], check=True)
    with serve(first, second, third) as server:
        wait_until_complete(server)
        assert [volume["state"] for volume in volumes(server)] == ["ok", "ok", "ok"]
        check(server, expected)


def test_what_cannot_be_forgotten_is_said(folders):
    first, second, _ = folders
    with serve(first, second, copies=2) as server:
        expected = fill(server)
        present = [volume["volume"] for volume in volumes(server)]
        answer = forget(server, present[1])
        assert (answer.status_code, answer.json()["code"]) == (409, "volume_present")
        assert str(second) in answer.json()["detail"]
        for unknown in ("00000000-0000-4000-8000-000000000000", "none"):
            answer = forget(server, unknown)
            assert (answer.status_code, answer.json()["code"]) == (404, "volume_unknown")
        assert forget(server, present[1], ("nobody", "knows-me")).status_code == 401
        url = f"{server.endpoint}/v1/volumes/{present[1]}"
        assert requests.delete(url, timeout=10).status_code == 401
        assert requests.get(url, auth=server.root_keys, timeout=10).status_code == 405
    shutil.rmtree(second)
    with serve(first) as server:
        [lost] = missing(server)
        assert lost in forget(server, "none").json()["detail"]
        answer = forget(server, lost)
        assert (answer.status_code, answer.json()["code"]) == (409, "volumes_too_few")
        refused = nave("forget", first, lost)
        assert refused.returncode == 3 and "1 volume would be left for 2 copies" in refused.stderr
        assert missing(server) == [lost]
    with serve(first, copies=1) as server:
        assert forget(server, lost).status_code == 204
        check(server, expected)
    with serve(first) as server:
        assert missing(server) == []
        check(server, expected)


def test_a_volume_with_the_only_copies_is_not_forgotten_before_they_are_given_up(folders):
    first, second, _ = folders
    with serve(first):
        pass
    # The log stays where it is; of disks with as much room the one that is named first gets the payloads.
    with serve(second, first) as server:
        expected = fill(server)
    only = set(blob_files(second)) - set(blob_files(first))
    assert only
    shutil.rmtree(second)
    with serve(first) as server:
        [lost] = missing(server)
        answer = forget(server, lost)
        assert (answer.status_code, answer.json()["code"]) == (409, "volume_needed")
        assert f"{len(only)} payload" in answer.json()["detail"]
        s3 = s3_client(server)
        named = answer.json()["detail"].split(", of ")[1].split(". Delete")[0].split(", ")
        assert set(named) <= {f"disks/{key}" for key in expected}
        for key in [name.removeprefix("disks/") for name in named]:
            s3.delete_object(Bucket="disks", Key=key)
            del expected[key]
        assert forget(server, lost).status_code == 204
        check(server, expected)
    report = result_of("check", first)
    assert report["disagreements"] == [], json.dumps(report)


def test_a_disk_may_be_replaced_more_often_than_volumes_may_be_listed(folders, tmp_path):
    first = folders[0]
    lost = None
    for number in range(36):
        new = tmp_path / f"new{number}"
        with serve(first, new, copies=2) as server:
            wait_until_complete(server)
            for volume in missing(server):
                assert forget(server, volume).status_code == 204
            assert len(volumes(server)) == 2
        shutil.rmtree(new)
        lost = lost or new
    assert not lost.exists()
