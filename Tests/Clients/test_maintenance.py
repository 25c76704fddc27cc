"""Damage on the disk is found, told and never handed out; the commands check, rebuild and scrub.

Method: files of a folder are broken by hand, while the server runs or after it stopped. The index is
read and changed with Python's own sqlite3.
"""

import json
import os
import re
import shutil
import sqlite3
import time

import pytest
import requests
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

from s3_clients import s3_client
from server_process import ServerProcess, nave
from signing import exchange, path_of

BLOCK = 65536
LARGE = os.urandom(5 * BLOCK + 100)
SMALL = os.urandom(3000)


def blobs(data):
    return sorted(data.glob("blobs/*/*.blob"))


def place(data, body):
    """The file and offset where `body` lies, found by its first bytes."""
    for path in [*data.glob("log/*.log"), *blobs(data)]:
        offset = path.read_bytes().find(body[:64])
        if offset >= 0:
            return path, offset
    raise AssertionError("the bytes are nowhere")


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def result_of(*arguments, code=0):
    """What a command printed for programs, after checking its exit code."""
    run = nave(*arguments)
    assert run.returncode == code, run.stdout + run.stderr
    return json.loads(run.stdout)


def kinds(report):
    return {item["kind"] for item in report["disagreements"]}


def fill(server):
    s3 = s3_client(server)
    s3.create_bucket(Bucket="test")
    s3.put_object(Bucket="test", Key="large", Body=LARGE)
    s3.put_object(Bucket="test", Key="small", Body=SMALL)
    for number in range(30):
        s3.put_object(Bucket="test", Key=f"many/{number}", Body=bytes([number]) * 500 * number)
    s3.put_object(Bucket="test", Key="many/3", Body=b"replaced")
    s3.delete_object(Bucket="test", Key="many/4")
    return s3


@pytest.fixture
def filled(tmp_path):
    """A folder with objects, whose server has stopped."""
    with ServerProcess(tmp_path / "data") as server:
        fill(server)
    return tmp_path / "data"


def dump(data):
    """Every statement that makes the index what it is."""
    with sqlite3.connect(data / "index" / "nave.sqlite") as connection:
        return list(connection.iterdump())


@pytest.fixture
def damaged(tmp_path):
    """A running server, with a wrong byte in the third block of a large object and in a small one."""
    with ServerProcess(tmp_path / "data") as server:
        fill(server)
        large, start = place(server.data, LARGE)
        small, offset = place(server.data, SMALL)
        flip(large, start + 2 * BLOCK + 5)
        flip(small, offset + 100)
        yield server, (large, start + 2 * BLOCK), (small, offset)


def listed(server, count):
    """The damage that the server lists, once it has found out whose it is."""
    deadline = time.monotonic() + 20
    while True:
        answer = requests.get(
            f"{server.endpoint}/v1/damage", auth=server.root_keys, timeout=10).json()
        done = [item for item in answer["damage"] if item["objects"]]
        if len(done) >= count or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def test_no_wrong_byte_is_handed_out_and_the_damage_is_listed(damaged):
    server, large, small = damaged
    answer = exchange(server, "GET", path_of("test", "small"))
    assert (answer.status, answer.code) == (500, "InternalError")
    assert b"stored bytes are damaged" in answer.body and b"were not sent" in answer.body
    assert b"try again" not in answer.body
    received = read_to_the_end(server, "large")
    assert len(received) < len(LARGE)
    assert LARGE.startswith(received)
    s3 = s3_client(server)
    behind = s3.get_object(Bucket="test", Key="large", Range=f"bytes={3 * BLOCK}-")
    assert behind["Body"].read() == LARGE[3 * BLOCK:]
    answer = listed(server, 2)
    found = {item["path"]: item for item in answer["damage"]}
    assert answer["found_count"] == 2 and len(found) == 2
    for (path, offset), key in [(large, "test/large"), (small, "test/small")]:
        item = found[str(path)]
        assert item["offset"] == offset
        assert item["objects"] == [key]
        assert (item["kind"], item["state"]) == ("payload", "found")
        assert item["volume"] == str(server.data)
    assert "nave_damage_found_total 2\n" in metrics(server).text
    s3.put_object(Bucket="test", Key="large", Body=b"new")
    assert s3.get_object(Bucket="test", Key="large")["Body"].read() == b"new"


def damage_of(server):
    """What the server lists now, its objects by file."""
    answer = requests.get(f"{server.endpoint}/v1/damage", auth=server.root_keys, timeout=10)
    return {item["path"]: item["objects"] for item in answer.json()["damage"]}


def test_damage_leaves_the_list_when_nothing_refers_to_it(damaged):
    server, large, small = damaged
    read_to_the_end(server, "large")
    read_to_the_end(server, "small")
    assert damage_of(server) == {str(large[0]): ["test/large"], str(small[0]): ["test/small"]}
    s3 = s3_client(server)
    s3.copy_object(Bucket="test", Key="copy", CopySource="test/large")
    assert sorted(damage_of(server)[str(large[0])]) == ["test/copy", "test/large"]
    s3.put_object(Bucket="test", Key="large", Body=b"new")
    assert damage_of(server)[str(large[0])] == ["test/copy"]
    s3.delete_object(Bucket="test", Key="copy")
    assert "nave_damage_listed 1\n" in metrics(server).text
    s3.delete_object(Bucket="test", Key="small")
    assert damage_of(server) == {}
    text = metrics(server).text
    assert "nave_damage_listed 0\n" in text and "nave_damage_found_total 2\n" in text


def test_damage_of_versions_is_named_by_those_that_cannot_be_read(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        def ask(method, path, status, **body):
            url = f"{server.endpoint}/v1/{path}"
            answer = requests.request(method, url, auth=server.root_keys, timeout=10, **body)
            assert answer.status_code == status, answer.text
            return answer

        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")
        chunk = "c/1/0/0"
        group = b'{"zarr_format": 3, "node_type": "group"}'
        s3.put_object(Bucket="test", Key="big:v0/zarr.json", Body=group)
        s3.put_object(Bucket="test", Key=f"big:v0/{chunk}", Body=LARGE)
        digest = ask("POST", "commits/test/big:v0", 201, json={"message": "x"}).json()["digest"]
        ask("PUT", "versions/test/big:cut", 201, json={"from": "v0"})
        path, start = place(server.data, LARGE)
        flip(path, start + 5)
        assert len(read_to_the_end(server, f"big:v0/{chunk}")) < len(LARGE)
        commit = f"test/big@{digest}/{chunk}"
        cut = f"test/big:cut/{chunk}"
        assert sorted(damage_of(server)[str(path)]) == sorted(
            [f"test/big:v0/{chunk}", cut, commit])
        s3.put_object(Bucket="test", Key=f"big:v0/{chunk}", Body=LARGE)
        assert s3.get_object(Bucket="test", Key=f"big:v0/{chunk}")["Body"].read() == LARGE
        assert len(read_to_the_end(server, f"big:cut/{chunk}")) < len(LARGE)
        assert sorted(damage_of(server)[str(path)]) == sorted([cut, commit])
        ask("DELETE", "versions/test/big:cut", 204)
        assert damage_of(server)[str(path)] == [commit]
    for command in [["check", "--payloads"], ["scrub"]]:
        report = result_of(*command, tmp_path / "data", code=1)
        items = report["disagreements" if command[0] == "check" else "damage"]
        assert [item["objects"] for item in items] == [[commit]]


def test_an_object_without_its_blob_is_an_error_and_no_body_that_ends(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        fill(server)
        server.stop()
        for path in blobs(server.data):
            path.unlink()
        server.start()
        for headers in [{}, {"Range": "bytes=70000-200000"}]:
            answer = exchange(server, "GET", path_of("test", "large"), headers=headers)
            assert (answer.status, answer.code) == (500, "InternalError")


def read_to_the_end(server, key):
    """What comes of an object before the connection is cut or an error is answered."""
    received = b""
    try:
        body = s3_client(server).get_object(Bucket="test", Key=key)["Body"]
        while piece := body.read(1000):
            received += piece
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    except (ResponseStreamingError, IncompleteReadError):
        pass
    return received


def test_the_list_of_damage_outlives_the_server_and_a_scrub_finds_it_again(damaged):
    server, large, _ = damaged
    read_to_the_end(server, "large")
    assert len(listed(server, 1)["damage"]) == 1
    server.stop()
    report = result_of("scrub", server.data, code=1)
    assert report["damaged"] == 2 and not report["is_well"]
    assert {object for item in report["damage"] for object in item["objects"]} == {
        "test/large", "test/small"}
    server.start()
    assert len(listed(server, 2)["damage"]) == 2
    assert str(large[0]) in {item["path"] for item in listed(server, 2)["damage"]}


def test_the_server_scrubs_by_itself(tmp_path):
    with ServerProcess(tmp_path / "data", options=["--scrub-rate", "0"]) as server:
        fill(server)
    path, start = place(tmp_path / "data", LARGE)
    flip(path, start + 10)
    options = ["--scrub-rate", "1000000000"]
    with ServerProcess(tmp_path / "data", options=options) as server:
        answer = listed(server, 1)
        assert [item["objects"] for item in answer["damage"]] == [["test/large"]]
        assert answer["damage"][0]["offset"] == start
        deadline = time.monotonic() + 20
        while "nave_scrub_passes_total 1\n" not in metrics(server).text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    state = json.loads((tmp_path / "data" / "scrub.json").read_text())
    assert (state["format"], state["version"]) == ("nave-scrub", 1)
    assert state["last"]["damaged"] == 1


def test_the_list_of_damage_is_roots_alone(http_server, second_keys):
    url = f"{http_server.endpoint}/v1/damage"
    assert requests.get(url, auth=http_server.root_keys, timeout=10).status_code == 200
    for keys, status in [(second_keys, 403), (None, 401)]:
        answer = requests.get(url, auth=keys, timeout=10)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
    answer = requests.post(url, auth=http_server.root_keys, timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


# Metrics


def metrics(server, **options):
    return requests.get(f"{server.endpoint}/-/metrics", verify=server.bundle, timeout=10, **options)


def samples(text):
    """The samples of the text format, each line checked against its grammar."""
    values, types = {}, {}
    for line in text.splitlines():
        if match := re.fullmatch(r"# HELP ([a-z_:][a-z0-9_:]*) [^\n]+", line):
            assert match[1] not in types
            types[match[1]] = None
        elif match := re.fullmatch(r"# TYPE (\S+) (counter|gauge|histogram)", line):
            assert types[match[1]] is None
            types[match[1]] = match[2]
        else:
            match = re.fullmatch(
                r'([a-z_:][a-z0-9_:]*)(\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? (\S+)', line)
            assert match, line
            name = re.sub(r"_(bucket|sum|count)$", "", match[1])
            assert name in types or match[1] in types, line
            assert match[1] + (match[2] or "") not in values, line
            values[match[1] + (match[2] or "")] = float(match[3])
    return values, types


def test_metrics_are_well_formed_and_follow_what_is_done(http_server, http_s3, http_bucket):
    before, types = samples(metrics(http_server).text)
    for number in range(10):
        http_s3.put_object(Bucket=http_bucket, Key=f"k{number}", Body=b"x")
    answer = metrics(http_server)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    after, _ = samples(answer.text)
    assert after["nave_committed_changes_total"] - before["nave_committed_changes_total"] == 10
    assert after["nave_http_requests_total"] - before["nave_http_requests_total"] >= 10
    assert types["nave_commit_flush_seconds"] == "histogram"
    buckets = [value for name, value in after.items()
               if name.startswith("nave_commit_flush_seconds_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == after["nave_commit_flush_seconds_count"]
    assert after["nave_commit_flush_seconds_sum"] > 0
    volume = json.loads((http_server.data / "volume.json").read_text())["volume"]
    assert after[f'nave_volume_writable{{volume="{volume}"}}'] == 1
    usage = shutil.disk_usage(http_server.data)
    assert after[f'nave_volume_size_bytes{{volume="{volume}"}}'] == usage.total
    assert len(after) < 100


def test_metrics_hold_no_secret_and_no_name(http_server, http_s3, http_bucket, second_keys):
    http_s3.put_object(Bucket=http_bucket, Key="a-telling-name", Body=b"x")
    text = metrics(http_server).text
    for secret in [*http_server.root_keys, *second_keys, http_bucket, "a-telling-name"]:
        assert secret not in text


def test_metrics_need_roots_keys_from_elsewhere(http_server, https_server, second_keys):
    for server in (http_server, https_server):
        assert metrics(server).status_code == 200
        assert metrics(server, auth=server.root_keys).status_code == 200
        passed_on = {"X-Forwarded-For": "203.0.113.7"}
        assert metrics(server, headers=passed_on).status_code == 401
        assert metrics(server, headers=passed_on, auth=server.root_keys).status_code == 200
    assert metrics(http_server, auth=second_keys).status_code == 403


def test_readiness_names_each_volume(http_server):
    answer = requests.get(f"{http_server.endpoint}/-/ready", timeout=10).json()
    volume = json.loads((http_server.data / "volume.json").read_text())["volume"]
    assert answer["state"] == "ready"
    assert answer["volumes"] == [
        {"volume": volume, "state": "ok", "directory": str(http_server.data)}]


# The commands


def test_a_folder_that_is_well_passes_every_check(filled):
    report = result_of("check", filled)
    assert report["is_well"] and report["index_compared"]
    assert report["rows"] == 31 and report["blobs"] == 1
    assert report["verified_bytes"] == 0
    deep = result_of("check", filled, "--payloads")
    assert deep["is_well"] and deep["verified_bytes"] > len(LARGE)
    scrubbed = result_of("scrub", filled)
    assert scrubbed["is_well"] and scrubbed["bytes"] > len(LARGE)


def test_a_killed_servers_folder_is_well(tmp_path):
    server = ServerProcess(tmp_path / "data").start()
    fill(server)
    server.kill()
    assert result_of("check", server.data, "--payloads")["is_well"]


def test_what_a_killed_server_leaves_behind_is_litter_and_no_disagreement(filled):
    [blob] = blobs(filled)
    stray = blob.with_name(blob.name[:2] + "0" * 14 + ".blob")
    shutil.copy(blob, stray)
    report = result_of("check", filled)
    assert report["is_well"] and report["disagreements"] == []
    assert report["litter_count"] == 1
    assert [(item["kind"], item["path"]) for item in report["litter"]] == [
        ("blob_unreferenced", str(stray))]
    with ServerProcess(filled) as server:
        deadline = time.monotonic() + 20
        while stray.exists():
            assert server.is_running() and time.monotonic() < deadline
            time.sleep(0.05)
    assert result_of("check", filled)["litter_count"] == 0


def test_a_foreign_file_in_the_log_is_named(filled):
    foreign = filled / "log" / "0000000000100000.log"
    foreign.write_text("words")
    [log] = [path for path in filled.glob("log/*.log") if path != foreign]
    for command, code in [("serve", 1), ("rebuild", 3)]:
        run = nave(command, filled, *(["--listen", "127.0.0.1:0"] if command == "serve" else []))
        assert run.returncode == code
        assert f"{foreign}: it does not begin as a piece of the log does" in run.stderr
        assert str(log) not in run.stderr
    report = result_of("check", filled, code=1)
    assert report["disagreements"][0]["path"] == str(foreign)
    foreign.unlink()
    assert result_of("check", filled)["is_well"]


@pytest.mark.parametrize("harm, options, expected", [
    (lambda data: blobs(data)[0].unlink(), [], {"blob_missing"}),
    (lambda data: flip(blobs(data)[0], 4096 + 70000), ["--payloads"], {"blob_damaged"}),
    (lambda data: flip(blobs(data)[0], 4096 + 70000), [], set()),
    (lambda data: os.truncate(blobs(data)[0], 5000), [], {"blob_invalid"}),
    (lambda data: flip(*place(data, SMALL)), ["--payloads"], {"payload_damaged"}),
    (lambda data: flip(place(data, SMALL)[0], place(data, SMALL)[1] - 20), [],
     {"log_record_unreadable"}),
    (lambda data: sql(data, "DELETE FROM object WHERE key = 'small'"), [],
     {"row_missing", "tally_miscount"}),
    (lambda data: sql(data, "UPDATE object SET etag = 'x' WHERE key = 'small'"), [],
     {"row_different"}),
    (lambda data: sql(data, "UPDATE blob SET refs = 7"), [],
     {"row_different", "reference_miscount"}),
    (lambda data: shutil.rmtree(data / "index"), [], {"index_missing"}),
    (lambda data: (data / "index" / "nave.sqlite").write_bytes(b"x" * 5000), [],
     {"index_unreadable"}),
])
def test_a_check_names_what_was_broken(filled, harm, options, expected):
    harm(filled)
    report = result_of("check", filled, *options, code=1 if expected else 0)
    assert kinds(report) == expected
    assert report["disagreement_count"] >= len(expected)


def sql(data, statement):
    with sqlite3.connect(data / "index" / "nave.sqlite") as connection:
        connection.execute(statement)


def test_a_rebuilt_index_is_the_lost_one(filled):
    lost = dump(filled)
    shutil.rmtree(filled / "index")
    assert result_of("rebuild", filled)["changes"] == 35
    assert dump(filled) == lost
    sql(filled, "DELETE FROM object")
    assert kinds(result_of("check", filled, code=1)) >= {"row_missing"}
    result_of("rebuild", filled)
    assert dump(filled) == lost
    assert result_of("check", filled)["is_well"]
    with ServerProcess(filled) as server:
        body = s3_client(server).get_object(Bucket="test", Key="large")["Body"].read()
        assert body == LARGE


@pytest.mark.parametrize("command", ["check", "scrub", "rebuild"])
def test_a_folder_in_use_is_left_alone(http_server, command):
    run = nave(command, http_server.data)
    assert run.returncode == 3 and run.stdout == ""
    assert str(http_server.data) in run.stderr and "top it" in run.stderr
    assert http_server.is_running()


@pytest.mark.parametrize("command", ["check", "scrub", "rebuild", "backup", "restore"])
def test_a_folder_that_is_no_data_folder_is_left_alone(tmp_path, command):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.tex").write_text("words")
    extra = [tmp_path / "other"] if command in ("backup", "restore") else []
    run = nave(command, folder, *extra)
    assert run.returncode == 3 and run.stdout == ""
    assert str(folder) in run.stderr
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("arguments", [
    ["check"], ["check", "a", "b"], ["scrub", "a", "--rate", "0"], ["scrub", "a", "--rate", "x"],
    ["backup", "a"], ["restore", "a"], ["rebuild", "--force"], ["nonsense"],
])
def test_wrong_usage_ends_with_2(arguments):
    run = nave(*arguments)
    assert run.returncode == 2 and run.stdout == ""
    assert "sage:" in run.stderr


@pytest.mark.parametrize("command", ["check", "scrub", "rebuild", "backup", "restore"])
def test_help_teaches_by_example(command):
    run = nave(command, "--help")
    assert run.returncode == 0
    assert f"nave {command} " in run.stdout.split("EXAMPLES")[1].split("ARGUMENTS")[0]
    assert "Exit codes:" in run.stdout


@pytest.mark.parametrize("rate", ["-1", "fast", "1.5"])
def test_a_rate_that_is_none_is_refused(tmp_path, rate):
    run = nave("serve", tmp_path / "data", f"--scrub-rate={rate}")
    assert run.returncode == 1 and rate in run.stderr
