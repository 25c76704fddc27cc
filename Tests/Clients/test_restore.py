"""What comes of a restore that did not end, and of a disk that comes back beside one that did.

Method: `nave restore` is killed in the middle, and every command that takes a data folder is tried on what
it left; a folder that was restored goes on with a new disk, and then an old one of the same Nave returns.
"""

import shutil
import subprocess
import time

import pytest
from s3_clients import s3_client
from server_process import ServerProcess, binary, clean_environment, nave
from test_backup import backup, files, objects, result_of  # noqa: F401
from test_volumes import check, fill, refusal, serve

SECONDS_MAX = 60


def restore_in_part(backup, target):
    """Kills a restore when the first blobs are there; says whether it had not come to its end."""
    process = subprocess.Popen(
        [binary(), "restore", str(backup), str(target)], env=clean_environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + SECONDS_MAX
    while process.poll() is None and not next(target.glob("blobs/*/*.blob"), None):
        assert time.monotonic() < deadline
    process.kill()
    process.wait()
    return (target / "restoring").exists()


@pytest.fixture
def part(tmp_path, backup):  # noqa: F811
    """A part of a backup, as a restore that was killed leaves it."""
    target = tmp_path / "part"
    for _ in range(20):
        if restore_in_part(backup, target):
            return target
        shutil.rmtree(target)
    # It was too quick each time: this is what it would have left.
    result_of("restore", backup, target)
    (target / "volume.json").unlink()
    (target / "restoring").touch()
    next(target.glob("blobs/*/*.blob")).unlink()
    return target


@pytest.mark.parametrize("arguments, code", [
    (["serve", "PART", "--listen", "127.0.0.1:0"], 1),
    (["serve", "NEW", "PART", "--copies", "2", "--listen", "127.0.0.1:0"], 1),
    (["principal", "list", "--data", "PART"], 1),
    (["check", "PART"], 3),
    (["scrub", "PART"], 3),
    (["rebuild", "PART"], 3),
    (["backup", "PART", "NEW"], 3),
])
@pytest.mark.parametrize("has_label", [False, True])
def test_a_part_of_a_backup_is_not_used_as_data(tmp_path, backup, part, arguments, code, has_label):  # noqa: F811
    if has_label:
        shutil.copy(backup / "volume.json", part)
    before = files(part)
    paths = {"PART": part, "NEW": tmp_path / "new"}
    run = nave(*[paths.get(argument, argument) for argument in arguments])
    assert (run.returncode, run.stdout) == (code, "")
    assert f"nave restore BACKUP {part}" in run.stderr
    assert files(part) == before
    assert not (tmp_path / "new").exists()


def test_a_restore_that_was_interrupted_goes_on(tmp_path, backup, part):  # noqa: F811
    kept = {path: path.stat().st_ino for path in part.glob("blobs/*/*.blob")}
    report = result_of("restore", backup, part)
    assert report["is_well"] and report["blobs"] == 10
    assert {path: path.stat().st_ino for path in kept} == kept
    assert not (part / "restoring").exists()
    result_of("restore", backup, tmp_path / "whole")
    with ServerProcess(part) as server, ServerProcess(tmp_path / "whole") as other:
        assert objects(server) == objects(other)
        assert len(objects(server)) == 20


def test_an_old_disk_beside_a_restored_folder_loses_nothing(tmp_path):
    first, second, third, saved = (tmp_path / name for name in ("one", "two", "three", "saved"))
    with serve(first, second, copies=2) as server:
        expected = fill(server)
        result_of("backup", first, saved)
        s3_client(server).put_object(Bucket="disks", Key="later", Body=b"later" * 100_000)
    later = expected | {"later": b"later" * 100_000}
    shutil.rmtree(first)
    restored = tmp_path / "restored"
    result_of("restore", saved, restored)
    with serve(restored, third, copies=2) as server:
        check(server, expected)
        s3_client(server).put_object(Bucket="disks", Key="new", Body=b"new")
    before = files(second)
    said = refusal(restored, third, second)
    assert str(second) in said and "with an empty folder in place of the other" in said
    assert files(second) == before
    with serve(second) as server:
        check(server, later)
    with serve(restored, third) as server:
        check(server, expected | {"new": b"new"})
