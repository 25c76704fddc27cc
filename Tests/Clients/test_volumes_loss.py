"""What is on fewer folders than `--copies` says is copied, whatever ended the server meanwhile.

A folder is lost while the server is stopped, or copies are asked for and the server is killed before they
are made. `/-/ready` says when all copies are there; then any other folder may be lost. And what a start
that is refused says, and leaves behind.
"""

import random
import shutil
import time

import pytest
import requests
from s3_clients import s3_client
from test_maintenance import kinds, metrics, result_of, samples
from test_volumes import blob_files, check, fill, refusal, serve

SECONDS_MAX = 60


def copies(server):
    return requests.get(f"{server.endpoint}/-/ready", timeout=10).json()["copies"]


def wait_until_complete(server):
    """Waits until `/-/ready` says that everything has its copies."""
    deadline = time.monotonic() + SECONDS_MAX
    while (found := copies(server))["state"] != "complete":
        assert found["payloads_below"] >= 0
        assert time.monotonic() < deadline, f"copies are wanting still: {found}\n{server.output()}"
        time.sleep(0.02)
    assert found["payloads_below"] == 0 and found["log"] == found["wanted"] == 2
    return found


def fill_more(server, count=60):
    """Payloads enough that copying them takes a while."""
    source, s3 = random.Random(count), s3_client(server)
    bodies = {f"more/{number}": source.randbytes(300_000) for number in range(count)}
    for key, body in bodies.items():
        s3.put_object(Bucket="disks", Key=key, Body=body)
    return bodies


@pytest.fixture
def folders(tmp_path):
    return [tmp_path / name for name in ("one", "two", "three")]


@pytest.mark.parametrize("first, second", [(1, 0), (0, 1), (2, 0), (1, 2)])
def test_one_folder_after_the_other_may_be_lost_while_the_server_is_stopped(folders, first, second):
    with serve(*folders, copies=2) as server:
        expected = fill(server)
        assert copies(server) == {"wanted": 2, "log": 2, "state": "complete", "payloads_below": 0}
    shutil.rmtree(folders[first])
    left = [folder for folder in folders if folder != folders[first]]
    with serve(*left) as server:
        wait_until_complete(server)
        assert "payloads may be on fewer volumes than wanted" in server.output()
        check(server, expected)
    # Once is enough.
    with serve(*left) as server:
        assert copies(server)["state"] == "complete"
        assert server.output().count("volumes are brought up to date") == 1
    shutil.rmtree(folders[second])
    [last] = [folder for folder in left if folder != folders[second]]
    with serve(last) as server:
        check(server, expected)
        # Nothing can be done about it here, and it is said.
        found = copies(server)
        assert (found["state"], found["log"]) == ("wanting", 1)
        assert found["payloads_below"] == len(blob_files(last)) > 4
        assert "no volume is there for more copies" in server.output()
        shown, _ = samples(metrics(server).text)
        assert shown["nave_payloads_below_copies"] == found["payloads_below"]
        assert (shown["nave_log_copies"], shown["nave_copies_wanted"]) == (1, 2)


def test_copies_that_are_wanting_are_made_though_the_server_is_killed_again_and_again(folders):
    first, second, _ = folders
    with serve(first, second) as server:
        expected = fill(server) | fill_more(server)
    for delay in (0, 0.05, 0.1):
        server = serve(first, second, copies=2).start()
        time.sleep(delay)
        server.kill()
    with serve(first, second) as server:
        wait_until_complete(server)
    assert set(blob_files(first)) == set(blob_files(second))
    assert kinds(result_of("check", first)) == set()
    shutil.rmtree(first)
    with serve(second) as server:
        check(server, expected)


def test_a_scrub_waits_for_the_copies_and_says_what_is_wanting(folders):
    first, second, third = folders
    with serve(first, second) as server:
        fill(server)
        fill_more(server)
    serve(first, second, copies=2).start().kill()
    scrubbed = result_of("scrub", first)
    assert scrubbed["is_well"] and scrubbed["payloads_below_copies"] == 0
    assert scrubbed["copied"] > 0
    assert kinds(result_of("check", first)) == set()
    assert set(blob_files(first)) == set(blob_files(second))
    shutil.rmtree(second)
    with serve(first):
        pass
    scrubbed = result_of("scrub", first, code=1)
    assert scrubbed["damaged"] == 0 and not scrubbed["is_well"]
    assert scrubbed["payloads_below_copies"] == len(blob_files(first))
    with serve(first, third) as server:
        wait_until_complete(server)
    assert result_of("scrub", first)["is_well"]


def test_a_folder_that_comes_late_is_taken_back_though_it_was_made_up_for(folders):
    first, second, third = folders
    with serve(*folders, copies=2) as server:
        expected = fill(server)
    with serve(first, third) as server:
        wait_until_complete(server)
        s3_client(server).put_object(Bucket="disks", Key="later", Body=b"later" * 100_000)
        expected["later"] = b"later" * 100_000
        s3_client(server).delete_object(Bucket="disks", Key="key/1000000")
        del expected["key/1000000"]
    with serve(*folders) as server:
        wait_until_complete(server)
        states = requests.get(f"{server.endpoint}/-/ready", timeout=10).json()["volumes"]
        assert {volume["state"] for volume in states} == {"ok"}
        check(server, expected)
    for lost in folders:
        away = lost.with_suffix(".away")
        lost.rename(away)
        with serve(*(folder for folder in folders if folder != lost)) as server:
            check(server, expected)
            wait_until_complete(server)
        away.rename(lost)


def test_a_missing_label_of_one_of_several_says_what_helps(folders):
    first, second, third = folders
    with serve(first, second, copies=2) as server:
        expected = fill(server)
    (second / "volume.json").unlink()
    for named in ([first, second], [second]):
        said = refusal(*named)
        assert "no volume.json" in said and str(second) in said
        assert "serve the others with an empty folder in its place" in said
    with serve(first, third) as server:
        wait_until_complete(server)
    shutil.rmtree(first)
    with serve(third) as server:
        check(server, expected)


def test_a_refused_start_leaves_no_folder_behind(folders, tmp_path):
    first, second, third = folders
    deep = tmp_path / "not" / "there"
    empty = tmp_path / "empty"
    empty.mkdir()
    with serve(first, second, copies=2):
        assert "in use" in refusal(first, second, third, deep, empty)
        # In whatever order.
        assert "in use" in refusal(third, deep, empty, first, second)
    with serve(tmp_path / "stranger"):
        pass
    assert "another Nave" in refusal(third, first, tmp_path / "stranger", deep, empty)
    assert "cannot be kept" in refusal(first, second, third, "--copies", "4")
    many = [tmp_path / f"many{number}" for number in range(33)]
    assert "33 folders are too many" in refusal(*many)
    assert "33 folders are too many" in refusal(first, second, *many[:31])
    assert not any(folder.exists() for folder in [third, deep, deep.parent, *many])
    assert list(empty.iterdir()) == []
    # What was there is not touched: a folder with anything in it stays, and so do the keys of a volume.
    (empty / "notes").write_text("mine")
    with serve(first):
        assert "in use" in refusal(first, empty)
    assert [path.name for path in empty.iterdir()] == ["notes"]
    assert (first / "keys.env").exists() and (first / "volume.lock").exists()
