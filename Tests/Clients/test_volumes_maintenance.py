"""The commands on a Nave of several folders: what one has damaged is named and mended."""

import os
import shutil
import sqlite3

import pytest

from server_process import nave
from test_maintenance import flip, kinds, place, result_of
from test_volumes import check, contents, fill, serve


@pytest.fixture
def served(tmp_path):
    """Two folders that hold everything twice, at rest."""
    folders = [tmp_path / "one", tmp_path / "two"]
    with serve(*folders, copies=2) as server:
        expected = fill(server)
    return folders, expected


def rows(folder):
    """Every row of every table of an index."""
    with sqlite3.connect(f"file:{folder}/index/nave.sqlite?mode=ro", uri=True) as index:
        tables = [name for name, in index.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        return {table: sorted(index.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


@pytest.mark.parametrize("named", [0, 1])
@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_what_one_folder_has_damaged_is_named_and_mended(served, named, size):
    folders, expected = served
    path, offset = place(folders[1], contents()[f"key/{size}"])
    flip(path, offset + 70_000)
    # Either folder stands for both.
    report = result_of("check", "--payloads", folders[named], code=1)
    assert kinds(report) == {"payload_damaged" if size == 100_000 else "blob_damaged"}
    [found] = report["disagreements"]
    assert found["path"] == str(path)
    assert found["objects"] == [f"disks/key/{size}"]
    scrubbed = result_of("scrub", folders[named])
    assert (scrubbed["damaged"], scrubbed["healed"], scrubbed["damage"]) == (1, 1, [])
    assert kinds(result_of("check", "--payloads", folders[named])) == set()
    with serve(*folders) as server:
        check(server, expected)


def test_a_lost_index_is_made_again_of_all_folders(served):
    folders, expected = served
    before = rows(folders[0])
    shutil.rmtree(folders[0] / "index")
    result_of("rebuild", folders[1])
    assert rows(folders[0]) == before
    assert not (folders[1] / "index").exists()
    with serve(*folders) as server:
        check(server, expected)


def test_a_backup_of_several_folders_is_restored_as_one(served, tmp_path):
    folders, expected = served
    path, offset = place(folders[0], contents()["key/1000000"])
    flip(path, offset + 70_000)
    with serve(*folders) as server:
        assert nave("backup", folders[0], tmp_path / "backup").returncode == 0
        keys = server.root_keys
    shutil.rmtree(folders[0])
    shutil.rmtree(folders[1])
    assert nave("restore", tmp_path / "backup", tmp_path / "three").returncode == 0
    # An empty folder beside it takes the second copy.
    with serve(tmp_path / "three", tmp_path / "four", copies=2) as server:
        assert server.root_keys == keys
        check(server, expected)


def test_commands_leave_folders_alone_that_were_moved_or_stand_alone(served, tmp_path):
    folders, expected = served
    moved = [tmp_path / "moved" / name for name in ("one", "two")]
    (tmp_path / "moved").mkdir()
    for source, target in zip(folders, moved):
        source.rename(target)
    members = [(folder / "members.json").read_bytes() for folder in moved]
    for words in (["scrub"], ["rebuild"], ["backup"], ["principal", "list", "--data"]):
        for folder in moved:
            extra = [tmp_path / "backup"] if words == ["backup"] else []
            run = nave(*words, folder, *extra)
            assert run.returncode in (1, 3) and "served together" in run.stderr, run.stderr
    assert members == [(folder / "members.json").read_bytes() for folder in moved]
    with serve(*moved) as server:
        check(server, expected)
    assert kinds(result_of("check", "--payloads", moved[1])) == set()
    result_of("scrub", moved[1])


def test_a_check_of_a_copy_does_not_look_at_the_original(served, tmp_path):
    folders, _ = served
    shutil.copytree(folders[0], tmp_path / "copy")
    for blob in (tmp_path / "copy").glob("blobs/*/*.blob"):
        blob.unlink()
    found = kinds(result_of("check", tmp_path / "copy", code=1))
    assert {"volume_missing", "blob_missing"} <= found


@pytest.mark.parametrize("inside", ["two/backup", "nope/../two/backup", "one/blobs/00/x"])
def test_a_backup_does_not_lie_in_any_of_the_folders(served, tmp_path, inside):
    folders, _ = served
    run = nave("backup", folders[0], f"{tmp_path}/{inside}")
    assert run.returncode == 3, run.stdout
    assert not (tmp_path / "nope").exists()
    assert not (folders[1] / "backup").exists()


@pytest.mark.parametrize("file", ["volumes", "keys.env", "volume.json", "members.json"])
def test_a_pipe_or_an_endless_file_in_a_folder_stops_nothing_for_ever(served, file):
    folders, _ = served
    path = folders[0] / file
    path.unlink()
    os.mkfifo(path)
    for command in ("check", "scrub"):
        nave(command, folders[0])
    path.unlink()
    with open(path, "wb") as large:
        large.truncate(6 << 30)
    for command in ("check", "scrub"):
        nave(command, folders[0])


def test_commands_on_the_second_folder_reach_the_server(served, tmp_path):
    folders, _ = served
    with serve(*folders) as server:
        assert "root" in nave("principal", "list", "--data", folders[1]).stdout
        assert nave("backup", folders[1], tmp_path / "backup").returncode == 0
        assert server.endpoint in nave("env", folders[1]).stdout
