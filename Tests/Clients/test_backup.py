"""Backups of a running server hold what was acknowledged, copy only what is new, and can be restored.

Method: a server is backed up while writers go on; the backup is restored into another folder and
served, and every object is compared with what its writer was told.
"""

import json
import os
import random
import stat
import subprocess
import threading
import time

import pytest
import requests

from s3_clients import s3_client
from server_process import ServerProcess, binary, clean_environment, nave

SEED = 20


def result_of(*arguments, code=0):
    run = nave(*arguments)
    assert run.returncode == code, run.stdout + run.stderr
    return json.loads(run.stdout)


def files(folder):
    """Every file of a folder, with its bytes."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def objects(server):
    s3 = s3_client(server)
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="test"):
        for item in page.get("Contents", []):
            found[item["Key"]] = s3.get_object(Bucket="test", Key=item["Key"])["Body"].read()
    return found


def restored(tmp_path, backup, name):
    report = result_of("restore", backup, tmp_path / name)
    assert report["is_well"]
    return ServerProcess(tmp_path / name)


def body(key, generation):
    size = random.Random(f"{key} {generation}").choice([10, 3000, 200_000, 600_000])
    return random.Random(f"{key} {generation} bytes").randbytes(size)


class Writer(threading.Thread):
    """Writes and deletes its own keys, one step after the other, and notes each step."""

    def __init__(self, server, number, over):
        super().__init__()
        self.server, self.number, self.over = server, number, over
        self.steps = []
        self.acknowledged = 0

    def run(self):
        s3 = s3_client(self.server)
        source = random.Random(f"{SEED} {self.number}")
        while not self.over.is_set():
            key = f"w{self.number}/{source.randrange(8)}"
            generation = None if source.random() < 0.2 else len(self.steps)
            self.steps.append((key, generation))
            if generation is None:
                s3.delete_object(Bucket="test", Key=key)
            else:
                s3.put_object(Bucket="test", Key=key, Body=body(key, generation))
            self.acknowledged += 1

    def state(self, count):
        """What its keys hold after so many steps."""
        state = {}
        for key, generation in self.steps[:count]:
            state[key] = generation
        return {key: generation for key, generation in state.items() if generation is not None}


def test_a_backup_under_load_holds_one_state_with_all_that_was_acknowledged(tmp_path):
    over = threading.Event()
    with ServerProcess(tmp_path / "data") as server:
        s3_client(server).create_bucket(Bucket="test")
        writers = [Writer(server, number, over) for number in range(3)]
        for writer in writers:
            writer.start()
        try:
            for round in range(3):
                deadline = time.monotonic() + 60
                while min(writer.acknowledged for writer in writers) < 15 * (round + 1):
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                before = [writer.acknowledged for writer in writers]
                result_of("backup", server.data, tmp_path / "backup")
            time.sleep(0.5)
        finally:
            over.set()
            for writer in writers:
                writer.join()
    with restored(tmp_path, tmp_path / "backup", "restored") as server:
        found = objects(server)
    # A prefix of all changes is a prefix of each writer's steps.
    for writer, least in zip(writers, before):
        own = {key: data for key, data in found.items() if key.startswith(f"w{writer.number}/")}
        assert any(
            writer.state(count).keys() == own.keys()
            and all(own[key] == body(key, step) for key, step in writer.state(count).items())
            for count in range(least, len(writer.steps) + 1)
        ), f"writer {writer.number}: no state after {least} or more of its steps"
    assert result_of("check", tmp_path / "restored", "--payloads")["is_well"]


def test_only_what_is_new_is_copied(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")
        for number in range(5):
            s3.put_object(Bucket="test", Key=f"large/{number}", Body=os.urandom(1_000_000))
        first = result_of("backup", server.data, tmp_path / "backup")
        assert first["copied_blobs"] == 5 and first["copied_bytes"] > 5_000_000
        s3.put_object(Bucket="test", Key="small", Body=b"x" * 1000)
        s3.delete_object(Bucket="test", Key="large/0")
        second = result_of("backup", server.data, tmp_path / "backup")
        assert second["copied_blobs"] == 0 and second["copied_bytes"] < 5000
        assert second["removed_files"] == 1
        expected = objects(server)
    # Without a server the command opens the folder itself.
    third = result_of("backup", server.data, tmp_path / "backup")
    assert third["copied_bytes"] == 0 and third["position"] == second["position"]
    manifest = json.loads((tmp_path / "backup" / "backup.json").read_text())
    assert (manifest["format"], manifest["version"], manifest["blobs"]) == ("nave-backup", 1, 4)
    with restored(tmp_path, tmp_path / "backup", "restored") as server:
        assert objects(server) == expected


def test_the_keys_go_along_closed_to_others(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        s3_client(server).create_bucket(Bucket="test")
        keys = server.root_keys
        result_of("backup", server.data, tmp_path / "backup")
    result_of("restore", tmp_path / "backup", tmp_path / "restored")
    for folder in (tmp_path / "backup", tmp_path / "restored"):
        assert stat.S_IMODE((folder / "keys.env").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with ServerProcess(tmp_path / "restored") as server:
        assert server.root_keys == keys
        s3_client(server).head_bucket(Bucket="test")


def test_a_server_that_dies_in_a_backup_leaves_the_one_before(tmp_path):
    server = ServerProcess(tmp_path / "data").start()
    s3 = s3_client(server)
    s3.create_bucket(Bucket="test")
    s3.put_object(Bucket="test", Key="first", Body=b"first" * 100_000)
    result_of("backup", server.data, tmp_path / "backup")
    expected = objects(server)
    for number in range(40):
        s3.put_object(Bucket="test", Key=f"later/{number}", Body=os.urandom(3_000_000))
    backup = subprocess.Popen(
        [binary(), "backup", server.data, tmp_path / "backup"], env=clean_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while len(list((tmp_path / "backup").glob("blobs/*/*.blob"))) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    server.kill()
    assert backup.wait(30) == 3
    with restored(tmp_path, tmp_path / "backup", "restored") as other:
        assert objects(other) == expected
    with server:
        result_of("backup", server.data, tmp_path / "backup")
        expected = objects(server)
    with restored(tmp_path, tmp_path / "backup", "again") as other:
        assert objects(other) == expected


def test_damage_in_a_backup_is_named_and_the_rest_restored(tmp_path):
    with ServerProcess(tmp_path / "data") as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")
        s3.put_object(Bucket="test", Key="whole", Body=b"w" * 500_000)
        s3.put_object(Bucket="test", Key="broken", Body=b"b" * 500_000)
        result_of("backup", server.data, tmp_path / "backup")
    for path in (tmp_path / "backup").glob("blobs/*/*.blob"):
        content = bytearray(path.read_bytes())
        if content[5000] == ord("b"):
            content[200_000] ^= 1
            path.write_bytes(content)
            broken = path
    report = result_of("restore", tmp_path / "backup", tmp_path / "restored", code=1)
    assert [(item["kind"], item["path"], item["objects"]) for item in report["damage"]] == [
        ("blob_damaged", str(broken), ["test/broken"])]
    with ServerProcess(tmp_path / "restored") as server:
        s3 = s3_client(server)
        assert s3.get_object(Bucket="test", Key="whole")["Body"].read() == b"w" * 500_000
        with pytest.raises(Exception):
            s3.get_object(Bucket="test", Key="broken")["Body"].read()


def test_nothing_is_overwritten(tmp_path, http_server):
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.tex").write_text("words")
    for target in (strange, http_server.data / "inside", http_server.data):
        run = nave("backup", http_server.data, target)
        assert run.returncode == 3 and str(target) in run.stderr, run.stderr
    assert not (http_server.data / "inside").exists()
    assert [path.name for path in strange.iterdir()] == ["thesis.tex"]
    result_of("backup", http_server.data, tmp_path / "backup")
    run = nave("restore", tmp_path / "backup", strange)
    assert run.returncode == 3 and "not empty" in run.stderr
    assert [path.name for path in strange.iterdir()] == ["thesis.tex"]
    run = nave("restore", strange, tmp_path / "new")
    assert run.returncode == 3 and "no finished backup" in run.stderr
    with ServerProcess(tmp_path / "other") as other:
        s3_client(other).create_bucket(Bucket="test")
        run = nave("backup", other.data, tmp_path / "backup")
        assert run.returncode == 3 and "another Nave" in run.stderr


def test_backups_are_begun_by_root_on_this_machine(http_server, second_keys, tmp_path):
    url = f"{http_server.endpoint}/v1/backups?target={tmp_path}/backup"
    assert requests.post(url, timeout=10).status_code == 401
    assert requests.post(url, auth=second_keys, timeout=10).status_code == 403
    passed_on = {"X-Forwarded-For": "203.0.113.7"}
    answer = requests.post(url, auth=http_server.root_keys, headers=passed_on, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (403, "local_only")
    for target in ("", "relative", "%2", "a%00b"):
        answer = requests.post(
            f"{http_server.endpoint}/v1/backups?target={target}", auth=http_server.root_keys,
            timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (400, "backup_target_invalid")
    assert not (tmp_path / "backup").exists()


@pytest.fixture
def backup(tmp_path):
    """A backup of a folder with a few objects, whose server has stopped."""
    with ServerProcess(tmp_path / "data") as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")
        for number in range(10):
            s3.put_object(Bucket="test", Key=f"large/{number}", Body=os.urandom(300_000))
            s3.put_object(Bucket="test", Key=f"small/{number}", Body=os.urandom(2000))
        result_of("backup", server.data, tmp_path / "backup")
    return tmp_path / "backup"


@pytest.mark.parametrize("arguments, code", [
    (["serve", "BACKUP", "--listen", "127.0.0.1:0"], 1),
    (["serve", "NEW", "BACKUP", "--copies", "2", "--listen", "127.0.0.1:0"], 1),
    (["principal", "add", "ada", "--data", "BACKUP"], 1),
    (["principal", "list", "--data", "BACKUP"], 1),
    (["scrub", "BACKUP"], 3),
    (["rebuild", "BACKUP"], 3),
    (["backup", "BACKUP", "NEW"], 3),
])
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_backup_is_not_used_as_data(tmp_path, backup, arguments, code, is_finished):
    if not is_finished:
        (backup / "backup.json").unlink()
        (backup / "attempt").touch()
    before = files(backup)
    paths = {"BACKUP": backup, "NEW": tmp_path / "new"}
    run = nave(*[paths.get(argument, argument) for argument in arguments])
    assert (run.returncode, run.stdout) == (code, "")
    assert f"{backup} is a backup" in run.stderr
    assert f"nave restore {backup} FOLDER" in run.stderr
    assert files(backup) == before
    assert not (tmp_path / "new").exists()


def test_a_check_knows_a_backup_and_leaves_it_as_it_is(tmp_path, backup):
    before = files(backup)
    report = result_of("check", backup)
    assert report["is_well"] and report["blobs"] == 10 and report["verified_bytes"] == 0
    report = result_of("check", backup, "--payloads")
    assert report["is_well"] and report["verified_bytes"] == 10 * 302_000
    assert files(backup) == before
    blob = next(backup.glob("blobs/*/*.blob"))
    content = bytearray(blob.read_bytes())
    content[200_000] ^= 1
    blob.write_bytes(content)
    assert result_of("check", backup)["is_well"]
    [found] = result_of("check", backup, "--payloads", code=1)["disagreements"]
    assert (found["kind"], found["path"]) == ("blob_damaged", str(blob))
    assert found["objects"][0].startswith("test/large/")
    [log] = backup.glob("log/*.log")
    content = bytearray(log.read_bytes())
    content[5000] ^= 1
    log.write_bytes(content)
    report = result_of("check", backup, "--payloads", code=1)
    assert str(log) in {item["path"] for item in report["disagreements"]}


def test_a_backup_that_takes_no_writes_is_checked_and_restored(tmp_path, backup):
    before = files(backup)
    for path in [*backup.rglob("*"), backup]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert result_of("check", backup, "--payloads")["is_well"]
        assert result_of("restore", backup, tmp_path / "restored")["blobs"] == 10
    finally:
        for path in [backup, *sorted(backup.rglob("*"))]:
            path.chmod(0o700 if path.is_dir() else 0o600)
    assert files(backup) == before


@pytest.mark.parametrize("name, words", [
    ("backup.json", "Name another folder for a new backup"),
    ("volume.json", "damaged"),
])
def test_a_backup_that_does_not_say_what_it_is_is_refused(tmp_path, backup, name, words):
    (backup / name).write_text("{")
    for command in (["check", backup], ["restore", backup, tmp_path / "restored"]):
        run = nave(*command)
        assert run.returncode == 3 and run.stdout == ""
        assert str(backup / name) in run.stderr and words in run.stderr


def test_restoring_while_a_backup_is_made_gives_the_whole_of_one(tmp_path):
    """The blobs of the earlier backup go as soon as the later one is there: none may be missed."""
    with ServerProcess(tmp_path / "data") as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="test")

        def write(generation):
            for number in range(30):
                body = f"{generation} {number} ".encode() * 20_000
                s3.put_object(Bucket="test", Key=f"large/{number}", Body=body)

        write(0)
        result_of("backup", server.data, tmp_path / "backup")
        for generation in range(1, 6):
            write(generation)
            backup = subprocess.Popen(
                [binary(), "backup", server.data, tmp_path / "backup"], env=clean_environment(),
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            # The blobs of both are there: the earlier backup's are about to go.
            while (len(list((tmp_path / "backup").glob("blobs/*/*.blob"))) < 45
                   and backup.poll() is None):
                pass
            report = result_of("restore", tmp_path / "backup", tmp_path / f"restored{generation}")
            assert report["is_well"] and report["damage_count"] == 0
            assert backup.wait(60) == 0
            with ServerProcess(tmp_path / f"restored{generation}") as other:
                found = objects(other)
            assert len(found) == 30
            assert {body.split()[0] for body in found.values()} in (
                {str(generation - 1).encode()}, {str(generation).encode()})
